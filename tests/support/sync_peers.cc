#include "tests/support/sync_peers.h"

#include <algorithm>

#include "tests/support/sync_corpus.h"

namespace isodb::testing {
namespace {

constexpr int kRoundsMax = 1000;
constexpr std::size_t kProduceBytes = 1 << 20;

/// Carries what one side has to say to the other; false when the line broke or a side failed.
bool carry(sync::Session& from, sync::Session& to, const Line& line, Conversation& conversation,
           std::uint64_t& counter, std::optional<Error>& from_error,
           std::optional<Error>& to_error) {
  for (;;) {
    Bytes bytes;
    try {
      bytes = from.produce(kProduceBytes);
    } catch (const Error& error) {
      from_error = error;
      return false;
    }
    if (bytes.empty()) return !from_error;
    ByteView left = bytes;
    while (!left.empty()) {
      const std::uint64_t room = line.bytes_max - std::min(line.bytes_max, conversation.bytes());
      const ByteView piece =
          left.substr(0, std::min<std::uint64_t>({left.size(), line.piece, room}));
      conversation.cut = piece.empty();
      if (piece.empty()) return false;
      left.remove_prefix(piece.size());
      counter += piece.size();
      if (to_error) continue;  // it does not listen any more
      try {
        to.receive(piece);
      } catch (const Error& error) {
        to_error = error;
      }
    }
  }
}

}  // namespace

Conversation talk(sync::Session& initiator, sync::Session& responder, const Line& line) {
  Conversation result;
  bool goes_on = true;
  for (int round = 0; goes_on && round < kRoundsMax; ++round) {
    const std::uint64_t before = result.bytes();
    goes_on =
        carry(initiator, responder, line, result, result.there, result.error, result.error_there);
    const std::uint64_t answered = result.back;
    goes_on =
        carry(responder, initiator, line, result, result.back, result.error_there, result.error) &&
        goes_on;
    if (result.back != answered) ++result.turns;
    if (result.bytes() == before) break;
  }
  const Error broken(ErrorCode::kIo, "the line broke");
  initiator.ended(initiator.finished() ? std::nullopt
                                       : std::optional(result.error.value_or(broken)));
  responder.ended(responder.finished() ? std::nullopt
                                       : std::optional(result.error_there.value_or(broken)));
  return result;
}

void put_corpus(Device& device, std::uint64_t documents) {
  device.commit([&](Transaction& transaction) {
    for (std::uint64_t i = 0; i < documents; ++i) {
      transaction.put(SyncCorpus::path(i), SyncCorpus::document(i));
    }
  });
}

Meeting meet(Device& initiator, Device& responder, Way way, const Line& line,
             const std::optional<Scope>& wider) {
  const bool is_clone = initiator.state() == nullptr;
  sync::SessionOptions here;
  here.peer = responder.key();
  here.initiator = true;
  here.sends = way != Way::kFetch && !is_clone;
  here.takes = way != Way::kPush || is_clone;
  here.destination = {.into_branches = way != Way::kFetch || is_clone, .remote = "there"};
  here.sending.adapts = false;
  // One that broke off is still a clone.
  if (is_clone || !initiator.head()) {
    here.clone_scope = initiator.asked_scope();
    here.make_repository = [&](const CommitId& root, const Scope& scope) {
      return initiator.make(root, scope);
    };
  }
  here.wider = wider;
  if (wider) here.wider_than = *initiator.state()->scope();
  sync::SessionOptions there;
  there.peer = is_clone ? PublicKey{} : initiator.key();
  there.sends = there.takes = true;
  there.destination = {.into_branches = true, .remote = "device"};
  there.sending.adapts = false;
  sync::Session one(initiator.state(), here);
  sync::Session other(responder.state(), there);
  Meeting meeting;
  meeting.conversation = talk(one, other, line);
  meeting.report = one.report();
  meeting.report_there = other.report();
  return meeting;
}

}  // namespace isodb::testing
