#include "sync/outgoing.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "objects/commit_codec.h"
#include "sync/commit_stream.h"
#include "sync/erased_merges.h"
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
        wanted_alone_(options.wanted_alone),
        objects_taken_(options.objects_taken),
        receiver_(options.receiver),
        frames_(options.frames),
        sends_the_rest_(options.sends_the_rest && !state.scope()->is_whole()),
        as_objects_(options.as_objects.begin(), options.as_objects.end()),
        erased_(all_erased(state, options.erased_there)) {
    if (options.resume) begin_with(*options.resume);
    if (objects_taken_) sort_wanted();
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
        begin_wanted(wanted_[next_wanted_++]);
      } else if (next_commit_ < commits_.size()) {
        begin_commit(commits_[next_commit_]);
      } else if (next_tag_ < tags_.size() && !shortfall_) {
        sends_bare_objects_ = true;
        begin_objects([&](ObjectStream& objects) { objects.add(tags_[next_tag_]); });
        ++next_tag_;
      } else {
        return std::nullopt;
      }
      if (std::exchange(goes_on_, false)) return wire::ResumeElement{.among_objects = true};
    }
  }

  const std::vector<CommitId>& begun() const { return begun_; }
  const CommitId& commit() const { return commit_; }
  bool commit_is_whole() const { return is_whole_; }
  std::uint64_t commits() const { return whole_commits_; }
  std::uint64_t operations() const { return operations_; }
  const std::optional<Error>& shortfall() const { return shortfall_; }

 private:
  static merge::ErasedPtr all_erased(RepositoryState& state, const merge::Erased& there) {
    auto all = std::make_shared<merge::Erased>(*state.erasures->now());
    all->add(there);
    return all;
  }

  void end_commit_where_whole() {
    if (sends_bare_objects_) return;
    is_whole_ = operations_of_ ? operations_of_->at_end() : objects_of_->at_end();
    if (is_whole_) ++whole_commits_;
  }

  void begin_wanted(const Id& id) {
    sends_bare_objects_ = true;
    if (!wanted_alone_) return begin_objects([&](ObjectStream& objects) { objects.add(id); });
    objects_of_.emplace(state_, receiver_, erased_);
    objects_of_->add_alone(id);
    if (state_.type_of(id) != ObjectType::kCommit) return;
    sends_bare_objects_ = false;  // a stream counts its commits
    commit_ = CommitId(id);
  }

  MergeContents& merge_contents() {
    if (!merge_contents_) merge_contents_ = std::make_unique<MergeContents>(state_, *receiver_);
    return *merge_contents_;
  }

  /// What a partial receiver has to be sent before this commit; once for each.
  std::vector<Id> find_needed(const CommitId& id, const Commit& commit) {
    if (receiver_ == nullptr || searched_for_ == id) return {};
    searched_for_ = id;
    if (commit.parents.size() < 2 && !changes_rules(commit)) return {};
    return merge_contents().for_commit(id, commit);
  }

  /// Then what is merged already may be merged anew.
  bool changes_rules(const Commit& commit) const {
    if (commit.parents.empty()) return false;
    const TreeId before = state_.read_commit(commit.parents.front()).tree;
    return objects::TreeDiff(state_.nodes(), before, commit.tree, std::string(kGovernedPrefix))
        .next()
        .has_value();
  }

  CommitPlan plan(const CommitId& id, const Commit& commit) {
    CommitPlan plan;
    plan.as_objects = as_objects_.contains(id) || takes_what_is_erased(id, commit);
    if (plan.as_objects) return plan;
    return plan_commit(state_, commit,
                       as_objects_.empty() ? BaseTrust::kBelieved : BaseTrust::kComputed, *erased_);
  }

  /// Whether nobody who lacks what is erased could compute what the commit builds on.
  bool takes_what_is_erased(const CommitId& id, const Commit& commit) {
    if (erased_->empty()) return false;
    if (commit.parents.size() < 2 && !changes_rules(commit)) return false;
    if (!erased_merges_) erased_merges_ = std::make_unique<ErasedMerges>(state_, erased_);
    return !erased_merges_->can_do_without(id, commit);
  }

  /// Keeps in mind which commits those after them cannot be sent without.
  bool is_left_out(const CommitId& id, const Commit& commit, const CommitPlan& how) {
    if (!sends_the_rest_ || searched_for_ == id) return false;
    bool is_left = std::any_of(commit.parents.begin(), commit.parents.end(),
                               [&](const CommitId& parent) { return left_out_.contains(parent); });
    try {
      if (!is_left) expect_sendable(id, commit, how);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotHeld) throw;
      if (!shortfall_) shortfall_ = error;
      is_left = true;
    }
    if (is_left) left_out_.insert(id);
    return is_left;
  }

  void expect_sendable(const CommitId& id, const Commit& commit, const CommitPlan& how) const {
    if (!how.as_objects) {
      return CommitStream(state_, id, commit, how, receiver_, nullptr, erased_).expect_sendable();
    }
    ObjectStream objects(state_, receiver_, erased_);
    objects.add_commit(id, commit);
    while (objects.skip()) {
    }
  }

  /// Or only what has to come before it.
  void begin_commit(const CommitId& id) {
    Commit commit = state_.read_commit(id);
    CommitPlan how = plan(id, commit);
    if (is_left_out(id, commit, how)) {
      ++next_commit_;
      return;
    }
    const std::vector<Id> needed = find_needed(id, commit);
    sends_bare_objects_ = !how.as_objects && !needed.empty();
    if (how.as_objects || sends_bare_objects_) {
      begin_objects([&](ObjectStream& objects) {
        if (how.as_objects) objects.add_commit(id, commit);
        for (auto at = needed.rbegin(); at != needed.rend(); ++at) objects.add(*at);
      });
    } else {
      operations_of_.emplace(state_, id, std::move(commit), std::move(how), receiver_, frames_,
                             erased_);
    }
    if (sends_bare_objects_) return;
    commit_ = id;
    begun_.push_back(id);
    ++next_commit_;
  }

  /// The objects that `add` gives the stream, but for those of them that came already.
  template <typename Add>
  void begin_objects(const Add& add) {
    objects_of_.emplace(state_, receiver_, erased_);
    add(*objects_of_);
    if (!objects_taken_) return;
    ObjectStream same(state_, receiver_, erased_);
    add(same);
    if (!begins_with_taken(same)) return;
    for (std::uint64_t i = 0; i < objects_taken_->count; ++i) objects_of_->skip();
    goes_on_ = true;
  }

  bool begins_with_taken(ObjectStream& objects) const {
    ObjectsTaken met;
    while (met.count < objects_taken_->count) {
      const std::optional<Id> id = objects.skip();
      if (!id) return false;
      met.add(*id);
    }
    return met.is_told_as(*objects_taken_);
  }

  /// One that has come in part is gone on with before others are begun.
  void sort_wanted() {
    const auto came_in_part = [&](const Id& content) {
      const auto header = state_.store->header(content);
      if (!header || header->first != ObjectType::kList) return false;
      ObjectStream objects(state_, receiver_, erased_);
      objects.add(content);
      return begins_with_taken(objects);
    };
    const auto found = std::find_if(wanted_.begin(), wanted_.end(), came_in_part);
    if (found != wanted_.end()) std::rotate(wanted_.begin(), found, found + 1);
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
      if (how.as_objects || is_left_out(id, commit, how)) return;
      operations_of_.emplace(state_, id, std::move(commit), std::move(how), receiver_, frames_,
                             erased_);
      if (!operations_of_->resume_at(point)) return operations_of_.reset();
      commit_ = id;
      std::rotate(commits_.begin(), at, at + 1);
      begun_.push_back(id);
      next_commit_ = 1;
      return;
    }
  }

  RepositoryState& state_;
  std::vector<CommitId> commits_;
  std::vector<TagId> tags_;
  std::vector<Id> wanted_;
  const bool wanted_alone_;
  const std::optional<wire::ObjectsTaken> objects_taken_;
  bool goes_on_ = false;  // RESUME is to be said
  Receiver* const receiver_;
  StoredFrames* const frames_;
  const bool sends_the_rest_;
  const std::unordered_set<Id> as_objects_;
  const merge::ErasedPtr erased_;
  std::vector<CommitId> begun_;
  std::unordered_set<Id> left_out_;
  std::optional<Error> shortfall_;
  std::size_t next_wanted_ = 0, next_commit_ = 0, next_tag_ = 0;
  std::optional<CommitStream> operations_of_;
  std::optional<ObjectStream> objects_of_;
  std::unique_ptr<MergeContents> merge_contents_;
  std::unique_ptr<ErasedMerges> erased_merges_;
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
const std::vector<CommitId>& Outgoing::begun() const {
  return impl_->begun();
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
const std::optional<Error>& Outgoing::shortfall() const {
  return impl_->shortfall();
}

}  // namespace isodb::sync
