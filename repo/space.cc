#include "isodb/space.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "objects/content.h"
#include "repo/access.h"
#include "repo/care.h"
#include "repo/reachable.h"

namespace isodb {
namespace {

constexpr std::uint64_t kProgressStep = 1024;

/// The blobs that lists name.
std::unordered_set<Id> chunks_of(const RepositoryState& state) {
  std::unordered_set<Id> chunks;
  std::vector<Id> lists;
  state.store->for_each_record([&](const Id& id, const objects::RecordSummary& summary) {
    if (summary.type == ObjectType::kList) lists.push_back(id);
  });
  for (const Id& id : lists) {
    const objects::List list = objects::decode_list(state.read_object(id).payload);
    if (list.level > 0) continue;
    for (const objects::ListItem& item : list.items) chunks.insert(item.id);
  }
  return chunks;
}

/// The place of its kind in the order in which they are told.
std::size_t kind_of(ObjectType type, bool is_chunk) {
  switch (type) {
    case ObjectType::kBlob:
      return is_chunk ? 1 : 0;
    case ObjectType::kList:
      return 2;
    case ObjectType::kTree:
      return 3;
    case ObjectType::kCommit:
      return 4;
    case ObjectType::kMerge:
      return 5;
    case ObjectType::kTag:
      return 6;
  }
  return 0;
}

std::uint64_t bytes_in(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::uintmax_t size = entry.file_size(ignored);
    if (!ignored) bytes += size;
  }
  return bytes;
}

}  // namespace

std::vector<SpaceOfKind> space_by_kind(const Repository& repository,
                                       const ProgressFunction& progress) {
  RepositoryState& state = *repo::Access::state(repository);
  constexpr std::array kKinds{"blob", "chunk",      "list",  "node",     "commit", "merge",
                              "tag",  "dictionary", "index", "database", "history"};
  constexpr std::size_t kDictionary = 7, kIndex = 8, kDatabase = 9, kHistory = 10;
  std::vector<SpaceOfKind> all(kKinds.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i].kind = kKinds[i];
  const std::unordered_set<Id> chunks = chunks_of(state);
  const refs::LocalStore::Statistics statistics = state.store->statistics();
  const std::uint64_t count = statistics.loose_objects + statistics.packed_objects;
  std::uint64_t done = 0, records = 0;
  state.store->for_each_record([&](const Id& id, const objects::RecordSummary& summary) {
    SpaceOfKind& kind = all[kind_of(summary.type, chunks.contains(id))];
    ++kind.objects;
    kind.bytes += summary.record_bytes;
    kind.plain_bytes += summary.plain_bytes;
    records += summary.record_bytes;
    if (++done % kProgressStep == 0 && progress) progress({"objects", done, std::max(done, count)});
  });
  const auto rest = [](std::uint64_t whole, std::uint64_t part) {
    return whole > part ? whole - part : 0;  // others may have written meanwhile
  };
  all[kDictionary].bytes = state.store->dictionary_bytes();
  const std::uint64_t packed = rest(records, statistics.loose_bytes);
  all[kIndex].bytes = rest(statistics.pack_bytes, packed + all[kDictionary].bytes);
  all[kDatabase].bytes = rest(state.database->file_bytes(), statistics.loose_bytes);
  all[kHistory].bytes = bytes_in(state.folder / "history");
  std::erase_if(all, [](const SpaceOfKind& kind) { return kind.bytes == 0; });
  return all;
}

std::vector<SpaceOfPrefix> space_by_prefix(const Repository& repository, std::string_view revision,
                                           std::string_view prefix) {
  const Snapshot snapshot = repository.snapshot(revision);
  std::vector<SpaceOfPrefix> all;  // paths come in order: what is below one prefix lies together
  for (DocumentCursor cursor = snapshot.documents(prefix); cursor.valid(); cursor.next()) {
    const std::string_view path = cursor.path();
    const std::size_t end = path.find('/', prefix.size());
    const std::string_view part = path.substr(0, end == path.npos ? end : end + 1);
    if (all.empty() || all.back().prefix != part) all.push_back({std::string(part), 0, 0});
    ++all.back().documents;
    all.back().bytes += cursor.entry().size;
  }
  std::stable_sort(all.begin(), all.end(), [](const SpaceOfPrefix& a, const SpaceOfPrefix& b) {
    return a.bytes > b.bytes;
  });
  return all;
}

Garbage find_garbage(const Repository& repository, const Repository::CollectOptions& options,
                     const ProgressFunction& progress) {
  RepositoryState& state = *repo::Access::state(repository);
  const refs::LocalStore::Statistics statistics = state.store->statistics();
  const std::uint64_t count = statistics.loose_objects + statistics.packed_objects;
  repo::Reachable reachable(state);
  const auto before = repo::expiry_time(state);
  reachable.forget_before(options.expire_now ? INT64_MAX : before.value_or(0));
  std::uint64_t done = 0;
  reachable.visit_all([&](const Id&, ObjectType) {
    if (++done % kProgressStep == 0 && progress) progress({"objects", done, std::max(done, count)});
  });
  Garbage garbage;
  garbage.moves = reachable.moves_forgotten();
  std::unordered_set<Id> met;
  state.store->for_each_record([&](const Id& id, const objects::RecordSummary& summary) {
    const bool is_first = met.insert(id).second;
    if (is_first && reachable.has_visited(id)) return;
    garbage.bytes += summary.record_bytes;
    if (is_first) ++garbage.objects;
  });
  return garbage;
}

}  // namespace isodb
