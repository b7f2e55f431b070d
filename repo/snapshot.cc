#include "isodb/snapshot.h"

#include <algorithm>
#include <thread>

#include "isodb/error.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "repo/not_held.h"
#include "repo/read_ahead.h"
#include "repo/state.h"

namespace isodb {
namespace {

constexpr std::uint64_t kStreamPartBytes = 1 << 20;
/// Documents read one after the other before more are read ahead: beginning that costs as much.
constexpr unsigned kReadInARow = 64;

}  // namespace

struct DocumentCursor::Impl {
  std::shared_ptr<RepositoryState> state;
  std::string prefix;
  objects::Cursor cursor;
  std::vector<CommitId> heads;
  unsigned read_in_a_row = 0;
  bool is_read = false;  // the document on which the cursor stands
  std::unique_ptr<repo::ReadAhead> ahead;

  /// nullopt: it is not read yet.
  std::optional<Bytes> read_ahead() {
    if (std::exchange(is_read, true)) return std::nullopt;
    ++read_in_a_row;
    if (ahead) return ahead->take();
    static const bool has_processors = std::thread::hardware_concurrency() > 1;
    if (read_in_a_row < kReadInARow || !has_processors) return std::nullopt;
    ahead = std::make_unique<repo::ReadAhead>(state, cursor, prefix);
    return ahead->take();
  }

  void next() {
    if (!std::exchange(is_read, false)) {
      read_in_a_row = 0;
      ahead.reset();
    }
    cursor.next();
  }
};

DocumentCursor::DocumentCursor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DocumentCursor::DocumentCursor(DocumentCursor&&) noexcept = default;
DocumentCursor::~DocumentCursor() = default;

bool DocumentCursor::valid() const {
  return impl_->cursor.valid() && impl_->cursor.path().starts_with(impl_->prefix);
}
void DocumentCursor::next() {
  impl_->next();
}
const std::string& DocumentCursor::path() const {
  return impl_->cursor.path();
}
Entry DocumentCursor::entry() const {
  return impl_->cursor.entry();
}
Bytes DocumentCursor::bytes() const {
  repo::check_not_erased(*impl_->state, path(), impl_->cursor.content().id);
  if (std::optional<Bytes> read = impl_->read_ahead()) return std::move(*read);
  try {
    return objects::read_content(*impl_->state->store, impl_->cursor.content());
  } catch (const objects::ObjectMissing& missing) {
    repo::throw_missing(*impl_->state, path(), entry(), impl_->heads, missing);
  }
}

Snapshot::Snapshot(std::shared_ptr<RepositoryState> state, std::optional<Id> id,
                   std::vector<CommitId> heads, const TreeId& tree)
    : state_(std::move(state)), id_(id), heads_(std::move(heads)), tree_(tree) {}

template <typename Read>
auto Snapshot::reading(std::string_view path, Read read) const -> decltype(read()) {
  try {
    return read();
  } catch (const objects::ObjectMissing& missing) {
    repo::throw_missing(*state_, path, entry(path), heads_, missing);
  }
}

std::optional<Entry> Snapshot::entry(std::string_view path) const {
  return objects::find_entry(state_->nodes(), tree_, path);
}

std::optional<Bytes> Snapshot::get(std::string_view path, std::uint64_t bytes_max) const {
  const std::optional<objects::ContentRef> content =
      objects::find_content(state_->nodes(), tree_, path);
  if (!content) return std::nullopt;
  repo::check_not_erased(*state_, path, content->id);
  return reading(path, [&] { return objects::read_content(*state_->store, *content, bytes_max); });
}

std::vector<std::optional<Bytes>> Snapshot::get_many(const std::vector<std::string>& paths) const {
  std::vector<std::optional<objects::ContentRef>> contents;
  contents.reserve(paths.size());
  std::vector<Id> ids;
  for (const std::string& path : paths) {
    contents.push_back(objects::find_content(state_->nodes(), tree_, path));
    if (contents.back() && contents.back()->kind == ContentKind::kBlob) {
      ids.push_back(contents.back()->id);
    }
  }
  std::vector<std::optional<objects::Object>> blobs = state_->store->get_many(ids);
  std::vector<std::optional<Bytes>> documents(paths.size());
  auto blob = blobs.begin();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!contents[i]) continue;
    repo::check_not_erased(*state_, paths[i], contents[i]->id);
    const bool is_blob = contents[i]->kind == ContentKind::kBlob;
    if (is_blob) documents[i] = objects::document_of(std::move(*blob++), *contents[i]);
    if (!documents[i]) documents[i] = get(paths[i]);
  }
  return documents;
}

std::optional<Bytes> Snapshot::get_range(std::string_view path, std::uint64_t offset,
                                         std::uint64_t count) const {
  const std::optional<objects::ContentRef> content =
      objects::find_content(state_->nodes(), tree_, path);
  if (!content) return std::nullopt;
  repo::check_not_erased(*state_, path, content->id);
  return reading(
      path, [&] { return objects::ContentReader(*state_->store, *content).read(offset, count); });
}

bool Snapshot::stream(std::string_view path, const std::function<void(ByteView part)>& take) const {
  const std::optional<objects::ContentRef> content =
      objects::find_content(state_->nodes(), tree_, path);
  if (!content) return false;
  repo::check_not_erased(*state_, path, content->id);
  std::optional<objects::ContentReader> reader;
  reading(path, [&] { reader.emplace(*state_->store, *content); });
  for (std::uint64_t offset = 0; offset < reader->size(); offset += kStreamPartBytes) {
    take(reading(path, [&] { return reader->read(offset, kStreamPartBytes); }));
  }
  return true;
}

std::optional<Bytes> Snapshot::metadata(std::string_view path) const {
  const std::optional<Entry> found = entry(path);
  if (!found || !found->metadata) return std::nullopt;
  return reading(path, [&] {
    return objects::get_expected(*state_->store, *found->metadata, ObjectType::kBlob);
  });
}

DocumentCursor Snapshot::documents(std::string_view prefix, std::string_view from) const {
  auto impl = std::make_unique<DocumentCursor::Impl>(DocumentCursor::Impl{
      state_, std::string(prefix), objects::Cursor(state_->nodes(), tree_), heads_, 0, false, {}});
  impl->cursor.seek(std::max(prefix, from));
  return DocumentCursor(std::move(impl));
}

std::uint64_t Snapshot::count() const {
  return objects::count_documents(state_->nodes(), tree_);
}

std::uint64_t Snapshot::count(std::string_view prefix) const {
  if (prefix.empty()) return count();
  // Paths are UTF-8 and hold no 0xff byte, so prefix ‖ 0xff is above every path that begins with
  // it.
  const std::string end = std::string(prefix) + '\xff';
  const objects::NodeReader nodes = state_->nodes();
  return objects::rank_of(nodes, tree_, end) - objects::rank_of(nodes, tree_, prefix);
}

void Snapshot::diff(const Snapshot& after, std::string_view prefix,
                    const std::function<bool(const Difference&)>& take) const {
  objects::TreeDiff diff(state_->nodes(), tree_, after.tree_, std::string(prefix));
  while (std::optional<objects::TreeDifference> found = diff.next()) {
    if (!take({std::move(found->path), std::move(found->before), std::move(found->after)})) return;
  }
}

}  // namespace isodb
