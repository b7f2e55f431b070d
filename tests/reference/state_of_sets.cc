// What holds for a set of commits as a whole: its environment, members, tree and merge object.
#include <algorithm>
#include <set>

#include "core/hash.h"
#include "objects/tree.h"
#include "tests/reference/merge_object.h"
#include "tests/reference/state.h"

namespace isodb::reference {
namespace {

const std::string kRulesPath = ".isodb/merge.json", kEpochPath = ".isodb/epoch",
                  kRepositoryPath = ".isodb/repository.json";

}  // namespace

const Environment& State::environment(const CommitSet& commits) {
  if (const auto known = environments_.find(commits); known != environments_.end()) {
    return known->second;
  }
  Environment environment;
  // Only what these documents hold is used here: the stamps of merged entries need the epoch, and
  // what is computed for them does not reach an environment.
  const auto content = [&](const std::string& path) -> std::optional<Document> {
    const CommitSet versions = history_.versions(commits, path);
    std::vector<Document> live;
    for (const std::size_t version : history_.in_fold_order(versions)) {
      if (const auto& entry = history_[version].writes.at(path)) live.push_back(document(*entry));
    }
    if (live.empty()) return std::nullopt;
    if (live.size() == 1) return live[0];
    const GovernedMerge merged = merge_governed(path, live);
    const objects::ContentRef ref = objects::write_content(store_, merged.bytes);
    return document_of(ref.id, ref.size, ref.kind);
  };
  const auto id_of = [&](const std::optional<Document>& document) -> std::optional<Id> {
    if (!document) return std::nullopt;
    const objects::ContentRef ref = objects::write_content(store_, document->bytes);
    document_of(ref.id, ref.size, ref.kind);
    return ref.id;
  };
  if (const auto epoch = content(kEpochPath)) environment.epoch = parse_epoch(epoch->bytes);
  const auto rules = content(kRulesPath);
  if (rules) environment.rules = parse_rules(rules->bytes);
  environment.identity =
      std::to_string(environment.epoch) + "," + id_of(rules).value_or(Id()).hex();
  for (const Rule& rule : environment.rules) {
    if (!rule.script.empty()) environment.scripts[rule.script] = id_of(content(rule.script));
  }
  for (const auto& [path, id] : environment.scripts) {
    environment.identity += "," + path + "=" + id.value_or(Id()).hex();
  }
  return environments_.emplace(commits, std::move(environment)).first->second;
}

std::map<std::string, Entry> State::entries(const CommitSet& commits) {
  std::set<std::string> paths;
  for (const std::size_t commit : history_.in_fold_order(commits)) {
    for (const auto& [path, entry] : history_[commit].writes) paths.insert(path);
  }
  std::map<std::string, Entry> entries;
  for (const std::string& path : paths) {
    if (const auto& entry = at(commits, path).entry) entries.emplace(path, *entry);
  }
  return entries;
}

TreeId State::tree(const CommitSet& commits) {
  objects::TreeBuilder builder(store_);
  for (const auto& [path, entry] : entries(commits)) builder.add(path, entry);
  return builder.finish();
}

const std::vector<Member>& State::members(const CommitSet& commits) {
  if (const auto known = members_.find(commits); known != members_.end()) return known->second;
  std::vector<Member> members;
  for (const auto& [path, entry] : entries(commits)) {
    if (!is_member_path(path)) continue;
    if (const auto member = parse_member(path, document(entry))) members.push_back(*member);
  }
  return members_.emplace(commits, std::move(members)).first->second;
}

std::optional<Member> State::member(const CommitSet& commits, const PublicKey& key) {
  const std::vector<Member>& all = members(commits);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Member& member) { return member.key == key; });
  const bool has_admin = std::any_of(all.begin(), all.end(), [](const Member& member) {
    return member.role == MemberRole::kAdmin && !member.revoked;
  });
  for (const std::size_t commit : history_.in_fold_order(commits)) {
    const Commit& root = history_[commit].commit;
    if (!has_admin && root.parents.empty() && root.author == key) {
      return Member{"", key, MemberRole::kAdmin, {}, false};
    }
  }
  if (found != all.end()) return *found;
  if (at(commits, member_path(key)).entry) return std::nullopt;
  const auto& about = at(commits, kRepositoryPath).entry;
  const Node value =
      about && about->size <= kMemberBytesMax ? document(*about).value.json : nullptr;
  const Json* anyone =
      value != nullptr && value->value.is_object() ? value->value.find("anyone") : nullptr;
  if (anyone == nullptr || !anyone->is_string() || anyone->as_string() != "writer") {
    return std::nullopt;
  }
  return Member{"", key, MemberRole::kWriter, {}, false};
}

bool State::may_write(const CommitSet& commits, const PublicKey& key, const std::string& path) {
  const std::optional<Member> member = this->member(commits, key);
  if (!member || member->revoked || member->role == MemberRole::kReader) return false;
  if (member->role == MemberRole::kAdmin) return true;
  if (path.starts_with(kGovernedPrefix)) return false;
  return member->prefixes.empty() ||
         std::any_of(member->prefixes.begin(), member->prefixes.end(),
                     [&](const std::string& prefix) { return path.starts_with(prefix); });
}

bool State::allowed(std::size_t commit) {
  const History::Known& known = history_[commit];
  if (known.commit.parents.empty()) return true;
  CommitSet before = known.past;
  before.reset(commit);
  const std::optional<Member> author = member(before, known.commit.author);
  if (!author || author->revoked) return false;
  return std::all_of(known.writes.begin(), known.writes.end(), [&](const auto& write) {
    return may_write(before, known.commit.author, write.first) &&
           (write.second || may_delete(write.first));
  });
}

CommitSet State::peel(const CommitSet& commits) {
  std::vector<Revocation> revocations;
  for (const std::size_t commit : history_.in_fold_order(commits)) {
    for (const auto& [path, entry] : history_[commit].writes) {
      if (!entry || !is_member_path(path)) continue;
      const auto member = parse_member(path, document(*entry));
      if (member && member->revoked) revocations.push_back({commit, member->key});
    }
  }
  const auto is_members = [this](std::size_t commit) {
    const PublicKey& author = history_[commit].commit.author;
    return author == history_[0].commit.author ||
           at(history_[commit].past, member_path(author)).entry.has_value();
  };
  return peel_set(history_, commits, revocations, limits_.heads, is_members);
}

State::Computed State::compute(const CommitSet& commits) {
  Computed computed;
  computed.peeled = peel(commits);
  computed.entries = entries(computed.peeled);
  const std::vector<std::size_t> heads = history_.in_fold_order(history_.unseen(computed.peeled));
  if (heads.size() == 1) {
    computed.id = history_[heads[0]].id;
    computed.type = ObjectType::kCommit;
    return computed;
  }
  std::vector<CommitId> ids;
  for (const std::size_t head : heads) ids.push_back(history_[head].id);
  computed.type = ObjectType::kMerge;
  computed.id = store_.put(
      ObjectType::kMerge,
      merge_object(tree(computed.peeled), environment(computed.peeled).epoch, std::move(ids)));
  return computed;
}

}  // namespace isodb::reference
