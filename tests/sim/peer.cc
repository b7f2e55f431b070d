#include "tests/sim/peer.h"

#include "core/hash.h"
#include "refs/database.h"

namespace isodb::sim {
namespace {

std::string seed_of(std::uint64_t number) {
  return std::string(core::sha256("simulated device " + std::to_string(number)).bytes());
}

/// Another key and writer than the template's, the same in every run.
void give_identity(const std::filesystem::path& folder, std::uint64_t number) {
  const SecretKey key = SecretKey::from_seed(seed_of(number));
  isodb::testing::spill(folder / RepositoryState::kKeyPath, key.text());
  refs::WriteBatch batch;
  WriterId writer;
  writer.value = 0x1000 + number;
  batch.settings.emplace_back(repo::kSettingWriter, writer.hex());
  refs::Database::open(folder / RepositoryState::kDatabaseName, {})->write(batch);
}

}  // namespace

Peer::Peer(std::filesystem::path folder, const World& world, std::uint64_t number,
           bool same_identity)
    : folder_(std::move(folder)),
      number_(number),
      environment_(std::make_unique<PeerEnvironment>(world, number + 1)) {
  if (!same_identity) give_identity(folder_, number);
  open();
}

void Peer::open() {
  OpenOptions options;
  options.cache_bytes = 1 << 20;
  state_ = std::make_shared<RepositoryState>(
      folder_, options,
      refs::Database::open(folder_ / RepositoryState::kDatabaseName, refs::Database::Options{}),
      *environment_);
}

}  // namespace isodb::sim
