#include "tests/reference/members.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/json_writer.h"

namespace isodb::reference {
namespace {

const std::string kPrefix = ".isodb/members/", kSuffix = ".json";
constexpr std::string_view kRoleNames[] = {"reader", "writer", "admin"};

std::optional<std::string> text_member(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->as_string());
}

/// The prefixes that both allow.
std::set<std::string> intersect(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> both;
  for (const std::string& x : a) {
    for (const std::string& y : b) {
      if (y.starts_with(x)) both.insert(y);
      if (x.starts_with(y)) both.insert(x);
    }
  }
  return both;
}

Member merge_members(const std::vector<Member>& versions) {
  Member merged = versions.back();
  const std::set<std::string> everything = {""};
  std::set<std::string> prefixes = everything;
  for (const Member& version : versions) {
    merged.revoked = merged.revoked || version.revoked;
    merged.role = std::min(merged.role, version.role);
    const std::set<std::string> said(version.prefixes.begin(), version.prefixes.end());
    prefixes = intersect(prefixes, said.empty() ? everything : said);
  }
  if (prefixes.empty()) merged.role = MemberRole::kReader;
  if (prefixes == everything) prefixes.clear();
  merged.prefixes.assign(prefixes.begin(), prefixes.end());
  return merged;
}

/// Who is senior: lesser is more so.
class Seniority {
 public:
  Seniority(const History& history, const CommitSet& commits) {
    std::size_t rank = 0;
    for (const std::size_t commit : history.in_fold_order(commits)) {
      if (history[commit].commit.parents.empty()) {
        ranks_[member_path(history[commit].commit.author)] = rank++;
      }
    }
    for (const std::size_t commit : history.in_fold_order(commits)) {
      for (const auto& [path, entry] : history[commit].writes) {
        if (is_member_path(path) && ranks_.emplace(path, rank).second) ++rank;
      }
    }
  }

  bool senior(const PublicKey& a, const PublicKey& b) const { return rank_of(a) < rank_of(b); }

 private:
  std::size_t rank_of(const PublicKey& key) const {
    const auto known = ranks_.find(member_path(key));
    return known == ranks_.end() ? static_cast<std::size_t>(-1) : known->second;
  }
  std::map<std::string, std::size_t> ranks_;
};

/// The revocations that hold, decided from one another.
class Revocations {
 public:
  Revocations(const History& history, const Seniority& seniority,
              const std::vector<Revocation>& all)
      : history_(history), seniority_(seniority), all_(all) {}

  /// Seniority rises at each step, so this ends.
  bool is_void(const Revocation& revocation) const {
    const PublicKey& author = author_of(revocation);
    return std::any_of(all_.begin(), all_.end(), [&](const Revocation& other) {
      return other.key == author && seniority_.senior(author_of(other), author) &&
             history_.concurrent(other.commit, revocation.commit) && !is_void(other);
    });
  }

  bool removes(std::size_t head) const {
    return std::any_of(all_.begin(), all_.end(), [&](const Revocation& revocation) {
      return revocation.key == history_[head].commit.author &&
             history_.concurrent(revocation.commit, head) && !is_void(revocation);
    });
  }

 private:
  const PublicKey& author_of(const Revocation& revocation) const {
    return history_[revocation.commit].commit.author;
  }
  const History& history_;
  const Seniority& seniority_;
  const std::vector<Revocation>& all_;
};

bool is_same_writer(const Commit& a, const Commit& b) {
  return a.author == b.author && a.writer == b.writer;
}

bool is_forked(const History& history, const CommitSet& commits, std::size_t commit) {
  const Commit& one = history[commit].commit;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Commit& other = history[i].commit;
    if (commits[i] && i != commit && is_same_writer(one, other) && other.sequence == one.sequence) {
      return true;
    }
  }
  return false;
}

/// Forked heads of its writer with smaller ids.
std::size_t forks_before(const History& history, const CommitSet& commits, const CommitSet& heads,
                         std::size_t head) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (heads[i] && i != head && is_same_writer(history[i].commit, history[head].commit) &&
        is_forked(history, commits, i) && Id(history[i].id) < Id(history[head].id)) {
      ++count;
    }
  }
  return count;
}

/// Heads by the same author that are greater in fold order.
std::size_t own_heads_after(const History& history, const CommitSet& heads, std::size_t head) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const bool is_own = history[i].commit.author == history[head].commit.author;
    count += heads[i] && is_own && history.fold_before(head, i);
  }
  return count;
}

/// The heads beyond the first `max` of those whose author has not too many.
CommitSet heads_beyond(const History& history, const CommitSet& heads, const HeadLimits& limits,
                       const std::function<bool(std::size_t)>& is_members) {
  CommitSet beyond;
  std::set<std::tuple<bool, std::size_t, std::size_t, std::size_t>> order;
  std::size_t place = history.size();
  for (const std::size_t head : history.in_fold_order(heads)) {
    --place;
    const std::size_t after = own_heads_after(history, heads, head);
    beyond[head] = after >= limits.author_max;
    if (!beyond[head]) order.emplace(false, after, place, head);
  }
  if (order.size() <= limits.all_max) return beyond;
  decltype(order) ranked;
  for (const auto& [stranger, after, at, head] : order) {
    ranked.emplace(!is_members(head), after, at, head);
  }
  std::size_t kept = 0;
  for (const auto& [stranger, after, at, head] : ranked) {
    if (kept++ >= limits.all_max) beyond.set(head);
  }
  return beyond;
}

}  // namespace

