#include "isodb/erase.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "merge/erased.h"
#include "objects/list_format.h"
#include "objects/tree.h"
#include "repo/access.h"
#include "repo/commit_walk.h"
#include "repo/erase_removal.h"
#include "repo/erasures.h"
#include "repo/state.h"

namespace isodb {
namespace {

/// Contents, each with the bytes it has.
using Contents = std::map<Id, std::uint64_t>;

/// What an erasure is about.
class Choice {
 public:
  Choice(Repository& repository, RepositoryState& state, const EraseRequest& request)
      : repository_(repository), state_(state), request_(request) {}

  Contents find() {
    if (request_.reason.empty()) {
      throw Error(ErrorCode::kInvalid, "an erasure needs a reason, which everybody will read",
                  "--reason TEXT");
    }
    if (request_.path.empty() == !request_.content.has_value()) {
      throw Error(ErrorCode::kInvalid, "an erasure is of one document, or of one content");
    }
    if (request_.content) {
      add_by_id(*request_.content);
    } else {
      add_by_path();
    }
    refuse_governed();
    const merge::ErasedPtr erased = state_.erasures->now();
    std::erase_if(contents_, [&](const auto& one) { return erased->has(one.first); });
    if (!contents_.empty()) return std::move(contents_);
    throw Error(ErrorCode::kInvalid, "all of it is erased already");
  }

 private:
  void add(const Entry& entry) {
    contents_[entry.content] = entry.size;
    if (!request_.metadata || !entry.metadata) return;
    const auto header = state_.store->header(*entry.metadata);
    contents_[*entry.metadata] = header ? header->second : 0;
  }

  void add_by_id(const Id& content) {
    const auto header = state_.store->header(content);
    if (!header) {
      contents_[content] = 0;  // a partial copy need not hold what it erases
      return;
    }
    if (header->first != ObjectType::kBlob && header->first != ObjectType::kList) {
      throw Error(ErrorCode::kInvalid, content.short_hex() + " is a " +
                                           std::string(object_type_name(header->first)) +
                                           ": only contents of documents can be erased");
    }
    contents_[content] = header->second;
    if (header->first != ObjectType::kList) return;
    contents_[content] = objects::decode_list(state_.read_object(content).payload).size;
  }

  void add_by_path() {
    const std::string& path = request_.path;
    if (path.starts_with(kGovernedPrefix)) {
      throw Error(ErrorCode::kInvalid, "'" + path + "' governs this repository: it stays readable");
    }
    const std::optional<Entry> entry = repository_.snapshot().entry(path);
    if (!entry && !request_.history) {
      throw Error(ErrorCode::kNotFound, "there is no document '" + path + "'",
                  "--history erases what was there before");
    }
    if (entry) add(*entry);
    for (const Version& version : repository_.versions("@", path)) {
      if (version.entry) add(*version.entry);
    }
    if (request_.history) add_history();
    if (contents_.empty()) {
      throw Error(ErrorCode::kNotFound, "there never was a document '" + path + "'");
    }
  }

  /// What commits wrote, what was merged between them, and what their authors saw.
  void add_history() {
    std::vector<CommitId> heads;
    for (const RefInfo& branch : repository_.refs("heads/")) {
      const std::vector<CommitId> commits = state_.head(branch.target)->commits;
      heads.insert(heads.end(), commits.begin(), commits.end());
      add_where_there(state_.head(branch.target)->tree);
    }
    repo::CommitWalk walk(state_, heads);
    while (const std::optional<repo::CommitWalk::Item> item = walk.next()) {
      add_where_there(item->commit.tree);
      if (item->commit.base) add_where_there(*item->commit.base);
    }
  }
  void add_where_there(const TreeId& tree) {
    if (const auto entry = objects::find_entry(state_.nodes(), tree, request_.path)) add(*entry);
  }

