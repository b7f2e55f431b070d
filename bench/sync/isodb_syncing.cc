#include <optional>
#include <stdexcept>
#include <thread>

#include "bench/sync/side.h"
#include "bench/sync/syncing.h"
#include "isodb/repository.h"
#include "isodb/serve.h"
#include "isodb/sync.h"

namespace isodb::bench {
namespace {

namespace fs = std::filesystem;

void commit(Repository& repository, const Change& change) {
  Transaction transaction = repository.begin();
  for (const auto& [path, document] : change) transaction.put(path, document);
  if (!std::holds_alternative<CommitId>(transaction.commit({}))) {
    throw std::runtime_error("a commit was not taken");
  }
}

class IsodbSyncing : public Syncing {
 public:
  explicit IsodbSyncing(const fs::path& folder)
      : folder_(folder), hub_(Repository::init(folder / "hub")), port_(free_port()) {
    commit(hub_, {{".isodb/repository.json", "{\"anyone\":\"writer\",\"format\":1}\n"}});
  }
  ~IsodbSyncing() override { stop(); }

  std::uint16_t port() const override { return port_; }

  void clone(std::uint16_t through) override {
    const auto allow = [this](const PublicKey& key) { serve(key); };
    check(sync::clone(remote(through), folder_ / "device", {}, allow));
    device_.emplace(Repository::open(folder_ / "device"));
  }
  void commit_to_hub(const std::vector<Change>& commits) override {
    for (const Change& change : commits) commit(hub_, change);
  }
  void commit_to_device(const std::vector<Change>& commits) override {
    for (const Change& change : commits) commit(*device_, change);
  }
  // One session does both.
  void take(std::uint16_t through) override { meet(through); }
  void meet(std::uint16_t through) override { check(sync::sync_with(*device_, remote(through))); }
  void check_equal() override {
    if (hub_.ref("heads/main") != device_->ref("heads/main")) {
      throw std::runtime_error("isodb: hub and device differ");
    }
  }

 private:
  sync::Remote remote(std::uint16_t through) const {
    sync::Remote remote = sync::remote_at("isodb://127.0.0.1:" + std::to_string(through));
    remote.name = "origin";
    remote.key = hub_.public_key();
    return remote;
  }
  static void check(const sync::SyncResult& result) {
    if (result.error) throw Error(*result.error);
  }
  void serve(const PublicKey& key) {
    sync::ServeOptions options;
    options.listen = {"127.0.0.1:" + std::to_string(port_)};
    options.allow = {key};
    server_.emplace(hub_, options);
    thread_ = std::thread([this] { server_->run(); });
  }
  void stop() {
    if (!server_) return;
    server_->stop();
    thread_.join();
  }

  const fs::path folder_;
  Repository hub_;
  std::optional<Repository> device_;
  const std::uint16_t port_;
  std::optional<sync::Server> server_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Syncing> isodb_syncing(const fs::path& folder) {
  return std::make_unique<IsodbSyncing>(folder);
}

}  // namespace isodb::bench
