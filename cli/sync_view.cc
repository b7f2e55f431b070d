#include "cli/sync_view.h"

#include <algorithm>

#include "cli/text.h"

namespace isodb::cli {
namespace {

using sync::MovedRef;
using sync::RefusedCommit;
using sync::SyncResult;

constexpr std::size_t kRefusedShown = 5;

JsonObject json_of(const MovedRef& moved) {
  JsonObject object;
  object.string("ref", moved.name)
      .id("before", moved.before)
      .id("after", moved.after)
      .number("merged", moved.merged_paths)
      .number("merged_conflicts", moved.paths_in_conflict);
  return object;
}

std::vector<JsonObject> json_of(const std::vector<RefusedCommit>& refused) {
  std::vector<JsonObject> objects;
  for (const RefusedCommit& one : refused) {
    JsonObject object;
    object.id("commit", one.commit).string("rule", one.rule);
    if (one.until_millis != 0) object.string("until", iso_time(one.until_millis));
    objects.push_back(std::move(object));
  }
  return objects;
}

std::string seconds_text(std::chrono::milliseconds took) {
  const auto tenths = static_cast<std::uint64_t>((took.count() + 50) / 100);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

void print_moved(Context& context, const MovedRef& moved) {
  context.out() << "  " << printable(moved.name) << "  "
                << (moved.before ? moved.before->short_hex() + " -> " : "new, ")
                << context.paint(Style::kYellow, moved.after.short_hex());
  if (moved.merged_paths > 0) {
    context.out() << "; " << counted(moved.merged_paths, "document") << " merged, "
                  << grouped(moved.paths_in_conflict) << " in conflict";
  }
  context.out() << "\n";
}

/// "refused there 1a2b3c4d5e6f"; a commit whose time is to come is parked.
std::string refused_word(const RefusedCommit& refused, const std::string& where) {
  const std::string word = refused.until_millis != 0 ? "parked" : "refused" + where;
  return word + " " + refused.commit.short_hex();
}

std::string refused_reason(const RefusedCommit& refused) {
  std::string text = printable_line(refused.rule);
  if (refused.until_millis != 0) text += "; it is taken from " + iso_time(refused.until_millis);
  return text;
}

void print_refusals(Context& context, const std::vector<RefusedCommit>& refused,
                    const std::string& where) {
  for (std::size_t i = 0; i < std::min(refused.size(), kRefusedShown); ++i) {
    context.out() << "  " << context.paint(Style::kRed, refused_word(refused[i], where)) << ": "
                  << refused_reason(refused[i]) << "\n";
  }
  if (refused.size() > kRefusedShown) {
    context.out() << "  and " << grouped(refused.size() - kRefusedShown) << " more refused" << where
                  << ": 'isodb sync --show-refused' lists them\n";
  }
}

}  // namespace

std::string refused_text(const RefusedCommit& refused, const std::string& where) {
  return refused_word(refused, where) + ": " + refused_reason(refused);
}

Error refs_refused_error(const sync::Report& report) {
  const std::vector<std::string>& refs = report.refs_refused;
  return Error(ErrorCode::kLimit,
               counted(refs.size(), "ref") +
                   " left out, for there are too many here: the first is " + refs.front(),
               "delete what nobody needs, here and there: isodb branch -d NAME");
}

std::string traffic_text(const sync::Bandwidth& bandwidth, std::chrono::milliseconds took) {
  std::string text =
      human_bytes(bandwidth.payload_in) + " in, " + human_bytes(bandwidth.payload_out) + " out";
  if (bandwidth.total_in != bandwidth.payload_in || bandwidth.total_out != bandwidth.payload_out) {
    text += " (" + human_bytes(bandwidth.total_in) + " and " + human_bytes(bandwidth.total_out) +
            " with TLS)";
  }
  return text + ", " + seconds_text(took);
}

std::string unsent_text(const sync::Report& report) {
  return counted(report.commits_unsent, "commit") +
         (report.commits_unsent == 1 ? " was" : " were") + " not sent";
}

void print_sync_result(Context& context, const std::string& remote, const SyncResult& result) {
  const sync::Report& report = result.report;
  context.out() << context.paint(Style::kBold, printable_line(remote)) << ": "
                << counted(report.commits_received, "commit") << " came, "
                << counted(report.commits_sent, "commit") << " went; ";
  if (report.contents_received > 0) {
    context.out() << counted(report.contents_received, "content") << " came to be held; ";
  }
  context.out() << traffic_text(result.bandwidth, result.took) << "\n";
  print_report(context, report);
}

void print_report(Context& context, const sync::Report& report) {
  for (const MovedRef& moved : report.moved) print_moved(context, moved);
  for (const std::string& tag : report.tags_differ) {
    context.out() << "  " << printable(tag)
                  << " is another tag there: see 'isodb ref list remotes/'\n";
  }
  if (!report.refs_refused.empty()) {
    context.out() << "  " << counted(report.refs_refused.size(), "ref")
                  << " left out, for there are too many here: "
                  << printable(report.refs_refused.front())
                  << (report.refs_refused.size() > 1 ? " and so on" : "") << "\n";
  }
  if (!report.peeled.empty()) {
    context.out() << "  " << counted(report.peeled.size(), "head")
                  << " set aside, of revoked or copied writers, or too many: 'isodb ref list "
                     "peeled/' names what does not count\n";
  }
  for (const std::string& path : report.waiting) {
    context.out() << "  " << printable(path) << " waits to be merged: it takes what is not here\n";
  }
  print_refusals(context, report.refused, "");
  print_refusals(context, report.refused_there, " there");
}

void add_report(JsonObject& object, const sync::Report& report) {
  std::vector<JsonObject> moved;
  for (const MovedRef& one : report.moved) moved.push_back(json_of(one));
  object.number("commits_received", report.commits_received)
      .number("commits_sent", report.commits_sent)
      .number("commits_unsent", report.commits_unsent)
      .number("contents_received", report.contents_received)
      .number("operations_received", report.operations_received)
      .number("operations_sent", report.operations_sent)
      .objects("moved", moved)
      .objects("refused", json_of(report.refused))
      .objects("refused_there", json_of(report.refused_there))
      .strings("waiting", report.waiting)
      .strings("peeled", hex_of(report.peeled))
      .strings("tags_differ", report.tags_differ)
      .strings("refs_refused", report.refs_refused)
      .boolean("agreed", report.agreed);
}

void add_bandwidth(JsonObject& object, const sync::Bandwidth& bandwidth) {
  object.number("payload_in", bandwidth.payload_in)
      .number("payload_out", bandwidth.payload_out)
      .number("total_in", bandwidth.total_in)
      .number("total_out", bandwidth.total_out);
}

void add_sync_result(JsonObject& object, const SyncResult& result) {
  if (result.peer) {
    object.string("peer", result.peer->fingerprint());
  } else {
    object.null("peer");
  }
  add_report(object, result.report);
  add_bandwidth(object, result.bandwidth);
  object.number("millis", static_cast<std::uint64_t>(result.took.count()));
  if (result.error) object.string("error", error_code_name(result.error->code()));
}

void print_refused(Context& context, const sync::RefusedRecord& record) {
  const std::string until = record.parked ? iso_time(record.until_millis) : "";
  if (context.json()) {
    JsonObject object;
    object.id("commit", record.commit)
        .string("rule", record.rule)
        .string("peer", record.peer.fingerprint())
        .string("time", iso_time(record.at_millis))
        .boolean("there", record.there)
        .boolean("parked", record.parked);
    if (record.parked) object.string("until", until);
    context.print(object);
    return;
  }
  context.out() << context.paint(Style::kRed, record.commit.short_hex()) << "  "
                << iso_time(record.at_millis) << "  "
                << (record.there    ? "refused by "
                    : record.parked ? "parked until " + until + ", from "
                                    : "from ")
                << record.peer.fingerprint() << "  " << printable_line(record.rule) << "\n";
}

ExitCode exit_code_of(const SyncResult& result) {
  if (result.unreachable) return ExitCode::kUnreachable;
  if (result.error) return exit_code_of(result.error->code());
  if (!result.report.refs_refused.empty()) return ExitCode::kFailed;
  const bool refused = !result.report.refused.empty() || !result.report.refused_there.empty();
  return refused ? ExitCode::kUnverified : ExitCode::kDone;
}

}  // namespace isodb::cli
