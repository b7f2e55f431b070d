// How a session begins: both sides' HELLOs.
#include <algorithm>
#include <iterator>
#include <utility>

#include "sync/missing.h"
#include "sync/refused.h"
#include "sync/session.h"

namespace isodb::sync {
namespace {

constexpr std::size_t kIdBytes = 32;
constexpr std::size_t kHalfIdBytes = kIdBytes / 2;

Bytes half(const CommitId& root) {
  return Bytes(root.bytes().substr(0, kHalfIdBytes));
}

}  // namespace

/// Has the other side named commits that are not here, so that it has something to send?
bool Session::has_unknown_heads() const {
  if (hello_.agreement && !has_base_) return true;
  const std::vector<CommitId> heads = branch_commits(theirs_);
  return std::any_of(heads.begin(), heads.end(),
                     [&](const CommitId& id) { return !repository_->store->contains(id); });
}

/// What came and is in no branch: of sessions that broke off, and what waits to be merged.
std::vector<Id> Session::extra_heads() {
  const std::vector<CommitId> taken = taking_->incoming().heads();
  std::vector<Id> heads(taken.begin(), taken.end());
  for (const char* kept : {"incoming/", "waiting/"}) {
    for (const refs::Ref& ref : repository_->database->refs(kept)) heads.push_back(ref.target);
  }
  std::sort(heads.begin(), heads.end());
  heads.erase(std::unique(heads.begin(), heads.end()), heads.end());
  if (heads.size() > wire::kExtraHeadsMax) heads.resize(wire::kExtraHeadsMax);
  return heads;
}

/// What this side says of itself; the refs relative to base_.
void Session::say_hello() {
  wire::Hello hello;
  hello.sends = options_.sends;
  hello.takes = options_.takes;
  hello.watches = options_.watches;
  hello.features = wire::kFeaturePartial | wire::kFeatureFrames | wire::kFeatureObjects;
  if (repository_ && options_.takes) {
    taking_ = std::make_unique<Taking>(*repository_, options_.peer);
  }
  hello.scope = own_claim();
  const bool answers = !options_.initiator;
  if (repository_) {
    const bool whole_id = answers && hello_.repository.empty();
    hello.repository = whole_id ? Bytes(repository_->root.bytes()) : half(repository_->root);
    // Asked first: what is written meanwhile is noticed afterwards.
    transactions_seen_ = repository_->database->transactions();
    ours_ = local_refs(*repository_);
    known_ = branch_commits(ours_);
    const std::optional<wire::Agreement>& last = agreements_->last();
    if (!answers && last) {
      hello.agreement = wire::agreement_digest(*last);
      base_ = *last;
      has_base_ = true;
    }
    if (answers) hello.unknown = hello_.agreement && !has_base_;
    hello.refs = changed_refs(base_, ours_);
    std::vector<CommitId> heads = known_;
    if (taking_) {
      hello.extra_heads = extra_heads();
      for (const Id& id : hello.extra_heads) heads.emplace_back(id);
      if (const std::optional<ResumePoint> resume = taking_->incoming().resume()) {
        hello.resume =
            wire::ResumePoint{resume->stamp, resume->signature, resume->operations, resume->bytes};
      }
      hello.objects_taken = taking_->incoming().objects_taken();
    }
    // Who meets for the first time would be sent all that it may have.
    const bool is_first = !has_base_ && hello_.sends;
    if (!answers || has_unknown_heads() || is_first) {
      for (const Hint& hint : make_hints(*repository_, heads, branch_commits(base_))) {
        hello.hints.push_back({hint.writer, hint.sequence, hint.prefix});
      }
    }
    if (taking_) tell_refused(hello);
    for (const CommitId& commit : branch_commits(base_)) {
      if (!repository_->store->contains(commit)) continue;
      const TreeId tree = repository_->head(commit)->tree;
      erased_told_.add(merge::Erased::in_tree(repository_->nodes(), tree));
    }
    hello.erased = erased_untold();
    erased_said_ = hello.erased;
  }
  Bytes frames;
  wire::FrameWriter out(frames);
  wire::write_hello(out, std::move(hello));
  queue(frames);
}

/// What the other side has to be told is erased here; then it knows.
std::vector<Id> Session::erased_untold() {
  const merge::ErasedPtr now = repository_->erasures->now();
  std::vector<Id> untold;
  std::ranges::copy_if(now->ids(), std::back_inserter(untold),
                       [this](const Id& id) { return !erased_told_.has(id); });
  erased_told_.add(*now);
  return untold;
}

/// After the HELLO, before refs.
void Session::say_erased() {
  const std::vector<Id> untold = erased_untold();
  if (untold.empty()) return;
  Bytes frames;
  wire::FrameWriter out(frames);
  wire::write_erased(out, untold);
  queue(frames);
}

void Session::handle_erased(ByteView payload) {
  const bool watches = options_.watches && hello_.watches;
  check_open(phase_ == Phase::kRefs || (watches && taking_ && was_taken_), "ERASED");
  if (!erased_reader_.add(payload)) return;
  merge::Erased all(hello_.erased);
  all.add(merge::Erased(erased_reader_.take()));
  hello_.erased = all.ids();
  if (phase_ == Phase::kStreams) taking_->incoming().tell_erased(hello_.erased);
}

/// What this side refused of this peer, so that it does not come again.
void Session::tell_refused(wire::Hello& hello) {
  const std::vector<RefusedCommit> told = standing_refusals(*repository_, options_.peer);
  hello.refused = refusals_of(told);
  taking_->leave_out(told, !hello.hints.empty());
}

/// What this side takes; in answer to a clone, what the clone is to hold.
std::optional<wire::ScopeClaim> Session::own_claim() const {
  if (!repository_) return options_.clone_scope;
  const bool answers_clone = !options_.initiator && hello_.repository.empty();
  if (answers_clone) return claim_of(scope_there_);
  return claim_of(taking_ ? taking_->incoming().scope() : *repository_->scope());
}

void Session::handle_hello(const wire::Frame& frame) {
  check_open(phase_ == Phase::kHello, "a second HELLO");
  if (!hello_reader_.add(frame)) return;
  hello_ = hello_reader_.take();
  const bool is_partial =
      options_.clone_scope || (repository_ && !repository_->scope()->is_whole());
  if (is_partial && (hello_.features & wire::kFeaturePartial) == 0) {
    end(Error(ErrorCode::kUnsupported, "the other side knows nothing of partial repositories",
              "update it, or clone without --path, --depth and --since"));
  }
  take_repository();
  if (!options_.initiator) return answer_hello();
  if (hello_.unknown) {
    has_base_ = false;
    base_.clear();
    erased_told_ = merge::Erased(erased_said_);
    say_erased();
    say_refs();
  }
  theirs_ = with_changes(base_, hello_.refs);
  begin_streams();
}

/// Whose repository it is; for a clone, makes it.
void Session::take_repository() {
  if (!repository_) {
    check_open(hello_.repository.size() == kIdBytes, "half an id to a clone");
    repository_ =
        options_.make_repository(CommitId(Id::from_bytes(hello_.repository)), scope_of_clone());
    agreements_.emplace(*repository_->database, options_.peer);
    taking_ = std::make_unique<Taking>(*repository_, options_.peer);
    return;
  }
  const bool is_clone = hello_.repository.empty() && !options_.initiator;
  if (!is_clone && hello_.repository != half(repository_->root)) {
    end(Error(ErrorCode::kNotFound, "the other side is another repository",
              "isodb clone makes a repository that shares its history"));
  }
}

/// As the other side resolved it.
Scope Session::scope_of_clone() const {
  const Scope scope = scope_of(hello_.scope);
  const std::optional<wire::ScopeClaim>& asked = options_.clone_scope;
  const bool may_have_boundary = asked && asked->boundary != wire::ScopeClaim::Boundary::kNone;
  check_open(scope.prefixes == (asked ? asked->prefixes : std::vector<std::string>{}) &&
                 (may_have_boundary || scope.boundary.empty()),
             "another scope than the one asked for");
  return scope;
}

void Session::answer_hello() {
  if (hello_.agreement) {
    if (const auto known = agreements_->find(*hello_.agreement)) {
      base_ = *known;
      has_base_ = true;
    }
  }
  theirs_ = with_changes(base_, hello_.refs);
  if (hello_.repository.empty()) {
    const std::vector<CommitId> heads = branch_commits(local_refs(*repository_));
    scope_there_ = resolved_scope(*repository_, hello_.scope, heads);
  }
  say_hello();
  if (hello_.agreement && !has_base_) {
    phase_ = Phase::kRefs;
    return;
  }
  begin_streams();
}

}  // namespace isodb::sync
