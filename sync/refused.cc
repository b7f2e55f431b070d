#include "sync/refused.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "repo/access.h"
#include "wire/hello.h"

namespace isodb::sync {
namespace {

/// All of them in one setting: other settings have megabytes, and are not to be read for it.
constexpr const char* kSetting = "refused";
constexpr std::string_view kThere = "there", kHere = "here";

/// One line. A commit may have come from several peers, each of which has to know.
std::string text_of(const RefusedRecord& record) {
  return record.commit.hex() + " " + std::to_string(record.at_millis) + " " +
         std::to_string(record.until_millis) + " " + std::string(record.there ? kThere : kHere) +
         " " + record.peer.text() + " " + record.rule + "\n";
}

/// Takes the next word off the front of `text`.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

bool parse_number(std::string_view word, std::uint64_t& number) {
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == word.data() + word.size();
}

/// nullopt for a line that is none of ours.
std::optional<RefusedRecord> parse(std::string_view text) {
  RefusedRecord record;
  const auto commit = Id::from_hex(take_word(text));
  const std::string_view at = take_word(text), until = take_word(text);
  const std::string_view side = take_word(text), peer = take_word(text);
  const auto parsed_key = PublicKey::parse(peer);
  if (!commit || !parsed_key || !parse_number(at, record.at_millis) ||
      !parse_number(until, record.until_millis)) {
    return std::nullopt;
  }
  record.commit = CommitId(*commit);
  record.peer = *parsed_key;
  record.there = side == kThere;
  record.rule = text;
  record.parked = !record.there && record.until_millis != 0;
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

std::vector<RefusedRecord> read_all(const RepositoryState& repository) {
  return parse_all(repository.database->setting(kSetting).value_or(""));
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

/// A clock that was turned back makes it fall as well.
bool stands(const RefusedRecord& record, std::uint64_t now) {
  if (record.there || now < record.at_millis) return false;
  const bool is_mended = record.until_millis != 0 && now >= record.until_millis;
  return !is_mended && now - record.at_millis < kRefusalStandsMillis;
}

/// The oldest of the peer that has most, so that none can crowd out the others'.
void drop_one(std::vector<RefusedRecord>& records) {
  std::map<PublicKey, std::size_t> counts;
  for (const RefusedRecord& record : records) ++counts[record.peer];
  const auto most =
      std::ranges::max_element(counts, {}, [](const auto& item) { return item.second; });
  const auto oldest = std::find_if(records.rbegin(), records.rend(), [&](const RefusedRecord& one) {
    return one.peer == most->first;
  });
  records.erase(std::next(oldest).base());
}

std::vector<RefusedRecord> records_after(const RepositoryState& repository,
                                         const std::vector<RefusedRecord>& before,
                                         const PublicKey& peer, const Report& report) {
  std::vector<RefusedRecord> after;
  const std::uint64_t now = repository.environment.now_millis();
  const auto is_again = [](const RefusedRecord& a, const RefusedRecord& b) {
    return a.commit == b.commit && a.peer == b.peer;
  };
  const auto add = [&](const std::vector<RefusedCommit>& refused, bool there) {
    for (const RefusedCommit& one : refused) {
      const bool parked = !there && one.until_millis != 0;
      const std::uint64_t until = one.until_millis;
      RefusedRecord record{one.commit, one_line(one.rule), peer, now, there, parked, until};
      if (std::ranges::any_of(after, [&](const auto& a) { return is_again(a, record); })) continue;
      // One that stands did not come again, and would never fall if each session renewed it.
      for (const RefusedRecord& old : before) {
        if (is_again(old, record) && stands(old, now)) record = old;
      }
      after.push_back(std::move(record));
    }
  };
  add(report.refused, false);
  add(report.refused_there, true);
  for (const RefusedRecord& record : before) {
    const bool again =
        std::ranges::any_of(after, [&](const RefusedRecord& one) { return is_again(one, record); });
    const bool agreed = report.agreed && record.peer == peer;
    if (!again && !agreed && !is_settled(repository, record)) after.push_back(record);
  }
  while (after.size() > kRefusedMax) drop_one(after);
  return after;
}

}  // namespace

void record_refused(RepositoryState& repository, const PublicKey& peer, const Report& report) {
  constexpr int kAttempts = 100;  // sessions with others end at the same time
  for (int i = 0; i < kAttempts; ++i) {
    const std::optional<std::string> before = repository.database->setting(kSetting);
    std::string text;
    for (const RefusedRecord& record :
         records_after(repository, parse_all(before.value_or("")), peer, report)) {
      text += text_of(record);
    }
    if (before.value_or("") == text) return;
    refs::WriteBatch batch;
    batch.settings.emplace_back(kSetting, text.empty() ? std::nullopt : std::optional(text));
    batch.settings_expected.emplace_back(kSetting, before);
    if (!repository.database->write(batch).lost) return;
  }
}

std::vector<wire::Refusal> refusals_of(const std::vector<RefusedCommit>& refused) {
  std::vector<wire::Refusal> refusals;
  for (const RefusedCommit& one : refused) refusals.push_back({one.commit, one.rule});
  std::ranges::sort(refusals, {}, &wire::Refusal::commit);
  return refusals;
}

std::vector<RefusedCommit> standing_refusals(const RepositoryState& repository,
                                             const PublicKey& peer) {
  const std::uint64_t now = repository.environment.now_millis();
  std::vector<RefusedCommit> standing;
  for (const RefusedRecord& record : read_all(repository)) {
    if (standing.size() == wire::kRefusedToldMax) break;
    if (record.peer != peer || !stands(record, now) || is_settled(repository, record)) continue;
    standing.push_back({record.commit, record.rule, record.until_millis});
  }
  return standing;
}

std::vector<RefusedRecord> refused_commits(const Repository& repository) {
  const RepositoryState& state = *repo::Access::state(repository);
  std::vector<RefusedRecord> records = read_all(state);
  std::erase_if(records, [&](const RefusedRecord& record) { return is_settled(state, record); });
  return records;
}

}  // namespace isodb::sync
