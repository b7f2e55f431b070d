#include "sync/session.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "core/varint.h"
#include "repo/scope.h"
#include "sync/error_reason.h"
#include "sync/missing.h"

namespace isodb::sync {
namespace {

constexpr std::uint64_t kFlushMillis = 1000;
/// Where so much comes that it goes into packs: not into one a second, for they are merged later.
constexpr std::uint64_t kPackMillis = 10'000;
constexpr std::uint64_t kPackObjectsMax = 500'000;  // 40 bytes each in memory
constexpr int kMergeRoundsMax = 100;                // each of which brought something
constexpr std::size_t kIdBytes = 32;
constexpr std::size_t kHalfIdBytes = kIdBytes / 2;
constexpr int kNeedsMax = 3;

Bytes half(const CommitId& root) {
  return Bytes(root.bytes().substr(0, kHalfIdBytes));
}

std::vector<Id> ids_of(const std::vector<CommitId>& commits) {
  return {commits.begin(), commits.end()};
}

}  // namespace

Session::Session(std::shared_ptr<RepositoryState> repository, SessionOptions options)
    : repository_(std::move(repository)), options_(std::move(options)) {
  if (repository_) {
    agreements_.emplace(*repository_->database, options_.peer);
    repository_->reload_scope();  // another process may have widened it
  }
  if (options_.initiator) say_hello();
}

Session::~Session() = default;

template <typename Message>
void Session::say(wire::FrameType type, const Message& message) {
  Bytes frame;
  wire::FrameWriter(frame).add(type, encode(message));
  out_.push_back(std::move(frame));
}

/// Whole frames, one after the other.
void Session::queue(ByteView frames) {
  while (!frames.empty()) {
    core::ByteReader reader(frames, "frame");
    const std::uint64_t body = reader.varint();
    const std::size_t size = reader.offset() + body;
    out_.emplace_back(frames.substr(0, size));
    frames.remove_prefix(size);
  }
}

void Session::say_refs() {
  Bytes frames;
  wire::FrameWriter out(frames);
  wire::write_refs(out, changed_refs(base_, ours_));
  queue(frames);
}

void Session::check_open(bool right, const char* what) {
  if (!right)
    throw Error(ErrorCode::kCorrupt, std::string("the peer sent ") + what + " where it may not");
}

/// Has the other side named commits that are not here, so that it has something to send?
bool Session::has_unknown_heads() const {
  if (hello_.agreement && !has_base_) return true;
  const std::vector<CommitId> heads = branch_commits(theirs_);
  return std::any_of(heads.begin(), heads.end(),
                     [&](const CommitId& id) { return !repository_->store->contains(id); });
}

/// What came and is in no branch: of sessions that broke off, and what waits to be merged.
std::vector<Id> Session::extra_heads() {
  std::vector<Id> heads = ids_of(taking_->incoming().heads());
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
  hello.features = wire::kFeaturePartial;
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
  }
  Bytes frames;
  wire::FrameWriter out(frames);
  wire::write_hello(out, std::move(hello));
  queue(frames);
}

/// What this side takes; in answer to a clone, what the clone is to hold.
std::optional<wire::ScopeClaim> Session::own_claim() const {
  if (!repository_) return options_.clone_scope;
  const bool answers_clone = !options_.initiator && hello_.repository.empty();
  if (answers_clone) return claim_of(scope_there_);
  return claim_of(taking_ ? taking_->incoming().scope() : *repository_->scope());
}

void Session::receive(ByteView plaintext) {
  try {
    while (const std::optional<wire::Frame> frame = frames_.next(plaintext)) handle(*frame);
    flush_when_due();
  } catch (const Error& error) {
    tell(error);
    throw;
  }
}

/// The other side, as the last thing it hears.
void Session::tell(const Error& error) {
  if (std::exchange(failed_, true)) return;
  out_.clear();
  say(wire::FrameType::kError,
      wire::ErrorMessage{static_cast<std::uint64_t>(reason_of(error.code())), error.what()});
}

