#include "bench/results.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace isodb::bench {

const std::vector<Workload>& workloads() {
  using enum Workload::Better;
  static const std::vector<Workload> all = {
      {"load_random", "bulk load, paths in random order", "documents/s", kHigher},
      {"load_sorted", "bulk load, paths in order", "documents/s", kHigher},
      {"settle", "work left over by the load", "s", kLower},
      {"read", "random reads by path, warm", "documents/s", kHigher},
      {"first_reads", "open and read 1,000 documents", "ms", kLower},
      {"scan", "scan in the order of paths", "documents/s", kHigher},
      {"scan_any", "scan in the engine's own order", "documents/s", kHigher},
      {"commit_batch", "one durable commit of 1,000 documents", "ms", kLower},
      {"diff_first", "diff of 1,000 documents, first in the process", "ms", kLower},
      {"diff", "the same repeated", "ms", kLower},
      {"commit_10", "one durable commit of 10 documents", "ms", kLower},
      {"diff_10", "diff of 10 documents, repeated", "ms", kLower},
      {"merge_first", "merge of two branches of 1,000 documents, first in the process", "ms",
       kLower},
      {"merge", "the same, another commit later", "ms", kLower},
      {"merge_100", "merge of 100 heads, first in the process", "ms", kLower},
      {"verify_merges", "verify of a history with 10,000 merges", "s", kLower},
      {"commit_1", "durable commits of 1 document", "commits/s", kHigher},
      {"commit_8", "the same from 8 threads", "commits/s", kHigher},
      {"disk", "size on disk after the load", "MiB", kLower},
      {"history", "bytes on disk a commit of 1 document, of 100,000 at most", "bytes", kLower},
      {"load_memory", "peak memory of the load, mapped files aside", "MiB", kLower},
      {"load_resident", "peak memory of the load, mapped files included", "MiB", kLower},
      {"reads_memory", "peak memory, open and read 1,000, mapped files aside", "MiB", kLower},
      {"reads_resident", "the same, mapped files included", "MiB", kLower},
  };
  return all;
}

const Workload& workload(const std::string& id) {
  for (const Workload& workload : workloads()) {
    if (workload.id == id) return workload;
  }
  throw std::runtime_error("no workload is named " + id);
}

double median(std::vector<double> values) {
  if (values.empty()) throw std::logic_error("the median of nothing");
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Row::median() const {
  return bench::median(runs);
}

double advantage(const Workload& workload, double ours, double theirs) {
  return workload.better == Workload::Better::kHigher ? ours / theirs : theirs / ours;
}

std::optional<double> Results::value(std::uint64_t documents, const std::string& workload,
                                     const std::string& engine) const {
  const auto row = rows.find({documents, workload, engine});
  if (row == rows.end() || row->second.runs.empty() || !row->second.error.empty()) {
    return std::nullopt;
  }
  return row->second.median();
}

std::optional<double> Results::limit(const std::string& id) const {
  const auto found = limits.find(id);
  if (found == limits.end()) return std::nullopt;
  return median(found->second);
}

Json Results::to_json() const {
  Json json = {{"format", kFormat},  {"machine", machine},    {"settings", settings},
               {"engines", engines}, {"order", engine_names}, {"sizes", sizes},
               {"limits", limits},   {"rows", Json::array()}};
  for (const auto& [documents, bytes] : corpus_bytes) {
    json["corpus_bytes"][std::to_string(documents)] = bytes;
  }
  for (const auto& [key, row] : rows) {
    Json item = {{"documents", key.documents},
                 {"workload", key.workload},
                 {"engine", key.engine},
                 {"unit", workload(key.workload).unit},
                 {"runs", row.runs},
                 {"cpu_seconds", row.cpu_seconds},
                 {"peak_resident_bytes", row.peak_resident},
                 {"peak_anonymous_bytes", row.peak_anonymous},
                 {"details", row.details}};
    if (!row.runs.empty()) item["median"] = row.median();
    if (!row.error.empty()) item["error"] = row.error;
    json["rows"].push_back(item);
  }
  return json;
}

Results Results::from_json(const Json& json) {
  if (json.value("format", 0) != kFormat) {
    throw std::runtime_error("these are no results of this program's format");
  }
  Results results;
  results.machine = json.at("machine");
  results.settings = json.at("settings");
  results.engines = json.at("engines");
  json.at("order").get_to(results.engine_names);
  json.at("sizes").get_to(results.sizes);
  json.at("limits").get_to(results.limits);
  for (const auto& [documents, bytes] : json.at("corpus_bytes").items()) {
    results.corpus_bytes[std::stoull(documents)] = bytes;
  }
  for (const Json& item : json.at("rows")) {
    Row row;
    item.at("runs").get_to(row.runs);
    item.at("cpu_seconds").get_to(row.cpu_seconds);
    item.at("peak_resident_bytes").get_to(row.peak_resident);
    item.at("peak_anonymous_bytes").get_to(row.peak_anonymous);
    row.details = item.at("details");
    row.error = item.value("error", "");
    results.rows[{item.at("documents"), item.at("workload"), item.at("engine")}] = row;
  }
  return results;
}

void Results::save(const std::filesystem::path& file) const {
  std::ofstream out(file);
  out << to_json().dump(1) << "\n";
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

Results Results::load(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return from_json(Json::parse(in));
}

}  // namespace isodb::bench
