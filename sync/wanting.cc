#include "sync/wanting.h"

#include <unordered_set>

#include "isodb/error.h"
#include "objects/commit_codec.h"

namespace isodb::sync {
namespace {

/// Of an object beside the document's own bytes, and of metadata.
constexpr std::uint64_t kEntryBytesMax = 2 * 65'536;
/// Lists take some 40 bytes for chunks of at least 4 KiB.
constexpr std::uint64_t kListShare = 64;

}  // namespace

bool Wanting::is_here(const Entry& entry) const {
  return objects_.contains(entry.content) &&
         (!entry.metadata || objects_.contains(*entry.metadata));
}

void Wanting::add(const AbsentContents::Item& item) {
  if (is_here(item.entry) || !contents_.insert(item.entry.content).second) return;
  items_[item.commit][item.rank] = {item.path, item.entry};
  ++entries_;
  bytes_ += item.entry.size;
}

void Wanting::add(const ContentNotHeld::Need& need) {
  const objects::NodeReader nodes(objects_, *repository_.node_cache);
  for (const CommitId& id : need.commits) {
    if (is_full()) return;
    const TreeId tree =
        objects::decode_commit(objects::get_expected(objects_, id, ObjectType::kCommit)).tree;
    const std::optional<Entry> entry = objects::find_entry(nodes, tree, need.path);
    if (entry) add({id, objects::rank_of(nodes, tree, need.path), need.path, *entry});
  }
}

wire::WantMessage Wanting::message() const {
  wire::WantMessage want;
  for (const auto& [commit, entries] : items_) {
    wire::WantMessage::Entries& wanted = want.wanted.emplace_back();
    wanted.commit = commit;
    for (const auto& [rank, item] : entries) wanted.ranks.push_back(rank);
  }
  return want;
}

std::unordered_set<Id> Wanting::contents() const {
  std::unordered_set<Id> contents;
  for (const auto& [commit, entries] : items_) {
    for (const auto& [rank, item] : entries) {
      contents.insert(item.entry.content);
      if (item.entry.metadata) contents.insert(*item.entry.metadata);
    }
  }
  return contents;
}

std::uint64_t Wanting::answer_bytes_max() const {
  return bytes_ + bytes_ / kListShare + entries_ * kEntryBytesMax;
}

std::vector<std::string> Wanting::missing_paths() const {
  std::vector<std::string> missing;
  for (const auto& [commit, entries] : items_) {
    for (const auto& [rank, item] : entries) {
      if (!is_here(item.entry)) missing.push_back(item.path);
    }
  }
  return missing;
}

std::unordered_set<Id> wanted_commits(RepositoryState& repository,
                                      const std::vector<CommitId>& heads,
                                      const wire::WantMessage& want) {
  std::vector<CommitId> here;
  for (const wire::WantMessage::Entries& entries : want.wanted) {
    const auto header = repository.store->header(entries.commit);
    if (header && header->first == ObjectType::kCommit) here.push_back(entries.commit);
  }
  return repository.merging->those_in_past(here, heads);
}

std::vector<Id> wanted_contents(RepositoryState& repository, const std::vector<CommitId>& heads,
                                const wire::WantMessage& want) {
  std::vector<Id> contents;
  std::unordered_set<Id> seen;
  const auto add = [&](const Id& id) {
    if (seen.insert(id).second && repository.store->contains(id)) contents.push_back(id);
  };
  const std::unordered_set<Id> known = wanted_commits(repository, heads, want);
  for (const wire::WantMessage::Entries& entries : want.wanted) {
    const CommitId& id = entries.commit;
    if (!known.contains(id)) continue;
    const TreeId tree = repository.read_commit(id).tree;
    const std::uint64_t count = objects::count_documents(repository.nodes(), tree);
    if (entries.ranks.back() >= count) {
      throw Error(ErrorCode::kCorrupt,
                  "contents beyond the tree of commit " + id.short_hex() + " were asked for");
    }
    objects::Cursor cursor(repository.nodes(), tree);
    for (const std::uint64_t rank : entries.ranks) {
      cursor.seek_to_rank(rank);
      const Entry entry = cursor.entry();
      add(entry.content);
      if (entry.metadata) add(*entry.metadata);
    }
  }
  return contents;
}

}  // namespace isodb::sync
