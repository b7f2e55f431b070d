#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "exchange/batched_writer.h"
#include "exchange/byte_sink.h"
#include "exchange/byte_source.h"
#include "exchange/paths.h"
#include "isodb/repository.h"

namespace isodb::exchange {

// What the importers and exporters of one document a record (JSON Lines, CSV) share.

struct RecordImportOptions {
  std::string prefix = {};  ///< folder of the documents
  bool skip_bad = false;    ///< leaves out records that break a rule, and counts them
  std::uint64_t batch = 0;  ///< documents a commit; 0: all in one
  Bytes message = {};
  ProgressFunction progress = {};  ///< counts bytes read
};

struct RecordImportReport {
  std::uint64_t documents = 0, bytes = 0;
  /// Of the documents: took the place of one that came before them, with the same key.
  std::uint64_t replaced = 0;
  std::vector<CommitId> commits;
  std::uint64_t skipped_count = 0;
  std::vector<Skipped> skipped;  ///< the first ones
};

struct RecordExportOptions {
  std::string prefix = {};  ///< only documents below this folder
  bool skip_bad = false;    ///< leaves out documents that cannot be a record, and counts them
  ProgressFunction progress = {};  ///< counts documents
};

struct RecordExportReport {
  std::uint64_t documents = 0, bytes = 0;
  std::uint64_t skipped_count = 0;
  std::vector<Skipped> skipped;  ///< the first ones
};

/// Larger documents are no records.
inline constexpr std::size_t kRecordBytesMax = 64 << 20;

/// Takes documents one by one under their keys, and keeps account. One thread.
class RecordWriter {
 public:
  RecordWriter(Repository& repository, const ByteSource& source,
               const RecordImportOptions& options);

  /// Runs `action` for the record that began at `line`; an Error(kInvalid) or (kLimit) in it is
  /// counted where bad records are skipped, else thrown with the place before it.
  void record(std::uint64_t line, const std::function<void()>& action);
  /// Writes one JSON document. Without a key it gets a new UUIDv7. Error(kInvalid) for a key that
  /// is empty or gives a path too long.
  void put(const std::optional<std::string>& key, ByteView document);
  RecordImportReport finish();

 private:
  const ByteSource& source_;
  const RecordImportOptions& options_;
  std::string prefix_;
  BatchedWriter writer_;
  std::uint64_t start_, reported_;
  RecordImportReport report_;
};

/// Calls `take` with every JSON document below the prefix, in path order. What `take` refuses, and
/// what is not JSON, is skipped or an error, as the options say.
void for_each_record(const Snapshot& snapshot, const RecordExportOptions& options,
                     RecordExportReport& report,
                     const std::function<void(const std::string& path, const Bytes& text,
                                              const core::Json& value)>& take);

}  // namespace isodb::exchange
