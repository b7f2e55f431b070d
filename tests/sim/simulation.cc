#include "tests/sim/simulation.h"

#include <algorithm>
#include <stdexcept>

#include "merge/members.h"
#include "sync/session.h"

namespace isodb::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kHour = 3'600'000;
constexpr int kDocuments = 12;
constexpr int kRevokedMax = 3;

std::string path_of(std::uint64_t document) {
  return (document % 3 == 0 ? "cows/" : "notes/") + std::to_string(document) +
         (document % 4 == 3 ? ".txt" : ".json");
}

/// A line of what a branch has.
std::string heads_of(const Peer& peer, const std::string& branch) {
  std::string line = "peer " + std::to_string(peer.number()) + ":";
  if (const std::optional<Id> target = peer.state()->database->ref(branch)) {
    for (const CommitId& head : peer.state()->head(*target)->commits)
      line += " " + head.short_hex();
  }
  for (const refs::Ref& ref : peer.state()->database->refs("peeled/")) {
    line += " (" + ref.target.short_hex() + ")";
  }
  return line + "\n";
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

}  // namespace

Simulation::Simulation(const Plan& plan) : plan_(plan), random_(plan.seed) {
  const fs::path root = folder_ / "root";
  {
    Repository first = Repository::init(root);
    Transaction transaction = first.begin();
    transaction.put(".isodb/repository.json", "{\"anyone\":\"writer\",\"format\":1}\n");
    for (int i = 0; i < kDocuments; ++i) {
      transaction.put(path_of(static_cast<std::uint64_t>(i)), "{\"n\":0,\"by\":\"first\"}\n");
    }
    transaction.commit({});
    world_.now = first.snapshot().heads().empty()
                     ? world_.now
                     : first.commit(first.snapshot().heads().front()).clock.millis();
  }
  peers_.push_back(std::make_unique<Peer>(root, world_, 0, true));
  peers_.front()->close();
  for (int i = 1; i < plan_.peers; ++i) {
    const fs::path folder = folder_ / std::to_string(++folders_made_);
    fs::copy(root, folder, fs::copy_options::recursive);
    peers_.push_back(std::make_unique<Peer>(folder, world_, static_cast<std::uint64_t>(i), false));
  }
  peers_.front()->open();
  written_.insert(*peers_.front()->head());
}

void Simulation::tell(const std::string& line) {
  if (plan_.trace != nullptr) *plan_.trace << line << "\n";
}

