#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "core/clock.h"
#include "isodb/repository.h"
#include "repo/access.h"
#include "repo/state.h"
#include "tests/support/testing.h"

namespace isodb::sim {

/// The time that all peers live in, in milliseconds.
struct World {
  std::uint64_t now = 1'800'000'000'000;
};

/// One peer's clock, which may be wrong, and its chance, which is the seed's.
class PeerEnvironment : public core::Environment {
 public:
  PeerEnvironment(const World& world, std::uint64_t seed) : world_(world), random_(seed) {}
  std::uint64_t now_millis() override {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(world_.now) + skew_millis);
  }
  void random_bytes(std::uint8_t* out, std::size_t count) override {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(random_());
  }

  std::int64_t skew_millis = 0;

 private:
  const World& world_;
  std::mt19937_64 random_;
};

/// A device of the simulation: a repository in a folder, opened with its own clock. Copies of its
/// folder are backups and clones that share its writer.
class Peer {
 public:
  /// In `folder`, which holds a repository; a new identity unless it is to be a copy of another.
  Peer(std::filesystem::path folder, const World& world, std::uint64_t number, bool same_identity);
  Peer(Peer&&) = default;

  std::uint64_t number() const { return number_; }
  const std::filesystem::path& folder() const { return folder_; }
  PeerEnvironment& environment() { return *environment_; }
  const std::shared_ptr<RepositoryState>& state() const { return state_; }
  Repository repository() const { return repo::Access::repository(state_); }
  PublicKey key() const { return state_->key().public_key(); }
  std::optional<Id> head() const { return state_->database->ref("heads/main"); }

  void close() { state_.reset(); }
  void open();

 private:
  std::filesystem::path folder_;
  std::uint64_t number_;
  std::unique_ptr<PeerEnvironment> environment_;
  std::shared_ptr<RepositoryState> state_;
};

}  // namespace isodb::sim