void Session::handle(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::FrameType::kPing:
      return wire::check_ping(frame.payload);
    case wire::FrameType::kError:
      handle_error(wire::decode_error(frame.payload));
    case wire::FrameType::kHello:
      return handle_hello(frame);
    case wire::FrameType::kRefs:
      return phase_ == Phase::kHello ? handle_hello(frame) : handle_refs(frame.payload);
    case wire::FrameType::kRun: {
      check_open(phase_ == Phase::kStreams && taking_ && !was_taken_, "a RUN");
      if (const auto need = taking_->run(frame.payload)) say(wire::FrameType::kNeed, *need);
      return;
    }
    case wire::FrameType::kEnd:
      check_open(phase_ == Phase::kStreams && taking_ && !was_taken_, "an END");
      return handle_end(wire::decode_end(frame.payload));
    case wire::FrameType::kNeed:
      check_open(phase_ == Phase::kStreams && sending_ && !was_acked_, "a NEED");
      return handle_need(wire::decode_need(frame.payload));
    case wire::FrameType::kWant:
      check_open(phase_ == Phase::kStreams && sending_ && sending_->has_ended() && awaits_ack_ &&
                     is_partial_there(),
                 "a WANT");
      return handle_want(wire::decode_want(frame.payload));
    case wire::FrameType::kAck:
      check_open(phase_ == Phase::kStreams && sending_ && sending_->has_ended(), "an ACK");
      return handle_ack(wire::decode_ack(frame.payload));
    default:
      check_open(false, "a frame of a bundle");
  }
}

