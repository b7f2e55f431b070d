#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/hybrid_time.h"
#include "isodb/id.h"
#include "merge/document.h"
#include "merge/rules.h"
#include "merge/script_runner.h"

namespace isodb::merge {

/// The part of a document that a conflict is in.
enum class DocumentPart : std::uint8_t { kContent, kMediaType, kMetadata };

/// Why a merge had to choose. The words that reason_name() gives are for people and programs; the
/// numbers are stored nowhere.
enum class ConflictReason : std::uint8_t {
  kBothChanged,       ///< several values for one field, or one place of an array
  kEditAndDelete,     ///< some deleted the document that others changed: concerns no field
  kOverlappingLines,  ///< changes of lines that touch
  kTooManyBases,      ///< MergeInput::over_bound: concerns no field
  kScriptFailed,      ///< the rule's script gave no answer; MergedDocument::script says more
};
std::string_view reason_name(ConflictReason reason);  ///< "both-changed", "edit-and-delete", …
/// False for a reason that flags the path and no field: whoever then writes it decides all of it.
bool concerns_field(ConflictReason reason);

struct Conflict {
  DocumentPart part = DocumentPart::kContent;
  std::string field;  ///< a JSON Pointer; "" is the whole part
  ConflictReason reason = ConflictReason::kBothChanged;

  friend auto operator<=>(const Conflict&, const Conflict&) = default;
};

/// One commit that wrote or deleted the path, and what its author saw there.
struct PathWrite {
  CommitId commit;
  HybridTime clock;
  WriterId writer;
  std::string author;    ///< fingerprint, for scripts
  DocumentPtr document;  ///< nullptr: it deleted the path
  DocumentPtr seen;      ///< S(past(c) less c)[p]; nullptr: p did not exist
  /// Of `seen`, where that is a merge: its conflicts. Borrowed; may be nullptr for none.
  const std::vector<Conflict>* seen_conflicts = nullptr;
};

/// Which of n writes sees which (docs/merge.md, "Words"): a square of bits. A plain value.
class Sight {
 public:
  explicit Sight(std::size_t writes)
      : writes_(writes), words_((writes + 63) / 64), bits_(writes * words_) {}

  void set(std::size_t a, std::size_t b) { row(a)[b / 64] |= std::uint64_t{1} << b % 64; }
  bool sees(std::size_t a, std::size_t b) const { return row(a)[b / 64] >> b % 64 & 1; }
  /// Bit b of the row is "a sees b"; for whoever fills it by whole words.
  std::uint64_t* row(std::size_t a) { return bits_.data() + a * words_; }
  const std::uint64_t* row(std::size_t a) const { return bits_.data() + a * words_; }
  std::size_t words() const { return words_; }
  std::size_t writes() const { return writes_; }

 private:
  std::size_t writes_, words_;
  std::vector<std::uint64_t> bits_;
};

struct MergeInput {
  std::string_view path;
  /// In fold order: the foundation, where there is one, as a write that saw nothing and that all
  /// others see; then the writes of the path outside the ground (docs/merge.md, "Ground and
  /// foundation"), deletions and deleted versions included.
  std::vector<PathWrite> writes;
  Sight sight{0};  ///< of writes.size()
  /// Indexes of the versions in `writes`, ascending: those that no other one sees.
  std::vector<std::size_t> versions;
  /// The base of a fold's step: S(past({left…}) ∩ past(right))[p], nullptr where p is not there.
  /// `left` are live versions, all that come before `right` in fold order; indexes in `writes`.
  /// Called at most once for each right, only when a fold needs it.
  std::function<DocumentPtr(const std::vector<std::size_t>& left, std::size_t right)> base;
  /// Does p exist in S(past(deleted) ∩ past(live))? Asked until one answer is yes.
  std::function<bool(std::size_t deleted, std::size_t live)> existed;
  const Rule* rule = nullptr;  ///< the one that holds for the path
  ScriptRunner* script =
      nullptr;  ///< runs the rule's script; nullptr where there is no such script
  /// Too many bases (docs/merge.md, "Bound"): flags the result, no more; `base` gives what it says.
  bool over_bound = false;
};

struct MergedDocument {
  DocumentPtr document;  ///< nullptr: absent. The very version where the result is the same as it
  std::vector<Conflict> conflicts;      ///< ascending, each once; none: no flag
  std::optional<ScriptFailure> script;  ///< with a conflict kScriptFailed
};

/// Merges the concurrent versions of one document as docs/merge.md has it: a pure function of the
/// values in `input`. Time is bounded by the sizes of the documents and the number of writes, depth
/// by kJsonDepthMax. Error(kInvalid) for an input that contradicts itself. Thread-safe.
MergedDocument merge_document(const MergeInput& input);

/// Files by the same rules: versions, each later than the one before, whose authors all saw `base`
/// (nullptr: none saw anything). A version that is nullptr deleted the document.
struct FileMerge {
  std::string_view path;
  DocumentPtr base, left, right;
  const Rule* rule = nullptr;
  ScriptRunner* script = nullptr;
  std::vector<DocumentPtr> more = {};  ///< versions later than `right`
};
MergedDocument merge_files(const FileMerge& files);

}  // namespace isodb::merge
