#include "tests/reference/world.h"

#include <algorithm>
#include <sstream>

#include "core/hash.h"
#include "core/json_writer.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/tree.h"

namespace isodb::reference {

const SecretKey& test_key(std::size_t number) {
  static std::map<std::size_t, SecretKey> keys;
  auto known = keys.find(number);
  if (known == keys.end()) {
    const Id seed = core::sha256("isodb reference key " + std::to_string(number));
    known = keys.emplace(number, SecretKey::from_seed(seed.bytes())).first;
  }
  return known->second;
}

World::World(const Plan& plan, const Limits& limits) : World(limits) {
  for (const PlannedCommit& planned : plan) add(planned);
}

CommitSet World::past_of(const std::vector<std::size_t>& places) const {
  CommitSet past;
  for (const std::size_t place : places) past |= pasts_[place];
  return past;
}

std::map<std::string, std::optional<Entry>> World::make_writes(const PlannedCommit& planned,
                                                               const CommitSet& before,
                                                               Stamp stamp) {
  std::map<std::string, std::optional<Entry>> writes;
  for (const PlannedWrite& write : planned.writes) {
    if (before.any() && !state_.may_write(before, test_key(planned.key).public_key(), write.path)) {
      continue;
    }
    if (!write.document) {
      if (State::may_delete(write.path)) writes[write.path] = std::nullopt;
      continue;
    }
    const objects::ContentRef content = objects::write_content(store_, write.document->bytes);
    Entry entry;
    entry.content = content.id;
    entry.kind = content.kind;
    entry.size = content.size;
    entry.media_type = write.document->media_type;
    entry.stamp = stamp;
    if (write.document->metadata) {
      entry.metadata = store_.put(ObjectType::kBlob, *write.document->metadata);
    }
    writes[write.path] = entry;
  }
  return writes;
}

Commit World::header(const PlannedCommit& planned, const CommitSet& before) const {
  Commit commit;
  commit.writer.value = planned.writer + 1;
  commit.author = test_key(planned.key).public_key();
  std::uint64_t sequence = 0, millis = planned.millis;
  HybridTime newest;
  for (const std::size_t seen : history_.in_fold_order(before)) {
    const Commit& other = history_[seen].commit;
    newest = std::max(newest, other.clock);
    if (other.author != commit.author) continue;
    if (other.writer == commit.writer) sequence = std::max(sequence, other.sequence);
  }
  commit.sequence = std::max(sequence + 1, planned.sequence.value_or(1));
  const auto counter = static_cast<std::uint16_t>(commit.sequence);
  while (HybridTime::of(millis, counter) <= newest) ++millis;
  commit.clock = before.none() ? HybridTime() : HybridTime::of(millis, counter);
  for (const std::size_t head : history_.in_fold_order(history_.unseen(before))) {
    commit.parents.push_back(history_[head].id);
  }
  std::sort(commit.parents.begin(), commit.parents.end());
  return commit;
}

std::optional<std::map<std::string, std::optional<Entry>>> World::differing(const PublicKey& author,
                                                                            const CommitSet& before,
                                                                            const Commit& commit) {
  std::vector<std::map<std::string, Entry>> trees;
  std::set<std::string> paths;
  for (const CommitId& parent : commit.parents) {
    trees.push_back(state_.entries(history_[history_.number_of(parent)].past));
    for (const auto& [path, entry] : trees.back()) paths.insert(path);
  }
  std::map<std::string, std::optional<Entry>> writes;
  const auto in = [](const std::map<std::string, Entry>& tree, const std::string& path) {
    const auto found = tree.find(path);
    return found == tree.end() ? std::nullopt : std::optional(found->second);
  };
  for (const std::string& path : paths) {
    std::optional<Entry> first = in(trees[0], path);
    const bool alike = std::all_of(trees.begin(), trees.end(),
                                   [&](const auto& tree) { return in(tree, path) == first; });
    if (alike) continue;
    if (!state_.may_write(before, author, path)) return std::nullopt;
    if (!first && !State::may_delete(path)) return std::nullopt;
    if (first) {
      first->stamp = commit.stamp();
      first->flags = 0;
      first->merge_digest_tail = 0;
    }
    writes[path] = first;
  }
  return writes;
}

TreeId World::misled_tree(const History::Known& known, const CommitSet& seen) {
  std::map<std::string, Entry> entries = state_.entries(seen);
  for (const auto& [path, entry] : known.writes) {
    if (entry) {
      entries[path] = *entry;
    } else {
      entries.erase(path);
    }
  }
  objects::TreeBuilder builder(store_);
  for (const auto& [path, entry] : entries) builder.add(path, entry);
  return builder.finish();
}

bool World::add(const PlannedCommit& planned) {
  const CommitSet before = past_of(planned.after);
  pasts_.push_back(before);
  if (before.none() && history_.size() > 0) return false;
  const auto author = test_key(planned.key).public_key();
  if (before.any()) {
    const auto member = state_.member(before, author);
    if (!member || member->revoked) return false;
  }
  History::Known known;
  known.commit = header(planned, before);
  known.commit.message = std::to_string(history_.size());  // two commits alike are one
  known.writes = make_writes(planned, before, known.commit.stamp());
  if (known.writes.empty() && !planned.writes.empty()) return false;
  const std::size_t parents = known.commit.parents.size();
  const CommitSet first =
      parents == 0 ? before : history_[history_.number_of(known.commit.parents[0])].past;
  if (parents > 1) known.commit.base = state_.tree(planned.misled ? first : before);
  if (const auto more = planned.imported && parents > 1 ? differing(author, before, known.commit)
                                                        : std::nullopt) {
    known.commit.base = state_.tree(first);
    known.commit.origin.push_back({"git", "from elsewhere"});
    known.writes.insert(more->begin(), more->end());
  }
  std::vector<std::string> deleted;
  for (const auto& [path, entry] : known.writes) {
    if (!entry) deleted.push_back(path);
  }
  if (!deleted.empty()) {
    known.commit.deleted = store_.put(ObjectType::kBlob, objects::encode_deleted_paths(deleted));
  }
  const std::size_t number = history_.begin(known, before);
  const CommitSet past = history_[number].past;
  known.commit.tree = state_.tree(past);
  if (planned.misled && parents > 0) {
    known.commit.message = "misled " + known.commit.message;
    known.commit.tree = misled_tree(known, parents > 1 ? first : history_[0].past);
  }
  objects::sign_commit(known.commit, test_key(planned.key), repository_);
  const CommitId id(store_.put(ObjectType::kCommit, objects::encode_commit(known.commit)));
  if (history_.size() == 1) repository_ = id;
  history_.finish(number, store_, id);
  pasts_.back() = past;
  return true;
}

std::string describe(const Plan& plan) {
  std::ostringstream text;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const PlannedCommit& planned = plan[i];
    text << "#" << i << " key " << planned.key << " writer " << planned.writer << " at "
         << planned.millis;
    if (planned.sequence) text << " seq " << *planned.sequence;
    if (planned.misled) text << " misled";
    if (planned.imported) text << " imported";
    text << " after";
    for (const std::size_t place : planned.after) text << " #" << place;
    text << "\n";
    for (const PlannedWrite& write : planned.writes) {
      if (!write.document) {
        text << "    delete " << write.path << "\n";
        continue;
      }
      std::string bytes;
      core::append_json_string(bytes, Json::lossy_string(write.document->bytes).as_string());
      text << "    put " << write.path << " [" << write.document->media_type << "] " << bytes;
      if (write.document->metadata) text << " metadata " << *write.document->metadata;
      text << "\n";
    }
  }
  return text.str();
}

}  // namespace isodb::reference
