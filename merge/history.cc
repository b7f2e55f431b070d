#include "merge/history.h"

#include <algorithm>
#include <utility>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/content.h"
#include "objects/deleted_paths.h"

namespace isodb::merge {
namespace {

// Caches that outgrow these are emptied: simple, and rare.
constexpr std::size_t kDeletedPathsHeldMax = 1'000'000;
constexpr std::size_t kMergedHeldMax = 65'536;
constexpr std::uint64_t kDocumentBytesHeldMax = 32 << 20;
constexpr std::uint64_t kReadBytes = 64 << 10;

/// A commit's deleted list, read no further than it is good.
std::vector<std::string> read_deleted_paths(const objects::ObjectSource& source, const Id& id) {
  const std::optional<objects::Object> object = source.get(id);
  if (!object) {
    throw Error(ErrorCode::kCorrupt, "the list of deleted paths " + id.hex() + " is missing",
                "run fsck; fetch it again from a peer that has it");
  }
  objects::ContentRef ref{id, ContentKind::kBlob, object->payload.size()};
  if (object->type == ObjectType::kList) {
    ref.kind = ContentKind::kList;
    ref.size = objects::decode_list(object->payload).size;
  }
  if (ref.size > objects::kDeletedListBytesMax) {
    throw Error(ErrorCode::kLimit,
                "the list of deleted paths " + id.hex() + " is of more than 64 MiB");
  }
  objects::ContentReader reader(source, ref);
  objects::DeletedPathsDecoder decoder;
  for (std::uint64_t at = 0; at < ref.size; at += kReadBytes) {
    decoder.add(reader.read(at, kReadBytes));
  }
  return decoder.finish();
}

/// About what a document takes in memory once it was parsed.
std::uint64_t memory_of(const Document& document) {
  std::uint64_t bytes = 256;
  const auto add = [&](ByteView text) {
    bytes += text.size();
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == ByteView::npos || (text[first] != '{' && text[first] != '[')) return;
    bytes += text.size();  // its strings
    for (const char c : text) bytes += c == ',' || c == ':' ? 32 : c == '{' || c == '[' ? 96 : 0;
  };
  add(document.content());
  if (document.metadata()) add(*document.metadata());
  return bytes;
}

/// What names a document whatever its stamp says.
std::string document_key(const Entry& entry) {
  std::string key(entry.content.bytes());
  if (entry.metadata) key.append(entry.metadata->bytes());
  return key.append(entry.media_type);
}

}  // namespace

History::History(const objects::ObjectSource& source, objects::NodeCache& nodes)
    : source_(source), nodes_(source, nodes), graph_(source) {}

TreeId History::tree(CommitIndex commit) const {
  const auto set = trees_.find(commit);
  return set == trees_.end() ? graph_.peek(commit).tree : set->second;
}

std::optional<TreeId> History::base_tree(CommitIndex commit) {
  if (const auto set = bases_.find(commit); set != bases_.end()) return set->second;
  const CommitFacts& facts = graph_.facts(commit);
  if (facts.parents.empty()) return objects::empty_tree_id();
  if (facts.parents.size() == 1) return tree(facts.parents.front());
  if (facts.imported) return std::nullopt;
  return facts.base;
}

void History::set_tree(CommitIndex commit, const std::optional<TreeId>& tree) {
  trees_.erase(commit);
  if (tree) trees_.emplace(commit, *tree);
}

void History::set_base(CommitIndex commit, const std::optional<TreeId>& base) {
  bases_.erase(commit);
  if (base) bases_.emplace(commit, *base);
}

std::shared_ptr<const std::vector<std::string>> History::deleted_paths(CommitIndex commit) {
  if (const auto held = deleted_.find(commit); held != deleted_.end()) return held->second;
  auto paths = std::make_shared<std::vector<std::string>>();
  if (const std::optional<Id>& id = graph_.peek(commit).deleted) {
    *paths = read_deleted_paths(source_, *id);
  }
  if (deleted_paths_held_ + paths->size() > kDeletedPathsHeldMax) {
    deleted_.clear();
    deleted_paths_held_ = 0;
  }
  deleted_paths_held_ += paths->size() + 1;
  deleted_.emplace(commit, paths);
  return paths;
}

