#include "sync/refused.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "repo/access.h"

namespace isodb::sync {
namespace {

/// All of them in one setting: other settings have megabytes, and are not to be read for it.
constexpr const char* kSetting = "refused";
constexpr std::string_view kThere = "there", kHere = "here";

/// One line.
std::string text_of(const RefusedRecord& record) {
  return record.commit.hex() + " " + std::to_string(record.at_millis) + " " +
         std::string(record.there ? kThere : kHere) + " " + record.peer.text() + " " + record.rule +
         "\n";
}

/// Takes the next word off the front of `text`.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

/// nullopt for a line that is none of ours.
std::optional<RefusedRecord> parse(std::string_view text) {
  RefusedRecord record;
  const auto commit = Id::from_hex(take_word(text));
  const std::string_view at = take_word(text), side = take_word(text), peer = take_word(text);
  const auto parsed_key = PublicKey::parse(peer);
  const auto number = std::from_chars(at.data(), at.data() + at.size(), record.at_millis);
  if (!commit || !parsed_key || number.ec != std::errc() || number.ptr != at.data() + at.size()) {
    return std::nullopt;
  }
  record.commit = CommitId(*commit);
  record.peer = *parsed_key;
  record.there = side == kThere;
  record.rule = text;
  // The one rule that time alone mends.
  record.parked = !record.there && record.rule.find("hours ahead") != std::string::npos;
  return record;
}

/// Newest first.
std::vector<RefusedRecord> parse_all(const std::string& text) {
  std::vector<RefusedRecord> records;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (auto record = parse(line)) records.push_back(std::move(*record));
  }
  std::ranges::sort(records, [](const RefusedRecord& a, const RefusedRecord& b) {
    return a.at_millis != b.at_millis ? a.at_millis > b.at_millis : a.commit < b.commit;
  });
  return records;
}

/// The peer's words are cut where they are long, and stay on one line.
std::string one_line(std::string_view rule) {
  constexpr std::size_t kRuleBytesMax = 256;
  std::string text(rule.substr(0, kRuleBytesMax));
  std::ranges::replace(text, '\n', ' ');
  return text;
}

bool is_settled(const RepositoryState& repository, const RefusedRecord& record) {
  return !record.there && repository.store->contains(record.commit);
}

std::vector<RefusedRecord> records_after(const RepositoryState& repository,
                                         const std::vector<RefusedRecord>& before,
                                         const PublicKey& peer, const Report& report) {
  std::vector<RefusedRecord> after;
  const std::uint64_t now = repository.environment.now_millis();
  const auto add = [&](const std::vector<RefusedCommit>& refused, bool there) {
    for (const RefusedCommit& one : refused) {
      if (std::ranges::find(after, one.commit, &RefusedRecord::commit) != after.end()) continue;
      after.push_back({one.commit, one_line(one.rule), peer, now, there, false});
    }
  };
  add(report.refused, false);
  add(report.refused_there, true);
  for (const RefusedRecord& record : before) {
    const bool again =
        std::ranges::find(after, record.commit, &RefusedRecord::commit) != after.end();
    const bool agreed = report.agreed && record.peer == peer;
    if (!again && !agreed && !is_settled(repository, record)) after.push_back(record);
  }
  if (after.size() > kRefusedMax) after.resize(kRefusedMax);
  return after;
}

}  // namespace

void record_refused(RepositoryState& repository, const PublicKey& peer, const Report& report) {
  constexpr int kAttempts = 100;  // sessions with others end at the same time
  for (int i = 0; i < kAttempts; ++i) {
    const std::optional<std::string> before = repository.database->setting(kSetting);
    const std::vector<RefusedRecord> records = parse_all(before.value_or(""));
    std::string text;
    for (const RefusedRecord& record : records_after(repository, records, peer, report)) {
      text += text_of(record);
    }
    if (before.value_or("") == text) return;
    refs::WriteBatch batch;
    batch.settings.emplace_back(kSetting, text.empty() ? std::nullopt : std::optional(text));
    batch.settings_expected.emplace_back(kSetting, before);
    if (!repository.database->write(batch).lost) return;
  }
}

std::vector<RefusedRecord> refused_commits(const Repository& repository) {
  const RepositoryState& state = *repo::Access::state(repository);
  std::vector<RefusedRecord> records = parse_all(state.database->setting(kSetting).value_or(""));
  std::erase_if(records, [&](const RefusedRecord& record) { return is_settled(state, record); });
  return records;
}

}  // namespace isodb::sync
