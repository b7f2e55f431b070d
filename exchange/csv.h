#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exchange/csv_reader.h"
#include "exchange/records.h"

namespace isodb::exchange {

struct CsvOptions {
  char separator = ',';
  /// Reading: unquoted fields become numbers, true, false and, when empty, null, where their text
  /// is that of one; quoted fields stay strings. Writing always quotes the strings that would read
  /// as one of these.
  bool types = false;
};

/// Reads CSV (RFC 4180) with a header row: one JSON object a record, its members in the order of
/// the columns. `key` names the column whose text becomes the last segment of the path; without
/// one, each document gets a new UUIDv7. A record that has another number of fields than the header
/// is bad, and so are text that is not UTF-8 and a bad key.
RecordImportReport import_csv(Repository& repository, ByteSource& source,
                              const std::optional<std::string>& key, const CsvOptions& csv,
                              const RecordImportOptions& options = {});

/// Writes the JSON objects of a snapshot as CSV with a header row. `columns` says which members, in
/// which order; when empty, every member that occurs, in the order in which they do. Members that
/// hold arrays or objects are written as JSON text; null and absent members are empty. Documents
/// that are not objects are bad.
RecordExportReport export_csv(const Snapshot& snapshot, ByteSink& sink,
                              std::vector<std::string> columns, const CsvOptions& csv,
                              const RecordExportOptions& options = {});

}  // namespace isodb::exchange
