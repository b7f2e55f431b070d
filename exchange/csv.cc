#include "exchange/csv.h"

#include <algorithm>
#include <unordered_set>

#include "core/json_number.h"
#include "core/json_writer.h"
#include "core/utf8.h"

namespace isodb::exchange {
namespace {

constexpr ByteView kLineEnd = "\r\n";

bool is_typed(ByteView text) {
  return text.empty() || text == "true" || text == "false" ||
         core::json_number_bytes(text) == text.size();
}

/// The header's names as JSON strings with their colons, ready to be put before values.
struct Header {
  std::vector<std::string> names, member_starts;
};

Header read_header(CsvReader& reader, ByteSource& source) {
  std::optional<CsvRecord> record = reader.next();
  if (!record) source.fail("there is no header row");
  Header header;
  std::unordered_set<std::string> seen;
  for (const CsvField& field : *record) {
    const std::string name = printable(field.text, 40);
    if (field.text.empty()) source.fail_at(1, 0, "the header has a column without a name");
    if (!core::is_utf8(field.text)) source.fail_at(1, 0, "the column '" + name + "' is not UTF-8");
    if (!seen.insert(field.text).second) {
      source.fail_at(1, 0, "the header has two columns named '" + name + "'");
    }
    std::string start = header.names.empty() ? "" : ",";
    core::append_json_string(start, field.text);
    header.member_starts.push_back(start + ":");
    header.names.push_back(field.text);
  }
  return header;
}

void append_value(std::string& json, const CsvField& field, const CsvOptions& csv) {
  if (csv.types && !field.quoted && is_typed(field.text)) {
    json += field.text.empty() ? "null" : field.text;
  } else {
    core::append_json_string(json, field.text);
  }
}

std::string document_of(const Header& header, const CsvRecord& record, const CsvOptions& csv) {
  if (record.size() != header.names.size()) {
    throw Error(ErrorCode::kInvalid, "the record has " + std::to_string(record.size()) +
                                         " fields, the header " +
                                         std::to_string(header.names.size()));
  }
  std::string json = "{";
  for (std::size_t i = 0; i < record.size(); ++i) {
    if (!core::is_utf8(record[i].text)) {
      throw Error(ErrorCode::kInvalid,
                  "the field of column '" + printable(header.names[i], 40) + "' is not UTF-8");
    }
    json += header.member_starts[i];
    append_value(json, record[i], csv);
  }
  return json + "}";
}

void write_field(ByteSink& sink, const CsvOptions& csv, ByteView text, bool must_quote) {
  const auto is_special = [&](char c) {
    return c == csv.separator || c == '"' || c == '\r' || c == '\n';
  };
  if (!must_quote && std::none_of(text.begin(), text.end(), is_special)) {
    sink << text;
    return;
  }
  sink << '"';
  for (std::size_t quote; (quote = text.find('"')) != ByteView::npos;) {
    sink << text.substr(0, quote + 1) << '"';
    text.remove_prefix(quote + 1);
  }
  sink << text << '"';
}

void write_value(ByteSink& sink, const CsvOptions& csv, const core::Json* value) {
  if (value == nullptr || value->is_null()) return;
  if (value->is_string()) {
    write_field(sink, csv, value->as_string(), is_typed(value->as_string()));
  } else if (value->is_boolean()) {
    sink << (value->as_boolean() ? "true" : "false");
  } else if (value->is_number()) {
    write_field(sink, csv, value->number_text(), false);
  } else {
    write_field(sink, csv, core::write_json(*value), false);
  }
}

const core::Json& expect_object(const core::Json& value) {
  if (!value.is_object()) {
    throw Error(ErrorCode::kInvalid,
                "it is no object, but " + std::string(core::json_kind_name(value.kind())));
  }
  return value;
}

/// Every member that occurs, in the order of first occurrence: a pass of its own.
std::vector<std::string> columns_of(const Snapshot& snapshot, const RecordExportOptions& options) {
  std::vector<std::string> columns;
  std::unordered_set<std::string> seen;
  RecordExportReport ignored;
  for_each_record(snapshot, options, ignored,
                  [&](const std::string&, const Bytes&, const core::Json& value) {
                    for (const core::JsonMember& member : expect_object(value).members()) {
                      std::string name(member.key());
                      if (!seen.insert(name).second) continue;
                      if (columns.size() == CsvReader::kColumnsMax) {
                        throw Error(ErrorCode::kLimit, "there are more than 65,536 columns");
                      }
                      columns.push_back(std::move(name));
                    }
                  });
  return columns;
}

/// The names in a row, the first ones where they are many.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i > 0 ? ", '" : "'") + printable(names[i], 40) + "'";
  }
  return names.size() > kShown ? text + ", …" : text;
}

}  // namespace

RecordImportReport import_csv(Repository& repository, ByteSource& source,
                              const std::optional<std::string>& key, const CsvOptions& csv,
                              const RecordImportOptions& options) {
  RecordWriter writer(repository, source, options);
  CsvReader reader(source, csv.separator);
  const Header header = read_header(reader, source);
  std::optional<std::size_t> key_column;
  if (key) {
    const auto found = std::find(header.names.begin(), header.names.end(), *key);
    if (found == header.names.end()) {
      source.fail_at(1, 0, "the header has no column '" + printable(*key, 40) + "'",
                     "it has: " + some_of(header.names));
    }
    key_column = static_cast<std::size_t>(found - header.names.begin());
  }
  while (const std::optional<CsvRecord> record = reader.next()) {
    const bool is_empty_line = record->size() == 1 && record->front().text.empty() &&
                               !record->front().quoted && header.names.size() > 1;
    if (is_empty_line) continue;
    writer.record(reader.record_line(), [&] {
      const std::string document = document_of(header, *record, csv);
      writer.put(key_column ? std::optional((*record)[*key_column].text) : std::nullopt, document);
    });
  }
  return writer.finish();
}

RecordExportReport export_csv(const Snapshot& snapshot, ByteSink& sink,
                              std::vector<std::string> columns, const CsvOptions& csv,
                              const RecordExportOptions& options) {
  if (columns.empty()) columns = columns_of(snapshot, options);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) sink << csv.separator;
    write_field(sink, csv, columns[i], columns[i].empty());
  }
  sink << kLineEnd;
  RecordExportReport report;
  for_each_record(snapshot, options, report,
                  [&](const std::string&, const Bytes&, const core::Json& value) {
                    expect_object(value);
                    for (std::size_t i = 0; i < columns.size(); ++i) {
                      if (i > 0) sink << csv.separator;
                      write_value(sink, csv, value.find(columns[i]));
                    }
                    sink << kLineEnd;
                  });
  sink.flush();
  report.bytes = sink.bytes();
  return report;
}

}  // namespace isodb::exchange
