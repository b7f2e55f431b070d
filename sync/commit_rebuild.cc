#include "sync/commit_rebuild.h"

#include <algorithm>
#include <utility>

#include "core/compress.h"
#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/list_format.h"
#include "repo/metadata.h"
#include "sync/json_scalars.h"

namespace isodb::sync {
namespace {

using wire::OperationElement;
using wire::OperationKind;

[[noreturn]] void fail(const std::string& problem) {
  throw Error(ErrorCode::kCorrupt, problem);
}

PartialCommit begin(wire::CommitElement commit) {
  if (commit.parents.empty()) fail("COMMIT has no parents: a root comes as an object");
  if (commit.millis > HybridTime::kMillisMax) fail("COMMIT has a time beyond its 48 bits");
  const bool has_base = commit.base_parent.has_value();
  if (has_base && (commit.parents.size() < 2 || *commit.base_parent >= commit.parents.size())) {
    fail("COMMIT names a base among parents that it has not");
  }
  PartialCommit partial;
  partial.commit = std::move(commit);
  return partial;
}

Bytes spliced(const OperationElement& operation, const Bytes& base) {
  if (operation.offset > base.size() || operation.removed > base.size() - operation.offset) {
    fail("SPLICE reaches beyond its base");
  }
  if (base.size() - operation.removed + operation.bytes.size() > kBlobBytesMax) {
    fail("SPLICE makes a document of more than 65,536 bytes");
  }
  Bytes result(base, 0, operation.offset);
  result += operation.bytes;
  return result.append(base, operation.offset + operation.removed);
}

Bytes patched(const OperationElement& operation, const Bytes& base) {
  if (operation.size > kBlobBytesMax) fail("PATCH makes a document of more than 65,536 bytes");
  Bytes result(operation.size, '\0');
  core::decompress_delta(result.data(), result.size(), operation.bytes, base);
  return result;
}

}  // namespace

CommitRebuild::CommitRebuild(RepositoryState& repository, objects::ObjectStore& objects,
                             repo::HeldScope* scope, IncomingErased& erased,
                             wire::CommitElement commit)
    : repository_(repository),
      objects_(objects),
      scope_(scope),
      erased_(erased),
      partial_(begin(std::move(commit))),
      paths_(nodes(), partial_.base = find_base()),
      deleted_(objects) {
  partial_.tree = partial_.base;
}

CommitRebuild::CommitRebuild(RepositoryState& repository, objects::ObjectStore& objects,
                             repo::HeldScope* scope, IncomingErased& erased, PartialCommit partial)
    : repository_(repository),
      objects_(objects),
      scope_(scope),
      erased_(erased),
      partial_(std::move(partial)),
      paths_(nodes(), partial_.base),
      deleted_(objects) {
  paths_.restore(partial_.last);
  deleted_.restore(partial_.deleted);
}

TreeId CommitRebuild::find_base() const {
  const std::vector<CommitId>& parents = partial_.commit.parents;
  if (parents.size() > 1 && !partial_.commit.base_parent) {
    return repository_.merging->merged(parents, objects_).tree;
  }
  const CommitId& parent = parents[partial_.commit.base_parent.value_or(0)];
  return objects::decode_commit(objects::get_expected(objects_, parent, ObjectType::kCommit)).tree;
}

void CommitRebuild::take(const OperationElement& operation, const core::Dictionary* dictionary) {
  dictionary_ = dictionary;
  if (large_) fail("an operation stands where the pieces of a document have to follow");
  if (partial_.operations == partial_.commit.operations) {
    fail("a commit has more operations than it said");
  }
  if (operation.kind == OperationKind::kLarge) before_large_ = paths_.last();
  const PathCoding::Place& place = paths_.decode(operation);
  std::optional<Entry> old;
  if (!place.is_new) old = paths_.old(place.rank)->entry;
  partial_.is_governed = partial_.is_governed || place.path.starts_with(kGovernedPrefix);
  if (!partial_.document.empty() && operation.kind != OperationKind::kLarge) {
    fail("what goes on with a document is not LARGE");
  }
  if (operation.kind == OperationKind::kDelete) {
    if (operation.media_type || operation.metadata) fail("DELETE has a media type or metadata");
    deleted_.add(place.path);
    ++partial_.operations;
    if (old) write(std::nullopt);
    return;
  }
  Entry entry = described(operation, old);
  if (operation.kind == OperationKind::kLarge) return begin_large(operation, old, std::move(entry));
  set_content(entry, content_of_operation(operation, old, entry.media_type));
  ++partial_.operations;
  write(std::move(entry));
}

/// All of the entry but its content.
Entry CommitRebuild::described(const OperationElement& operation,
                               const std::optional<Entry>& old) const {
  Entry entry;
  entry.stamp = partial_.stamp();
  if (operation.media_type) {
    repo::check_media_type(*operation.media_type);
    entry.media_type = *operation.media_type;
  } else {
    entry.media_type = old ? old->media_type : media_type_for_path(paths_.last()->path);
  }
  if (!operation.metadata) {
    if (old) entry.metadata = old->metadata;
  } else if (*operation.metadata) {
    const Bytes& json = **operation.metadata;
    if (json.size() > kBlobBytesMax) fail("metadata has more than 65,536 bytes");
    entry.metadata = contents().put(ObjectType::kBlob, json);
  }
  return entry;
}

void CommitRebuild::set_content(Entry& entry, const objects::ContentRef& content) {
  entry.content = content.id;
  entry.kind = content.kind;
  entry.size = content.size;
}

void CommitRebuild::begin_large(const OperationElement& operation, const std::optional<Entry>& old,
                                Entry entry) {
  objects::PutHint hint;
  hint.compressed = media_type_is_compressed(entry.media_type);
  std::optional<objects::ContentRef> older;
  if (old) {
    older = repo::content_ref(*old);
    hint.base = old->content;
    const auto is_old = [](const wire::LargePart& part) { return part.count > 0; };
    if (std::ranges::any_of(operation.parts, is_old)) expect_held(old->content);
  }
  large_.emplace(objects_, operation, older, hint);  // a chunk may be what is erased elsewhere
  large_entry_ = std::move(entry);
  // What came of it before.
  for (const SavedBytes& saved : std::exchange(partial_.document, {})) {
    objects::ContentReader reader(objects_, saved.content);
    constexpr std::uint64_t kReadBytes = 64 * 1024;
    for (std::uint64_t at = saved.skipped; at < saved.content.size; at += kReadBytes) {
      large_->take(reader.read(at, kReadBytes));
    }
  }
  if (large_->missing_bytes() == 0) finish_large();
}

void CommitRebuild::take(const wire::PieceElement& piece) {
  if (!large_) fail("a piece stands where no document lacks any");
  large_->take(piece.bytes);
  if (large_->missing_bytes() == 0) finish_large();
}

void CommitRebuild::finish_large() {
  set_content(large_entry_, large_->finish());
  erased_.note_written(large_entry_.content);
  large_.reset();
  ++partial_.operations;
  write(std::move(large_entry_));
}

/// The path is that of the last operation.
void CommitRebuild::write(std::optional<Entry> entry) {
  const std::string& path = paths_.last()->path;
  pending_bytes_ += path.size() + sizeof(objects::TreeChange);
  if (entry) pending_bytes_ += entry->media_type.size();
  pending_.push_back({path, std::move(entry)});
  if (pending_.size() >= kPendingMax || pending_bytes_ >= kPendingBytesMax) apply_pending();
}

void CommitRebuild::apply_pending() {
  if (pending_.empty()) return;
  partial_.tree = objects::edit_tree(nodes(), objects_, partial_.tree, pending_);
  pending_.clear();
  pending_bytes_ = 0;
}

/// Of the entry that COPY or PATCH name.
std::uint64_t CommitRebuild::source_rank(const OperationElement& operation) const {
  const std::uint64_t rank = paths_.last()->rank;
  if (operation.kind == OperationKind::kCopy) {
    return rank + static_cast<std::uint64_t>(operation.rank_delta);
  }
  if (operation.from_neighbour) return rank == 0 ? 0 : rank - 1;
  return rank;
}

const Entry& CommitRebuild::entry_at(std::uint64_t rank) {
  const PathCoding::Old* const old = paths_.old(rank);
  if (old == nullptr) fail("an operation names an entry beyond the base tree");
  return old->entry;
}

Bytes CommitRebuild::document_of(const Entry& entry) const {
  if (entry.kind != ContentKind::kBlob) fail("the base of an edit has more than 65,536 bytes");
  expect_held(entry.content);
  return objects::get_expected(objects_, entry.content, ObjectType::kBlob);
}

/// Before it is built on.
void CommitRebuild::expect_held(const Id& content) const {
  if (objects_.contains(content)) return;
  if (erased_.may_lack(paths_.last()->path, content)) {
    throw Error(ErrorCode::kErased,
                "an edit of '" + paths_.last()->path + "' builds on a content that is erased here",
                "sync with the device that made it, or have it make the bundle again once it knows "
                "of the erasure");
  }
  if (scope_ == nullptr) return;
  // A peer knows what is held here; who made a bundle does not.
  throw Error(ErrorCode::kNotHeld,
              "an edit of '" + paths_.last()->path + "' builds on what this copy does not hold",
              "sync with a repository that holds it");
}

objects::ContentRef CommitRebuild::content_of_operation(const OperationElement& operation,
                                                        const std::optional<Entry>& old,
                                                        const std::string& media_type) {
  objects::PutHint hint;
  hint.compressed = media_type_is_compressed(media_type);
  if (old) hint.base = old->content;
  switch (operation.kind) {
    case OperationKind::kWhole:
      if (operation.bytes.size() > kBlobBytesMax) fail("WHOLE has more than 65,536 bytes");
      return objects::write_content(contents(), operation.bytes, hint);
    case OperationKind::kCopy:
      return copied(operation);
    case OperationKind::kValues:
    case OperationKind::kSplice:
      if (!old) fail("an edit of a path that is not in the base tree");
      return put_edit(operation, *old, hint);
    case OperationKind::kPatch:
      if (!old && !operation.from_neighbour) fail("an edit of a path that is not in the base tree");
      return put_edit(operation, entry_at(source_rank(operation)), hint);
    case OperationKind::kHash:
      return hashed(operation);
    case OperationKind::kFrame:
      return put_frame(operation, hint);
    case OperationKind::kDelete:
    case OperationKind::kLarge:
      break;
  }
  fail("an operation is of an unknown kind");
}

/// Unpacked before anything is believed of it.
objects::ContentRef CommitRebuild::put_frame(const OperationElement& operation,
                                             objects::PutHint hint) {
  if (dictionary_ == nullptr) fail("FRAME stands where no dictionary came");
  if (operation.size > kBlobBytesMax) fail("FRAME has more than 65,536 bytes");
  unpacked_.resize(operation.size);
  core::decompress(unpacked_.data(), unpacked_.size(), operation.bytes, *dictionary_);
  hint.frame = operation.bytes;
  hint.frame_dictionary = dictionary_;
  return objects::write_content(contents(), unpacked_, hint);
}

objects::ContentRef CommitRebuild::copied(const OperationElement& operation) {
  const objects::ContentRef content = repo::content_ref(entry_at(source_rank(operation)));
  const std::string& path = paths_.last()->path;
  if (erased_.may_lack(path, content.id)) {
    if (!objects_.contains(content.id)) erased_.note_lacking(content.id);
    return content;
  }
  if (scope_ != nullptr && scope_->surely_covers(path, partial_.stamp()) &&
      !objects_.contains(content.id)) {
    fail("COPY brings to '" + path + "' what this repository does not hold");
  }
  return content;
}

/// A content that is not to be here.
objects::ContentRef CommitRebuild::hashed(const OperationElement& operation) {
  const std::string& path = paths_.last()->path;
  const bool is_erased = erased_.may_lack(path, operation.content);
  if (is_erased) erased_.note_lacking(operation.content);
  if (!is_erased && scope_ == nullptr) {
    fail("HASH is for partial repositories, and this is none");
  }
  if (!is_erased && scope_->surely_covers(path, partial_.stamp())) {
    fail("HASH stands for the content of '" + path + "', which is in this repository's scope");
  }
  const bool is_blob = operation.content_kind == ContentKind::kBlob;
  if (is_blob != (operation.size <= kBlobBytesMax) || operation.size > objects::kDocumentBytesMax) {
    fail("HASH names a content of a kind that its size cannot have");
  }
  return {operation.content, operation.content_kind, operation.size};
}

objects::ContentRef CommitRebuild::put_edit(const OperationElement& operation, const Entry& base,
                                            const objects::PutHint& hint) {
  const Bytes before = document_of(base);
  Bytes after;
  if (operation.kind == OperationKind::kValues) {
    after = replace_values(before, operation.values, kBlobBytesMax);
  } else {
    after = operation.kind == OperationKind::kSplice ? spliced(operation, before)
                                                     : patched(operation, before);
  }
  objects::PutHint known = hint;
  known.base = base.content;
  known.base_bytes = before;
  return objects::write_content(contents(), after, known);
}

PartialCommit CommitRebuild::save() {
  apply_pending();
  PartialCommit saved = partial_;
  // The operation of a document at hand comes again, so that its path is still to come.
  saved.last = large_ ? before_large_ : paths_.last();
  if (large_) saved.document = large_->save();
  saved.deleted = deleted_.save();
  return saved;
}

Commit CommitRebuild::finish() {
  apply_pending();
  wire::CommitElement& said = partial_.commit;
  Commit commit;
  commit.tree = partial_.tree;
  if (partial_.is_governed) {
    commit.tree =
        repository_.merging->commit_tree(said.parents, partial_.base, commit.tree, objects_);
  }
  if (said.parents.size() > 1) commit.base = partial_.base;
  commit.deleted = deleted_.finish();
  commit.parents = std::move(said.parents);
  commit.author = said.author;
  commit.writer = said.writer;
  commit.sequence = said.sequence;
  commit.clock = partial_.stamp().clock;
  commit.origin = std::move(said.origin);
  commit.message = std::move(said.message);
  commit.signature = said.signature;
  return commit;
}

}  // namespace isodb::sync
