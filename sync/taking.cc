#include "sync/taking.h"

#include <algorithm>
#include <utility>

#include "isodb/error.h"

namespace isodb::sync {
namespace {

constexpr int kNeedsMax = 3;

}  // namespace

Taking::Taking(RepositoryState& repository, const PublicKey& peer)
    : repository_(repository), incoming_(repository, peer) {
  if (const auto resume = incoming_.resume()) estimate_.resume_behind(resume->bytes);
}

void Taking::leave_out(std::vector<RefusedCommit> told, bool hinted) {
  told_ = std::move(told);
  told_is_hinted_ = hinted;
}

bool Taking::is_refusal_over(std::uint64_t now_millis) const {
  const auto is_over = [now_millis](const RefusedCommit& one) {
    return one.until_millis != 0 && one.until_millis <= now_millis;
  };
  return std::ranges::any_of(told_, is_over) || std::ranges::any_of(refused_, is_over);
}

void Taking::begin(std::vector<CommitId> known) {
  begin(std::move(known), Incoming::Absent::kMissing);
}

void Taking::begin(std::vector<CommitId> known, Incoming::Absent absent) {
  reset(std::move(known));
  is_after_need_ = absent == Incoming::Absent::kRefused;
  incoming_.begin_stream(absent);
}

void Taking::begin_part(std::vector<CommitId> known,
                        const std::optional<Incoming::PartEnd>& before) {
  reset(std::move(known));
  incoming_.begin_part(before);
}

void Taking::reset(std::vector<CommitId> known) {
  known_ = std::move(known);
  if (!is_first_) ++stream_;
  is_first_ = is_given_up_ = saw_runs_ = false;
  answer_bytes_left_.reset();
  reader_.emplace(known_);
}

void Taking::begin_answer(std::unordered_set<Id> contents, std::uint64_t bytes_max) {
  begin(std::move(known_));
  incoming_.expect_contents(std::move(contents));
  answer_bytes_left_ = bytes_max;
  estimate_.forget();
}

/// Nothing but contents, and no more than were asked for.
void Taking::check_answer(const wire::Element& element) {
  if (const auto* piece = std::get_if<wire::PieceElement>(&element)) {
    if (piece->bytes.size() <= *answer_bytes_left_) {
      *answer_bytes_left_ -= piece->bytes.size();
      return;
    }
    throw Error(ErrorCode::kCorrupt, "the peer sends more than the contents that were asked for");
  }
  const auto* resume = std::get_if<wire::ResumeElement>(&element);
  if (resume != nullptr && resume->among_objects) return;
  const auto* object = std::get_if<wire::ObjectElement>(&element);
  if (object == nullptr ||
      (object->type != ObjectType::kBlob && object->type != ObjectType::kList)) {
    throw Error(ErrorCode::kCorrupt,
                "the peer sends something else than contents, as were asked for");
  }
}

std::optional<wire::NeedMessage> Taking::run(ByteView payload) {
  const std::uint8_t stream = wire::run_stream(payload);
  if (stream != stream_) {
    if (!is_given_up_ || stream != static_cast<std::uint8_t>(stream_ + 1)) {
      throw Error(ErrorCode::kCorrupt, "a RUN of a stream that was not begun");
    }
    begin(std::move(known_), Incoming::Absent::kRefused);
  }
  if (is_given_up_) return std::nullopt;
  saw_runs_ = true;
  reader_->add_frame(payload);
  estimate_.note_bytes(payload.size());
  incoming_.note_received(payload.size());
  while (std::optional<wire::Element> element = reader_->next()) {
    if (answer_bytes_left_) check_answer(*element);
    estimate_.note(*element);
    const std::optional<Received> received = incoming_.take(*std::move(element));
    if (!received) continue;
    if (std::optional<wire::NeedMessage> said = note(*received)) return said;
  }
  return std::nullopt;
}

std::optional<wire::NeedMessage> Taking::note(const Received& received) {
  switch (received.kind) {
    case Received::Kind::kWantedAsObjects:
      return need({}, true);
    case Received::Kind::kMissingParents:
      return need({received.missing.begin(), received.missing.end()}, false);
    case Received::Kind::kTag:
      return std::nullopt;
    case Received::Kind::kTaken:
      ++commits_;
      // It may have come before its time, in an earlier stream.
      std::erase_if(refused_, [&](const RefusedCommit& one) { return one.commit == received.id; });
      break;
    case Received::Kind::kRefused:
      note_refused({CommitId(received.id), received.rule, received.until_millis});
      break;
    case Received::Kind::kAfterRefused:
      if (!received.rule.empty() && refused_unnamed_.size() < wire::AckMessage::kRefusedMax) {
        refused_unnamed_.push_back({CommitId(received.id), received.rule});
      }
      break;
    default:
      break;
  }
  reader_->commit_is(CommitId(received.id), received.kind == Received::Kind::kAfterRefused);
  return std::nullopt;
}

/// What comes a second time is told once.
void Taking::note_refused(RefusedCommit refused) {
  if (refused_.size() == wire::AckMessage::kRefusedMax) return;
  if (std::ranges::count(refused_, refused.commit, &RefusedCommit::commit) > 0) return;
  refused_.push_back(std::move(refused));
}

wire::NeedMessage Taking::need(std::vector<Id> missing, bool as_objects) {
  if (++needs_ > kNeedsMax) {
    throw Error(as_objects ? ErrorCode::kUnverified : ErrorCode::kCorrupt,
                as_objects ? "the peer sent a commit whose signature does not hold"
                           : "the peer sends commits without the commits before them");
  }
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  if (missing.size() > wire::NeedMessage::kMissingMax) {
    missing.resize(wire::NeedMessage::kMissingMax);
  }
  is_given_up_ = true;
  return {stream_, incoming_.commits(), std::move(missing), as_objects};
}

std::vector<Id> Taking::absent(const std::vector<Id>& heads) {
  std::vector<Id> absent;
  for (const Id& id : heads) {
    if (const auto header = repository_.store->header(id)) {
      if (header->first != ObjectType::kCommit) absent.push_back(id);
    } else {
      const std::optional<objects::Object> object = incoming_.objects().get(id);
      if (!object || object->type != ObjectType::kCommit) absent.push_back(id);
    }
  }
  return absent;
}

bool Taking::end(const wire::EndMessage& end, const std::vector<Id>& heads,
                 std::optional<wire::NeedMessage>& say) {
  if (end.stream != stream_) {
    if (!is_given_up_ || end.stream != static_cast<std::uint8_t>(stream_ + 1)) {
      throw Error(ErrorCode::kCorrupt, "an END of a stream that was not begun");
    }
    begin(std::move(known_), Incoming::Absent::kRefused);
  }
  if (is_given_up_) return false;
  reader_->expect_end();
  operations_ += incoming_.operations();
  incoming_.end_stream(end.commits, end.operations);
  reader_->release();
  // What descends from a refused commit has no id here, so it cannot be told from what is missing.
  const bool all_came = incoming_.has_refused() || answer_bytes_left_;
  const std::vector<Id> missing = all_came ? std::vector<Id>{} : absent(heads);
  // Without hints the peer leaves out nothing but what it was told of.
  const bool is_left_out =
      !missing.empty() && !told_.empty() && (!told_is_hinted_ || is_after_need_);
  if (is_left_out) left_out_ = told_;
  if (!missing.empty() && !is_left_out) {
    say = need(missing, false);
    return false;
  }
  if (!answer_bytes_left_) was_empty_ = !saw_runs_;
  return true;
}

}  // namespace isodb::sync
