#include "sync/known_commits.h"

#include <cstring>
#include <vector>

#include "repo/commit_walk.h"
#include "sync/absent_contents.h"

namespace isodb::sync {
namespace {

std::uint64_t beginning_of(const Signature& signature) {
  std::uint64_t beginning = 0;
  std::memcpy(&beginning, signature.bytes.data(), sizeof beginning);
  return beginning;
}

}  // namespace

std::optional<CommitId> KnownCommits::find(const wire::CommitElement& said) {
  if (!is_read_) read();
  const auto [first, last] = by_signature_.equal_range(beginning_of(said.signature));
  for (auto at = first; at != last; ++at) {
    const Commit commit = repository_.read_commit(at->second);
    const bool is_it = commit.signature.bytes == said.signature.bytes &&
                       commit.author == said.author && commit.writer == said.writer &&
                       commit.sequence == said.sequence && commit.parents == said.parents;
    if (is_it) return at->second;
  }
  return std::nullopt;
}

void KnownCommits::read() {
  is_read_ = true;
  repo::CommitWalk walk(repository_, all_heads(repository_));
  while (const auto item = walk.next()) {
    by_signature_.emplace(beginning_of(item->commit.signature), item->id);
  }
}

}  // namespace isodb::sync
