#include "exchange/records.h"

#include "core/clock.h"

namespace isodb::exchange {
namespace {

constexpr std::uint64_t kProgressBytes = 1 << 20;
constexpr std::uint64_t kProgressDocuments = 1000;
constexpr const char* kJsonType = "application/json";

}  // namespace

RecordWriter::RecordWriter(Repository& repository, const ByteSource& source,
                           const RecordImportOptions& options)
    : source_(source),
      options_(options),
      prefix_(folder_prefix(options.prefix)),
      writer_(repository, {.batch = options.batch, .message = options.message}),
      start_(source.offset()),
      reported_(start_) {}

void RecordWriter::record(std::uint64_t line, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    const bool is_bad_record =
        error.code() == ErrorCode::kInvalid || error.code() == ErrorCode::kLimit;
    if (!is_bad_record) throw;
    const std::string place = "line " + std::to_string(line);
    if (!options_.skip_bad) {
      throw Error(error.code(), source_.name() + ": " + place + ": " + error.what(),
                  error.hint().empty() ? "with --skip-bad such records are left out and counted"
                                       : error.hint());
    }
    ++report_.skipped_count;
    if (report_.skipped.size() < kSkippedReported) report_.skipped.push_back({place, error.what()});
  }
  if (options_.progress && source_.offset() - reported_ >= kProgressBytes) {
    reported_ = source_.offset();
    options_.progress({"reading", reported_ - start_, source_.size().value_or(0)});
  }
}

void RecordWriter::put(const std::optional<std::string>& key, ByteView document) {
  if (key && key->empty()) throw Error(ErrorCode::kInvalid, "the key is empty");
  core::Environment& environment = core::system_environment();
  const std::string segment =
      key ? key_segment(*key) : core::uuid_v7(environment, environment.now_millis());
  writer_.put(prefix_ + segment, document, kJsonType);
}

RecordImportReport RecordWriter::finish() {
  writer_.finish();
  report_.documents = writer_.documents();
  report_.replaced = writer_.replaced();
  report_.commits = writer_.commits();
  report_.bytes = source_.offset() - start_;
  return std::move(report_);
}

void for_each_record(const Snapshot& snapshot, const RecordExportOptions& options,
                     RecordExportReport& report,
                     const std::function<void(const std::string& path, const Bytes& text,
                                              const core::Json& value)>& take) {
  const std::string prefix = folder_prefix(options.prefix);
  const std::uint64_t all = options.progress ? snapshot.count(prefix) : 0;
  std::uint64_t done = 0;
  for (DocumentCursor cursor = snapshot.documents(prefix); cursor.valid(); cursor.next()) {
    if (is_governed(cursor.path())) continue;
    try {
      if (cursor.entry().size > kRecordBytesMax) {
        throw Error(ErrorCode::kLimit, "it is larger than 64 MiB");
      }
      const Bytes text = cursor.bytes();
      take(cursor.path(), text, core::parse_json(text));
      ++report.documents;
    } catch (const Error& error) {
      const bool is_bad_record =
          error.code() == ErrorCode::kInvalid || error.code() == ErrorCode::kLimit;
      const bool is_erased = error.code() == ErrorCode::kErased;  // nobody could do better
      const bool is_left_out =
          is_erased || (options.skip_bad && error.code() == ErrorCode::kNotHeld);
      if (!is_bad_record && !is_left_out) throw;
      if (!options.skip_bad && !is_erased) {
        throw Error(ErrorCode::kUnsupported,
                    "the document '" + cursor.path() + "' cannot be a record: " + error.what(),
                    "with --skip-bad such documents are left out and counted");
      }
      ++report.skipped_count;
      if (report.skipped.size() < kSkippedReported) {
        report.skipped.push_back({cursor.path(), error.what()});
      }
    }
    if (options.progress && ++done % kProgressDocuments == 0) {
      options.progress({"writing", done, all});
    }
  }
}

}  // namespace isodb::exchange
