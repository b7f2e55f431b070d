#include <algorithm>
#include <cstring>
#include <utility>

#include "core/hash.h"
#include "core/varint.h"
#include "isodb/error.h"
#include "merge/tree_merge.h"
#include "objects/content.h"

namespace isodb::merge {
namespace {

constexpr std::string_view kMergedDomain("isodb-merged-v1\0", 16);

/// docs/merge.md, "Entries".
void stamp_merged(Entry& entry, const EnvironmentPtr& environment, const Rule* rule,
                  HybridTime clock, std::vector<CommitId> versions) {
  std::sort(versions.begin(), versions.end());
  Bytes text(kMergedDomain);
  core::put_u64(text, environment->epoch());
  text.append(environment->rule_id(rule).bytes());
  core::put_u64(text, versions.size());
  for (const CommitId& version : versions) text.append(version.bytes());
  const Id digest = core::sha256(text);
  const auto number_at = [&](std::size_t at) {
    std::uint64_t number = 0;
    for (std::size_t i = 8; i-- > 0;) number = number << 8 | digest.data()[at + i];
    return number;
  };
  entry.stamp = {clock, WriterId{number_at(0)}};
  entry.merge_digest_tail = number_at(8);
}

/// Takes what goes there, and forgets it.
class Nowhere : public objects::ObjectSink {
 public:
  Id put(ObjectType type, ByteView payload, const objects::PutHint&) override {
    return core::object_id(type, payload);
  }
};

/// Puts what the merge came to into the entry, stored unless it is erased.
void store_document(objects::ObjectSink& sink, const Document& document,
                    const std::optional<Id>& base, const Erased& erased, Entry& entry) {
  entry.media_type = document.media_type();
  if (document.metadata()) {
    entry.metadata = sink.put(ObjectType::kBlob, *document.metadata());
  }
  if (document.is_large()) {
    entry.content = *document.large_id();
    entry.kind = ContentKind::kList;
    entry.size = document.bytes();
    return;
  }
  objects::PutHint hint;
  hint.base = base;
  Nowhere nowhere;
  const bool is_erased =
      !erased.empty() && erased.has(objects::write_content(nowhere, document.content()).id);
  const objects::ContentRef ref =
      objects::write_content(is_erased ? nowhere : sink, document.content(), hint);
  entry.content = ref.id;
  entry.kind = ref.kind;
  entry.size = ref.size;
}

}  // namespace

std::optional<Entry> store_merged(Workspace& workspace, objects::ObjectSink& sink,
                                  const std::string& path, const Commits& versions,
                                  const EnvironmentPtr& environment, const Erased& erased) {
  Workspace::Path& work = workspace.path(path);
  const WriteSet writes = work.writes.writes_of(versions);
  const bool is_governed = path.starts_with(kGovernedPrefix);
  const PathMerge::Result result =
      work.merge.merge(writes, is_governed ? workspace.no_environment() : environment, erased);
  if (!result.document && !result.as_in) return std::nullopt;
  const Rule* const rule = environment->rule(path);
  Entry entry = result.as_in.value_or(Entry());
  entry.flags = kFlagMerged;
  if (!result.conflicts.empty()) entry.flags |= kFlagConflict;
  const Entry* greatest = nullptr;
  for (const WriteIndex write : writes) {
    if (work.writes.entry(write) != nullptr) greatest = work.writes.entry(write);
  }
  if (result.document) store_document(sink, *result.document, greatest->content, erased, entry);
  stamp_merged(entry, environment, rule, work.writes.stamp(writes.back()).clock,
               workspace.history.graph().ids(versions));
  workspace.history.remember_merged(entry, versions);
  return entry;
}

std::vector<objects::TreeChange> remerge_flagged(Workspace& workspace, objects::ObjectSink& sink,
                                                 const TreeId& tree, const Commits& heads,
                                                 const Surroundings& before,
                                                 const Surroundings& after) {
  std::vector<objects::TreeChange> changes;
  MissedContents missed;
  if (before.same_as(after)) return changes;
  const bool same_erased = *before.erased == *after.erased;
  objects::Cursor cursor(workspace.history.nodes(), tree);
  cursor.seek({});
  for (cursor.seek_to_flag(kFlagMerged); cursor.valid();
       cursor.next(), cursor.seek_to_flag(kFlagMerged)) {
    const std::string& path = cursor.path();
    const bool same = before.merge_alike(after, path);
    if (same && same_erased) continue;
    Workspace::Path& work = workspace.path(path);
    const WriteSet writes = work.writes.versions_at(heads);
    const Commits versions = work.writes.commits(writes);
    try {
      if (same && !work.merge.depends_on(writes, after.environment, *after.erased)) {
        workspace.trim(path);
        continue;
      }
      std::optional<Entry> entry =
          store_merged(workspace, sink, path, versions, after.environment, *after.erased);
      if (entry != cursor.entry()) changes.push_back({path, std::move(entry)});
    } catch (const ContentMissing& missing) {
      missed.add(missing);
    }
    workspace.trim(path);
  }
  missed.throw_if_any();
  return changes;
}

}  // namespace isodb::merge