void Simulation::run() {
  for (int i = 0; i < plan_.steps; ++i) {
    world_.now += 1 + pick(20 * 60'000);
    step();
  }
  settle();
  check();
}

void Simulation::step() {
  const std::uint64_t what = pick(100);
  if (what < 40) return write(someone());
  if (what < 90) return meet_someone();
  if (what < 93) return back_up_or_restore(pick(peers_.size()));
  if (what < 95) return copy_device();
  if (what < 98) return bend_clock();
  revoke_someone();
}

void Simulation::write(Peer& peer) {
  const Repository repository = peer.repository();
  Transaction transaction = peer.repository().begin();
  std::string told = "peer " + std::to_string(peer.number()) + " writes";
  for (std::uint64_t n = 1 + pick(3); n > 0; --n) {
    const std::string path = path_of(pick(kDocuments));
    told += " " + path;
    if (pick(8) == 0) {
      transaction.remove(path);
      continue;
    }
    const std::string number = std::to_string(pick(1000));
    std::string text = transaction.get(path).value_or("{\"n\":0,\"by\":\"again\"}\n");
    const std::size_t digits = text.find(':');
    if (pick(3) == 0 || digits == std::string::npos) {
      text += "line " + number + "\n";
      if (path.ends_with(".json")) text = "{\"n\":" + number + ",\"whole\":true}\n";
    } else {
      text.replace(digits + 1, text.find(',', digits) - digits - 1, number);
    }
    transaction.put(path, text);
  }
  if (transaction.empty()) return;
  try {
    const auto outcome = transaction.commit({});
    const CommitId id = std::get<CommitId>(outcome);
    written_.insert(id);
    ++counts_.commits;
    tell(told + " -> " + id.short_hex());
  } catch (const Error& error) {
    // A revoked key may not write any more, and a change may turn out to be none.
    if (error.code() != ErrorCode::kDenied && error.code() != ErrorCode::kInvalid) throw;
  }
}

void Simulation::meet_someone() {
  Peer& one = someone();
  Peer& other = someone();
  if (&one == &other) return;
  const testing::Line line = some_line();
  const std::uint64_t way = pick(6);
  const testing::Conversation done =
      meet(one, other, way == 0 ? testing::Way::kPush : testing::Way::kSync, line);
  ++counts_.meetings;
  counts_.cuts += done.cut ? 1 : 0;
  counts_.bytes += done.bytes();
}

testing::Line Simulation::some_line() {
  testing::Line line;
  if (pick(3) == 0) line.bytes_max = pick(4000);
  line.piece = pick(2) == 0 ? 65'536 : 1 + pick(300);
  return line;
}

bool Simulation::may_end_with(const Peer&, const Peer&, const Error&) const {
  return false;
}

testing::Conversation Simulation::meet(Peer& initiator, Peer& responder, testing::Way way,
                                       const testing::Line& line,
                                       const std::optional<Scope>& wider) {
  sync::SessionOptions here;
  here.peer = responder.key();
  here.initiator = here.sends = true;
  here.takes = way == testing::Way::kSync;
  here.destination = {.into_branches = true, .remote = "p" + std::to_string(responder.number())};
  here.sending.adapts = false;
  sync::SessionOptions there = here;
  here.wider = wider;
  if (wider) here.wider_than = *initiator.state()->scope();
  there.peer = initiator.key();
  there.initiator = false;
  there.takes = true;
  there.destination.remote = "p" + std::to_string(initiator.number());
  sync::Session one(initiator.state(), here);
  sync::Session other(responder.state(), there);
  const testing::Conversation done = testing::talk(one, other, line);
  tell("peer " + std::to_string(initiator.number()) + " meets " +
       std::to_string(responder.number()) + ": " + std::to_string(done.bytes()) + " bytes" +
       (done.cut ? ", cut" : "") + (done.error ? std::string(", ") + done.error->what() : "") +
       (done.error_there ? std::string(", there: ") + done.error_there->what() : ""));
  for (const sync::Session* session : {&one, &other}) {
    for (const auto& refused : session->report().refused) {
      tell("  refused " + refused.commit.short_hex() + ": " + refused.rule);
    }
  }
  for (const std::optional<Error>* error : {&done.error, &done.error_there}) {
    if (!*error || done.cut || may_end_with(initiator, responder, **error)) continue;
    fail(std::string("a session failed: ") + (*error)->what());
  }
  return done;
}

void Simulation::back_up_or_restore(std::uint64_t place) {
  Peer& peer = *peers_[place];
  const auto backup = backups_.find(place);
  peer.close();
  if (backup == backups_.end()) {
    const fs::path to = folder_ / ("backup" + std::to_string(++folders_made_));
    fs::copy(peer.folder(), to, fs::copy_options::recursive);
    backups_.emplace(place, to);
    tell("peer " + std::to_string(peer.number()) + " is backed up");
  } else {
    // What it wrote since and told nobody is lost with the device; all else comes back.
    fs::remove_all(peer.folder());
    fs::rename(backup->second, peer.folder());
    backups_.erase(backup);
    ++counts_.restored;
    tell("peer " + std::to_string(peer.number()) + " is restored");
  }
  peer.open();
}

void Simulation::copy_device() {
  Peer& peer = someone();
  const fs::path folder = folder_ / std::to_string(++folders_made_);
  peer.close();
  fs::copy(peer.folder(), folder, fs::copy_options::recursive);
  peer.open();
  peers_.push_back(std::make_unique<Peer>(folder, world_, 1000 + peers_.size(), true));
  ++counts_.copied;
  tell("peer " + std::to_string(peer.number()) + " is copied with its writer");
}

void Simulation::bend_clock() {
  Peer& peer = someone();
  const auto hours = static_cast<std::int64_t>(pick(100)) - 50;
  peer.environment().skew_millis = pick(2) == 0 ? 0 : hours * kHour;
  tell("peer " + std::to_string(peer.number()) + "'s clock is " +
       std::to_string(peer.environment().skew_millis / kHour) + " hours off");
}

void Simulation::revoke_someone() {
  if (revoked_ >= kRevokedMax) return;
  Peer& admin = *peers_.front();
  Peer& other = someone();
  if (other.key() == admin.key()) return;
  merge::Member member{"device", other.key(), merge::Role::kWriter, {}, true};
  Transaction transaction = admin.repository().begin();
  transaction.put(merge::member_path(other.key()), merge::member_document(member));
  try {
    written_.insert(std::get<CommitId>(transaction.commit({})));
    ++revoked_;
    ++counts_.revoked;
    tell("peer " + std::to_string(other.number()) + "'s key is revoked");
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalid) throw;  // nothing to change
  }
}

/// Everybody meets everybody else by way of the first, twice, when all clocks have caught up.
void Simulation::settle() {
  world_.now += 100 * static_cast<std::uint64_t>(kHour);
  for (const auto& peer : peers_) peer->environment().skew_millis = 0;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 1; i < peers_.size(); ++i) {
      meet(*peers_[i], *peers_.front(), testing::Way::kSync, {});
    }
  }
}

void Simulation::check_equal(const Peer& peer) const {
  const Peer& first = *peers_.front();
  for (const refs::Ref& ref : first.state()->database->refs("heads/")) {
    const std::optional<Id> there = peer.state()->database->ref(ref.name);
    if (there == ref.target) continue;
    fail("peer " + std::to_string(peer.number()) + " has " + ref.name + " at " +
         (there ? there->short_hex() : "nothing") + ", the first at " + ref.target.short_hex() +
         "\n" + heads_of(peer, ref.name) + heads_of(first, ref.name));
  }
  for (const refs::Ref& ref : first.state()->database->refs("peeled/")) {
    if (peer.state()->database->ref(ref.name) != ref.target) {
      fail("peer " + std::to_string(peer.number()) + " lacks " + ref.name);
    }
  }
}

void Simulation::check_sound(const Peer& peer) {
  const Repository repository = peer.repository();
  const std::string where = "peer " + std::to_string(peer.number()) + ": ";
  for (const Finding& finding : repository.verify()) {
    fail(where + "verify: " + finding.where + ": " + finding.problem);
  }
  for (const Finding& finding : repository.fsck()) {
    fail(where + "fsck: " + finding.where + ": " + finding.problem);
  }
}

void Simulation::check() {
  for (const auto& peer : peers_) check_equal(*peer);
  // Every commit that some device still has is everywhere.
  for (const Id& id : written_) {
    std::size_t holders = 0;
    for (const auto& peer : peers_) holders += peer->state()->store->contains(id) ? 1 : 0;
    if (holders != 0 && holders != peers_.size()) {
      fail("commit " + id.short_hex() + " is on " + std::to_string(holders) + " of " +
           std::to_string(peers_.size()) + " devices");
    }
  }
  check_sound(*peers_.front());
  check_sound(*peers_.back());
}

}  // namespace isodb::sim
