#include "bench/sync/lines.h"

#include <chrono>
#include <cstdio>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "bench/sync/syncing.h"
#include "tests/support/net_proxy.h"
#include "tests/support/sync_corpus.h"

namespace isodb::bench {
namespace {

namespace fs = std::filesystem;
using testing::NetProxy;
using testing::SyncCorpus;

constexpr std::uint64_t kDocuments = 20'000;
/// A satellite's: 600 ms there and back.
const testing::LineModel kSlowLine{.delay = std::chrono::milliseconds(300), .bits_a_second = 9600};

/// Makes changes, none of them twice.
class Changes {
 public:
  static std::vector<Change> all() {
    Change change;
    for (std::uint64_t i = 0; i < kDocuments; ++i) {
      change.emplace_back(SyncCorpus::path(i), SyncCorpus::document(i));
    }
    return {change};
  }
  /// One field in each document, of a spread of them.
  std::vector<Change> commits(std::uint64_t count, std::uint64_t documents) {
    std::vector<Change> commits(count);
    for (Change& change : commits) {
      for (std::uint64_t n = 0; n < documents; ++n) {
        // Any two of a case are different documents.
        const std::uint64_t i = next_++ * 197 % kDocuments;
        change.emplace_back(SyncCorpus::path(i), SyncCorpus::document(i, 3000 + next_ % 5000));
      }
    }
    return commits;
  }

 private:
  std::uint64_t next_ = 0;
};

class Cases {
 public:
  Cases(Syncing& syncing, std::string system)
      : syncing_(syncing),
        system_(std::move(system)),
        quick_(syncing.port()),
        slow_(syncing.port(), kSlowLine) {}

  void run_quick(std::vector<LineRow>& rows) {
    syncing_.commit_to_hub(Changes::all());
    measure(rows, 0, "clone of 20,000 documents", quick_, [&] { syncing_.clone(quick_.port()); });
    syncing_.take(quick_.port());  // isodb: agrees on what the clone brought
    run(rows, 1, quick_);
  }
  void run_slow(std::vector<LineRow>& rows) { run(rows, 0, slow_); }

 private:
  void run(std::vector<LineRow>& rows, std::size_t at, NetProxy& line) {
    const auto take = [&] { syncing_.take(line.port()); };
    measure(rows, at++, "nothing new", line, take);
    syncing_.commit_to_hub(changes_.commits(1, 1));
    measure(rows, at++, "one commit, one field", line, take);
    syncing_.commit_to_hub(changes_.commits(1, 100));
    measure(rows, at++, "one commit, 100 documents", line, take);
    syncing_.commit_to_hub(changes_.commits(1000, 1));
    measure(rows, at++, "1,000 commits of one document", line, take);
    syncing_.commit_to_hub(changes_.commits(100, 1));
    syncing_.commit_to_device(changes_.commits(100, 1));
    measure(rows, at, "both sides diverged by 100 commits", line,
            [&] { syncing_.meet(line.port()); });
  }

  void measure(std::vector<LineRow>& rows, std::size_t at, const char* what, NetProxy& line,
               const std::function<void()>& work) {
    line.reset_counts();
    const auto begun = std::chrono::steady_clock::now();
    work();
    const auto took = std::chrono::steady_clock::now() - begun;
    syncing_.check_equal();
    const std::lock_guard lock(rows_);
    if (rows.size() <= at) rows.resize(at + 1);
    rows[at].what = what;
    LineCost& cost = rows[at].costs[system_];
    const NetProxy::Counts counts = line.counts();
    cost.bytes = counts.total();
    cost.round_trips = counts.round_trips();
    cost.seconds = std::chrono::duration<double>(took).count();
    std::fprintf(stderr, "%s, %s: %llu bytes, %llu round trips, %.2f s\n", what, system_.c_str(),
                 static_cast<unsigned long long>(cost.bytes),
                 static_cast<unsigned long long>(cost.round_trips), cost.seconds);
  }

  Syncing& syncing_;
  const std::string system_;
  NetProxy quick_, slow_;
  Changes changes_;
  static inline std::mutex rows_;
};

}  // namespace

LineResults run_lines(const fs::path& folder) {
  LineResults results;
  results.systems = {"isodb", "git", "git, SHA-256"};
  const auto make = [&](const std::string& system) {
    if (system == "isodb") return isodb_syncing(folder / "isodb");
    return git_syncing(folder / system, system == "git" ? "sha1" : "sha256");
  };
  // The servers first: some are processes, forked while there is no thread.
  std::list<std::pair<std::string, std::unique_ptr<Syncing>>> all;
  for (const char* system : {"git", "git, SHA-256", "isodb"}) {
    all.emplace_back(system, make(system));
  }
  std::list<Cases> cases;
  for (const auto& [system, syncing] : all) cases.emplace_back(*syncing, system);
  for (Cases& of_system : cases) of_system.run_quick(results.quick);
  // Side by side: they do nothing but wait for their lines.
  std::list<std::future<void>> slow;
  for (Cases& of_system : cases) {
    slow.push_back(std::async(std::launch::async, [&] { of_system.run_slow(results.slow); }));
  }
  for (std::future<void>& one : slow) one.get();
  return results;
}

}  // namespace isodb::bench
