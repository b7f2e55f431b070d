#include "repo/not_held.h"

#include <algorithm>

#include "objects/commit_codec.h"
#include "objects/tree.h"
#include "repo/held_contents.h"
#include "repo/scope.h"

namespace isodb::repo {
namespace {

/// Whether whatever entry stands in this commit's tree at the path has to be here. A commit that is
/// beside the boundary may show what another wrote before it.
bool must_be_held(const RepositoryState& repository, const objects::ObjectSource& source,
                  HeldScope& held, const std::string& path, const CommitId& commit) {
  const Bytes payload = objects::get_expected(source, commit, ObjectType::kCommit);
  const Commit decoded = objects::decode_commit(payload);
  const objects::NodeReader nodes(source, *repository.node_cache);
  const std::optional<Entry> entry = objects::find_entry(nodes, decoded.tree, path);
  return entry && held.covers_entry(path, *entry, commit, decoded.stamp());
}

std::optional<Entry> entry_in(const RepositoryState& repository,
                              const objects::ObjectSource& source, const std::string& path,
                              const CommitId& commit) {
  const Bytes payload = objects::get_expected(source, commit, ObjectType::kCommit);
  const objects::NodeReader nodes(source, *repository.node_cache);
  return objects::find_entry(nodes, objects::decode_commit(payload).tree, path);
}

/// What was merged before an erasure, nobody can merge again.
void throw_where_erased(RepositoryState& repository, const objects::ObjectSource& source,
                        const merge::ContentMissing& missing) {
  for (const auto& [path, commits] : missing.paths()) {
    for (const CommitId& commit : commits) {
      const std::optional<Entry> entry = entry_in(repository, source, path, commit);
      if (!entry) continue;
      for (const std::optional<Id>& id : {std::optional(entry->content), entry->metadata}) {
        if (!id || source.contains(*id) || !repository.erasures->may_lack(*id)) continue;
        throw MergedFromErased("merging '" + path + "' again takes a version that is erased");
      }
    }
  }
}

}  // namespace

std::string fetch_hint(const Scope& scope, std::string_view path) {
  if (scope.covers_path(path)) {
    return "isodb fetch --deepen N brings what is N commits older";
  }
  return "isodb fetch --add-path " + std::string(path) +
         " brings it, and any folder above it all that is there";
}

void throw_missing(RepositoryState& repository, std::string_view path,
                   const std::optional<Entry>& entry, const std::vector<CommitId>& at,
                   const objects::ObjectMissing& missing) {
  if (entry && repository.erasures->anywhere()->touches(*entry)) {
    for (const std::optional<Id>& id : {std::optional(entry->content), entry->metadata}) {
      if (id && !repository.store->contains(*id)) explain_absence(repository, path, *id);
    }
  }
  const Scope scope = *repository.reload_scope();
  if (!entry || repository.held_contents->includes(scope, path, *entry, at)) {
    throw objects::ObjectMissing(missing);
  }
  ContentNotHeld::Need need{std::string(path), {}};
  for (const CommitId& commit : at) {
    const auto there =
        objects::find_entry(repository.nodes(), repository.read_commit(commit).tree, path);
    if (there == entry) need.commits.push_back(commit);
  }
  std::sort(need.commits.begin(), need.commits.end());
  throw ContentNotHeld("this copy is partial and does not hold what '" + need.path + "' contains",
                       fetch_hint(scope, path), {need});
}

void throw_missing(RepositoryState& repository, const objects::ObjectSource& source,
                   const merge::ContentMissing& missing) {
  throw_where_erased(repository, source, missing);
  const Scope scope = *repository.reload_scope();
  if (scope.is_whole()) throw merge::ContentMissing(missing);
  HeldScope held(source, *repository.node_cache, scope);
  std::vector<ContentNotHeld::Need> needs;
  for (const auto& [path, commits] : missing.paths()) {
    needs.push_back({path, {commits.begin(), commits.end()}});
    for (const CommitId& commit : commits) {
      if (must_be_held(repository, source, held, path, commit))
        throw merge::ContentMissing(missing);
    }
  }
  if (needs.empty()) throw merge::ContentMissing(missing);
  const std::string& path = needs.front().path;
  std::string message = "merging '" + path + "'";
  if (needs.size() > 1) {
    message += " and " + std::to_string(needs.size() - 1) + " other documents";
  }
  throw ContentNotHeld(message + " needs versions that this copy, which is partial, does not hold",
                       fetch_hint(scope, path), std::move(needs));
}

void check_writable(RepositoryState& repository, std::string_view path) {
  if (repository.scope()->covers_path(path)) return;
  const std::shared_ptr<const Scope> now = repository.reload_scope();
  if (now->covers_path(path)) return;
  throw ContentNotHeld("'" + std::string(path) + "' is outside of what this copy holds",
                       fetch_hint(*now, path), {{std::string(path), {}}});
}

void check_held(RepositoryState& repository, std::string_view path, const Id& content) {
  explain_absence(repository, path, content);
  const std::shared_ptr<const Scope> scope = repository.reload_scope();
  if (scope->is_whole()) return;
  const std::string what = path.empty() ? "" : " for '" + std::string(path) + "'";
  throw ContentNotHeld("this copy is partial and does not hold " + content.hex() + what,
                       "isodb fetch --deepen N brings older contents, isodb fetch --add-path PATH "
                       "those of other folders",
                       {{std::string(path), {}}});
}

}  // namespace isodb::repo
