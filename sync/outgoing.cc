#include "sync/outgoing.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "objects/commit_codec.h"
#include "sync/commit_stream.h"
#include "sync/merge_contents.h"
#include "sync/object_stream.h"

namespace isodb::sync {

class Outgoing::Impl {
 public:
  Impl(RepositoryState& state, std::vector<CommitId> commits, Options options)
      : state_(state),
        commits_(std::move(commits)),
        tags_(std::move(options.tags)),
        wanted_(std::move(options.wanted)),
        receiver_(options.receiver),
        as_objects_(options.as_objects.begin(), options.as_objects.end()) {
    if (options.resume) begin_with(*options.resume);
  }

  std::optional<wire::Element> next() {
    is_whole_ = false;
    for (;;) {
      std::optional<wire::Element> element;
      if (operations_of_) element = operations_of_->next(whole_documents_, operations_);
      if (objects_of_) element = objects_of_->next();
      if (element) {
        end_commit_where_whole();
        return element;
      }
      operations_of_.reset();
      objects_of_.reset();
      if (next_wanted_ < wanted_.size()) {
        sends_bare_objects_ = true;
        objects_of_.emplace(state_, nullptr);
        objects_of_->add(wanted_[next_wanted_++]);
      } else if (next_commit_ < commits_.size()) {
        if (find_needed(commits_[next_commit_])) continue;
        sends_bare_objects_ = false;
        begin_commit(commits_[next_commit_++]);
      } else if (next_tag_ < tags_.size()) {
        sends_bare_objects_ = true;
        objects_of_.emplace(state_, receiver_);
        objects_of_->add(tags_[next_tag_++]);
      } else {
        return std::nullopt;
      }
    }
  }

  const std::vector<CommitId>& planned() const { return commits_; }
  const CommitId& commit() const { return commit_; }
  bool commit_is_whole() const { return is_whole_; }
  std::uint64_t commits() const { return whole_commits_; }
  std::uint64_t operations() const { return operations_; }

 private:
  void end_commit_where_whole() {
    if (sends_bare_objects_) return;
    is_whole_ = operations_of_ ? operations_of_->at_end() : objects_of_->at_end();
    if (is_whole_) ++whole_commits_;
  }

  void add_wanted(const std::vector<Id>& contents) {
    wanted_ = contents;
    next_wanted_ = 0;
  }

  MergeContents& merge_contents() {
    if (!merge_contents_) merge_contents_ = std::make_unique<MergeContents>(state_, *receiver_);
    return *merge_contents_;
  }

  /// Whether a partial receiver has to be sent something else before this commit.
  bool find_needed(const CommitId& id) {
    if (receiver_ == nullptr || searched_for_ == id) return false;
    searched_for_ = id;
    const Commit commit = state_.read_commit(id);
    if (commit.parents.size() < 2 && !changes_rules(commit)) return false;
    add_wanted(merge_contents().for_commit(id, commit));
    return !wanted_.empty();
  }

  /// Then what is merged already may be merged anew.
  bool changes_rules(const Commit& commit) const {
    if (commit.parents.empty()) return false;
    const TreeId before = state_.read_commit(commit.parents.front()).tree;
    return objects::TreeDiff(state_.nodes(), before, commit.tree, std::string(kGovernedPrefix))
        .next()
        .has_value();
  }

  CommitPlan plan(const CommitId& id, const Commit& commit) const {
    CommitPlan plan;
    plan.as_objects = as_objects_.contains(id);
    if (plan.as_objects) return plan;
    return plan_commit(state_, commit,
                       as_objects_.empty() ? BaseTrust::kBelieved : BaseTrust::kComputed);
  }

  void begin_commit(const CommitId& id) {
    commit_ = id;
    Commit commit = state_.read_commit(id);
    CommitPlan how = plan(id, commit);
    if (how.as_objects) {
      objects_of_.emplace(state_, receiver_);
      objects_of_->add_commit(id, commit);
    } else {
      operations_of_.emplace(state_, id, std::move(commit), std::move(how), receiver_);
    }
  }

  /// Moves the commit to the front, which its order allows when none of its parents is to be sent.
  void begin_with(const ResumePoint& point) {
    const std::unordered_set<Id> all(commits_.begin(), commits_.end());
    for (auto at = commits_.begin(); at != commits_.end(); ++at) {
      const CommitId id = *at;
      Commit commit = state_.read_commit(id);
      if (!point.is_of(commit)) continue;
      for (const CommitId& parent : commit.parents) {
        if (all.contains(parent)) return;
      }
      CommitPlan how = plan(id, commit);
      if (how.as_objects) return;
      operations_of_.emplace(state_, id, std::move(commit), std::move(how), receiver_);
      if (!operations_of_->resume_at(point)) return operations_of_.reset();
      commit_ = id;
      std::rotate(commits_.begin(), at, at + 1);
      next_commit_ = 1;
      return;
    }
  }

  RepositoryState& state_;
  std::vector<CommitId> commits_;
  std::vector<TagId> tags_;
  std::vector<Id> wanted_;
  Receiver* const receiver_;
  const std::unordered_set<Id> as_objects_;
  std::size_t next_wanted_ = 0, next_commit_ = 0, next_tag_ = 0;
  std::optional<CommitStream> operations_of_;
  std::optional<ObjectStream> objects_of_;
  std::unique_ptr<MergeContents> merge_contents_;
  std::optional<CommitId> searched_for_;
  CommitId commit_;
  bool is_whole_ = false, sends_bare_objects_ = false;
  std::uint64_t whole_commits_ = 0, operations_ = 0, whole_documents_ = 0;
};

Outgoing::Outgoing(RepositoryState& repository, std::vector<CommitId> commits, Options options)
    : impl_(std::make_unique<Impl>(repository, std::move(commits), std::move(options))) {}
Outgoing::Outgoing(RepositoryState& repository, std::vector<CommitId> commits)
    : Outgoing(repository, std::move(commits), Options()) {}
Outgoing::~Outgoing() = default;

std::optional<wire::Element> Outgoing::next() {
  return impl_->next();
}
const std::vector<CommitId>& Outgoing::planned() const {
  return impl_->planned();
}
const CommitId& Outgoing::commit() const {
  return impl_->commit();
}
bool Outgoing::commit_is_whole() const {
  return impl_->commit_is_whole();
}
std::uint64_t Outgoing::commits() const {
  return impl_->commits();
}
std::uint64_t Outgoing::operations() const {
  return impl_->operations();
}

}  // namespace isodb::sync
