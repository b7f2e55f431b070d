#include "merge/governed_merge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "merge/environment.h"
#include "merge/erased.h"
#include "merge/members.h"

namespace isodb::merge {
namespace {

/// A document with this content, and the rest as the greatest version has it.
DocumentPtr with_content(const DocumentPtr& greatest, Bytes content) {
  if (!greatest->is_large() && greatest->content() == content) return greatest;
  return Document::make({std::move(content), greatest->media_type(), greatest->metadata()});
}

std::optional<Bytes> merged_member(std::string_view path, const std::vector<DocumentPtr>& live) {
  std::vector<Member> members;
  for (const DocumentPtr& version : live) {
    if (version->is_large()) continue;
    if (auto member = member_at(path, version->content())) members.push_back(std::move(*member));
  }
  if (members.empty()) return std::nullopt;
  return member_document(merge_members(members));
}

Bytes merged_epoch(const std::vector<DocumentPtr>& live) {
  std::uint64_t greatest = 1;
  for (const DocumentPtr& version : live) {
    greatest = std::max(greatest, parse_epoch(version->content()));
  }
  return std::to_string(greatest) + "\n";
}

}  // namespace

GovernedMerge merge_governed(std::string_view path, const std::vector<DocumentPtr>& live) {
  const DocumentPtr& greatest = live.back();
  if (live.size() == 1) return {greatest, false};
  if (path == kEpochPath) return {with_content(greatest, merged_epoch(live)), false};
  if (path.starts_with(kErasedPrefix)) return {greatest, false};
  const bool same = std::all_of(live.begin(), live.end(), [&](const DocumentPtr& version) {
    return version->same_content(*greatest);
  });
  if (path.starts_with(kMembersPrefix) && path.ends_with(".json")) {
    if (auto content = merged_member(path, live)) {
      return {with_content(greatest, std::move(*content)), !same};
    }
  }
  return {greatest, !same};
}

}  // namespace isodb::merge
