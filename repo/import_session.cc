#include "isodb/import_session.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/pack.h"
#include "objects/tree.h"
#include "repo/commit_builder.h"
#include "repo/commit_walk.h"
#include "repo/import_changes.h"
#include "repo/import_merge.h"
#include "repo/metadata.h"
#include "repo/not_held.h"
#include "repo/state.h"

namespace isodb {

struct ImportSession::Impl {
  explicit Impl(std::shared_ptr<RepositoryState> repository)
      : state(std::move(repository)),
        generation(newest_generation(*state->store)),
        existing(state->store->writer_view()),
        pack(state->files, state->store->packs_folder(), existing.get()),
        source(pack, *state->store),
        nodes(source, *state->node_cache) {
    reserve_sequence();
    for (const refs::Ref& ref : state->database->refs()) refs_at_start[ref.name] = ref.target;
  }

  /// What history looks like to this session, its own commits included.
  struct Known {
    HybridTime clock;
    TreeId tree;
    std::vector<CommitId> parents;
  };
  /// A collection that ended before the session begins is none of its concern.
  static std::uint64_t newest_generation(const refs::LocalStore& store) {
    store.refresh();
    return store.collection_generation();
  }
  const Known& known(const CommitId& id);
  void reserve_sequence();
  std::uint64_t next_sequence();
  HybridTime clock_for(std::uint64_t number, HybridTime newest, std::uint64_t at_millis);
  std::vector<CommitId> heads_among(const std::vector<CommitId>& commits);
  bool reaches(const CommitId& descendant, const CommitId& ancestor);

