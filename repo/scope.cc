#include "repo/scope.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/json.h"
#include "core/json_writer.h"
#include "objects/commit_codec.h"
#include "repo/commit_walk.h"
#include "repo/state.h"

namespace isodb {

bool Scope::covers_path(std::string_view path) const {
  if (prefixes.empty() || path.starts_with(kGovernedPrefix)) return true;
  // A prefix ends where a segment does.
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = path.find('/', end + 1);
    if (std::binary_search(prefixes.begin(), prefixes.end(), path.substr(0, end), std::less<>())) {
      return true;
    }
  }
  return false;
}

std::vector<std::string> scope_prefixes(std::vector<std::string> prefixes) {
  for (std::string& prefix : prefixes) {
    if (prefix.ends_with('/')) prefix.pop_back();
    if (const std::string problem = path_problem(prefix); !problem.empty()) {
      throw Error(ErrorCode::kInvalid, problem, "name a folder or document as 'isodb ls' shows it")
          .within("no folder or document: '" + prefix + "'");
    }
  }
  std::sort(prefixes.begin(), prefixes.end());
  Scope scope;
  for (std::string& prefix : prefixes) {
    // A folder comes before all that is in it, though what comes between may be something else.
    const bool is_inside = !scope.prefixes.empty() && scope.covers_path(prefix);
    if (!is_inside) scope.prefixes.push_back(std::move(prefix));
  }
  if (scope.prefixes.size() > kScopePrefixesMax) {
    throw Error(ErrorCode::kLimit,
                "more than " + std::to_string(kScopePrefixesMax) + " folders and documents",
                "name the folders that hold them");
  }
  std::size_t bytes = 0;
  for (const std::string& prefix : scope.prefixes) bytes += prefix.size();
  if (bytes > kScopePrefixBytesMax) {
    throw Error(ErrorCode::kLimit, "folders and documents with names of more than 8,192 bytes",
                "name the folders that hold them");
  }
  return std::move(scope.prefixes);
}

ContentNotHeld::ContentNotHeld(const std::string& message, const std::string& hint,
                               std::vector<Need> needs)
    : Error(ErrorCode::kNotHeld, message, hint), needs_(std::move(needs)) {
  if (needs_.empty()) needs_.emplace_back();
}

