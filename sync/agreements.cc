#include "sync/agreements.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_set>

namespace isodb::sync {
namespace {

constexpr std::string_view kBranches = "heads/";
constexpr std::string_view kTags = "tags/";
constexpr std::string_view kPeeled = "peeled/";
constexpr std::size_t kHexDigits = 64;

void sort_unique(std::vector<Id>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

/// One line a ref: its ids, then its name.
std::string text_of(const wire::Agreement& agreement) {
  std::string text;
  for (const auto& [name, ids] : agreement) {
    for (const Id& id : ids) text += id.hex() + " ";
    text += name + "\n";
  }
  return text;
}

std::optional<wire::Agreement> parse(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  wire::Agreement agreement;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    std::vector<Id> ids;
    std::size_t at = 0;
    while (line.size() > at + kHexDigits && line[at + kHexDigits] == ' ') {
      const std::optional<Id> id = Id::from_hex(std::string_view(line).substr(at, kHexDigits));
      if (!id) break;
      ids.push_back(*id);
      at += kHexDigits + 1;
    }
    if (ids.empty()) return std::nullopt;
    agreement.emplace(line.substr(at), std::move(ids));
  }
  return agreement;
}

}  // namespace

wire::Agreement local_refs(RepositoryState& repository) {
  wire::Agreement result;
  for (const refs::Ref& ref : repository.database->refs(std::string(kBranches))) {
    const std::vector<CommitId>& heads = repository.head(ref.target)->commits;
    result[ref.name].assign(heads.begin(), heads.end());
  }
  for (const refs::Ref& ref : repository.database->refs(std::string(kPeeled))) {
    const std::size_t end = ref.name.rfind('/');
    const auto branch = result.find(ref.name.substr(kPeeled.size(), end - kPeeled.size()));
    // More than a HELLO may name would end every session. The others stay here, and come again when
    // something descends from them.
    const bool has_room = branch != result.end() && branch->second.size() < wire::kRefHeadsMax;
    if (has_room) branch->second.push_back(ref.target);
  }
  for (const refs::Ref& ref : repository.database->refs(std::string(kTags))) {
    const ObjectType type = repository.type_of(ref.target);
    if (type == ObjectType::kCommit || type == ObjectType::kTag) result[ref.name] = {ref.target};
  }
  for (auto& [name, ids] : result) sort_unique(ids);
  return result;
}

std::vector<wire::RefHeads> changed_refs(const wire::Agreement& base, const wire::Agreement& refs) {
  std::map<std::string, std::vector<Id>> changes;
  for (const auto& [name, ids] : base) {
    if (!refs.contains(name)) changes[name] = {};
  }
  for (const auto& [name, ids] : refs) {
    const auto old = base.find(name);
    if (old == base.end() || old->second != ids) changes[name] = ids;
  }
  std::vector<wire::RefHeads> result;
  for (auto& [name, ids] : changes) result.push_back({name, std::move(ids)});
  return result;
}

wire::Agreement with_changes(wire::Agreement base, const std::vector<wire::RefHeads>& changes) {
  for (const wire::RefHeads& change : changes) {
    if (change.ids.empty()) {
      base.erase(change.name);
    } else {
      base[change.name] = change.ids;
    }
  }
  return base;
}

std::vector<std::string> deleted_here(RepositoryState& repository, const wire::Agreement& agreed,
                                      const wire::Agreement& theirs) {
  std::vector<std::string> deleted;
  for (const auto& [name, ids] : agreed) {
    const auto there = theirs.find(name);
    if (there == theirs.end() || there->second != ids) continue;
    if (repository.database->ref(name)) continue;
    const std::vector<refs::ReflogEntry> last = repository.database->reflog(name, 1);
    if (!last.empty() && !last.front().after) deleted.push_back(name);
  }
  return deleted;
}

std::vector<CommitId> branch_commits(const wire::Agreement& refs) {
  std::vector<Id> ids;
  for (const auto& [name, heads] : refs) {
    if (name.starts_with(kBranches)) ids.insert(ids.end(), heads.begin(), heads.end());
  }
  sort_unique(ids);
  return {ids.begin(), ids.end()};
}

std::vector<CommitId> commits_named(RepositoryState& repository, const wire::Agreement& refs) {
  std::vector<CommitId> commits = branch_commits(refs);
  for (const auto& [name, ids] : refs) {
    if (!name.starts_with("tags/")) continue;
    const Id named = repository.peel_tags(ids.front());
    const ObjectType type = repository.type_of(named);
    if (type != ObjectType::kCommit && type != ObjectType::kMerge) continue;
    const std::vector<CommitId>& heads = repository.head(named)->commits;
    commits.insert(commits.end(), heads.begin(), heads.end());
  }
  return commits;
}

std::vector<TagId> tags_missing(RepositoryState& repository, const wire::Agreement& ours,
                                const wire::Agreement& theirs) {
  std::unordered_set<Id> held;
  for (const auto& [name, ids] : theirs) held.insert(ids.begin(), ids.end());
  std::vector<TagId> tags;
  for (const auto& [name, ids] : ours) {
    const Id& id = ids.front();
    if (name.starts_with("tags/") && !held.contains(id) &&
        repository.type_of(id) == ObjectType::kTag) {
      tags.emplace_back(id);
    }
  }
  return tags;
}

Agreements::Agreements(refs::Database& database, const PublicKey& peer)
    : key_("agreement." + peer.fingerprint()),
      last_(parse(database.setting(key_))),
      before_(parse(database.setting(key_ + ".before"))) {}

std::optional<wire::Agreement> Agreements::find(const wire::AgreementDigest& digest) const {
  for (const std::optional<wire::Agreement>* agreement : {&last_, &before_}) {
    if (*agreement && wire::agreement_digest(**agreement) == digest) return *agreement;
  }
  return std::nullopt;
}

void Agreements::record(refs::WriteBatch& batch, const wire::Agreement& agreement) {
  if (last_ == agreement) return;
  if (last_) batch.settings.emplace_back(key_ + ".before", text_of(*last_));
  batch.settings.emplace_back(key_, text_of(agreement));
  before_ = std::exchange(last_, agreement);
}

}  // namespace isodb::sync
