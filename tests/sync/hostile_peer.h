#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "sync/error_reason.h"
#include "sync/incoming_store.h"
#include "sync/outgoing.h"
#include "tests/support/sync_peers.h"
#include "tests/support/wire_frames.h"
#include "wire/columns.h"
#include "wire/run_format.h"

// A peer that holds a key, and says what it likes: frames are put together by hand.
namespace isodb::testing {

/// An element, and the commit that is whole with it.
struct StreamPart {
  wire::Element element;
  std::optional<CommitId> ends;
};
using StreamParts = std::vector<StreamPart>;

/// As an honest device would send these commits.
inline StreamParts parts_of(Device& from, std::vector<CommitId> commits,
                            sync::Outgoing::Options options = {}) {
  sync::Outgoing outgoing(*from.state(), std::move(commits), std::move(options));
  StreamParts parts;
  while (auto element = outgoing.next()) {
    const bool ends = outgoing.commit_is_whole();
    parts.push_back({std::move(*element), ends ? std::optional(outgoing.commit()) : std::nullopt});
  }
  return parts;
}

inline std::vector<CommitId> branch_heads_of(Device& device) {
  return sync::branch_commits(sync::local_refs(*device.state()));
}

/// A run, plain, whatever rules it breaks. `known` as the reader has it.
inline Bytes plain_run(const StreamParts& parts, const std::vector<CommitId>& known) {
  wire::Columns columns;
  wire::StreamState state(known);
  for (const StreamPart& part : parts) {
    wire::put_element(columns, part.element, state);
    if (part.ends) state.parents.add(*part.ends);
  }
  Bytes run;
  columns.take(run);
  return run;
}

/// The payloads of the RUN frames that a plain run takes.
inline std::vector<Bytes> run_frames(std::uint8_t stream, ByteView run) {
  std::vector<Bytes> payloads;
  while (!run.empty()) {
    const ByteView part = run.substr(0, wire::kRunPartBytesMax);
    run.remove_prefix(part.size());
    const std::uint8_t coding = run.empty() ? 0 : wire::kGoesOnInNextFrame;
    payloads.push_back({static_cast<char>(stream), static_cast<char>(coding)});
    payloads.back() += part;
  }
  return payloads;
}

struct ForgedAs {
  std::optional<std::uint64_t> sequence = {};  ///< default: above all before
  std::uint64_t millis_later = 1;              ///< than the parent
  std::optional<WriterId> writer = {};
};

/// A commit that `device`'s engine need not be willing to make, signed with its key and stored
/// there.
inline CommitId forge(Device& device, const CommitId& parent,
                      const std::map<std::string, std::string>& writes, const ForgedAs& as = {}) {
  RepositoryState& state = *device.state();
  sync::IncomingStore staging(state);
  const Commit before = state.read_commit(parent);
  Commit commit;
  commit.parents = {parent};
  commit.writer = as.writer.value_or(state.writer);
  commit.sequence = as.sequence.value_or(before.sequence + 65'536);
  commit.clock = HybridTime::of(before.clock.millis() + as.millis_later,
                                static_cast<std::uint16_t>(commit.sequence));
  std::vector<objects::TreeChange> changes;
  for (const auto& [path, text] : writes) {
    const objects::ContentRef content = objects::write_content(staging, text);
    Entry entry;
    entry.content = content.id;
    entry.kind = content.kind;
    entry.size = content.size;
    entry.media_type = media_type_for_path(path);
    entry.stamp = commit.stamp();
    changes.push_back({path, entry});
  }
  commit.tree = objects::edit_tree({staging, *state.node_cache}, staging, before.tree, changes);
  objects::sign_commit(commit, state.key(), state.root);
  const CommitId id(staging.put(ObjectType::kCommit, objects::encode_commit(commit)));
  REQUIRE_FALSE(staging.write({}));
  return id;
}

/// Of this process, in bytes.
inline std::size_t resident_bytes() {
  unsigned long all = 0, resident = 0;
  if (FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu %lu", &all, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * 4096;
}

/// Where a device's refs stand, but for those of sessions that broke off.
inline std::map<std::string, Id> refs_of(Device& device) {
  std::map<std::string, Id> refs;
  for (const refs::Ref& ref : device.state()->database->refs("")) {
    if (!ref.name.starts_with("incoming/")) refs.emplace(ref.name, ref.target);
  }
  return refs;
}

/// An honest session, and the hostile peer at its other end.
class Attack {
 public:
  struct Role {
    bool answers = false;  ///< the honest side connected
    bool watches = false;
    bool honest_sends = true;
  };

  Attack(Device& victim, Device& peer) : Attack(victim, peer, Role()) {}
  Attack(Device& victim, Device& peer, const Role& role)
      : victim_(victim), root_(victim.state()->root), refs_before_(refs_of(victim)) {
    known = branch_heads_of(victim);
    sync::SessionOptions options;
    options.peer = peer.key();
    options.initiator = role.answers;
    options.watches = role.watches;
    options.sends = role.honest_sends;
    options.takes = true;
    options.destination = {.into_branches = true, .remote = "hostile"};
    options.sending.adapts = false;
    session_ = std::make_unique<sync::Session>(victim.state(), options);
    listen();
  }

  /// A HELLO of a peer that sends and takes, with these branches' heads.
  wire::Hello hello(const std::vector<wire::RefHeads>& refs = {}) const {
    wire::Hello hello;
    hello.sends = hello.takes = true;
    hello.repository = Bytes(root_.bytes().substr(0, 16));
    hello.refs = refs;
    return hello;
  }
  void say(const wire::Hello& hello) {
    Bytes frames;
    wire::FrameWriter writer(frames);
    wire::write_hello(writer, hello);
    bytes(frames);
  }
  void say(const wire::EndMessage& end) { frame(wire::FrameType::kEnd, encode(end)); }
  void say(const wire::NeedMessage& need) { frame(wire::FrameType::kNeed, encode(need)); }
  void say(const wire::AckMessage& ack) { frame(wire::FrameType::kAck, encode(ack)); }
  void frame(wire::FrameType type, ByteView payload) {
    Bytes frame;
    wire::FrameWriter(frame).add(type, payload);
    bytes(frame);
  }
  void run(const StreamParts& parts, std::uint8_t stream = 0) {
    for (const Bytes& payload : run_frames(stream, testing::plain_run(parts, known))) {
      frame(wire::FrameType::kRun, payload);
    }
  }
  /// A stream whole, with what END has to say.
  void stream(const StreamParts& parts, std::uint8_t number = 0) {
    wire::EndMessage end{number, 0, 0};
    for (const StreamPart& part : parts) {
      if (part.ends) ++end.commits;
      if (std::holds_alternative<wire::OperationElement>(part.element)) ++end.operations;
    }
    run(parts, number);
    say(end);
  }
  void bytes(ByteView bytes) {
    if (error) return;
    try {
      session_->receive(bytes);
    } catch (const Error& thrown) {
      error = thrown;
    }
    if (reads) listen();
  }
  void listen() {
    for (;;) {
      const Bytes said = session_->produce(1 << 20);
      if (said.empty()) return;
      for (auto& one : frames_of(said)) heard.push_back(std::move(one));
    }
  }

  std::size_t count(wire::FrameType type) const {
    std::size_t found = 0;
    for (const auto& [of_type, payload] : heard) found += of_type == type ? 1 : 0;
    return found;
  }
  /// The payload of the last one of this type; fails where there is none.
  Bytes last(wire::FrameType type) const {
    for (auto at = heard.rbegin(); at != heard.rend(); ++at) {
      if (at->first == type) return at->second;
    }
    FAIL("no frame of type " << static_cast<int>(type));
    return {};
  }
  sync::Session& session() { return *session_; }

  /// The honest side has ended the session with this code and these words, has said so, and holds
  /// what it held.
  void check_refused(ErrorCode code, wire::ErrorReason reason, const std::string& words) {
    listen();
    REQUIRE(error);
    INFO(error->what());
    CHECK(error->code() == code);
    CHECK(std::string(error->what()).find(words) != std::string::npos);
    const wire::ErrorMessage told = wire::decode_error(last(wire::FrameType::kError));
    CHECK(told.code == static_cast<std::uint64_t>(reason));
    // The peer is told of what kind it is: the words may name what is this side's alone.
    const bool is_made_for_it = reason == wire::ErrorReason::kRepository;
    CHECK(told.text == (is_made_for_it ? error->what() : sync::message_of(*error).text));
    CHECK(heard.back().first == wire::FrameType::kError);
    check_unchanged();
  }
  /// Ends the session.
  void check_unchanged() {
    end();
    CHECK(refs_of(victim_) == refs_before_);
    check_sound();
  }
  void check_sound() {
    end();
    for (const Finding& finding : victim_.repository().fsck()) {
      FAIL_CHECK("fsck: " << finding.where << ": " << finding.problem);
    }
  }
  void end() {
    if (!session_) return;
    // The hostile side's own memory, up to half of it, is counted, too.
    constexpr std::size_t kGrowthMax = std::size_t{128} << 20;
    CHECK(resident_bytes() < resident_before_ + kGrowthMax);
    CHECK(std::chrono::steady_clock::now() - begun_ < std::chrono::seconds(60));
    session_->ended(error);
    session_.reset();
  }

  std::vector<CommitId> known;  ///< heads that streams to the victim may name by number
  bool reads = true;
  std::optional<Error> error;
  std::vector<std::pair<wire::FrameType, Bytes>> heard;

 private:
  Device& victim_;
  const CommitId root_;
  const std::map<std::string, Id> refs_before_;
  const std::size_t resident_before_ = resident_bytes();
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::unique_ptr<sync::Session> session_;
};

inline Bytes varint(std::uint64_t value) {
  Bytes bytes;
  core::put_varint(bytes, value);
  return bytes;
}

/// An honest device and one that was its clone until it turned hostile. Both may write.
struct HostileFixture {
  HostileFixture() {
    honest.put("a.json", R"({"n":1,"t":"text"})");
    honest.put("large", std::string(60'000, 'x'));
    REQUIRE_FALSE(meet(hostile, honest).conversation.error);
  }
  CommitId head() { return CommitId(*honest.head()); }
  std::vector<wire::RefHeads> main_at(const Id& id) { return {{"heads/main", {id}}}; }
  /// A commit with this one operation, which nobody signed.
  StreamParts commit_with(const wire::OperationElement& operation) {
    wire::CommitElement commit;
    commit.author = hostile.key();
    commit.writer = hostile.repository().writer();
    commit.sequence = std::uint64_t{1} << 40;
    commit.millis = honest.state()->read_commit(head()).clock.millis() + 1;
    commit.parents = {head()};
    commit.operations = 1;
    return {{commit, std::nullopt}, {operation, named_commit(1)}};
  }
  static CommitId named_commit(std::uint64_t number) { return CommitId(numbered_id(number)); }
  /// Where "large" stands in the tree that both have.
  std::uint64_t rank_of_large() {
    return objects::rank_of(honest.state()->nodes(), honest.state()->read_commit(head()).tree,
                            "large");
  }
  /// What the honest side remembers as agreed on.
  std::map<std::string, std::string> agreements() {
    std::map<std::string, std::string> found;
    for (const auto& [name, value] : honest.repository().settings()) {
      if (name.starts_with("agreement.")) found.emplace(name, value);
    }
    return found;
  }
  /// The session that follows is none of the hostile's business.
  void check_still_serves() {
    Device other{Device::Empty{}};
    REQUIRE_FALSE(meet(other, honest).conversation.error);
    CHECK(other.head() == honest.head());
  }

  Device honest;
  Device hostile{Device::Empty{}};
};

}  // namespace isodb::testing
