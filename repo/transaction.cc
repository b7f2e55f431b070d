#include "isodb/transaction.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/hash.h"
#include "isodb/erase.h"
#include "isodb/error.h"
#include "objects/tree.h"
#include "repo/governed.h"
#include "repo/metadata.h"
#include "repo/not_held.h"
#include "repo/transaction_impl.h"

namespace isodb {
namespace {

constexpr std::size_t kStreamPartBytes = 256 * 1024;

/// Error(kInvalid) unless the content is of the kind and length that an entry says: no reader could
/// read the document.
void check_extent(const objects::ObjectSource& source, const objects::ContentRef& content) {
  try {
    objects::ContentReader(source, content).read(0, 1);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) throw;
    throw Error(ErrorCode::kInvalid,
                std::string("the entry does not describe its content: ") + error.what());
  }
}

/// An object, and of a list all that it consists of.
void copy_content(const objects::ObjectSource& from, const Id& id, objects::ObjectStore& to) {
  const std::optional<objects::Object> object = from.get(id);
  if (!object) {
    throw Error(ErrorCode::kStale, "a collection dropped what a transaction relies on",
                "begin another one");
  }
  to.put(object->type, object->payload, {});
  if (object->type != ObjectType::kList) return;
  for (const objects::ListItem& item : objects::decode_list(object->payload).items) {
    copy_content(from, item.id, to);
  }
}

}  // namespace

Transaction::Impl::Impl(std::shared_ptr<RepositoryState> repository, std::string branch_ref,
                        Snapshot begun_on)
    : state(std::move(repository)),
      branch(std::move(branch_ref)),
      snapshot(std::move(begun_on)),
      staging(std::make_unique<repo::Staging>(*state->store, state->files)) {}

std::optional<Entry> Transaction::Impl::look(std::string_view path) const {
  if (const repo::StagedChanges::Change* change = changes.find(path)) return changes.entry(*change);
  return snapshot.entry(path);
}

void Transaction::Impl::stage(std::string_view path, const objects::ContentRef& content,
                              const PutOptions& options, const std::optional<Entry>& before) {
  Entry entry;
  entry.content = content.id;
  entry.kind = content.kind;
  entry.size = content.size;
  if (options.media_type) {
    entry.media_type = *options.media_type;
  } else if (before) {
    entry.media_type = before->media_type;
  } else {
    entry.media_type = media_type_for_path(path);
  }
  if (options.metadata) {
    entry.metadata = repo::write_metadata(*staging, *options.metadata);
  } else if (before && before->metadata && !state->erasures->known()->has(*before->metadata)) {
    entry.metadata = before->metadata;
  }
  repo::check_media_type(entry.media_type);
  repo::check_may_come(*state, path, entry);
  changes.put(path, entry);
}

void Transaction::Impl::check_before(std::string_view path, ByteView document,
                                     const PutOptions& options) const {
  if (state->erasures->known()->empty()) return;
  Entry entry;
  if (document.size() <= kBlobBytesMax) {
    entry.content = core::object_id(ObjectType::kBlob, document);
  }
  if (options.metadata) entry.metadata = core::object_id(ObjectType::kBlob, *options.metadata);
  repo::check_may_come(*state, path, entry);
}

void Transaction::Impl::check_no_erased() {
  if (state->erasures->now()->empty()) return;
  try {
    for (const repo::StagedChanges::Change* change : changes.sorted()) {
      if (!change->removed) repo::check_may_come(*state, change->path, *changes.entry(*change));
    }
  } catch (const ContentErased&) {
    drop_refused();  // whoever takes that change back may commit the others
    throw;
  }
}

void Transaction::Impl::drop_refused() {
  const bool was_spent = std::exchange(spent, true);  // while it is not known what is there
  auto fresh = std::make_unique<repo::Staging>(*state->store, state->files, staging->dictionary());
  const merge::ErasedPtr erased = state->erasures->known();
  for (const repo::StagedChanges::Change* change : changes.sorted()) {
    if (change->removed) continue;
    const Entry entry = *changes.entry(*change);
    if (!change->path.starts_with(kGovernedPrefix) && erased->touches(entry)) continue;
    copy_content(*staging, entry.content, *fresh);
    // A partial copy need not hold the metadata that it goes on with.
    if (entry.metadata && staging->contains(*entry.metadata)) {
      copy_content(*staging, *entry.metadata, *fresh);
    }
  }
  staging = std::move(fresh);
  spent = was_spent;
}

void Transaction::Impl::check_usable() const {
  if (spent) throw Error(ErrorCode::kInvalid, "this transaction is over", "begin another one");
}

Transaction::Transaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

const std::string& Transaction::branch() const {
  return impl_->branch;
}
const Snapshot& Transaction::snapshot() const {
  return impl_->snapshot;
}

std::optional<Entry> Transaction::entry(std::string_view path) {
  impl_->reads.paths.emplace(path);
  return impl_->look(path);
}

std::optional<Bytes> Transaction::get(std::string_view path) {
  const std::optional<Entry> found = entry(path);
  if (!found) return std::nullopt;
  try {
    return objects::read_content(*impl_->staging, repo::content_ref(*found));
  } catch (const objects::ObjectMissing& missing) {
    repo::throw_missing(*impl_->state, path, found, impl_->snapshot.heads(), missing);
  }
}

