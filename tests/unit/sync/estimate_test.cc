#include <algorithm>
#include <vector>

#include "core/hash.h"
#include "tests/support/pair_of_repositories.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using testing::put;

struct Moment {
  std::uint64_t come = 0, ahead = 0;
};

/// Of a conversation with a folder, which runs in steps of 64 KiB: what was said after each.
struct Watched {
  std::vector<Moment> moments;
  SyncResult result;

  /// By which factor the estimate of all bytes was wrong, at most, while there was one; 0 where
  /// there was none for most of the time.
  double worst() const {
    double worst = 1;
    std::size_t estimates = 0;
    const auto all = static_cast<double>(result.bandwidth.payload_in);
    for (const Moment& moment : moments) {
      if (moment.ahead == 0) continue;
      ++estimates;
      const auto told = static_cast<double>(moment.come + moment.ahead);
      worst = std::max({worst, told / all, all / told});
    }
    return estimates * 2 < moments.size() ? 0 : worst;
  }
};

class Office {
 public:
  Office() : office(Repository::init(folder / "office")) {}

  void import(const std::string& below, int documents) {
    Transaction transaction = office.begin();
    for (int i = 0; i < documents; ++i) {
      const std::string name = below + "/" + std::to_string(i);
      transaction.put(name, core::sha256(name).hex());
    }
    REQUIRE(std::holds_alternative<CommitId>(transaction.commit({})));
  }
  /// Until it has ended, or so many bytes have come.
  Watched clone_into(const std::string& name, std::uint64_t bytes_max = UINT64_MAX) const {
    Watched watched;
    StopRequest stop;
    SyncOptions options = watching(watched, stop, bytes_max);
    watched.result = clone(origin(), folder / name, options);
    return watched;
  }
  Watched pull_into(Repository& repository) const {
    Watched watched;
    StopRequest stop;
    SyncOptions options = watching(watched, stop, UINT64_MAX);
    options.direction = Direction::kPull;
    watched.result = sync_with(repository, origin(), options);
    return watched;
  }

  const testing::TemporaryFolder folder;
  Repository office;

 private:
  Remote origin() const { return remote_at((folder / "office").string()); }
  static SyncOptions watching(Watched& watched, StopRequest& stop, std::uint64_t bytes_max) {
    SyncOptions options;
    options.stop = &stop;
    options.progress = [&watched, &stop, bytes_max](const Bandwidth& bandwidth) {
      watched.moments.push_back({bandwidth.payload_in, bandwidth.ahead});
      if (bandwidth.payload_in > bytes_max) stop.request();
    };
    return options;
  }
};

TEST_CASE("a clone knows how much is to come, and a second one where the first was cut") {
  Office office;
  office.import("animals", 20'000);
  for (int i = 0; i < 50; ++i) put(office.office, "animals/" + std::to_string(i), "changed");
  const Watched whole = office.clone_into("whole");
  REQUIRE_FALSE(whole.result.error);
  CHECK(whole.result.bandwidth.ahead == 0);
  CHECK(whole.worst() > 1);
  CHECK(whole.worst() < 1.5);

  const std::uint64_t all = whole.result.bandwidth.payload_in;
  const Watched begun = office.clone_into("cut", all / 2);
  REQUIRE(begun.result.error);
  const Watched rest = office.clone_into("cut");
  REQUIRE_FALSE(rest.result.error);
  CHECK(rest.result.bandwidth.payload_in < all * 2 / 3);
  CHECK(rest.worst() > 1);
  CHECK(rest.worst() < 1.5);
}

TEST_CASE("a clone of one large document knows how much is to come, also where it was cut in it") {
  Office office;
  std::string document;
  for (int i = 0; document.size() < 2'000'000; ++i) {
    document += core::sha256(std::to_string(i)).bytes();
  }
  put(office.office, "scan", document);
  const Watched whole = office.clone_into("whole");
  REQUIRE_FALSE(whole.result.error);
  CHECK(whole.worst() > 1);
  CHECK(whole.worst() < 1.3);

  const Watched begun = office.clone_into("cut", 1'500'000);
  REQUIRE(begun.result.error);
  const Watched rest = office.clone_into("cut");
  REQUIRE_FALSE(rest.result.error);
  CHECK(rest.result.bandwidth.payload_in < 700'000);
  CHECK(rest.worst() > 1);
  CHECK(rest.worst() < 1.3);
}

TEST_CASE("a pull knows how much is to come where it is much, and is not told where it is little") {
  Office office;
  office.import("animals", 100);
  REQUIRE_FALSE(office.clone_into("tablet").result.error);
  Repository tablet = Repository::open(office.folder / "tablet");
  office.import("plots", 10'000);
  const Watched much = office.pull_into(tablet);
  REQUIRE_FALSE(much.result.error);
  CHECK(much.worst() > 1);
  CHECK(much.worst() < 1.5);

  put(office.office, "animals/1", "changed");
  const Watched little = office.pull_into(tablet);
  REQUIRE_FALSE(little.result.error);
  CHECK(little.result.report.commits_received == 1);
  CHECK(std::ranges::all_of(little.moments, [](const Moment& one) { return one.ahead == 0; }));
  CHECK(little.result.bandwidth.payload_in < 300);
}

}  // namespace
}  // namespace isodb::sync