std::string member_path(const PublicKey& key) {
  return kPrefix + key.fingerprint() + kSuffix;
}

bool is_member_path(const std::string& path) {
  return path.starts_with(kPrefix) && path.ends_with(kSuffix) &&
         path.size() >= kPrefix.size() + kSuffix.size() &&
         path.find('/', kPrefix.size()) == std::string::npos;
}

Bytes member_text(const Member& member) {
  Json object = Json::object();
  object.set("name", Json::string(member.name));
  object.set("key", Json::string(member.key.text()));
  object.set("role", Json::string(kRoleNames[static_cast<int>(member.role)]));
  if (!member.prefixes.empty()) {
    Json prefixes = Json::array();
    for (const std::string& prefix : member.prefixes) prefixes.append(Json::string(prefix));
    object.set("prefixes", prefixes);
  }
  if (member.revoked) object.set("revoked", Json::boolean(true));
  return core::write_json(object) + "\n";
}

std::optional<Member> parse_member(const std::string& path, const Document& document) {
  if (document.bytes.size() > kMemberBytesMax) return std::nullopt;
  if (document.value.json == nullptr || !document.value.json->value.is_object()) {
    return std::nullopt;
  }
  const Json& object = document.value.json->value;
  const auto name = text_member(object, "name"), key = text_member(object, "key"),
             role = text_member(object, "role");
  const auto parsed = key ? PublicKey::parse(*key) : std::nullopt;
  const auto known = std::find(std::begin(kRoleNames), std::end(kRoleNames), role.value_or(""));
  if (!name || !parsed || known == std::end(kRoleNames)) return std::nullopt;
  if (member_path(*parsed) != path) return std::nullopt;
  Member member{*name, *parsed, static_cast<MemberRole>(known - std::begin(kRoleNames)), {}, false};
  if (const Json* prefixes = object.find("prefixes")) {
    if (!prefixes->is_array()) return std::nullopt;
    for (const Json& prefix : prefixes->items()) {
      if (!prefix.is_string()) return std::nullopt;
      member.prefixes.emplace_back(prefix.as_string());
    }
  }
  if (const Json* revoked = object.find("revoked")) {
    member.revoked = !revoked->is_boolean() || revoked->as_boolean();
  }
  return member;
}

std::uint64_t parse_epoch(const Bytes& document) {
  if (document.size() < 2 || document.size() > 21 || document.back() != '\n') return 1;
  const std::string digits = document.substr(0, document.size() - 1);
  if (digits[0] == '0' || digits.find_first_not_of("0123456789") != std::string::npos) return 1;
  constexpr std::string_view kMost = "18446744073709551615";
  if (digits.size() == kMost.size() && digits > kMost) return 1;
  return std::stoull(digits);
}

GovernedMerge merge_governed(const std::string& path, const std::vector<Document>& live) {
  GovernedMerge merged{live.back().bytes, false};
  for (const Document& version : live) {
    merged.conflict = merged.conflict || version.bytes != live.back().bytes;
  }
  if (path == ".isodb/epoch") {
    std::uint64_t epoch = 1;
    for (const Document& version : live) epoch = std::max(epoch, parse_epoch(version.bytes));
    return {std::to_string(epoch) + "\n", false};
  }
  if (path.starts_with(".isodb/erased/")) return {live.back().bytes, false};
  if (!is_member_path(path)) return merged;
  std::vector<Member> members;
  for (const Document& version : live) {
    if (const auto member = parse_member(path, version)) members.push_back(*member);
  }
  if (!members.empty()) merged.bytes = member_text(merge_members(members));
  return merged;
}

CommitSet peel_set(const History& history, const CommitSet& commits,
                   const std::vector<Revocation>& all, const HeadLimits& limits,
                   const std::function<bool(std::size_t)>& is_members) {
  const Seniority seniority(history, commits);
  const Revocations revocations(history, seniority, all);
  const auto removable = [&](const CommitSet& left, auto&& condition) {
    CommitSet removed;
    for (const std::size_t head : history.in_fold_order(history.unseen(left))) {
      if (!history[head].commit.parents.empty() && condition(head)) removed.set(head);
    }
    return removed;
  };
  CommitSet left = commits;
  for (;;) {
    for (;;) {
      const CommitSet revoked =
          removable(left, [&](std::size_t head) { return revocations.removes(head); });
      if (revoked.none()) break;
      left &= ~revoked;
    }
    const CommitSet heads = history.unseen(left);
    const CommitSet surplus = removable(left, [&](std::size_t head) {
      return is_forked(history, commits, head) &&
             forks_before(history, commits, heads, head) >= limits.forked_max;
    });
    left &= ~surplus;
    if (surplus.any()) continue;
    const CommitSet beyond = heads_beyond(history, heads, limits, is_members);
    const CommitSet gone = removable(left, [&](std::size_t head) { return beyond[head]; });
    if (gone.none()) return left;
    left &= ~gone;
  }
}

}  // namespace isodb::reference
