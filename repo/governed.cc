#include "repo/governed.h"

#include <string>

#include "isodb/error.h"
#include "merge/environment.h"
#include "merge/members.h"
#include "merge/rules.h"
#include "objects/content.h"

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

/// This version runs no scripts: a rule that names one would keep every merge from being computed.
void check_rules(const merge::Rules& rules) {
  for (const merge::Rule& rule : rules.all()) {
    if (rule.script.empty()) continue;
    throw Error(ErrorCode::kUnsupported,
                "the rule for '" + rule.match + "' names a script, which this isodb cannot run",
                "use another strategy: docs/merge.md lists them");
  }
}

void check_content(std::string_view path, const Bytes& content) {
  if (path == merge::kRulesPath) {
    check_rules(merge::Rules::parse(content));
  } else if (path == merge::kEpochPath) {
    check_epoch(content);
  } else if (path.starts_with(merge::kMembersPrefix)) {
    check_member(path, content);
  }
}

}  // namespace

void check_governed(const StagedChanges& changes, const objects::ObjectSource& source) {
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
}

}  // namespace isodb::repo
