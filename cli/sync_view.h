#pragma once

#include <string>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "isodb/error.h"
#include "isodb/sync.h"

namespace isodb::cli {

/// What a session came to, for people: what came, went, moved, was refused, bytes and time.
void print_sync_result(Context& context, const std::string& remote, const sync::SyncResult& result);
/// The same without the first line: refs that moved, tags that differ, what was refused.
void print_report(Context& context, const sync::Report& report);
/// Adds the members that --json has for it.
void add_sync_result(JsonObject& object, const sync::SyncResult& result);
void add_report(JsonObject& object, const sync::Report& report);
void add_bandwidth(JsonObject& object, const sync::Bandwidth& bandwidth);
void print_refused(Context& context, const sync::RefusedRecord& record);

/// What the session alone says: 6 for no line, 5 for something refused, an error's own code, 0.
ExitCode exit_code_of(const sync::SyncResult& result);

/// "refused 1a2b3c4d5e6f: why", or "parked", of one whose time is to come; `where`: " there" of
/// what the other side refused.
std::string refused_text(const sync::RefusedCommit& refused, const std::string& where = "");
/// Of refs that were left out, for there are too many here.
Error refs_refused_error(const sync::Report& report);
/// "3 commits were not sent"
std::string unsent_text(const sync::Report& report);
/// "12 B in, 34 B out (56 B and 78 B with TLS), 0.3 s"
std::string traffic_text(const sync::Bandwidth& bandwidth, std::chrono::milliseconds took);

}  // namespace isodb::cli
