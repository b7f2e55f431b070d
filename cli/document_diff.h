#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cli/context.h"
#include "cli/options.h"
#include "isodb/snapshot.h"

namespace isodb::cli {

/// How differences are printed.
enum class DiffForm {
  kFull,   ///< fields of JSON documents, lines of texts, sizes of anything else
  kStat,   ///< a line a document with how much changed, and a sum
  kNames,  ///< paths only
  kPatch,  ///< JSON Patches
};

/// The options --stat, --name-only and --patch; Error(kInvalid) when two are given.
struct DiffFormOptions {
  bool stat = false, names = false, patch = false;

  /// All but --patch, which not every command has.
  void declare(Options& options);
  DiffForm form() const;
  bool is_given() const { return stat || names || patch; }
};

/// "added", "removed" or "changed".
std::string_view change_word(const Difference& difference);
/// Adds "path", "change", "before" and "after" (content ids or null).
void add_change(JsonObject& object, const Difference& difference);

/// The bytes of one side of a difference.
using ReadDocument = std::function<Bytes(const std::string& path, const Entry& entry)>;
/// From a snapshot.
ReadDocument reader_of(const Snapshot& snapshot);

/// JSON Pointers of the fields in which two documents differ, as diff_json() finds them; none where
/// one of them is no JSON or too large to look into.
std::vector<std::string> changed_fields(const Entry& before, ByteView document_before,
                                        const Entry& after, ByteView document_after);

/// Documents above this are not compared inside, only by size.
inline constexpr std::uint64_t kDiffBytesMax = 64 << 20;

/// Prints differences of documents one by one, as text for people or with --json as one object
/// each. Borrows the context and repository. One thread.
class DifferencePrinter {
 public:
  DifferencePrinter(Context& context, const Repository& repository, DiffForm form,
                    ReadDocument read_before, ReadDocument read_after);
  ~DifferencePrinter();
  DifferencePrinter(const DifferencePrinter&) = delete;
  DifferencePrinter& operator=(const DifferencePrinter&) = delete;

  /// Nothing is printed or counted where only the commit differs that wrote the document.
  void print(const Difference& difference);
  /// Prints what comes last: the sum of --stat.
  void finish();
  std::uint64_t count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isodb::cli
