#include "cli/serve_log.h"

#include <chrono>
#include <iostream>

#include "cli/sync_view.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

using Kind = sync::ServeEvent::Kind;

std::string now_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return iso_time(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
}

std::string_view word_of(Kind kind) {
  switch (kind) {
    case Kind::kOpened:
      return "opened";
    case Kind::kSynced:
      return "synced";
    case Kind::kClosed:
      return "closed";
    case Kind::kRefused:
      return "refused";
    default:
      return "trouble";
  }
}

/// "barn-tablet 3f2a… from 192.0.2.7:51234"
std::string device_of(const sync::ServeEvent& event) {
  std::string text;
  if (!event.member.empty()) text += printable_line(event.member) + " ";
  if (event.key) text += event.key->fingerprint() + " ";
  if (!event.peer.empty()) text += "from " + printable_line(event.peer);
  return text;
}

std::string bytes_text(const sync::Bandwidth& bandwidth) {
  return human_bytes(bandwidth.total_in) + " in, " + human_bytes(bandwidth.total_out) + " out";
}

std::string report_text(const sync::Report& report) {
  std::string text = counted(report.commits_received, "commit") + " came, " +
                     counted(report.commits_sent, "commit") + " went";
  for (const sync::MovedRef& moved : report.moved) {
    text += "; " + printable_line(moved.name) + " -> " + moved.after.short_hex();
    if (moved.paths_in_conflict > 0) {
      text += " (" + grouped(moved.paths_in_conflict) + " in conflict)";
    }
  }
  if (!report.refs_refused.empty()) {
    text += "; left out " + counted(report.refs_refused.size(), "ref") + ", the first " +
            printable_line(report.refs_refused.front()) + ": there are too many";
  }
  for (const CommitId& head : report.peeled) {
    text.append("; set aside ").append(head.short_hex());
  }
  for (const sync::RefusedCommit& refused : report.refused) text += "; " + refused_text(refused);
  for (const sync::RefusedCommit& refused : report.refused_there) {
    text += "; " + refused_text(refused, " there");
  }
  return text;
}

}  // namespace

void ServeLog::write(const std::string& text, const JsonObject& object) {
  if (is_broken_) return;
  const std::string line = (context_.json() ? object.text() : text) + "\n";
  try {
    if (to_ == LogTo::kStandardError) {
      std::cerr << line << std::flush;
    } else {
      context_.out() << line;
      context_.out().flush();
    }
  } catch (const OutputClosed&) {
    is_broken_ = true;
  } catch (const Error&) {
    is_broken_ = true;
  }
}

void ServeLog::listening(const PublicKey& key, const std::vector<std::string>& addresses) {
  const std::string now = now_text();
  for (const std::string& address : addresses) {
    std::string text = now;
    text.append("  listening  ").append(address).append("  fingerprint ");
    write(text + key.fingerprint(), JsonObject()
                                        .string("time", now)
                                        .string("event", "listening")
                                        .string("address", address)
                                        .string("fingerprint", key.fingerprint()));
  }
}

void ServeLog::note(const sync::ServeEvent& event) {
  // At the other end of a pipe is, most often, the terminal of whoever syncs over ssh.
  const bool is_terse = context_.quiet() || (to_ == LogTo::kStandardError && !context_.json());
  if (is_terse && event.kind != Kind::kTrouble) return;
  const std::string now = now_text();
  const std::string_view word = word_of(event.kind);
  std::string text = now + "  " + std::string(word) + "  " + device_of(event);
  JsonObject object;
  object.string("time", now).string("event", word).string("address", event.peer);
  if (!event.member.empty()) object.string("member", event.member);
  if (event.key) object.string("fingerprint", event.key->fingerprint());
  if (event.kind == Kind::kSynced) {
    text += ": " + report_text(event.report);
    add_report(object, event.report);
  }
  if (event.kind == Kind::kClosed || event.kind == Kind::kRefused) {
    text += ": " + bytes_text(event.bandwidth);
    add_bandwidth(object, event.bandwidth);
  }
  if (event.error) {
    text += ": " + printable_line(event.error->what());
    object.string("error", error_code_name(event.error->code()))
        .string("message", event.error->what());
  }
  write(text, object);
}

void ServeLog::stopped() {
  const std::string now = now_text();
  write(now + "  stopped", JsonObject().string("time", now).string("event", "stopped"));
}

}  // namespace isodb::cli