namespace repo {
namespace {

constexpr std::string_view kPrefixes = "prefixes";
constexpr std::string_view kBoundary = "boundary";

[[noreturn]] void fail_damaged(const std::string& problem) {
  throw Error(ErrorCode::kCorrupt,
              std::string("the setting ") + kSettingScope + " is damaged: " + problem,
              "clone it again; what was not synced can be synced first");
}

void check_boundary(const std::vector<CommitId>& boundary) {
  if (boundary.size() <= kScopeBoundaryMax) return;
  throw Error(ErrorCode::kLimit,
              "at that point, history has " + std::to_string(boundary.size()) +
                  " branches that run beside each other; " + std::to_string(kScopeBoundaryMax) +
                  " is the most",
              "choose another depth or time");
}

std::vector<CommitId> boundary_of(RepositoryState& repository,
                                  const std::unordered_set<Id>& candidates) {
  if (candidates.empty()) return {};
  std::vector<CommitId> boundary =
      repository.merging->heads_of({candidates.begin(), candidates.end()});
  check_boundary(boundary);
  return boundary;
}

}  // namespace

std::optional<std::string> scope_text(const Scope& scope) {
  if (scope.is_whole()) return std::nullopt;
  core::Json prefixes = core::Json::array();
  for (const std::string& prefix : scope.prefixes) prefixes.append(core::Json::string(prefix));
  core::Json boundary = core::Json::array();
  for (const CommitId& commit : scope.boundary) boundary.append(core::Json::string(commit.hex()));
  core::Json object = core::Json::object();
  object.set("version", core::Json::natural(1));
  object.set(kPrefixes, std::move(prefixes));
  object.set(kBoundary, std::move(boundary));
  return core::write_json(object);
}

Scope parse_scope(const std::optional<std::string>& text) {
  Scope scope;
  if (!text) return scope;
  try {
    const core::Json object = core::parse_json(*text);
    const core::Json* version = object.find("version");
    if (version == nullptr || version->number_text() != "1") {
      throw Error(ErrorCode::kUnsupported,
                  "this repository is partial in a way that this version does not know",
                  "use the newest isodb that it was used with");
    }
    const core::Json* prefixes = object.find(kPrefixes);
    const core::Json* boundary = object.find(kBoundary);
    if (prefixes == nullptr || boundary == nullptr) fail_damaged("it is not whole");
    for (const core::Json& prefix : prefixes->items()) {
      scope.prefixes.emplace_back(prefix.as_string());
    }
    for (const core::Json& commit : boundary->items()) {
      const std::optional<Id> id = Id::from_hex(commit.as_string());
      if (!id) fail_damaged("'" + std::string(commit.as_string()) + "' is no commit's id");
      scope.boundary.emplace_back(*id);
    }
    const bool rises = std::adjacent_find(scope.boundary.begin(), scope.boundary.end(),
                                          std::greater_equal<Id>()) == scope.boundary.end();
    if (!rises || scope.boundary.size() > kScopeBoundaryMax ||
        scope.prefixes != scope_prefixes(scope.prefixes)) {
      fail_damaged("it is not in order");
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInvalid) fail_damaged(error.what());
    throw;
  }
  return scope;
}

std::vector<CommitId> boundary_at_depth(RepositoryState& repository,
                                        std::span<const CommitId> heads, std::uint64_t depth) {
  if (depth == 0) {
    throw Error(ErrorCode::kInvalid, "a depth of 0 commits", "the least depth is 1");
  }
  // Whatever is the head of the farther ones is a parent of a nearer one.
  std::unordered_set<Id> seen(heads.begin(), heads.end());
  std::unordered_set<Id> level = seen;
  for (std::uint64_t step = 0; step < depth && !level.empty(); ++step) {
    std::unordered_set<Id> next;
    for (const Id& id : level) {
      for (const CommitId& parent : repository.read_commit(CommitId(id)).parents) {
        if (seen.insert(parent).second) next.insert(parent);
      }
    }
    level = std::move(next);
  }
  return boundary_of(repository, level);
}

std::vector<CommitId> boundary_since(RepositoryState& repository, std::span<const CommitId> heads,
                                     std::uint64_t millis) {
  std::unordered_set<Id> before;
  CommitWalk walk(repository, {heads.begin(), heads.end()});
  const auto is_before = [&](const CommitId& id) {
    if (before.contains(id)) return true;
    if (repository.read_commit(id).clock.millis() >= millis) return false;
    before.insert(id);
    return true;
  };
  while (const std::optional<CommitWalk::Item> item = walk.next_unless(is_before)) {
    if (item->commit.clock.millis() < millis) before.insert(item->id);
  }
  return boundary_of(repository, before);
}

HeldScope::HeldScope(const objects::ObjectSource& source, objects::NodeCache& nodes, Scope scope)
    : source_(source), nodes_(source, nodes), scope_(std::move(scope)) {}

HeldScope::HeldScope(const RepositoryState& repository, Scope scope)
    : HeldScope(*repository.store, *repository.node_cache, std::move(scope)) {}

bool HeldScope::covers(std::string_view path, const Stamp& stamp, const CommitId& writer) {
  if (!scope_.covers_path(path)) return false;
  if (scope_.boundary.empty() || path.starts_with(kGovernedPrefix)) return true;
  if (!has_boundary()) return false;
  return !is_before_boundary(writer, stamp.clock) || is_live_at_boundary(path, stamp);
}

bool HeldScope::covers_entry(std::string_view path, const Entry& entry, const CommitId& commit,
                             const Stamp& commit_stamp) {
  const bool is_own = entry.stamp == commit_stamp && (entry.flags & kFlagMerged) == 0;
  return is_own ? covers(path, entry.stamp, commit) : surely_covers(path, entry.stamp);
}

bool HeldScope::surely_covers(std::string_view path, const Stamp& stamp) {
  if (!scope_.covers_path(path)) return false;
  if (scope_.boundary.empty() || path.starts_with(kGovernedPrefix)) return true;
  return has_boundary() && (stamp.clock > newest_ || is_live_at_boundary(path, stamp));
}

bool HeldScope::covers_beside_boundary(const HybridTime& clock) {
  // All that is before the boundary is in the source with it.
  return !scope_.boundary.empty() && has_boundary() && clock <= newest_;
}

bool HeldScope::has_boundary() {
  while (bounds_.size() < scope_.boundary.size()) {
    const CommitId& id = scope_.boundary[bounds_.size()];
    const std::optional<objects::Object> object = source_.get(id);
    if (!object) return false;
    if (object->type != ObjectType::kCommit) {
      throw Error(ErrorCode::kInvalid, "the boundary names " + id.hex() + ", which is no commit");
    }
    const Commit commit = objects::decode_commit(object->payload);
    bounds_.push_back({commit.clock, commit.tree});
    newest_ = std::max(newest_, commit.clock);
    meet(id, commit);
  }
  return true;
}

bool HeldScope::is_live_at_boundary(std::string_view path, const Stamp& stamp) const {
  return std::any_of(bounds_.begin(), bounds_.end(), [&](const Bound& bound) {
    if (bound.clock < stamp.clock) return false;
    const std::optional<Entry> entry = objects::find_entry(nodes_, bound.tree, path);
    return entry && entry->stamp == stamp;
  });
}

bool HeldScope::is_in_past(const CommitId& commit, const HybridTime& clock) {
  // A commit's clock is above its parents': none that is left below leads to this one.
  while (!queue_.empty() && queue_.top().clock > clock) {
    // Where a parent cannot be read, the next question comes to it again.
    std::vector<std::pair<CommitId, Commit>> parents;
    for (const CommitId& parent : queue_.top().parents) {
      if (past_.contains(parent)) continue;
      const Bytes payload = objects::get_expected(source_, parent, ObjectType::kCommit);
      parents.emplace_back(parent, objects::decode_commit(payload));
    }
    queue_.pop();
    for (const auto& [id, parent] : parents) meet(id, parent);
  }
  return past_.contains(commit);
}

void HeldScope::meet(const CommitId& commit, const Commit& decoded) {
  if (past_.insert(commit).second) queue_.push({decoded.clock, commit, decoded.parents});
}

}  // namespace repo
}  // namespace isodb
