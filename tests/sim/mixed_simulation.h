#pragma once

#include <string>
#include <vector>

#include "tests/sim/simulation.h"

namespace isodb::sim {

/// A simulation in which devices join that hold a part: some folders, some depth, or what was
/// written since some time, as the seed says. They work in what they hold, meet whole and partial
/// devices, over lines that break and by bundles that may be cut off, and are given more now and
/// then. In the end they have every commit and ref, what is in their scope, and nothing wrong.
class MixedSimulation : public Simulation {
 public:
  explicit MixedSimulation(const Plan& plan);

 private:
  void step() override;
  void settle() override;
  void check() override;
  bool may_end_with(const Peer& initiator, const Peer& responder,
                    const Error& error) const override;

  void write(Peer& peer);
  std::string some_document(Peer& peer, Transaction& transaction, const std::string& path);
  void carry_bundle();
  /// False where the bundle could not be made.
  bool make_bundle(Peer& from, const std::filesystem::path& file, const std::string& since);
  void apply_bundle(Peer& to, const std::filesystem::path& file, bool is_cut_off);
  void clone_a_part();
  wire::ScopeClaim some_claim();
  void widen_someone();
  void restore_someone();
  void check_contents(Peer& peer) const;
  static void check_not_seen(const Peer& peer);
  Peer* some_partial();

  int clones_left_;
};

}  // namespace isodb::sim
