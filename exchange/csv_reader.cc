#include "exchange/csv_reader.h"

#include <algorithm>

namespace isodb::exchange {

void CsvReader::append(CsvField& field, ByteView bytes) {
  record_bytes_ += bytes.size();
  if (record_bytes_ > kRecordBytesMax) {
    source_.fail_at(record_line_, record_offset_,
                    "the record is longer than 64 MiB; a quotation mark may lack its partner", {},
                    ErrorCode::kLimit);
  }
  field.text.append(bytes);
}

/// Takes LF or CRLF.
bool CsvReader::skip_line_end() {
  if (source_.skip('\n')) return true;
  if (source_.peek() != '\r') return false;
  source_.skip('\r');
  if (source_.skip('\n') || !source_.peek()) return true;
  source_.fail("a carriage return without a line feed",
               "fields that hold one need quotation marks");
}

CsvReader::After CsvReader::quoted(CsvField& field) {
  field.quoted = true;
  const std::uint64_t line = source_.line_number(), offset = source_.offset();
  source_.skip('"');
  for (;;) {
    const ByteView held = source_.buffered();
    if (held.empty()) source_.fail_at(line, offset, "a quoted field that never ends");
    const std::size_t end = std::min(held.find('"'), held.size());
    append(field, held.substr(0, end));
    source_.skip_bytes(end);
    if (end == held.size()) continue;
    source_.skip('"');
    if (!source_.skip('"')) break;
    append(field, "\"");
  }
  if (source_.skip(separator_)) return After::kField;
  if (!source_.peek() || skip_line_end()) return After::kRecord;
  source_.fail("text after the end of a quoted field",
               "a quotation mark inside a quoted field is written twice");
}

CsvReader::After CsvReader::field(CsvField& field) {
  if (source_.peek() == '"') return quoted(field);
  for (;;) {
    const ByteView held = source_.buffered();
    const auto ends = [&](char c) { return c == separator_ || c == '\n' || c == '\r' || c == '"'; };
    const auto end =
        static_cast<std::size_t>(std::find_if(held.begin(), held.end(), ends) - held.begin());
    append(field, held.substr(0, end));
    source_.skip_bytes(end);
    if (held.empty()) return After::kRecord;
    if (end < held.size()) break;
  }
  if (source_.peek() == '"') {
    source_.fail("a quotation mark inside a field that does not begin with one",
                 "a field with quotation marks stands in quotation marks itself");
  }
  if (source_.skip(separator_)) return After::kField;
  skip_line_end();
  return After::kRecord;
}

std::optional<CsvRecord> CsvReader::next() {
  if (!started_) {
    started_ = true;
    if (source_.buffered().starts_with("\xef\xbb\xbf")) source_.skip_bytes(3);
  }
  if (!source_.peek()) return std::nullopt;
  record_line_ = source_.line_number();
  record_offset_ = source_.offset();
  record_bytes_ = 0;
  CsvRecord record;
  for (After after = After::kField; after == After::kField;) {
    if (record.size() == kColumnsMax) {
      source_.fail_at(record_line_, record_offset_, "the record has more than 65,536 fields", {},
                      ErrorCode::kLimit);
    }
    after = field(record.emplace_back());
  }
  return record;
}

}  // namespace isodb::exchange
