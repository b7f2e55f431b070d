#include "repo/governed.h"

#include <set>
#include <string>

#include "isodb/error.h"
#include "merge/environment.h"
#include "merge/members.h"
#include "merge/rules.h"
#include "merge/script_programs.h"
#include "objects/content.h"
#include "repo/erasures.h"

namespace isodb::repo {
namespace {

void check_epoch(const Bytes& content) {
  const std::uint64_t epoch = merge::parse_epoch(content);
  if (std::to_string(epoch) + "\n" != content) {
    throw Error(ErrorCode::kInvalid, "an epoch is a whole number from 1 and a line feed");
  }
  if (epoch > merge::kEpochMax) {
    throw Error(ErrorCode::kUnsupported,
                "epoch " + std::to_string(epoch) + " is newer than this isodb, which knows up to " +
                    std::to_string(merge::kEpochMax),
                "update isodb first, here and on the other devices");
  }
}

void check_member(std::string_view path, const Bytes& content) {
  const merge::Member member = merge::parse_member(content);
  if (merge::member_path(member.key) == path) return;
  throw Error(ErrorCode::kInvalid, "the document of this key is " + merge::member_path(member.key));
}

void check_content(std::string_view path, const Bytes& content) {
  if (path == merge::kRulesPath) {
    merge::Rules::parse(content);
  } else if (path == merge::kEpochPath) {
    check_epoch(content);
  } else if (path.starts_with(merge::kMembersPrefix)) {
    check_member(path, content);
  } else if (path.starts_with(merge::kErasedPrefix)) {
    check_erasure_document(path, content);
  }
}

using Lookup = std::function<std::optional<Entry>(std::string_view path)>;

bool is_script(std::string_view path) {
  return path.starts_with(merge::kScriptPrefix) && path.ends_with(".star");
}

/// Rules and scripts as they are after the changes: each script that is named is there and
/// compiles, and so does every other one that is written.
class ScriptCheck {
 public:
  ScriptCheck(const StagedChanges& changes, const Lookup& before,
              const objects::ObjectSource& source)
      : changes_(changes), before_(before), source_(source) {}

  void run() {
    for (const StagedChanges::Change* change : changes_.sorted(merge::kScriptPrefix)) {
      if (!change->removed && is_script(change->path)) check_script(change->path);
    }
    const std::optional<Entry> rules = after(merge::kRulesPath);
    const bool concerned = changes_.find(merge::kRulesPath) != nullptr ||
                           !changes_.sorted(merge::kScriptPrefix).empty();
    if (rules && concerned) check_named(read(*rules, merge::kRulesBytesMax));
  }

 private:
  std::optional<Entry> after(std::string_view path) const {
    const StagedChanges::Change* change = changes_.find(path);
    return change == nullptr ? before_(path) : changes_.entry(*change);
  }

  Bytes read(const Entry& entry, std::uint64_t bytes_max) const {
    return objects::read_content(source_, {entry.content, entry.kind, entry.size}, bytes_max);
  }

  void check_named(const Bytes& text) {
    const merge::Rules rules = rules_of(text);
    for (const merge::Rule& rule : rules.all()) {
      if (rule.script.empty() || !checked_.insert(rule.script).second) continue;
      if (after(rule.script)) {
        check_script(rule.script);
        continue;
      }
      throw Error(ErrorCode::kInvalid,
                  core::json_position(text, rule.script_offset).text() + ": there is no script '" +
                      rule.script + "'",
                  "write the script first, or both in one commit ('isodb begin')")
          .within(std::string(merge::kRulesPath));
    }
  }

  /// What was committed before and cannot be read names no scripts.
  static merge::Rules rules_of(const Bytes& text) {
    try {
      return merge::Rules::parse(text);
    } catch (const core::JsonError&) {
      return {};
    }
  }

  void check_script(std::string_view path) {
    try {
      merge::compile_merge_script(read(*after(path), script::kSourceBytesMax));
    } catch (const Error& error) {
      throw error.within(std::string(path));
    }
  }

  const StagedChanges& changes_;
  const Lookup& before_;
  const objects::ObjectSource& source_;
  std::set<std::string> checked_;
};

}  // namespace

void check_governed(const StagedChanges& changes, const Lookup& before,
                    const objects::ObjectSource& source) {
  for (const StagedChanges::Change* change : changes.sorted(kGovernedPrefix)) {
    if (change->removed) continue;
    try {
      check_content(change->path,
                    objects::read_content(source, {change->content, change->kind, change->size},
                                          merge::kRulesBytesMax));
    } catch (const Error& error) {
      throw error.within(std::string(change->path));
    }
  }
  ScriptCheck(changes, before, source).run();
}

}  // namespace isodb::repo
