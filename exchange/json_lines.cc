#include "exchange/json_lines.h"

#include "core/json_pointer.h"
#include "core/json_writer.h"

namespace isodb::exchange {
namespace {

constexpr ByteView kWhiteSpace = " \t\r\n";
constexpr ByteView kByteOrderMark = "\xef\xbb\xbf";

ByteView trimmed(ByteView text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == ByteView::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

/// Parses one line; the line's number is the caller's to say.
core::Json parse_line(ByteView text) {
  try {
    return core::parse_json(text);
  } catch (const core::JsonError& error) {
    throw Error(error.code(),
                "column " + std::to_string(error.position().column) + ": " + error.problem());
  }
}

std::string key_of(const core::Json& document, const core::JsonPointer& pointer) {
  const core::Json* value = core::find_at(document, pointer);
  if (value == nullptr) {
    throw Error(ErrorCode::kInvalid, "there is no value at the key " + pointer.text());
  }
  if (value->is_string()) return std::string(value->as_string());
  if (value->is_number()) return std::string(value->number_text());
  throw Error(ErrorCode::kInvalid,
              "the key " + pointer.text() + " is neither a string nor a number");
}

}  // namespace

RecordImportReport import_json_lines(Repository& repository, ByteSource& source,
                                     const std::optional<std::string>& key,
                                     const RecordImportOptions& options) {
  std::optional<core::JsonPointer> pointer;
  if (key) pointer = core::JsonPointer::parse(*key);
  RecordWriter writer(repository, source, options);
  for (bool first = true;; first = false) {
    const std::uint64_t number = source.line_number();
    const auto line = source.line(kRecordBytesMax, ByteSource::LastLine::kMayLackNewline);
    if (!line) break;
    ByteView text = *line;
    if (first && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    text = trimmed(text);
    if (text.empty()) continue;
    writer.record(number, [&] {
      const core::Json document = parse_line(text);
      writer.put(pointer ? std::optional(key_of(document, *pointer)) : std::nullopt, text);
    });
  }
  return writer.finish();
}

RecordExportReport export_json_lines(const Snapshot& snapshot, ByteSink& sink,
                                     const RecordExportOptions& options) {
  RecordExportReport report;
  for_each_record(snapshot, options, report,
                  [&](const std::string&, const Bytes& text, const core::Json& value) {
                    const ByteView line = trimmed(text);
                    const bool is_one_line = line.find_first_of("\r\n") == ByteView::npos;
                    sink << (is_one_line ? std::string(line) : core::write_json(value)) << '\n';
                  });
  sink.flush();
  report.bytes = sink.bytes();
  return report;
}

}  // namespace isodb::exchange
