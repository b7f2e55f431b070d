#include "tests/sim/mixed_simulation.h"

#include <algorithm>
#include <stdexcept>

#include "isodb/bundle.h"
#include "repo/scope.h"
#include "sync/absent_contents.h"
#include "sync/receiver.h"
#include "sync/session.h"

namespace isodb::sim {
namespace {

namespace fs = std::filesystem;

constexpr int kPartialMax = 8;
constexpr std::uint64_t kFirstClone = 2000;
constexpr int kCloneAttempts = 40;
constexpr const char* kFolders[] = {"cows", "notes", "farm/north", "farm/south"};
constexpr const char* kSide = "heads/side";

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

bool is_partial(const Peer& peer) {
  return !peer.state()->scope()->is_whole();
}

/// It may be whole by now.
bool joined_as_a_part(const Peer& peer) {
  return is_partial(peer) || peer.number() >= kFirstClone;
}

std::string name_of(const Peer& peer) {
  return "peer " + std::to_string(peer.number());
}

std::string text_of(const Scope& scope) {
  std::string text = "holds";
  for (const std::string& prefix : scope.prefixes) text += " " + prefix;
  if (scope.prefixes.empty()) text += " everything";
  for (const CommitId& commit : scope.boundary) text += " from " + commit.short_hex();
  return text;
}

}  // namespace

MixedSimulation::MixedSimulation(const Plan& plan) : Simulation(plan), clones_left_(kPartialMax) {
  Repository first = peers_.front()->repository();
  if (!first.move_ref(kSide, std::nullopt, first.ref("heads/main"), "begin").done) fail("no side");
}

void MixedSimulation::step() {
  const std::uint64_t what = pick(100);
  if (what < 35) return write(someone());
  if (what < 70) return meet_someone();
  if (what < 78) return carry_bundle();
  if (what < 86) return clone_a_part();
  if (what < 91) return widen_someone();
  if (what < 93) return restore_someone();
  if (what < 95) return copy_device();
  if (what < 98) return bend_clock();
  revoke_someone();
}

/// What is not held by one of two that meet may be in the way, and nothing else.
bool MixedSimulation::may_end_with(const Peer& initiator, const Peer& responder,
                                   const Error& error) const {
  return error.code() == ErrorCode::kNotHeld && (is_partial(initiator) || is_partial(responder));
}

Peer* MixedSimulation::some_partial() {
  std::vector<Peer*> partial;
  for (const auto& peer : peers_) {
    if (is_partial(*peer)) partial.push_back(peer.get());
  }
  return partial.empty() ? nullptr : partial[pick(partial.size())];
}

std::string MixedSimulation::some_document(Peer& peer, Transaction& transaction,
                                           const std::string& path) {
  if (path.ends_with(".bin")) {
    std::string bytes(66'000 + pick(60'000), '\0');
    peer.environment().random_bytes(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
    return bytes;
  }
  const std::string number = std::to_string(pick(1000));
  std::string text = "{\"n\":0,\"by\":\"again\",\"of\":\"" + path + "\"}\n";
  try {
    text = transaction.get(path).value_or(text);
  } catch (const ContentNotHeld&) {
    // What was there before it, behind its boundary, it cannot build on.
  }
  const std::size_t digits = text.find(':');
  if (pick(3) == 0 || digits == std::string::npos) return "{\"n\":" + number + ",\"new\":true}\n";
  return text.substr(0, digits + 1) + number + text.substr(text.find(',', digits));
}

void MixedSimulation::write(Peer& peer) {
  const std::string branch = pick(5) == 0 ? kSide : "heads/main";
  if (!peer.state()->database->ref(branch)) return;
  Transaction transaction = peer.repository().begin(branch);
  std::string told = name_of(peer) + " writes on " + branch;
  for (std::uint64_t n = 1 + pick(3); n > 0; --n) {
    const std::uint64_t document = pick(6);
    const std::string path = std::string(kFolders[pick(4)]) + "/" + std::to_string(document) +
                             (document == 5 ? ".bin" : ".json");
    if (!peer.state()->scope()->covers_path(path)) continue;
    told += " " + path;
    if (pick(8) == 0) {
      transaction.remove(path);
    } else {
      transaction.put(path, some_document(peer, transaction, path));
    }
  }
  if (transaction.empty()) return;
  try {
    const CommitId id = std::get<CommitId>(transaction.commit({}));
    written_.insert(id);
    ++counts_.commits;
    tell(told + " -> " + id.short_hex());
  } catch (const Error& error) {
    // A revoked key may not write any more, and a change may turn out to be none.
    if (error.code() != ErrorCode::kDenied && error.code() != ErrorCode::kInvalid) throw;
  }
}

wire::ScopeClaim MixedSimulation::some_claim() {
  wire::ScopeClaim claim;
  for (const char* prefix : {"cows", "farm", "farm/north", "notes", "notes/2.json"}) {
    if (pick(3) == 0) claim.prefixes.emplace_back(prefix);
  }
  claim.prefixes = scope_prefixes(claim.prefixes);
  const std::uint64_t kind = pick(3);
  if (kind == 1 || (kind == 0 && claim.prefixes.empty())) {
    claim.boundary = wire::ScopeClaim::Boundary::kDepth;
    claim.number = 1 + pick(12);
  } else if (kind == 2) {
    claim.boundary = wire::ScopeClaim::Boundary::kSince;
    claim.number = world_.now - pick(40 * 3'600'000);
  }
  return claim;
}

/// A new device, which goes on with one other until it has all that it asked for.
void MixedSimulation::clone_a_part() {
  if (clones_left_ == 0) return;
  Peer& from = someone();
  const std::uint64_t number = kFirstClone + folders_made_;
  const fs::path folder = folder_ / std::to_string(++folders_made_);
  std::unique_ptr<Peer> made;
  sync::SessionOptions here;
  here.peer = from.key();
  here.initiator = here.takes = true;
  here.destination = {.into_branches = true, .remote = "origin"};
  here.clone_scope = some_claim();
  here.make_repository = [&](const CommitId& root, const Scope& scope) {
    Repository::init_empty(folder, root).set_setting(repo::kSettingScope, repo::scope_text(scope));
    made = std::make_unique<Peer>(folder, world_, number, false);
    return made->state();
  };
  sync::SessionOptions there;
  there.sends = there.takes = true;
  there.destination = {.into_branches = true, .remote = "p" + std::to_string(number)};
  there.sending.adapts = false;
  tell("peer " + std::to_string(number) + " clones from " + name_of(from));
  for (int attempt = 0; attempt < kCloneAttempts; ++attempt) {
    testing::Line line = some_line();
    if (attempt + 1 == kCloneAttempts) line.bytes_max = UINT64_MAX;
    sync::Session one(made ? made->state() : nullptr, here);
    sync::Session other(from.state(), there);
    const testing::Conversation done = testing::talk(one, other, line);
    counts_.cuts += done.cut ? 1 : 0;
    counts_.bytes += done.bytes();
    if (done.cut) continue;
    for (const std::optional<Error>* error : {&done.error, &done.error_there}) {
      if (!*error) continue;
      tell(std::string("  it cannot: ") + (*error)->what());
      if (!is_partial(from) || (*error)->code() != ErrorCode::kNotHeld) {
        fail(std::string("a clone failed: ") + (*error)->what());
      }
      ++counts_.not_held;
      return;
    }
    --clones_left_;
    ++counts_.clones;
    tell("  " + name_of(*made) + " " + text_of(*made->state()->scope()));
    peers_.push_back(std::move(made));
    return;
  }
}

void MixedSimulation::widen_someone() {
  Peer* const peer = some_partial();
  if (peer == nullptr) return;
  Peer& other = someone();
  if (peer == &other) return;
  Scope wider = *peer->state()->scope();
  if (pick(2) == 0 && !wider.prefixes.empty()) {
    wider.prefixes.emplace_back(kFolders[pick(4)]);
    wider.prefixes = scope_prefixes(std::move(wider.prefixes));
  } else if (pick(6) == 0) {
    wider = {};
  } else if (!wider.boundary.empty()) {
    wider.boundary = repo::boundary_at_depth(*peer->state(), wider.boundary, 1 + pick(10));
  }
  if (wider == *peer->state()->scope()) return;
  tell(name_of(*peer) + " widens, so that it " + text_of(wider));
  meet(*peer, other, testing::Way::kSync, some_line(), wider);
  if (*peer->state()->scope() == wider) ++counts_.widened;
}

bool MixedSimulation::make_bundle(Peer& from, const fs::path& file, const std::string& since) {
  Repository repository = from.repository();
  try {
    sync::create_bundle(repository, file, {.since = since});
    return true;
  } catch (const Error& error) {
    if (!is_partial(from) || error.code() != ErrorCode::kNotHeld) throw;
    tell(std::string("  it cannot: ") + error.what());
    ++counts_.not_held;
    return false;
  }
}

void MixedSimulation::apply_bundle(Peer& to, const fs::path& file, bool is_cut_off) {
  Repository repository = to.repository();
  try {
    sync::apply_bundle(repository, file);
  } catch (const Error& error) {
    tell(std::string("  it ends: ") + error.what());
    const bool is_expected = error.code() == ErrorCode::kNotFound ||
                             (is_cut_off && error.code() == ErrorCode::kCorrupt) ||
                             (is_partial(to) && error.code() == ErrorCode::kNotHeld);
    if (!is_expected) fail(std::string("a bundle failed: ") + error.what());
    counts_.not_held += error.code() == ErrorCode::kNotHeld ? 1 : 0;
  }
}

void MixedSimulation::carry_bundle() {
  Peer& from = someone();
  Peer& to = someone();
  if (&from == &to) return;
  const fs::path file = folder_ / "bundle";
  std::string since;
  // Mostly what the other has, where that is known; else something that it may lack.
  if (const std::optional<Id> head = to.head(); pick(3) != 0 && head) {
    if (from.state()->store->contains(*head)) since = head->hex();
  } else if (pick(2) == 0 && from.head()) {
    since = from.head()->hex();
  }
  tell(name_of(from) + " sends " + name_of(to) + " a bundle since " +
       (since.empty() ? "the beginning" : since.substr(0, 10)));
  ++counts_.bundles;
  if (!make_bundle(from, file, since)) return;
  if (pick(3) == 0) {
    const fs::path part = folder_ / "part";
    const std::string bytes = testing::slurp(file);
    testing::spill(part, std::string_view(bytes).substr(0, pick(bytes.size())));
    apply_bundle(to, part, true);
  }
  apply_bundle(to, file, false);
}

/// A device that is lost with a content which only partial ones have heard of leaves these unable
/// to pass it on for ever; so what it wrote is brought to the first before.
void MixedSimulation::restore_someone() {
  const std::uint64_t place = pick(peers_.size());
  if (place == 0) return;
  if (backups_.contains(place)) {
    const testing::Conversation done =
        meet(*peers_[place], *peers_.front(), testing::Way::kSync, {});
    if (done.error || done.error_there) return;
  }
  back_up_or_restore(place);
}

void MixedSimulation::settle() {
  // What a partial device cannot pass on comes from whoever wrote it, and then it can.
  Simulation::settle();
  Simulation::settle();
}

void MixedSimulation::check() {
  Simulation::check();
  for (const auto& peer : peers_) {
    if (!joined_as_a_part(*peer)) continue;
    check_sound(*peer);
    check_contents(*peer);
    check_not_seen(*peer);
    for (const refs::Ref& ref : peer->state()->database->refs("waiting/")) {
      fail(name_of(*peer) + " still has " + ref.name);
    }
  }
}

/// What could not be checked is said, and there is none where everything is held.
void MixedSimulation::check_not_seen(const Peer& peer) {
  NotSeen by_verify, by_fsck;
  peer.repository().verify({.again = true}, {}, &by_verify);
  peer.repository().fsck({}, &by_fsck);
  if (is_partial(peer) || by_verify.merges + by_fsck.contents == 0) return;
  fail(name_of(peer) + " holds everything, and did not see " + std::to_string(by_verify.merges) +
       " merges and " + std::to_string(by_fsck.contents) + " contents");
}

/// All that its scope says is there and the same as on the first; of the rest it says so.
void MixedSimulation::check_contents(Peer& peer) const {
  const Scope scope = *peer.state()->reload_scope();
  sync::AbsentContents absent(*peer.state(), scope);
  if (const auto item = absent.next()) {
    fail(name_of(peer) + ", which " + text_of(scope) + ", lacks '" + item->path + "' of commit " +
         item->commit.short_hex());
  }
  repo::HeldScope held(*peer.state(), scope);
  for (const char* branch : {"heads/main", kSide}) {
    const Snapshot snapshot = peer.repository().snapshot(branch);
    const Snapshot whole = peers_.front()->repository().snapshot(branch);
    for (DocumentCursor at = whole.documents(); at.valid(); at.next()) {
      try {
        if (snapshot.get(at.path()) != at.bytes()) {
          fail(name_of(peer) + " reads another '" + at.path() + "'");
        }
      } catch (const ContentNotHeld&) {
        if (held.surely_covers(at.path(), at.entry().stamp)) {
          fail(name_of(peer) + " does not read '" + at.path() + "'");
        }
      }
    }
  }
}

}  // namespace isodb::sim