bool History::deleted(CommitIndex commit, std::string_view path) {
  if (!graph_.peek(commit).deleted) return false;
  const auto paths = deleted_paths(commit);
  return std::binary_search(paths->begin(), paths->end(), path);
}

void History::index_deleted(const Commits& heads) {
  indexed_.resize(graph_.size());
  Commits open, reached;
  const auto meet = [&](CommitIndex commit) {
    if (commit >= indexed_.size()) indexed_.resize(graph_.size());
    if (indexed_[commit]) return;
    // Set at once, to meet it once; taken back when reading fails, as its past may not be in yet.
    indexed_[commit] = true;
    open.push_back(commit);
    reached.push_back(commit);
  };
  try {
    for (const CommitIndex head : heads) meet(head);
    while (!open.empty()) {
      const CommitIndex commit = open.back();
      open.pop_back();
      for (const CommitIndex parent : graph_.facts(commit).parents) meet(parent);
    }
    for (const CommitIndex commit : reached) {
      if (!graph_.peek(commit).deleted) continue;
      for (const std::string& path : *deleted_paths(commit)) {
        deleters_.emplace(core::xxh3(path), commit);
      }
    }
  } catch (...) {
    indexed_.assign(indexed_.size(), false);
    deleters_.clear();
    throw;
  }
}

Commits History::deleters(std::string_view path, const Commits& heads) {
  index_deleted(heads);
  Commits found;
  const auto [begin, end] = deleters_.equal_range(core::xxh3(path));
  for (auto at = begin; at != end; ++at) found.push_back(at->second);
  std::erase_if(found, [&](CommitIndex commit) {
    return !deleted(commit, path) || !graph_.in_past(commit, heads);
  });
  return found;
}

std::vector<std::string> History::written_paths(CommitIndex commit, const std::string& prefix) {
  const Commits& parents = graph_.facts(commit).parents;
  const TreeId before = parents.empty() ? objects::empty_tree_id() : tree(parents.front());
  const Stamp stamp = graph_.peek(commit).stamp;
  std::vector<std::string> paths;
  objects::TreeDiff diff(nodes_, before, tree(commit), prefix);
  while (auto difference = diff.next()) {
    const std::optional<Entry>& entry = difference->after;
    if (entry && (entry->flags & kFlagMerged) == 0 && entry->stamp == stamp) {
      paths.push_back(std::move(difference->path));
    }
  }
  return paths;
}

const Commits* History::merged_versions(const Entry& entry) const {
  const auto known = merged_.find(digest_of(entry));
  return known == merged_.end() ? nullptr : &known->second;
}

void History::remember_merged(const Entry& entry, const Commits& versions) {
  if (merged_.size() >= kMergedHeldMax) merged_.clear();
  merged_[digest_of(entry)] = versions;
}

std::optional<Bytes> History::content(const Entry& entry, std::uint64_t bytes_max) const {
  if (entry.size > bytes_max) return std::nullopt;
  return objects::read_content(source_, {entry.content, entry.kind, entry.size});
}

bool History::holds(const Entry& entry) const {
  try {
    if (entry.metadata && !source_.contains(*entry.metadata)) return false;
    if (entry.kind == ContentKind::kBlob) return source_.contains(entry.content);
    content(entry, kMergedBytesMax);
    return true;
  } catch (const objects::ObjectMissing&) {
    return false;
  }
}

DocumentPtr History::read_document(const Entry& entry) const {
  Document::Parts parts;
  parts.media_type = entry.media_type;
  if (entry.metadata) {
    parts.metadata = objects::get_expected(source_, *entry.metadata, ObjectType::kBlob);
  }
  std::optional<Bytes> bytes = content(entry, kMergedBytesMax);
  if (!bytes) return Document::make_large(std::move(parts), entry.content, entry.size);
  parts.content = std::move(*bytes);
  return Document::make(std::move(parts));
}

DocumentPtr History::document(const Entry& entry) {
  std::string key = document_key(entry);
  if (const auto held = documents_.find(key); held != documents_.end()) return held->second;
  DocumentPtr document = read_document(entry);
  const std::uint64_t bytes = memory_of(*document) + key.size();
  if (document_bytes_held_ + bytes > kDocumentBytesHeldMax) {
    documents_.clear();
    document_bytes_held_ = 0;
  }
  document_bytes_held_ += bytes;
  documents_.emplace(std::move(key), document);
  return document;
}

}  // namespace isodb::merge
