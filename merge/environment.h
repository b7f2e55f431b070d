#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "merge/document.h"
#include "merge/rules.h"
#include "merge/script_runner.h"
#include "objects/tree.h"

namespace isodb::merge {

inline constexpr std::string_view kEpochPath = ".isodb/epoch";
inline constexpr std::string_view kRulesPath = ".isodb/merge.json";
/// The newest epoch whose rules this build knows.
inline constexpr std::uint64_t kEpochMax = 1;

/// The epoch that the content of .isodb/epoch says; 1 where it says none.
std::uint64_t parse_epoch(ByteView content);

/// Gives the runner of the script with this content, which it reads with `load` unless it knows it.
/// One that cannot be compiled has a runner that fails.
using ScriptLoader = std::function<std::shared_ptr<ScriptRunner>(
    const Id& content, const std::function<DocumentPtr()>& load)>;

/// What holds for merging in some set of commits: epoch, rules, scripts. Immutable, but its loader
/// may not be; one thread at a time.
class Environment {
 public:
  std::uint64_t epoch() const { return epoch_; }
  /// Two environments are the same if their keys are equal.
  const Id& key() const { return key_; }
  /// nullptr: none holds for the path. None ever does below .isodb/.
  const Rule* rule(std::string_view path) const;
  Id rule_id(const Rule* rule) const;
  /// The runner of a rule's script; nullptr where there is no such script.
  std::shared_ptr<ScriptRunner> script(const Rule& rule) const;

 private:
  friend class Environments;
  struct Script {
    Id content;
    std::function<DocumentPtr()> load;
  };
  std::uint64_t epoch_ = 1;
  Rules rules_;
  Id key_;
  std::vector<Id> rule_ids_;  // as in rules_.all()
  std::map<std::string, Script, std::less<>> scripts_;
  ScriptLoader loader_;
};
using EnvironmentPtr = std::shared_ptr<const Environment>;

/// A document of a set of commits: its content's id, and how to read it.
struct GovernedDocument {
  Id content;
  std::function<DocumentPtr()> load;
};
/// The document under a path below .isodb/; nullopt where there is none.
using GovernedLookup = std::function<std::optional<GovernedDocument>(const std::string& path)>;

/// Makes environments, equal ones once. Bounded memory. One thread at a time.
class Environments {
 public:
  /// Without a loader, a rule that names a script that is there cannot be followed.
  Environments(ScriptLoader loader, std::uint64_t epoch_max)
      : loader_(std::move(loader)), epoch_max_(epoch_max) {}
  /// Error(kUnsupported) for an epoch above `epoch_max`, and for a script without a loader.
  EnvironmentPtr of(const GovernedLookup& lookup);

 private:
  ScriptLoader loader_;
  std::uint64_t epoch_max_;
  std::unordered_map<Id, Rules> rules_;  // by content id
  std::unordered_map<Id, EnvironmentPtr> environments_;
};

}  // namespace isodb::merge
