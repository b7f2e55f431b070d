#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exchange/byte_source.h"

namespace isodb::exchange {

struct CsvField {
  Bytes text;
  bool quoted = false;  ///< it stood in quotation marks
};
using CsvRecord = std::vector<CsvField>;

/// Reads comma-separated values (RFC 4180), record by record. Lines end with LF or CRLF, the last
/// may lack its end; a quoted field may hold anything. A byte order mark at the start is passed
/// over, and so are empty lines where there is more than one column. Borrows the source; one
/// thread.
class CsvReader {
 public:
  static constexpr std::size_t kRecordBytesMax = 64 << 20;
  static constexpr std::size_t kColumnsMax = 65'536;

  /// `separator` is any byte but a quotation mark, CR and LF.
  explicit CsvReader(ByteSource& source, char separator = ',')
      : source_(source), separator_(separator) {}

  /// The next record, and the line on which it began; nullopt at the end. Error(kInvalid) with line
  /// and byte for a quotation mark out of place or a quoted field that never ends, Error(kLimit)
  /// for a record beyond the limits: where the next record begins is not known then.
  std::optional<CsvRecord> next();
  std::uint64_t record_line() const { return record_line_; }

 private:
  enum class After { kField, kRecord };
  After field(CsvField& field);
  After quoted(CsvField& field);
  void append(CsvField& field, ByteView bytes);
  bool skip_line_end();

  ByteSource& source_;
  char separator_;
  bool started_ = false;
  std::uint64_t record_line_ = 1, record_offset_ = 0;
  std::size_t record_bytes_ = 0;
};

}  // namespace isodb::exchange
