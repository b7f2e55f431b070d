#include <algorithm>
#include <random>

#include "tests/support/folders.h"
#include "tests/support/syncing.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

constexpr const char* kOpenRepository = R"({"created":1,"format":1,"anyone":"writer"})";

/// Some devices that write and merge, and one that only receives, all from one seed.
class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : random_(seed) {
    Repository::init(folder_ / "0");
    devices_.push_back(std::make_unique<SyncSide>(folder_ / "0"));
    Transaction transaction = device(0).repository.begin();
    transaction.put(".isodb/repository.json", kOpenRepository);
    transaction.commit({.message = "open"});
    for (int i = 1; i < 3; ++i) {
      const std::filesystem::path folder = folder_ / std::to_string(i);
      clone_folder(device(0).repository, folder);
      devices_.push_back(std::make_unique<SyncSide>(folder));
    }
    receiver_.emplace(empty_clone(folder_ / "receiver", device(0).repository.id()));
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      const std::size_t who = random_() % devices_.size();
      if (random_() % 3 > 0) {
        write(who);
      } else {
        meet(who, random_() % devices_.size());
      }
      if (random_() % 8 == 0) receive(who);
    }
    for (std::size_t i = 1; i < devices_.size(); ++i) meet(0, i);
    const std::optional<Id> head = device(0).repository.ref("heads/main");
    for (int i = 0; i < 1000 && receiver_->repository.ref("heads/main") != head; ++i) receive(0);
    CHECK(receiver_->repository.ref("heads/main") == head);
    check_sound(receiver_->repository);
  }

 private:
  SyncSide& device(std::size_t i) { return *devices_[i]; }

  std::string document() {
    switch (random_() % 5) {
      case 0:
        return random_bytes(random_, random_() % 300);
      case 1:
        return random_bytes(random_, 60'000 + random_() % 100'000);
      case 2:
        return std::string();
      default:
        return R"({"n":)" + std::to_string(random_() % 50) + R"(,"text":"some words","list":[)" +
               std::to_string(random_() % 9) + ",2]}";
    }
  }
  std::string edited(std::string text) {
    if (text.empty() || random_() % 6 == 0) return document();
    for (std::uint64_t i = random_() % 3 + 1; i > 0; --i) {
      text.replace(random_() % text.size(), random_() % 5, std::to_string(random_() % 1000));
      if (text.empty()) break;
    }
    return text;
  }

  void write(std::size_t who) {
    Transaction transaction = device(who).repository.begin();
    const std::vector<std::string> paths = transaction.list("d/");
    for (std::uint64_t left = random_() % 6 + 1; left > 0; --left) {
      const std::string any = paths.empty() ? "d/0" : paths[random_() % paths.size()];
      PutOptions options;
      if (random_() % 8 == 0) options.media_type = "x/y" + std::to_string(random_() % 2);
      if (random_() % 8 == 0) options.metadata = R"({"by":)" + std::to_string(random_() % 3) + "}";
      const std::string fresh =
          "d/" + std::to_string(random_() % 40) + (random_() % 2 == 0 ? ".json" : "");
      switch (random_() % 6) {
        case 0:
          transaction.remove(any);
          break;
        case 1:
          if (const std::optional<Entry> entry = transaction.entry(any)) {
            transaction.put_entry(fresh, *entry);
            transaction.remove(any);
          }
          break;
        case 2:
          transaction.put(fresh, document(), options);
          break;
        default:
          transaction.put(any, edited(transaction.get(any).value_or("")), options);
      }
    }
    if (who == 0 && random_() % 5 == 0) {
      const std::string strategy = random_() % 2 == 0 ? "latest" : "json";
      transaction.put(".isodb/merge.json",
                      R"({"rules":[{"match":"d/**","strategy":")" + strategy + R"("}]})");
    }
    transaction.commit({.message = "m" + std::to_string(random_() % 10), .allow_empty = true});
  }

  void meet(std::size_t to, std::size_t from) {
    if (to == from) return;
    const std::string name = "r" + std::to_string(from);
    fetch_folder(device(to).repository, device(from).repository, name);
    device(to).repository.merge("remotes/" + name + "/main");
  }

  /// What the receiver gets from one device need not have all that it has from another.
  void receive(std::size_t from) {
    sync::Incoming incoming(*receiver_->state, device(from).repository.public_key());
    sync::Outgoing outgoing =
        outgoing_for(device(from), *receiver_, {.resume = incoming.resume()}, incoming.heads());
    const bool breaks = random_() % 2 == 0;
    std::uint64_t left = random_() % 40;
    pump(outgoing, incoming, [&](const wire::Element&) { return !breaks || left-- > 0; });
    if (breaks) {
      incoming.flush();
      if (random_() % 3 == 0) receiver_->repository.collect();
      return;
    }
    take_branches(device(from), *receiver_, incoming);
  }

  std::mt19937_64 random_;
  TemporaryFolder folder_;
  std::vector<std::unique_ptr<SyncSide>> devices_;
  std::optional<SyncSide> receiver_;
};

}  // namespace

TEST_CASE("random histories of several devices are rebuilt, in whole and in parts") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    RandomHistory(seed).run(60);
  }
}
