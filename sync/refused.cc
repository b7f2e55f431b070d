#include "sync/refused.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "repo/access.h"

namespace isodb::sync {
namespace {

constexpr std::string_view kPrefix = "refused.";
constexpr std::string_view kThere = "there", kHere = "here";

std::string key_of(const CommitId& commit) {
  return std::string(kPrefix) + commit.hex();
}

std::string text_of(const RefusedRecord& record) {
  return std::to_string(record.at_millis) + " " + std::string(record.there ? kThere : kHere) + " " +
         record.peer.text() + " " + record.rule;
}

/// Takes the next word off the front of `text`.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

/// nullopt for a setting that is none of ours.
std::optional<RefusedRecord> parse(std::string_view key, std::string_view text) {
  if (!key.starts_with(kPrefix)) return std::nullopt;
  const auto commit = Id::from_hex(key.substr(kPrefix.size()));
  RefusedRecord record;
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
std::vector<RefusedRecord> read_all(refs::Database& database) {
  std::vector<RefusedRecord> records;
  for (const auto& [key, value] : database.settings()) {
    if (auto record = parse(key, value)) records.push_back(std::move(*record));
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

}  // namespace

void record_refused(RepositoryState& repository, const PublicKey& peer, const Report& report) {
  const std::vector<RefusedRecord> before = read_all(*repository.database);
  if (before.empty() && report.refused.empty() && report.refused_there.empty()) return;
  std::vector<RefusedRecord> after;
  const std::uint64_t now = repository.environment.now_millis();
  const auto add = [&](const std::vector<RefusedCommit>& refused, bool there) {
    for (const RefusedCommit& one : refused) {
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
  std::map<std::string, std::optional<std::string>> changes;
  for (const RefusedRecord& record : before) changes[key_of(record.commit)] = std::nullopt;
  for (const RefusedRecord& record : after) changes[key_of(record.commit)] = text_of(record);
  refs::WriteBatch batch;
  batch.settings.assign(changes.begin(), changes.end());
  repository.database->write(batch);
}

std::vector<RefusedRecord> refused_commits(const Repository& repository) {
  const RepositoryState& state = *repo::Access::state(repository);
  std::vector<RefusedRecord> records = read_all(*state.database);
  std::erase_if(records, [&](const RefusedRecord& record) { return is_settled(state, record); });
  return records;
}

}  // namespace isodb::sync
