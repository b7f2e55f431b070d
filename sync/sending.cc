#include "sync/sending.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <span>
#include <unordered_set>
#include <utility>

#include "isodb/error.h"
#include "objects/tree.h"
#include "sync/agreements.h"
#include "wire/frame.h"

namespace isodb::sync {
namespace {

/// With fewer commits and new documents nobody waits.
constexpr std::uint64_t kExpectedMin = 1'000;
constexpr std::ptrdiff_t kHeadsLookedAtMax = 100;

std::int64_t now_micros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void Sending::begin(const wire::Agreement& ours, const Other& other) {
  ours_ = ours;
  other_ = other;
  taken_.clear();
  as_objects_.clear();
  receiver_.reset();
  if (!other.scope.is_whole()) receiver_.emplace(repository_, other.scope);
  Have have;
  have.heads = heads_told();
  have.heads.insert(have.heads.end(), other.agreed.begin(), other.agreed.end());
  for (const wire::Hint& hint : other.hints) {
    have.hints.push_back({hint.writer, hint.sequence, hint.prefix});
  }
  plan(have);
}

void Sending::begin_again(const wire::NeedMessage& need) {
  if (need.stream != stream_) return;  // of a stream that was given up already
  if (outgoing_) commits_begun_ = outgoing_->begun();
  if (need.commits > commits_begun_.size()) {
    throw Error(ErrorCode::kCorrupt, "the peer says it took more commits than were sent");
  }
  const auto taken_end = commits_begun_.begin() + static_cast<std::ptrdiff_t>(need.commits);
  taken_.insert(taken_.end(), commits_begun_.begin(), taken_end);
  if (has_left_out_all(need)) return open({}, {});
  if (need.as_objects && taken_end != commits_begun_.end()) as_objects_.push_back(*taken_end);
  Have have;
  have.heads = heads_told();
  other_.resume.reset();
  other_.objects_taken.reset();
  plan(have);
}

/// Did the stream bring all but what the other side will not have? Without hints the next one would
/// bring no more than that.
bool Sending::has_left_out_all(const wire::NeedMessage& need) const {
  if (!has_ended() || need.as_objects || need.missing.empty()) return false;
  if (need.commits != commits_begun_.size()) return false;
  return std::ranges::all_of(need.missing, [&](const Id& id) { return left_out_.contains(id); });
}

void Sending::begin_empty(const wire::Agreement& ours, const Other& other) {
  ours_ = ours;
  other_ = other;
  open({}, {});
}

void Sending::answer(std::vector<Id> contents, bool alone) {
  // What the receiver has taken whole, and may still refuse.
  taken_.insert(taken_.end(), commits_begun_.begin(), commits_begun_.end());
  Outgoing::Options options;
  options.wanted = std::move(contents);
  options.objects_taken = other_.objects_taken;
  options.wanted_alone = alone;
  options.erased_there = other_.erased;
  open({}, std::move(options));
}

std::vector<wire::Refusal> Sending::left_out_of(std::vector<wire::Refusal> refused) const {
  std::erase_if(refused, [&](const wire::Refusal& one) { return !left_out_.contains(one.commit); });
  return refused;
}

bool Sending::has_sent_all(const std::vector<wire::Refusal>& commits) const {
  std::unordered_set<Id> wanted;
  for (const wire::Refusal& one : commits) {
    if (!left_out_.contains(one.commit)) wanted.insert(one.commit);
  }
  for (const std::vector<CommitId>* sent : {&taken_, &commits_begun_}) {
    for (auto at = sent->begin(); at != sent->end() && !wanted.empty(); ++at) wanted.erase(*at);
  }
  return wanted.empty();
}

std::vector<CommitId> Sending::heads_told() const {
  std::vector<CommitId> heads = branch_commits(other_.refs);
  heads.insert(heads.end(), other_.known.begin(), other_.known.end());
  for (const Id& id : other_.extra_heads) heads.emplace_back(id);
  return heads;
}

void Sending::plan(const Have& have) {
  const std::vector<CommitId> heads = commits_named(repository_, ours_);
  Missing missing = missing_commits(repository_, have, heads);
  left_out_ = leave_out(repository_, other_.refused, missing.commits);
  if (!taken_.empty()) {
    const std::unordered_set<Id> taken(taken_.begin(), taken_.end());
    std::erase_if(missing.commits, [&](const CommitId& id) { return taken.contains(id); });
  }
  Outgoing::Options options;
  options.as_objects = as_objects_;
  options.tags = tags();
  options.receiver = receiver_ ? &*receiver_ : nullptr;
  options.objects_taken = other_.objects_taken;
  options.sends_the_rest = true;
  options.erased_there = other_.erased;
  if (other_.resume) {
    options.resume = ResumePoint{other_.resume->stamp, other_.resume->signature_prefix,
                                 other_.resume->operations, other_.resume->document_bytes};
  }
  const std::uint64_t commits = missing.commits.size();
  open(std::move(missing.commits), std::move(options));
  expect(commits, heads, missing.had);
}

/// None that names what is not sent.
std::vector<TagId> Sending::tags() const {
  std::vector<TagId> tags = tags_missing(repository_, ours_, other_.refs);
  if (left_out_.empty()) return tags;
  std::erase_if(tags, [&](const TagId& tag) {
    const Id named = repository_.peel_tags(tag);
    const ObjectType type = repository_.type_of(named);
    if (type != ObjectType::kCommit && type != ObjectType::kMerge) return false;
    const std::vector<CommitId>& heads = repository_.head(named)->commits;
    return std::any_of(heads.begin(), heads.end(),
                       [&](const CommitId& head) { return left_out_.contains(head); });
  });
  return tags;
}

/// Reads no more than the roots of some trees: the stream must not wait for a hint.
void Sending::expect(std::uint64_t commits, const std::vector<CommitId>& heads,
                     const std::vector<CommitId>& had) {
  if (commits == 0) return;
  const std::uint64_t here = documents_of_largest(heads);
  std::uint64_t there = documents_of_largest(had);
  if (other_.resume) there += std::min(other_.resume->operations, here);
  const wire::ExpectMessage expected{commits, here - std::min(here, there)};
  const bool is_much = expected.commits + expected.documents >= kExpectedMin;
  if (is_much || other_.resume || heads_told().empty()) expect_ = expected;
}

std::uint64_t Sending::documents_of_largest(const std::vector<CommitId>& heads) const {
  std::uint64_t documents = 0;
  const auto count = std::min(std::ssize(heads), kHeadsLookedAtMax);
  for (const CommitId& id : std::span(heads).first(static_cast<std::size_t>(count))) {
    const TreeId tree = repository_.read_commit(id).tree;
    documents = std::max(documents, objects::count_documents(repository_.nodes(), tree));
  }
  return documents;
}

void Sending::open(std::vector<CommitId> commits, Outgoing::Options options) {
  if (!is_first_) ++stream_;
  is_first_ = false;
  is_empty_ = true;
  pace_ = LinePace(options_.level);
  frames_.reset();
  if (other_.takes_frames) options.frames = &frames_.emplace(*repository_.store);
  outgoing_ = std::make_unique<Outgoing>(repository_, std::move(commits), std::move(options));
  commits_begun_.clear();
  shortfall_.reset();
  left_at_micros_ = 0;
  estimate_.forget();
  expect_.reset();
  writer_.emplace(other_.known, options_.level);
}

std::vector<Bytes> Sending::next_frames() {
  if (has_ended() || shortfall_) return {};
  std::vector<Bytes> frames;
  if (const auto expected = std::exchange(expect_, std::nullopt)) {
    estimate_.expect(*expected);
    if (other_.resume) estimate_.resume_behind(other_.resume->document_bytes);
    wire::FrameWriter(frames.emplace_back()).add(wire::FrameType::kExpect, encode(*expected));
  }
  add_run(frames);
  return frames;
}

void Sending::add_run(std::vector<Bytes>& frames) {
  LinePace::Step step;
  if (left_at_micros_ != 0) step.line_micros = now_micros() - left_at_micros_;
  const bool is_last = fill_run();
  for (const Bytes& payload : writer_->take_run(stream_)) {
    Bytes& frame = frames.emplace_back();
    wire::FrameWriter(frame).add(wire::FrameType::kRun, payload);
    step.bytes += static_cast<std::int64_t>(frame.size());
    estimate_.note_bytes(frame.size());
  }
  if (is_last) {
    shortfall_ = outgoing_->shortfall();
    if (!shortfall_) frames.push_back(end_frame());
    return;
  }
  left_at_micros_ = now_micros();
  if (!options_.adapts) return;
  pace_.add(step);
  writer_->set_level(pace_.level());
}

/// Is it the stream's last?
bool Sending::fill_run() {
  if (frames_) frames_->allow(pace_.is_quick());
  while (!writer_->is_full()) {
    const std::optional<wire::Element> element = outgoing_->next();
    if (!element) return true;
    is_empty_ = false;
    estimate_.note(*element);
    writer_->add(*element);
    if (outgoing_->commit_is_whole()) writer_->commit_is(outgoing_->commit());
  }
  return false;
}

Bytes Sending::end_frame() {
  const wire::EndMessage end{stream_, writer_->commits(), writer_->operations()};
  commits_ += end.commits;
  operations_ += end.operations;
  commits_begun_ = outgoing_->begun();
  outgoing_.reset();
  writer_.reset();
  Bytes frame;
  wire::FrameWriter(frame).add(wire::FrameType::kEnd, encode(end));
  return frame;
}

}  // namespace isodb::sync
