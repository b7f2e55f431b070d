#include "repo/revision.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "repo/state.h"

namespace isodb::repo {
namespace {

constexpr std::size_t kPrefixDigitsMin = 4;
constexpr std::size_t kSuggestionsMax = 3;

[[noreturn]] void fail_spelling(std::string_view revision, std::string_view problem) {
  throw Error(ErrorCode::kInvalid,
              "'" + std::string(revision) + "' is not a revision: " + std::string(problem),
              "examples: main, @~2, 3f2a9c, @{1}, main@{2026-11-20T08:00}");
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Fixed-width fields of "2026-11-20T08:00[:30][Z]", in UTC.
std::optional<std::uint64_t> parse_time(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  if (text.size() == 10) return parse_time(std::string(text) + "T00:00");
  if (text.size() != 16 && text.size() != 19) return std::nullopt;
  const std::string_view shape = "dddd-dd-ddTdd:dd:dd";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == 'd' ? !digit : text[i] != shape[i]) return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t count) {
    return static_cast<unsigned>(*parse_number(text.substr(at, count)));
  };
  using namespace std::chrono;
  const year_month_day date{year(static_cast<int>(number(0, 4))), month(number(5, 2)),
                            day(number(8, 2))};
  const unsigned second = text.size() == 19 ? number(17, 2) : 0;
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || second > 59) return std::nullopt;
  const auto since = sys_days(date).time_since_epoch() + hours(number(11, 2)) +
                     minutes(number(14, 2)) + seconds(second);
  const std::int64_t count = duration_cast<milliseconds>(since).count();
  if (count < 0) return std::nullopt;
  return static_cast<std::uint64_t>(count);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::string short_name(const std::string& ref_name) {
  for (const std::string_view folder : {"heads/", "tags/"}) {
    if (ref_name.starts_with(folder)) return ref_name.substr(folder.size());
  }
  return ref_name;
}

/// What those who come from git mean, where it is spelled differently here; "" elsewhere.
std::string spelling_hint(std::string_view name) {
  if (name == "HEAD") return "the current branch is called '@'";
  if (name.find("..") != std::string_view::npos) {
    return "two revisions are two words: 'isodb diff main @'";
  }
  if (name.find('^') != std::string_view::npos) return "the parent of a commit is REV~1";
  if (name.find(':') != std::string_view::npos) return "'isodb show REV:PATH' prints a document";
  return {};
}

[[noreturn]] void fail_unknown(const RepositoryState& state, std::string_view name) {
  if (const std::string hint = spelling_hint(name); !hint.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no revision '" + std::string(name) + "'", hint);
  }
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const refs::Ref& ref : state.database->refs()) {
    const std::string candidate = short_name(ref.name);
    const std::size_t distance = edit_distance(name.substr(0, 64), candidate);
    if (distance <= std::max<std::size_t>(2, candidate.size() / 2)) {
      near.emplace_back(distance, candidate);
    }
  }
  std::sort(near.begin(), near.end());
  std::string hint = near.empty() ? "isodb branch and isodb tag list the names" : "did you mean ";
  for (std::size_t i = 0; i < std::min(near.size(), kSuggestionsMax); ++i) {
    hint += (i > 0 ? ", '" : "'") + near[i].second + "'";
  }
  if (!near.empty()) hint += "?";
  throw Error(ErrorCode::kNotFound, "there is no revision '" + std::string(name) + "'", hint);
}

/// The full name of a ref spelled in full or in short; nullopt when there is none.
std::optional<std::string> find_ref_name(const RepositoryState& state, std::string_view name) {
  if (name == "@") return state.branch();
  for (const std::string_view folder : {"", "heads/", "tags/", "remotes/"}) {
    const std::string full = std::string(folder) + std::string(name);
    if (refs::ref_name_problem(full).empty() && state.database->ref(full)) return full;
  }
  return std::nullopt;
}

std::optional<Id> find_by_prefix(const RepositoryState& state, std::string_view digits) {
  const bool hexadecimal = std::all_of(digits.begin(), digits.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (!hexadecimal || digits.size() < kPrefixDigitsMin || digits.size() > 64) return std::nullopt;
  std::vector<Id> found = state.store->with_prefix(digits, 16);
  if (found.size() > 1) {
    // People mean commits: an id that only one commit begins with is not ambiguous to them.
    std::vector<Id> commits;
    for (const Id& id : found) {
      if (state.type_of(id) == ObjectType::kCommit) commits.push_back(id);
    }
    if (commits.size() == 1) return commits.front();
    std::string hint = "it could be";
    for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 4); ++i) {
      hint += " " + found[i].short_hex(16) + " (" +
              std::string(object_type_name(state.type_of(found[i]))) + ")";
    }
    throw Error(ErrorCode::kInvalid, "the id '" + std::string(digits) + "' is ambiguous", hint);
  }
  return found.empty() ? std::nullopt : std::optional<Id>(found.front());
}

