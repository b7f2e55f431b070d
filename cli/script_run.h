#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/json_object.h"
#include "merge/document_merge.h"
#include "merge/script_programs.h"

namespace isodb::cli {

/// Reads and compiles a merge script. Error(kInvalid) with file, line and column for what is none.
script::Program compile_script_file(const std::string& file);

/// The merge script of a file, which remembers what its runs took. One thread.
class MeasuredScript final : public merge::ScriptRunner {
 public:
  /// As compile_script_file().
  explicit MeasuredScript(const std::string& file);

  merge::ScriptAnswer run(const merge::Rule& rule, const merge::ScriptStep& step) override;

  std::uint64_t calls() const { return calls_; }
  std::uint64_t steps() const { return steps_; }  ///< the most of any call
  std::uint64_t cells() const { return cells_; }  ///< likewise
  const std::vector<std::string>& printed() const { return printed_; }

 private:
  script::Program program_;
  std::uint64_t calls_ = 0, steps_ = 0, cells_ = 0;
  std::vector<std::string> printed_;
};

/// One merge as the cases of a script have it: versions of a document, and what shall come out.
struct ScriptCase {
  std::string name;
  std::string path;
  merge::DocumentPtr base;                   ///< nullptr: there was none
  std::vector<merge::DocumentPtr> versions;  ///< two or more; nullptr: it deleted the document
  std::optional<core::Json> result;          ///< null: no document
  std::vector<std::string> conflicts;        ///< as conflict_lines() has them
  std::optional<std::string> failure;        ///< the script's reason
};

struct ScriptCases {
  merge::Rule rule;  ///< the budget
  std::vector<ScriptCase> cases;
};

/// Reads a file of cases (docs/cli.md, "script"). Error(kInvalid) with file, line and column.
ScriptCases read_script_cases(const std::string& file);

/// What a merge with a script came to.
struct ScriptRun {
  merge::MergedDocument merged;
  std::uint64_t calls = 0, steps = 0, cells = 0;
  std::vector<std::string> printed;
};
ScriptRun run_case(const ScriptCase& tested, const merge::Rule& rule, const std::string& file);
/// Where it differs from what shall come out: sentences.
std::vector<std::string> differences(const ScriptCase& tested, const ScriptRun& run);

/// "/count: both-changed", "the document: edit-and-delete".
std::vector<std::string> conflict_lines(const merge::MergedDocument& merged);
std::vector<JsonObject> conflicts_json(const merge::MergedDocument& merged);

}  // namespace isodb::cli
