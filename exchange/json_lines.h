#pragma once

#include <optional>
#include <string>

#include "exchange/records.h"

namespace isodb::exchange {

/// Reads JSON Lines: one JSON document a line, kept as it is written there. `key` is a JSON Pointer
/// to the string or number that becomes the last segment of the path (key_segment()); without one,
/// each document gets a new UUIDv7. Empty lines are passed over. Of two lines with one key the
/// later counts. A bad line (no JSON, no key, a path too long) is an error that names the line, and
/// nothing is imported, unless the options skip it.
RecordImportReport import_json_lines(Repository& repository, ByteSource& source,
                                     const std::optional<std::string>& key,
                                     const RecordImportOptions& options = {});

/// Writes the JSON documents of a snapshot, one a line, in path order. A document that is written
/// on one line stays as it is; others lose the white space between their parts.
RecordExportReport export_json_lines(const Snapshot& snapshot, ByteSink& sink,
                                     const RecordExportOptions& options = {});

}  // namespace isodb::exchange