/// Where a ref stood `moves` ago, or at a time.
Id at_reflog(const RepositoryState& state, const std::string& name, std::string_view selector,
             std::string_view revision) {
  const std::vector<refs::ReflogEntry> log = state.database->reflog(name);
  if (const std::optional<std::uint64_t> moves = parse_number(selector)) {
    if (*moves < log.size() && log[*moves].after) return *log[*moves].after;
    throw Error(ErrorCode::kNotFound, "'" + std::string(revision) + "': the reflog of " + name +
                                          " has " + std::to_string(log.size()) + " entries");
  }
  const std::optional<std::uint64_t> time = parse_time(selector);
  if (!time) fail_spelling(revision, "what stands in @{…} is neither a number nor a time");
  for (const refs::ReflogEntry& entry : log) {
    if (entry.at_millis > *time) continue;
    if (entry.after) return *entry.after;
    break;
  }
  throw Error(ErrorCode::kNotFound,
              "'" + std::string(revision) + "': " + name + " did not exist at that time");
}

Id resolve_base(const RepositoryState& state, std::string_view base, std::string_view revision) {
  if (const std::size_t at = base.find("@{"); at != std::string_view::npos) {
    if (!base.ends_with('}')) fail_spelling(revision, "@{ has no }");
    const std::string_view name = at == 0 ? std::string_view("@") : base.substr(0, at);
    const std::optional<std::string> ref = find_ref_name(state, name);
    if (!ref) fail_unknown(state, name);
    return at_reflog(state, *ref, base.substr(at + 2, base.size() - at - 3), revision);
  }
  if (const std::optional<std::string> ref = find_ref_name(state, base)) {
    if (const std::optional<Id> target = state.database->ref(*ref)) return *target;
  }
  if (const std::optional<Id> id = find_by_prefix(state, base)) return *id;
  fail_unknown(state, base);
}

/// Parents are sorted by id; an imported merge knows which was the first where it came from.
CommitId first_parent(const Commit& commit) {
  const std::optional<ByteView> foreign = commit.origin_field("parent");
  const std::optional<Id> id = foreign ? Id::from_hex(*foreign) : std::nullopt;
  const bool known = id && std::find(commit.parents.begin(), commit.parents.end(), CommitId(*id)) !=
                               commit.parents.end();
  return known ? CommitId(*id) : commit.parents.front();
}

/// One step back: of a merge nobody wrote a commit on yet, to what would be its first parent then.
/// Error(kNotFound) before the first commit.
CommitId step_back(const RepositoryState& state, const Id& id, std::string_view revision) {
  const objects::Object object = state.read_object(id);
  if (object.type == ObjectType::kMerge) return objects::decode_merge(object.payload).heads.front();
  const Commit commit = state.read_commit(CommitId(id));
  if (commit.parents.empty()) {
    throw Error(ErrorCode::kNotFound,
                "'" + std::string(revision) + "' goes back before the first commit");
  }
  return first_parent(commit);
}

}  // namespace

Id resolve_revision(const RepositoryState& state, std::string_view revision) {
  if (revision.empty()) fail_spelling(revision, "it is empty");
  std::string_view base = revision;
  std::uint64_t steps = 0;
  while (true) {
    const std::size_t tilde = base.rfind('~');
    if (tilde == std::string_view::npos || base.find('}', tilde) != std::string_view::npos) break;
    const std::string_view digits = base.substr(tilde + 1);
    const std::optional<std::uint64_t> count = digits.empty() ? 1 : parse_number(digits);
    if (!count || *count > (std::uint64_t{1} << 32)) fail_spelling(revision, "what follows ~");
    steps += *count;
    base = base.substr(0, tilde);
  }
  if (base.empty()) fail_spelling(revision, "it begins with ~");
  Id id = resolve_base(state, base, revision);
  if (steps == 0) return id;
  id = state.peel_tags(id);
  for (; steps > 0; --steps) id = step_back(state, id, revision);
  return id;
}

}  // namespace isodb::repo
