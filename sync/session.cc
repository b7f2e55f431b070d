#include "sync/session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/varint.h"
#include "repo/erase_removal.h"
#include "sync/disk_room.h"
#include "sync/refused.h"
#include "sync/wanted_objects.h"

namespace isodb::sync {
namespace {

constexpr std::uint64_t kFlushMillis = 1000;
/// Where so much comes that it goes into packs: not into one a second, for they are merged later.
constexpr std::uint64_t kPackMillis = 10'000;
constexpr std::uint64_t kPackObjectsMax = 500'000;  // 40 bytes each in memory
constexpr int kNeedsMax = 3;
constexpr unsigned kWantsInVainMax = 256;

std::vector<Id> ids_of(const std::vector<CommitId>& commits) {
  return {commits.begin(), commits.end()};
}

}  // namespace

Session::Session(std::shared_ptr<RepositoryState> repository, SessionOptions options)
    : repository_(std::move(repository)),
      options_(std::move(options)),
      united_heads_([this](const std::vector<Id>& all) {
        return ids_of(repository_->merging->heads_of({all.begin(), all.end()}));
      }) {
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

void Session::receive(ByteView plaintext) {
  try {
    while (const std::optional<wire::Frame> frame = frames_.next(plaintext)) handle(*frame);
    flush_when_due();
    estimate();
  } catch (const Error& error) {
    tell(message_of(error));
    throw;
  }
}

/// The other side, as the last thing it hears.
void Session::tell(const wire::ErrorMessage& message) {
  if (std::exchange(failed_, true)) return;
  out_.clear();
  say(wire::FrameType::kError, message);
}

void Session::handle(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::FrameType::kPing:
      return wire::check_ping(frame.payload);
    case wire::FrameType::kExpect: {
      const wire::ExpectMessage told = wire::decode_expect(frame.payload);
      if (taking_) taking_->expect(told);
      return;
    }
    case wire::FrameType::kError:
      handle_error(wire::decode_error(frame.payload));
    case wire::FrameType::kHello:
      return handle_hello(frame);
    case wire::FrameType::kRefs:
      return phase_ == Phase::kHello ? handle_hello(frame) : handle_refs(frame.payload);
    case wire::FrameType::kErased:
      return phase_ == Phase::kHello ? handle_hello(frame) : handle_erased(frame.payload);
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
                     (is_partial_there() || is_mending_there()),
                 "a WANT");
      return handle_want(wire::decode_want(frame.payload));
    case wire::FrameType::kAck:
      check_open(phase_ == Phase::kStreams && sending_ && sending_->has_ended(), "an ACK");
      return handle_ack(wire::decode_ack(frame.payload));
    default:
      check_open(false, "a frame of a bundle");
  }
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
  if (taking_->is_refusal_over(repository_->environment.now_millis())) {
    end(Error(ErrorCode::kBusy, "the time of a commit that was refused for its clock has come",
              "connect again: it is asked for then"));
  }
  theirs_ = with_changes(base_, refs_reader_.take());
  refs_reader_ = {};
  was_taken_ = false;
  want_rounds_->begin();
  taking_->begin(known_);
}

