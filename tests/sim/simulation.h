#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/peer.h"
#include "tests/support/sync_peers.h"

namespace isodb::sim {

struct Plan {
  std::uint64_t seed = 1;
  int peers = 50;
  int steps = 250;
  std::ostream* trace = nullptr;  ///< what happens, a line a step; nullptr: not told
};

/// Many devices that write, meet at random and lose each other, from one seed: edits of the same
/// and other documents, deletions, lines that break, sessions in all directions, backups restored,
/// folders copied with their writer, clocks that are days off, keys revoked. Throws
/// std::runtime_error, saying what is wrong, unless in the end all devices hold the same.
class Simulation {
 public:
  explicit Simulation(const Plan& plan);
  virtual ~Simulation() = default;
  void run();

  struct Counts {
    std::uint64_t commits = 0, meetings = 0, cuts = 0, restored = 0, copied = 0, revoked = 0,
                  bytes = 0, bundles = 0, clones = 0, widened = 0, not_held = 0;
  };
  const Counts& counts() const { return counts_; }

 protected:
  virtual void step();
  virtual void settle();
  virtual void check();
  /// Whether a session of these two, whose line held, may end so.
  virtual bool may_end_with(const Peer& initiator, const Peer& responder, const Error& error) const;
  void write(Peer& peer);
  void meet_someone();
  void back_up_or_restore(std::uint64_t place);
  void copy_device();
  void bend_clock();
  void revoke_someone();
  /// `wider`: what the initiator, which is partial, is to hold then.
  testing::Conversation meet(Peer& initiator, Peer& responder, testing::Way way,
                             const testing::Line& line, const std::optional<Scope>& wider = {});
  testing::Line some_line();
  void check_equal(const Peer& peer) const;
  static void check_sound(const Peer& peer);
  void tell(const std::string& line);
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  Peer& someone() { return *peers_[pick(peers_.size())]; }

  Plan plan_;
  std::mt19937_64 random_;
  testing::TemporaryFolder folder_;
  World world_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::map<std::uint64_t, std::filesystem::path> backups_;  // by the place in peers_
  std::set<Id> written_;  // commits that were acknowledged, and not lost with a restored backup
  std::uint64_t folders_made_ = 0;
  int revoked_ = 0;
  Counts counts_;
};

}  // namespace isodb::sim
