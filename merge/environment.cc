#include "merge/environment.h"

#include <charconv>
#include <utility>

#include "core/hash.h"
#include "core/varint.h"
#include "isodb/error.h"

namespace isodb::merge {
namespace {

constexpr std::size_t kHeldMax = 256;

Rules parse_rules(const Document& document) {
  if (document.is_large() || document.content().size() > kRulesBytesMax) return {};
  try {
    return Rules::parse(document.content());
  } catch (const core::JsonError&) {
    return {};  // docs/merge.md: where such a file is found all the same, no rule holds
  }
}

}  // namespace

std::uint64_t parse_epoch(ByteView content) {
  std::uint64_t epoch = 0;
  const auto [end, error] = std::from_chars(content.data(), content.data() + content.size(), epoch);
  const bool good = error == std::errc() && epoch > 0 && std::to_string(epoch) + "\n" == content;
  return good ? epoch : 1;
}

const Rule* Environment::rule(std::string_view path) const {
  if (path.starts_with(kGovernedPrefix)) return nullptr;
  return rules_.find(path);
}

Id Environment::rule_id(const Rule* rule) const {
  if (rule == nullptr) return {};
  return rule_ids_[static_cast<std::size_t>(rule - rules_.all().data())];
}

std::shared_ptr<ScriptRunner> Environment::script(const Rule& rule) const {
  const auto found = scripts_.find(rule.script);
  if (found == scripts_.end()) return nullptr;
  if (!loader_) {
    throw Error(ErrorCode::kUnsupported,
                "'" + rule.script + "' is a merge script, and nothing here runs scripts");
  }
  return loader_(found->second.content, found->second.load);
}

EnvironmentPtr Environments::of(const GovernedLookup& lookup) {
  auto made = std::make_shared<Environment>();
  made->loader_ = loader_;
  if (const auto epoch = lookup(std::string(kEpochPath))) {
    made->epoch_ = parse_epoch(epoch->load()->content());
  }
  if (made->epoch_ > epoch_max_) {
    throw Error(ErrorCode::kUnsupported,
                "merging by the rules of epoch " + std::to_string(made->epoch_) +
                    " is newer than this build of isodb, which knows " + std::to_string(epoch_max_),
                "upgrade isodb; until then commits are kept and passed on, but not merged");
  }
  Bytes parts;
  core::put_u64(parts, made->epoch_);
  if (const auto rules = lookup(std::string(kRulesPath))) {
    parts.append(rules->content.bytes());
    if (rules_.size() >= kHeldMax) rules_.clear();
    auto known = rules_.find(rules->content);
    if (known == rules_.end()) {
      known = rules_.emplace(rules->content, parse_rules(*rules->load())).first;
    }
    made->rules_ = known->second;
  }
  for (const Rule& rule : made->rules_.all()) {
    if (rule.script.empty()) continue;
    auto at = made->scripts_.find(rule.script);
    if (at == made->scripts_.end()) {
      if (auto script = lookup(rule.script)) {
        at =
            made->scripts_
                .emplace(rule.script, Environment::Script{script->content, std::move(script->load)})
                .first;
      }
    }
    parts.append((at == made->scripts_.end() ? Id() : at->second.content).bytes());
  }
  made->key_ = core::sha256(parts);
  if (const auto known = environments_.find(made->key_); known != environments_.end()) {
    return known->second;
  }
  for (const Rule& rule : made->rules_.all()) {
    const auto script = made->scripts_.find(rule.script);
    made->rule_ids_.push_back(
        merge::rule_id(&rule, script == made->scripts_.end() ? Id() : script->second.content));
  }
  if (environments_.size() >= kHeldMax) environments_.clear();
  environments_.emplace(made->key_, made);
  return made;
}

}  // namespace isodb::merge