  std::shared_ptr<RepositoryState> state;
  std::uint64_t generation;
  std::unique_ptr<objects::ObjectSource> existing;  // what the pack need not hold
  objects::PackWriter pack;
  repo::OverlaySource source;
  objects::NodeReader nodes;
  /// The session's own range of commit numbers, so that commits made beside it do not collide with
  /// it.
  std::uint64_t sequence = 0;
  std::uint64_t sequence_end = 0;
  std::map<std::string, Id> refs_at_start;
  std::unordered_map<Id, Known> commits;
  repo::ImportChanges staged;                // of the next commit
  std::unordered_set<std::uint64_t> clocks;  // of the commits of this session
};

void ImportSession::Impl::reserve_sequence() {
  // No multiple of 2^16: sessions beside each other that import the same times at the same places
  // would give them the same counters.
  constexpr std::uint64_t kReserved = (std::uint64_t{1} << 24) + 4099;
  do {
    sequence = state->database->sequence();
    sequence_end = sequence + kReserved;
    refs::WriteBatch batch;
    batch.sequence_expected = sequence;
    batch.sequence_next = sequence_end;
    if (!state->database->write(batch).lost) return;
  } while (true);
}

std::uint64_t ImportSession::Impl::next_sequence() {
  if (sequence == sequence_end) reserve_sequence();
  return ++sequence;
}

/// The foreign time, above the parents' clocks. A stamp names one commit of its writer, and foreign
/// times are whole seconds that siblings may share: the commit's number tells them apart.
HybridTime ImportSession::Impl::clock_for(std::uint64_t number, HybridTime newest,
                                          std::uint64_t at_millis) {
  const HybridTime told = HybridTime::of(std::min(at_millis, HybridTime::kMillisMax),
                                         static_cast<std::uint16_t>(number));
  HybridTime clock = told > newest ? told : core::next_time(newest, 0, number);
  while (!clocks.insert(clock.value).second) clock = core::next_time(clock, 0, number);
  return clock;
}

const ImportSession::Impl::Known& ImportSession::Impl::known(const CommitId& id) {
  const auto found = commits.find(id);
  if (found != commits.end()) return found->second;
  Commit commit = state->read_commit(id);
  return commits.emplace(id, Known{commit.clock, commit.tree, std::move(commit.parents)})
      .first->second;
}

bool ImportSession::Impl::reaches(const CommitId& descendant, const CommitId& ancestor) {
  const HybridTime floor = known(ancestor).clock;
  std::vector<CommitId> pending{descendant};
  std::unordered_set<Id> seen{descendant};
  while (!pending.empty()) {
    const CommitId id = pending.back();
    pending.pop_back();
    if (id == ancestor) return true;
    // A copy: known() may move what it returned before.
    const std::vector<CommitId> parents = known(id).parents;
    for (const CommitId& parent : parents) {
      // Clocks fall towards the root, so nothing below the ancestor's clock can lead to it.
      if (known(parent).clock >= floor && seen.insert(parent).second) pending.push_back(parent);
    }
  }
  return false;
}

std::vector<CommitId> ImportSession::Impl::heads_among(const std::vector<CommitId>& given) {
  std::vector<CommitId> heads;
  for (const CommitId& candidate : given) {
    if (std::find(heads.begin(), heads.end(), candidate) != heads.end()) continue;
    const bool covered = std::any_of(given.begin(), given.end(), [&](const CommitId& other) {
      return other != candidate && reaches(other, candidate);
    });
    if (!covered) heads.push_back(candidate);
  }
  return heads;
}

ImportSession::ImportSession(Repository& repository)
    : impl_(std::make_unique<Impl>(repository.state_)) {
  if (impl_->state->options.read_only) {
    throw Error(ErrorCode::kDenied, "the repository is open for reading only");
  }
}

ImportSession::~ImportSession() = default;

Entry ImportSession::write_document(ByteView document, std::string media_type,
                                    const std::optional<Id>& resembles) {
  repo::check_media_type(media_type);
  objects::PutHint hint;
  hint.base = resembles;
  hint.compressed = media_type_is_compressed(media_type);
  const objects::ContentRef content = objects::write_content(impl_->pack, document, hint);
  Entry entry;
  entry.content = content.id;
  entry.kind = content.kind;
  entry.size = content.size;
  entry.media_type = std::move(media_type);
  return entry;
}

Entry ImportSession::write_document_stream(
    const std::function<std::size_t(char* buffer, std::size_t size)>& more,
    std::string media_type) {
  constexpr std::size_t kPartBytes = 256 * 1024;
  repo::check_media_type(media_type);
  objects::PutHint hint;
  hint.compressed = media_type_is_compressed(media_type);
  objects::ContentWriter writer(impl_->pack, hint);
  Bytes buffer(kPartBytes, '\0');
  while (const std::size_t count = more(buffer.data(), buffer.size())) {
    writer.write(ByteView(buffer).substr(0, count));
  }
  const objects::ContentRef content = writer.finish();
  Entry entry;
  entry.content = content.id;
  entry.kind = content.kind;
  entry.size = content.size;
  entry.media_type = std::move(media_type);
  return entry;
}

std::optional<Id> ImportSession::write_metadata(ByteView json) {
  return repo::write_metadata(impl_->pack, json);
}

Bytes ImportSession::read_document(const Entry& entry) const {
  return objects::read_content(impl_->source, repo::content_ref(entry));
}

std::optional<Entry> ImportSession::entry(const TreeId& tree, std::string_view path) const {
  return objects::find_entry(impl_->nodes, tree, path);
}

std::vector<std::string> ImportSession::paths(const TreeId& tree, std::string_view prefix,
                                              std::size_t limit) const {
  std::vector<std::string> found;
  objects::Cursor cursor(impl_->nodes, tree);
  for (cursor.seek(prefix); cursor.valid() && found.size() < limit; cursor.next()) {
    if (!cursor.path().starts_with(prefix)) break;
    found.push_back(cursor.path());
  }
  return found;
}

TreeId ImportSession::tree_of(const CommitId& commit) const {
  return impl_->known(commit).tree;
}

std::vector<Difference> ImportSession::diff(const TreeId& before, const TreeId& after) const {
  std::vector<Difference> differences;
  objects::TreeDiff diff(impl_->nodes, before, after);
  while (std::optional<objects::TreeDifference> found = diff.next()) {
    differences.push_back(
        {std::move(found->path), std::move(found->before), std::move(found->after)});
  }
  return differences;
}

void ImportSession::stage(std::string_view path, const std::optional<Entry>& entry) {
  impl_->staged.add(path, entry);
}

CommitId ImportSession::commit(CommitInput input) {
  Impl& impl = *impl_;
  repo::ImportChanges changes = std::exchange(impl.staged, {});
  for (const Change& change : input.changes) changes.add(change.path, change.entry);
  input.changes = {};
  const std::vector<CommitId> given =
      input.parents.empty() ? std::vector<CommitId>{impl.state->root} : input.parents;
  const std::vector<CommitId> heads = impl.heads_among(given);

  HybridTime newest;
  repo::ImportedTrees trees;
  trees.applies_to = input.base ? *input.base : impl.known(given.front()).tree;
  for (const CommitId& head : heads) {
    newest = std::max(newest, impl.known(head).clock);
    trees.parents.push_back(impl.known(head).tree);
  }
  Commit commit;
  commit.parents = heads;
  std::sort(commit.parents.begin(), commit.parents.end());
  commit.writer = impl.state->writer;
  commit.sequence = impl.next_sequence();
  commit.clock = impl.clock_for(commit.sequence, newest, input.at_millis);
  commit.origin = std::move(input.origin);
  // Says that its base is a parent's tree, and no merge of them all (docs/format.md).
  if (commit.parents.size() > 1 && commit.origin.empty()) commit.origin = {{"system", "import"}};
  commit.message = std::move(input.message);

  const repo::ImportedWrites writes = repo::imported_writes(impl.nodes, trees, changes);
  const bool some_erased = !impl.state->erasures->now()->empty();
  for (const std::uint32_t place : writes.places) {
    repo::check_writable(*impl.state, changes.path(place));
    if (!some_erased || changes.removes(place)) continue;
    Entry entry;
    changes.load(place, entry);
    repo::check_may_come(*impl.state, changes.path(place), entry);
  }
  commit.tree =
      objects::edit_tree_with(impl.nodes, impl.pack, trees.parents.front(),
                              repo::StampedChanges(changes, writes.places, commit.stamp()));
  if (heads.size() > 1) commit.base = trees.parents.front();
  repo::set_deleted(commit, impl.pack, writes.deleted);
  objects::sign_commit(commit, impl.state->key(), impl.state->root);
  objects::PutHint hint;
  hint.base = heads.front();
  const CommitId id(impl.pack.put(ObjectType::kCommit, objects::encode_commit(commit), hint));
  impl.commits.emplace(id, Impl::Known{commit.clock, commit.tree, commit.parents});
  return id;
}

TagId ImportSession::write_tag(const Tag& unsigned_tag) {
  Tag tag = unsigned_tag;
  objects::sign_tag(tag, impl_->state->key(), impl_->state->root);
  return TagId(impl_->pack.put(ObjectType::kTag, objects::encode_tag(tag)));
}

std::optional<std::string> ImportSession::finish(const std::vector<RefUpdate>& refs,
                                                 const std::string& reason) {
  Impl& impl = *impl_;
  refs::WriteBatch batch;
  for (const RefUpdate& update : refs) {
    if (const std::string problem = refs::ref_name_problem(update.name); !problem.empty()) {
      throw Error(ErrorCode::kInvalid, "the ref name '" + update.name + "' " + problem);
    }
    const auto before = impl.refs_at_start.find(update.name);
    std::optional<Id> expected;
    if (before != impl.refs_at_start.end()) expected = before->second;
    if (expected == update.next) continue;
    batch.moves.push_back({update.name, expected, update.next, reason});
  }
  if (std::optional<objects::PackInfo> pack = impl.pack.finish())
    batch.packs_added.push_back(*pack);
  batch.collection_generation = impl.generation;
  batch.writer = impl.state->key().public_key().fingerprint();
  batch.at_millis = impl.state->environment.now_millis();
  for (;;) {
    // Where nobody committed beside the session, the rest of its range is given back.
    batch.sequence_expected = impl.state->database->sequence();
    batch.sequence_next =
        *batch.sequence_expected == impl.sequence_end ? impl.sequence : *batch.sequence_expected;
    const refs::Database::WriteResult result = impl.state->database->write(batch);
    if (!result.lost) break;
    if (!result.lost->name.empty()) return result.lost->name;
    if (impl.state->database->inventory(INT64_MAX).collection_generation != impl.generation) {
      throw Error(ErrorCode::kStale, "a collection ran beside the import, so it was not done",
                  "import again while no isodb gc runs");
    }
  }
  impl.state->store->refresh();
  impl.state->pack_when_due();
  return std::nullopt;
}

std::uint64_t ImportSession::objects_written() const {
  return impl_->pack.object_count();
}
std::uint64_t ImportSession::bytes_written() const {
  return impl_->pack.bytes_written();
}

}  // namespace isodb