void Session::begin_streams() {
  phase_ = Phase::kStreams;
  known_there_ = branch_commits(theirs_);
  flushed_at_millis_ = repository_->environment.now_millis();
  if (options_.takes && hello_.sends) {
    const Scope& scope = taking_->incoming().scope();
    WantRounds::Goal goal{options_.destination, options_.wider, options_.wider_than};
    // Until its boundary was here, a clone could not tell what was in its scope.
    const bool looks_again = options_.make_repository && !scope.boundary.empty();
    if (looks_again && !goal.wider) goal.wider = goal.wider_than = scope;
    want_rounds_.emplace(*repository_, taking_->incoming(), std::move(goal));
    taking_->incoming().tell_erased(hello_.erased);
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
  other.erased = merge::Erased(hello_.erased);
  other.takes_frames = (hello_.features & wire::kFeatureFrames) != 0;
  for (const wire::Refusal& refusal : hello_.refused) other.refused.insert(refusal.commit);
  for (const RefusedCommit& one : report_.refused_there) other.refused.insert(one.commit);
  if (is_mending_there()) {
    sending_->begin_empty(ours_, other);
  } else {
    sending_->begin(ours_, other);
  }
  note_refused_there(sending_->left_out_of(hello_.refused));
  was_sent_ = was_acked_ = false;
}

void Session::handle_end(const wire::EndMessage& end) {
  std::optional<wire::NeedMessage> need;
  const bool is_whole = taking_->end(end, ids_of(branch_commits(theirs_)), need);
  if (need) say(wire::FrameType::kNeed, *need);
  if (is_whole) go_on_taking();
}

void Session::handle_want(const wire::WantMessage& want) {
  check_open(want.objects.empty() != is_mending_there(), "a WANT of another kind");
  const bool mends = is_mending_there();
  std::vector<Id> found =
      mends ? wanted_objects(*repository_, want)
            : wanted_contents(*repository_, commits_named(*repository_, ours_), want);
  // Each is a walk through history, and who asks knows what there is.
  if (found.empty() && ++wants_in_vain_ > kWantsInVainMax) {
    throw Error(ErrorCode::kLimit, "more than " + std::to_string(kWantsInVainMax) +
                                       " WANTs asked for what is not here");
  }
  sending_->answer(std::move(found), mends);
}

/// Tags may be all that is left out.
bool Session::lacks_what_was_left_out() const {
  if (!taking_ || taking_->told().empty()) return false;
  const auto is_absent = [&](const Id& id) { return !repository_->store->contains(id); };
  return std::ranges::any_of(
      theirs_, [&](const auto& ref) { return std::ranges::any_of(ref.second, is_absent); });
}

/// The commits that both sides hold when all streams were taken; empty where some, or refs, were
/// refused.
wire::Agreement Session::agreement() {
  const bool some_refused = !report_.refused_there.empty() || !report_.refs_refused.empty() ||
                            (taking_ && taking_->has_refused());
  if (some_refused || lacks_what_was_left_out()) return {};
  if (!sending_ || !taking_) {
    wire::Agreement named = sending_ ? ours_ : theirs_;
    // What the sender deleted since is there still: forgotten, it would be new the next time.
    if (has_base_) named.insert(base_.begin(), base_.end());
    return named;
  }
  wire::Agreement both = ours_;
  for (const auto& [name, ids] : theirs_) {
    const auto [own, is_new] = both.emplace(name, ids);
    if (is_new || own->second == ids) continue;
    if (!name.starts_with("heads/")) {
      both.erase(own);
      continue;
    }
    own->second = united_heads_.of(name, own->second, ids);
  }
  return both;
}

/// Does a stream of the side with these refs have to be acknowledged? Not when it brought nothing.
bool Session::is_news(bool stream_was_empty, const wire::Agreement& refs) const {
  return !stream_was_empty || !has_base_ || refs != base_;
}

/// A stream was taken whole: that of commits, or one that was asked for.
void Session::go_on_taking() {
  std::vector<std::string> deleted;
  if (options_.destination.into_branches && agreements_->last()) {
    deleted = deleted_here(*repository_, *agreements_->last(), theirs_);
  }
  wire::Agreement rest;  // a copy is dear where there are many
  if (!deleted.empty()) rest = theirs_;
  for (const std::string& name : deleted) rest.erase(name);
  const std::size_t moved = report_.moved.size();
  const Wanting* const wanting = want_rounds_->go_on(deleted.empty() ? theirs_ : rest, report_);
  if (options_.on_moved && report_.moved.size() != moved) options_.on_moved();
  if (wanting == nullptr) return acknowledge();
  say(wire::FrameType::kWant, wanting->message());
  taking_->begin_answer(wanting->contents(), wanting->answer_bytes_max());
}

void Session::acknowledge() {
  was_taken_ = true;
  if (want_rounds_->is_partial() || is_news(taking_->was_empty(), theirs_)) {
    wire::AckMessage ack;
    ack.stream = taking_->stream();
    ack.agreement = wire::agreement_digest(agreement());
    ack.refused = refusals_of(taking_->refused());
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
  note_refused_there(sending_->left_out_of(hello_.refused));  // hints may have hidden some
  was_sent_ = false;
}

/// Refusals of a session's earlier streams are told again with those of the last.
void Session::note_refused_there(const std::vector<wire::Refusal>& refused) {
  std::vector<wire::Refusal> news = refused;
  std::erase_if(news, [&](const wire::Refusal& one) {
    return std::ranges::count(report_.refused_there, one.commit, &RefusedCommit::commit) > 0;
  });
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
  throw error_said(error);
}

/// Frames of what is to be sent, where no other wait.
void Session::send_more() {
  if (failed_ || !sending_ || sending_->has_ended()) return;
  for (Bytes& frame : sending_->next_frames()) out_.push_back(std::move(frame));
  if (!sending_->has_ended()) return;
  awaits_ack_ = awaits_ack_ || is_partial_there() || is_mending_there() ||
                is_news(sending_->is_empty(), ours_);
  was_sent_ = !awaits_ack_;
  if (was_sent_ && was_taken_) record(agreement());
}

Bytes Session::produce(std::size_t bytes_max) {
  Bytes bytes;
  while (bytes.size() < bytes_max) {
    try {
      if (out_.empty()) send_more();
      if (out_.empty()) send_when_moved();
      if (out_.empty() && bytes.empty()) end_for_shortfall();
    } catch (const Error& error) {
      tell(message_of(error));
      throw;
    }
    if (out_.empty()) break;
    if (!bytes.empty() && bytes.size() + out_.front().size() > bytes_max) break;
    bytes += out_.front();
    out_.pop_front();
    if (out_.empty()) ack_is_queued_ = false;
  }
  estimate();
  return bytes;
}

/// What can be sent has been. What the other side sends is taken before the session ends, but two
/// partial sides may not wait for each other.
void Session::end_for_shortfall() {
  if (failed_ || !sending_ || !sending_->shortfall()) return;
  const bool may_wait = options_.initiator || !is_partial_there();
  if (was_taken_ || !may_wait) end(*sending_->shortfall());
}

void Session::estimate() {
  const std::uint64_t to_come = taking_ && !was_taken_ ? taking_->bytes_to_come() : 0;
  bytes_ahead_ = to_come + (sending_ ? sending_->bytes_to_come() : 0);
}

/// Of a session that stays open: tells what has moved here since.
void Session::send_when_moved() {
  if (failed_ || phase_ != Phase::kStreams || !options_.watches || !hello_.watches) return;
  if (!sending_ || !was_sent_ || !was_taken_) return;
  const std::uint64_t transactions = repository_->database->transactions();
  if (transactions == transactions_seen_) return;
  transactions_seen_ = transactions;
  // Not only once the session is over.
  repo::try_removal(*repository_, repo::RemovalPatience::kNone);
  wire::Agreement now = local_refs(*repository_);
  // What the other side has just sent is no news to it.
  if (now == ours_ || now == agreement()) return;
  ours_ = std::move(now);
  say_erased();
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
  const bool is_waiting = now < due && now >= flushed_at_millis_ && packed < kPackObjectsMax;
  if (is_waiting && !taking_->incoming().should_begin_pack()) {
    // What is in the pack at hand would go with it where the disk is full.
    if (packed == 0 || !is_short_of_room(repository_->folder, packed)) return;
  }
  if (taking_->incoming().has_too_much_to_keep()) return;
  taking_->incoming().flush();
  flushed_at_millis_ = now;
}

void Session::ended(const std::optional<Error>& why) {
  if (!repository_) return;
  const bool is_open = why && taking_ && !was_taken_;
  if (is_open && !taking_->incoming().has_too_much_to_keep()) taking_->incoming().flush();
  if (repository_->options.read_only) return;
  record_refused(*repository_, options_.peer, report());
  repo::try_removal(*repository_, repo::RemovalPatience::kWaits);
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
    report.refused = taking_->left_out();
    std::ranges::copy(taking_->refused(), std::back_inserter(report.refused));
    std::ranges::copy(taking_->refused_unnamed(), std::back_inserter(report.refused));
  }
  return report;
}

}  // namespace isodb::sync