void Session::handle_hello(const wire::Frame& frame) {
  check_open(phase_ == Phase::kHello, "a second HELLO");
  if (!hello_reader_.add(frame)) return;
  hello_ = hello_reader_.take();
  const bool is_partial =
      options_.clone_scope || (repository_ && !repository_->scope()->is_whole());
  if (is_partial && (hello_.features & wire::kFeaturePartial) == 0) {
    throw Error(ErrorCode::kUnsupported, "the other side knows nothing of partial repositories",
                "update it, or clone without --path, --depth and --since");
  }
  take_repository();
  if (!options_.initiator) return answer_hello();
  if (hello_.unknown) {
    has_base_ = false;
    base_.clear();
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
    throw Error(ErrorCode::kNotFound, "the other side is another repository",
                "isodb clone makes a repository that shares its history");
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

void Session::handle_refs(ByteView payload) {
  if (phase_ == Phase::kRefs) {
    if (!refs_reader_.add(payload)) return;
    theirs_ = with_changes({}, refs_reader_.take());
    return begin_streams();
  }
  // The other's refs have moved since: a new stream is to come.
  check_open(options_.watches && hello_.watches && taking_ && was_taken_, "REFS");
  if (ack_is_queued_) {
    throw Error(ErrorCode::kCorrupt, "the peer began a stream before it read the ACK of the last");
  }
  if (!refs_reader_.add(payload)) return;
  theirs_ = with_changes(base_, refs_reader_.take());
  refs_reader_ = {};
  was_taken_ = has_arrived_ = false;
  merge_rounds_ = 0;
  taking_->begin(known_);
}

void Session::begin_streams() {
  phase_ = Phase::kStreams;
  const Scope scope = taking_ ? taking_->incoming().scope() : Scope();
  is_partial_ = !scope.is_whole();
  // Until its boundary was here, a clone could not tell what was in its scope.
  const bool looks_again = options_.make_repository && !scope.boundary.empty();
  if (looks_again && !options_.wider) options_.wider = options_.wider_than = scope;
  known_there_ = branch_commits(theirs_);
  flushed_at_millis_ = repository_->environment.now_millis();
  if (options_.takes && hello_.sends) {
    taking_->begin(known_);
  } else {
    taking_.reset();
    was_taken_ = true;
  }
  // In answer to a clone it is the clone's.
  if (options_.initiator || !hello_.repository.empty()) scope_there_ = scope_of(hello_.scope);
  if (options_.sends && hello_.takes) {
    sending_.emplace(*repository_, options_.sending);
    begin_sending();
  } else {
    was_sent_ = true;
    report_.takes_nothing = options_.sends;
  }
}

void Session::begin_sending() {
  Sending::Other other;
  other.refs = theirs_;
  other.known = known_there_;
  other.agreed = branch_commits(base_);
  other.agreed.insert(other.agreed.end(), acknowledged_.begin(), acknowledged_.end());
  other.extra_heads = hello_.extra_heads;
  other.hints = hello_.hints;
  other.resume = hello_.resume;
  other.objects_taken = hello_.objects_taken;
  other.scope = scope_there_;
  sending_->begin(ours_, other);
  was_sent_ = was_acked_ = false;
}

void Session::handle_end(const wire::EndMessage& end) {
  std::optional<wire::NeedMessage> need;
  const bool is_whole = taking_->end(end, ids_of(branch_commits(theirs_)), need);
  if (need) say(wire::FrameType::kNeed, *need);
  if (is_whole) go_on_taking();
}

void Session::handle_want(const wire::WantMessage& want) {
  sending_->answer(wanted_contents(*repository_, commits_named(*repository_, ours_), want));
}

/// The commits that both sides hold when all streams were taken; empty where some were refused.
wire::Agreement Session::agreement() {
  const bool some_refused =
      !report_.refused_there.empty() || (taking_ && !taking_->refused().empty());
  if (some_refused) return {};
  if (!sending_) return theirs_;
  if (!taking_) return ours_;
  wire::Agreement both = ours_;
  for (const auto& [name, ids] : theirs_) {
    const auto [own, is_new] = both.emplace(name, ids);
    if (is_new || own->second == ids) continue;
    if (!name.starts_with("heads/")) {
      both.erase(own);
      continue;
    }
    std::vector<CommitId> all(own->second.begin(), own->second.end());
    for (const Id& id : ids) all.emplace_back(id);
    own->second = ids_of(repository_->merging->heads_of(std::move(all)));
  }
  return both;
}

/// Does a stream of the side with these refs have to be acknowledged? Not when it brought nothing.
bool Session::is_news(bool stream_was_empty, const wire::Agreement& refs) const {
  return !stream_was_empty || !has_base_ || refs != base_;
}

/// A stream was taken whole: that of commits, or one that was asked for.
void Session::go_on_taking() {
  if (!has_arrived_) has_arrived_ = arrive();
  if (!has_arrived_ || (options_.wider && !widen())) return;
  acknowledge();
}

/// False where contents have to come first.
bool Session::arrive() {
  const bool is_vain = wanting_ && wanting_->missing_paths().size() == wanting_->entries();
  wanting_.reset();
  const bool may_ask = is_partial_ && !is_vain && merge_rounds_ < kMergeRoundsMax;
  const std::size_t moved = report_.moved.size();
  std::vector<std::string> deleted;
  if (options_.destination.into_branches && agreements_->last()) {
    deleted = deleted_here(*repository_, *agreements_->last(), theirs_);
  }
  wire::Agreement rest;  // a copy is dear where there are many
  if (!deleted.empty()) rest = theirs_;
  for (const std::string& name : deleted) rest.erase(name);
  const wire::Agreement& refs = deleted.empty() ? theirs_ : rest;
  const std::vector<ContentNotHeld::Need> needs = bring_to_refs(
      *repository_, taking_->incoming(), refs, options_.destination, {}, may_ask, report_);
  if (options_.on_moved && report_.moved.size() != moved) options_.on_moved();
  if (needs.empty()) return true;
  ++merge_rounds_;
  Wanting wanting(*repository_, taking_->incoming().objects());
  for (const ContentNotHeld::Need& need : needs) wanting.add(need);
  if (wanting.is_empty()) {
    merge_rounds_ = kMergeRoundsMax;
    return arrive();
  }
  ask(std::move(wanting));
  return false;
}

/// False where contents have to come first.
bool Session::widen() {
  if (!absent_) absent_.emplace(*repository_, *options_.wider);
  if (wanting_) {
    const std::vector<std::string> missing = wanting_->missing_paths();
    report_.contents_missing.insert(report_.contents_missing.end(), missing.begin(), missing.end());
    report_.contents_received += wanting_->entries() - missing.size();
    wanting_.reset();
  }
  Wanting wanting(*repository_, taking_->incoming().objects());
  while (!wanting.is_full()) {
    const std::optional<AbsentContents::Item> item = absent_->next();
    if (!item) break;
    wanting.add(*item);
  }
  if (!wanting.is_empty()) {
    ask(std::move(wanting));
    return false;
  }
  if (!report_.contents_missing.empty()) {
    taking_->incoming().flush();
    return true;
  }
  taking_->incoming().widen(options_.wider_than, *options_.wider);
  options_.wider.reset();
  return true;
}

void Session::ask(Wanting wanting) {
  say(wire::FrameType::kWant, wanting.message());
  taking_->begin_answer(wanting.contents(), wanting.answer_bytes_max());
  wanting_.emplace(std::move(wanting));
}

void Session::acknowledge() {
  was_taken_ = true;
  if (is_partial_ || is_news(taking_->was_empty(), theirs_)) {
    wire::AckMessage ack;
    ack.stream = taking_->stream();
    ack.agreement = wire::agreement_digest(agreement());
    ack.refused = taking_->refused();
    if (ack.refused.size() > wire::AckMessage::kRefusedMax) {
      ack.refused.resize(wire::AckMessage::kRefusedMax);
    }
    std::sort(ack.refused.begin(), ack.refused.end(),
              [](const auto& a, const auto& b) { return a.commit < b.commit; });
    for (wire::Refusal& refusal : ack.refused) {
      refusal.rule.resize(std::min(refusal.rule.size(), wire::Refusal::kRuleBytesMax));
    }
    say(wire::FrameType::kAck, ack);
    ack_is_queued_ = true;
  }
  if (was_sent_) record(agreement());
}

/// Each takes a walk over what differs, so that a peer may not ask for ever.
void Session::handle_need(const wire::NeedMessage& need) {
  if (++needs_heard_ > kNeedsMax) {
    throw Error(ErrorCode::kCorrupt, "the peer said NEED more than three times");
  }
  sending_->begin_again(need);
  was_sent_ = false;
}

/// Refusals of a session's earlier streams are told again with those of the last.
void Session::note_refused_there(const std::vector<wire::Refusal>& refused) {
  std::unordered_set<Id> known;
  for (const RefusedCommit& one : report_.refused_there) known.insert(one.commit);
  std::vector<wire::Refusal> news;
  std::ranges::copy_if(refused, std::back_inserter(news),
                       [&](const wire::Refusal& one) { return !known.contains(one.commit); });
  if (!sending_->has_sent_all(news)) {
    throw Error(ErrorCode::kCorrupt, "the peer refused a commit that was not sent to it");
  }
  for (const wire::Refusal& refusal : news) {
    report_.refused_there.push_back({refusal.commit, printable(refusal.rule)});
  }
}

void Session::handle_ack(const wire::AckMessage& ack) {
  check_open(awaits_ack_, "an ACK");
  if (ack.stream != sending_->stream()) return;
  note_refused_there(ack.refused);
  acked_ = ack.agreement;
  awaits_ack_ = false;
  was_sent_ = was_acked_ = true;
  if (report_.refused_there.empty()) acknowledged_ = commits_named(*repository_, ours_);
  if (was_taken_) record(agreement());
}

void Session::handle_error(const wire::ErrorMessage& error) {
  failed_ = true;  // it is not told what it knows
  throw Error(code_of(error.code), "the other side says: " + printable(error.text));
}

/// Frames of what is to be sent, where no other wait.
void Session::send_more() {
  if (failed_ || !sending_ || sending_->has_ended()) return;
  for (Bytes& frame : sending_->next_frames()) out_.push_back(std::move(frame));
  if (!sending_->has_ended()) return;
  awaits_ack_ = awaits_ack_ || is_partial_there() || is_news(sending_->is_empty(), ours_);
  was_sent_ = !awaits_ack_;
  if (was_sent_ && was_taken_) record(agreement());
}

Bytes Session::produce(std::size_t bytes_max) {
  Bytes bytes;
  while (bytes.size() < bytes_max) {
    try {
      if (out_.empty()) send_more();
      if (out_.empty()) send_when_moved();
    } catch (const Error& error) {
      tell(error);
      throw;
    }
    if (out_.empty()) break;
    if (!bytes.empty() && bytes.size() + out_.front().size() > bytes_max) break;
    bytes += out_.front();
    out_.pop_front();
    if (out_.empty()) ack_is_queued_ = false;
  }
  return bytes;
}

/// Of a session that stays open: tells what has moved here since.
void Session::send_when_moved() {
  if (failed_ || phase_ != Phase::kStreams || !options_.watches || !hello_.watches) return;
  if (!sending_ || !was_sent_ || !was_taken_) return;
  const std::uint64_t transactions = repository_->database->transactions();
  if (transactions == transactions_seen_) return;
  transactions_seen_ = transactions;
  wire::Agreement now = local_refs(*repository_);
  // What the other side has just sent is no news to it.
  if (now == ours_ || now == agreement()) return;
  ours_ = std::move(now);
  say_refs();
  begin_sending();
}

bool Session::is_settled() const {
  return phase_ == Phase::kStreams && out_.empty() && was_sent_ && was_taken_;
}

bool Session::finished() const {
  return is_settled() && !(options_.watches && hello_.watches);
}

void Session::flush_when_due() {
  if (phase_ != Phase::kStreams || !taking_ || was_taken_) return;
  const std::uint64_t now = repository_->environment.now_millis();
  const std::uint64_t packed = taking_->incoming().packed_objects();
  const std::uint64_t due = flushed_at_millis_ + (packed > 0 ? kPackMillis : kFlushMillis);
  if (now < due && now >= flushed_at_millis_ && packed < kPackObjectsMax) return;
  taking_->incoming().flush();
  flushed_at_millis_ = now;
}

void Session::ended(const std::optional<Error>& why) {
  if (why && taking_ && !was_taken_) taking_->incoming().flush();
}

Report Session::report() const {
  Report report = report_;
  if (sending_) {
    report.commits_sent = sending_->commits();
    report.operations_sent = sending_->operations();
  }
  if (taking_) {
    report.commits_received = taking_->commits();
    report.operations_received = taking_->operations();
    for (const wire::Refusal& refusal : taking_->refused()) {
      report.refused.push_back({refusal.commit, refusal.rule});
    }
  }
  return report;
}

}  // namespace isodb::sync
