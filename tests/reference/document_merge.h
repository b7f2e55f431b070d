#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/reference/history.h"
#include "tests/reference/rules.h"
#include "tests/reference/value.h"

namespace isodb::reference {

/// A commit that wrote the document, and what its author saw.
struct Write {
  std::size_t commit;
  Document document;
  bool created = false;  ///< it saw nothing
  Document seen;
  std::set<Field> seen_conflicts;
};

/// Versions of one document (or of one document's metadata) to be merged.
struct MergeTask {
  const History* history;
  std::vector<Document> versions;  ///< the live ones, in fold order; two or more
  std::vector<Write> writes;       ///< in the past of these, in fold order
  /// The base of the step that brings in versions[i]; nullopt: there is none.
  std::function<std::optional<Document>(std::size_t i)> base;
};

struct MergedDocument {
  Bytes bytes;
  std::set<Field> conflicts;
  bool path_conflict = false;
};

/// `latest` as a rule declares it, or as the last resort.
enum class LatestKind { kDeclared, kLastResort };

MergedDocument merge_json(const MergeTask& task, const FieldStrategies& fields);
MergedDocument merge_text(const MergeTask& task);
MergedDocument merge_latest(const MergeTask& task, LatestKind kind);

/// The step of a script that brings in versions[i]; nullopt: it failed.
using ScriptStep =
    std::function<MaybeJson(const MaybeJson& base, const Json& left, const Json& right,
                            std::size_t i, std::set<Field>& in_conflict)>;
enum class ScriptOutcome { kDone, kFailed, kNotGiven };
struct ScriptMerge {
  ScriptOutcome outcome;
  MergedDocument merged;
};
ScriptMerge merge_by_script(const MergeTask& task, const ScriptStep& step);

}  // namespace isodb::reference