std::vector<std::string> Transaction::list(std::string_view prefix) {
  impl_->reads.prefixes.emplace(prefix);
  std::set<std::string> paths;
  for (DocumentCursor cursor = impl_->snapshot.documents(prefix); cursor.valid(); cursor.next()) {
    paths.insert(paths.end(), cursor.path());
  }
  for (const repo::StagedChanges::Change* change : impl_->changes.sorted(prefix)) {
    if (change->removed) {
      paths.erase(std::string(change->path));
    } else {
      paths.emplace(change->path);
    }
  }
  return {paths.begin(), paths.end()};
}

void Transaction::put(std::string_view path, ByteView document, const PutOptions& options) {
  impl_->check_usable();
  check_path(path);
  repo::check_writable(*impl_->state, path);
  const std::optional<Entry> before = impl_->look(path);
  objects::PutHint hint;
  if (before) hint.base = before->content;
  hint.compressed = media_type_is_compressed(
      options.media_type ? std::string_view(*options.media_type) : media_type_for_path(path));
  impl_->check_before(path, document, options);
  const objects::ContentRef content = objects::write_content(*impl_->staging, document, hint);
  try {
    impl_->stage(path, content, options, before);
  } catch (const ContentErased&) {
    impl_->drop_refused();
    throw;
  }
}

void Transaction::put_stream(std::string_view path,
                             const std::function<std::size_t(char* buffer, std::size_t size)>& more,
                             const PutOptions& options) {
  impl_->check_usable();
  check_path(path);
  repo::check_writable(*impl_->state, path);
  objects::PutHint hint;
  hint.compressed = media_type_is_compressed(
      options.media_type ? std::string_view(*options.media_type) : media_type_for_path(path));
  impl_->check_before(path, {}, options);
  try {
    objects::ContentWriter writer(*impl_->staging, hint);
    Bytes buffer(kStreamPartBytes, '\0');
    while (const std::size_t count = more(buffer.data(), buffer.size())) {
      writer.write(ByteView(buffer).substr(0, count));
    }
    const objects::ContentRef content = writer.finish();
    impl_->stage(path, content, options, impl_->look(path));
  } catch (...) {
    // Nobody can tell whose chunks those are that came before `more` failed.
    if (!impl_->state->erasures->known()->empty()) impl_->drop_refused();
    throw;
  }
}

void Transaction::put_entry(std::string_view path, const Entry& content) {
  impl_->check_usable();
  check_path(path);
  repo::check_writable(*impl_->state, path);
  repo::check_may_come(*impl_->state, path, content);
  if (!impl_->staging->contains(content.content)) {
    repo::check_held(*impl_->state, path, content.content);
    throw Error(ErrorCode::kNotFound, "there is no content " + content.content.hex());
  }
  check_extent(*impl_->staging, repo::content_ref(content));
  Entry entry = content;
  entry.flags &= static_cast<std::uint8_t>(kFlagErased);
  impl_->changes.put(path, entry);
}

bool Transaction::remove(std::string_view path) {
  impl_->check_usable();
  if (!entry(path)) return false;
  repo::check_writable(*impl_->state, path);
  if (impl_->snapshot.entry(path)) {
    impl_->changes.remove(path);
  } else {
    impl_->changes.forget(path);
  }
  return true;
}

std::uint64_t Transaction::remove_prefix(std::string_view prefix) {
  const std::vector<std::string> paths = list(prefix);
  for (const std::string& path : paths) remove(path);
  return paths.size();
}

void Transaction::expect_content(std::string_view path, const Id& content) {
  impl_->reads.demands.insert_or_assign(std::string(path), content);
}

void Transaction::expect_absent(std::string_view path) {
  impl_->reads.demands.insert_or_assign(std::string(path), std::nullopt);
}

bool Transaction::empty() const {
  return impl_->changes.empty();
}
std::uint64_t Transaction::change_count() const {
  return impl_->changes.size();
}

std::variant<CommitId, Stale> Transaction::commit(const CommitOptions& options) {
  impl_->check_usable();
  if (impl_->state->options.read_only) {
    throw Error(ErrorCode::kDenied, "the repository is open for reading only");
  }
  impl_->check_no_erased();
  repo::check_governed(
      impl_->changes, [this](std::string_view path) { return impl_->snapshot.entry(path); },
      *impl_->staging);
  repo::CommitRequest request;
  request.branch = impl_->branch;
  request.base = impl_->snapshot.id();
  request.base_tree = impl_->snapshot.tree_id();
  request.changes = &impl_->changes;
  request.reads = &impl_->reads;
  request.staging = impl_->staging.get();
  request.options = &options;
  if (impl_->draft) request.draft = &*impl_->draft;
  impl_->state->commits->submit(request);
  if (request.failure) std::rethrow_exception(request.failure);
  impl_->spent = std::holds_alternative<CommitId>(*request.outcome);
  impl_->state->pack_when_due();
  return std::move(*request.outcome);
}

}  // namespace isodb
