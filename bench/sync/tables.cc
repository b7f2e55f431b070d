#include "bench/sync/tables.h"

#include <array>
#include <cstdio>

namespace isodb::bench {
namespace {

constexpr double kMib = 1024 * 1024;

std::string decimal(double value, int places) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", places, value);
  return text.data();
}

/// With commas between thousands.
std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string peak(const Usage& usage) {
  return decimal(static_cast<double>(usage.resident_peak) / kMib, 0) + " (" +
         decimal(static_cast<double>(usage.private_peak) / kMib, 0) + ")";
}

std::string line_table(const LineResults& results, const std::vector<LineRow>& rows) {
  std::string text = "| session |";
  std::string rule = "\n| --- |";
  for (const std::string& system : results.systems) {
    text += " " + system + ": bytes | round trips | s |";
    rule += " ---: | ---: | ---: |";
  }
  text += rule + "\n";
  for (const LineRow& row : rows) {
    text += "| " + row.what + " |";
    for (const std::string& system : results.systems) {
      const LineCost& cost = row.costs.at(system);
      text += " " + grouped(cost.bytes) + " | " + grouped(cost.round_trips) + " | " +
              decimal(cost.seconds, 2) + " |";
    }
    text += "\n";
  }
  return text + "\n";
}

}  // namespace

std::string bulk_table(const std::vector<BulkRow>& rows) {
  std::string text =
      "### A large clone, and one change after it\n\n"
      "Over loopback, with TLS; each side is a process of its own. Processor time is user's and "
      "system's, of all threads. Peak memory is what was resident, with the pages of mapped packs, "
      "and without them. The change is one field, in its document's place in the clone's tree; its "
      "processor time is of the session alone, the repositories being open, and with opening both "
      "in processes that have just begun.\n\n"
      "| history | documents, MB | on the line, MB | s | MB/s | sender, µs a document | receiver | "
      "sender, peak MiB | receiver | one change, ms of both processors | with opening |\n"
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  for (const auto& [options, result] : rows) {
    const auto count = static_cast<double>(options.documents);
    const double mb = static_cast<double>(result.document_bytes) * 1e-6;
    const std::uint64_t commits =
        options.per_commit == 0 ? 1 : options.documents / options.per_commit;
    text += "| " + grouped(options.documents) + " documents, commits: " + grouped(commits) + " | " +
            decimal(mb, 0) + " | " + decimal(static_cast<double>(result.line_bytes) * 1e-6, 1) +
            " | " + decimal(result.seconds, 2) + " | " + decimal(mb / result.seconds, 1) + " | " +
            decimal(result.sender.cpu_seconds * 1e6 / count, 2) + " | " +
            decimal(result.receiver.cpu_seconds * 1e6 / count, 2) + " | " + peak(result.sender) +
            " | " + peak(result.receiver) + " | " + decimal(result.change_cpu * 1e3, 1) + " | " +
            decimal(result.change_cpu_opening * 1e3, 1) + " |\n";
  }
  return text + "\n";
}

std::string line_tables(const LineResults& results) {
  return "### Sessions beside git's\n\n"
         "20,000 documents of 460 bytes; the cases of docs/protocol.md, \"Gates\". Bytes both ways "
         "and round trips as a proxy counts them on TCP, whatever they are for: isodb's connect, "
         "prove both keys and encrypt (TLS, some 1,150 bytes), and bring signed commits; `git "
         "daemon`'s do none of that, and its commits are not signed. The hub is packed by `git gc` "
         "before each session and has no bitmaps, which would cost it the deltas to what the other "
         "side "
         "has. One isodb session goes both ways; git fetches, and pushes only "
         "where "
         "both sides have commits.\n\nOn a line as quick as the machine:\n\n" +
         line_table(results, results.quick) +
         "On a line of 9,600 bit/s and 600 ms there and back (no clone: it would take half an "
         "hour):\n\n" +
         line_table(results, results.slow);
}

}  // namespace isodb::bench