  void refuse_governed() const {
    const Snapshot now = repository_.snapshot();
    for (DocumentCursor cursor = now.documents(kGovernedPrefix); cursor.valid(); cursor.next()) {
      if (!contents_.contains(cursor.entry().content)) continue;
      throw Error(ErrorCode::kInvalid, "'" + cursor.path() +
                                           "' has this content, and governs this repository: it "
                                           "stays readable");
    }
  }

  Repository& repository_;
  RepositoryState& state_;
  const EraseRequest& request_;
  Contents contents_;
};

/// Retries where somebody else moved the branch: nobody else's change can be in the way.
CommitId commit_on(Repository& repository, const std::string& branch, const Contents& contents,
                   const std::string& reason) {
  constexpr int kRoundsMax = 1000;
  for (int round = 0; round < kRoundsMax; ++round) {
    Transaction transaction = repository.begin(branch);
    for (const auto& [content, bytes] : contents) {
      transaction.put(merge::erased_path(content), repo::erasure_document(content, bytes, reason));
    }
    std::string message = "erase ";
    message += contents.size() == 1 ? contents.begin()->first.short_hex()
                                    : std::to_string(contents.size()) + " contents";
    message.append(": ").append(reason);
    // Another branch may know of it by a merge that came meanwhile.
    auto outcome =
        transaction.commit({.message = std::move(message), .allow_empty = true, .reason = "erase"});
    if (const CommitId* id = std::get_if<CommitId>(&outcome)) return *id;
  }
  throw Error(ErrorCode::kBusy, "other processes moved the branch 1000 times in a row",
              "try again");
}

void find_where_else(const Repository& repository, const EraseRequest& request,
                     const Contents& contents, EraseReport& report) {
  const Snapshot now = repository.snapshot();
  for (DocumentCursor cursor = now.documents(); cursor.valid(); cursor.next()) {
    if (cursor.path() == request.path) continue;
    const Entry entry = cursor.entry();
    const bool has_it =
        contents.contains(entry.content) || (entry.metadata && contents.contains(*entry.metadata));
    if (has_it) report.also.push_back(cursor.path());
  }
}

}  // namespace

EraseReport erase(Repository& repository, const EraseRequest& request,
                  const ProgressFunction& progress) {
  RepositoryState& state = *repo::Access::state(repository);
  if (state.options.read_only) {
    throw Error(ErrorCode::kDenied, "the repository is open for reading only");
  }
  const Contents contents = Choice(repository, state, request).find();
  EraseReport report;
  for (const auto& [content, bytes] : contents) report.contents.push_back(content);
  find_where_else(repository, request, contents, report);
  repo::expect_removal(state);
  const std::string current = repository.current_branch();
  report.commits.push_back(commit_on(repository, current, contents, request.reason));
  for (const RefInfo& branch : repository.refs("heads/")) {
    if (branch.name == current) continue;
    report.commits.push_back(commit_on(repository, branch.name, contents, request.reason));
  }
  state.erasures->now();
  repo::remove_erased_bytes(state, progress);
  for (const Id& content : report.contents) {
    if (state.store->contains(content)) report.kept.push_back(content);
  }
  return report;
}

std::optional<Erasure> erasure_of(const Repository& repository, const Id& content) {
  return repo::find_erasure(*repo::Access::state(repository), content);
}

std::vector<Id> erased_contents(const Repository& repository) {
  return repo::Access::state(repository)->erasures->now()->ids();
}

std::vector<Erasure> erasures(const Repository& repository) {
  RepositoryState& state = *repo::Access::state(repository);
  std::vector<Erasure> all;
  for (const Id& content : state.erasures->now()->ids()) {
    if (auto found = repo::find_erasure(state, content)) all.push_back(std::move(*found));
  }
  return all;
}

bool remove_erased(Repository& repository, const ProgressFunction& progress) {
  RepositoryState& state = *repo::Access::state(repository);
  if (!repo::removal_is_due(state)) return false;
  repo::remove_erased_bytes(state, progress);
  return true;
}

std::optional<std::string> removal_failure(const Repository& repository) {
  return repo::removal_failure(*repo::Access::state(repository));
}

}  // namespace isodb
