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
  void run();

  struct Counts {
    std::uint64_t commits = 0, meetings = 0, cuts = 0, restored = 0, copied = 0, revoked = 0,
                  bytes = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  void step();
  void write(Peer& peer);
  void meet_someone();
  void back_up_or_restore();
  void copy_device();
  void bend_clock();
  void revoke_someone();
  testing::Conversation meet(Peer& initiator, Peer& responder, testing::Way way,
                             const testing::Line& line);
  void settle();
  void check();
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
