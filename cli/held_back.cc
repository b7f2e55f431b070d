#include "cli/held_back.h"

#include <algorithm>

#include "cli/text.h"
#include "core/clock.h"
#include "sync/clock_ahead.h"

namespace isodb::cli {
namespace {

constexpr const char* kAdvice = "'isodb sync --help' says what to do";

/// "3 days", "30 hours"
std::string span_text(std::uint64_t millis) {
  constexpr std::uint64_t kHour = 60 * 60 * std::uint64_t{1000};
  const std::uint64_t hours = millis / kHour;
  return hours < 72 ? counted(hours, "hour") : counted(hours / 24, "day");
}

bool is_before_any(const Repository& repository, const CommitId& commit,
                   const std::vector<CommitId>& others) {
  try {
    return std::ranges::any_of(
        others, [&](const CommitId& other) { return repository.is_ancestor(commit, other); });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return false;  // it was collected since
  }
}

/// The remote's name, else the fingerprint.
std::string name_of(const Repository& repository, const PublicKey& peer) {
  for (const sync::Remote& remote : sync::remotes(repository)) {
    if (remote.key == peer) return remote.name;
  }
  return peer.fingerprint();
}

HeldBack look(const Repository& repository, const std::vector<CommitId>& commits) {
  HeldBack held;
  std::uint64_t newest = 0;
  for (const CommitId& id : commits) {
    newest = std::max(newest, repository.commit(id).clock.millis());
  }
  const std::uint64_t now = core::system_environment().now_millis();
  if (newest > now + sync::kClockAheadMillisMax) {
    held.ahead_millis = newest - now;
    held.until_millis = newest - sync::kClockAheadMillisMax;
  }
  for (const sync::RefusedRecord& record : sync::refused_commits(repository)) {
    if (!record.there || !is_before_any(repository, record.commit, commits)) continue;
    held.refused = record;
    break;
  }
  return held;
}

}  // namespace

HeldBack held_back(const Repository& repository, const std::vector<CommitId>& commits) {
  try {
    return look(repository, commits);
  } catch (const Error& error) {
    // What is damaged or lost is told by what needs it; what was done is done.
    if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound) throw;
    return {};
  }
}

HeldBack held_back(const Repository& repository) {
  if (!repository.ref(repository.current_branch())) return {};
  try {
    return look(repository, repository.resolve_heads("@"));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound) throw;
    return {};
  }
}

std::vector<std::string> held_back_sentences(const Repository& repository, const HeldBack& held,
                                             const std::string& what) {
  std::vector<std::string> sentences;
  if (held.until_millis != 0) {
    sentences.push_back("the time of " + what + ", " +
                        iso_time(held.until_millis + sync::kClockAheadMillisMax) + ", is " +
                        span_text(held.ahead_millis) +
                        " ahead of this device's clock: if that clock is right, other devices "
                        "take it, and what is made after it, from " +
                        iso_time(held.until_millis) + " on only; " + kAdvice);
  }
  if (held.refused) {
    sentences.push_back(printable_line(name_of(repository, held.refused->peer)) + " refused " +
                        held.refused->commit.short_hex() + ", and with it what is made after it, " +
                        what + " too: " + printable_line(held.refused->rule) + "; " + kAdvice);
  }
  return sentences;
}

void note_held_back(Context& context, const HeldBack& held, const std::string& what) {
  if (held.is_nothing() || context.json() || context.quiet()) return;
  const Repository& repository = context.repository(Access::kRead);
  for (const std::string& sentence : held_back_sentences(repository, held, what)) {
    context.note(sentence);
  }
}

void add_held_back(JsonObject& object, const HeldBack& held) {
  if (held.until_millis != 0) object.string("waits_until", iso_time(held.until_millis));
  if (held.refused) object.id("builds_on_refused", held.refused->commit);
}

}  // namespace isodb::cli
