#include "bench/workload.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "bench/disk.h"
#include "bench/random.h"

namespace isodb::bench {
namespace {

constexpr int kChecked = 200;  // documents compared with the corpus before a measurement
constexpr int kFirstReads = 1000, kWarmUpCommits = 50;

class Watch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

std::unique_ptr<Engine> opened(const Scene& scene) {
  auto engine = scene.kind.make(scene.settings);
  engine->open();
  return engine;
}

/// Numbers that differ between rounds and purposes, equal for all engines.
Random draws(const Scene& scene, std::uint64_t purpose) {
  return Random(scatter(purpose * 1000003 + scene.round));
}

std::uint64_t draw(Random& random, const Scene& scene) {
  return random.below(static_cast<std::uint32_t>(scene.documents));
}

void expect_document(Engine& engine, std::uint64_t number, std::uint32_t version) {
  std::string expected, found;
  Corpus::document(number, version, expected);
  if (!engine.get(Corpus::path(number), found) || found != expected) {
    throw std::runtime_error("a wrong answer for " + Corpus::path(number));
  }
}

void check_some(Engine& engine, const Scene& scene) {
  for (std::uint64_t i = 0; i < kChecked; ++i) {
    Random random(scatter(i));
    expect_document(engine, draw(random, scene), 0);
  }
}

/// Reads documents drawn by `random` until the time is over; returns how many a second.
double read_for(Engine& engine, const Scene& scene, Random& random, double seconds) {
  std::string document;
  std::uint64_t count = 0;
  const Watch watch;
  do {
    for (int i = 0; i < 64; ++i, ++count) {
      if (!engine.get(Corpus::path(draw(random, scene)), document) || document.size() < 2) {
        throw std::runtime_error("a document is missing");
      }
    }
  } while (watch.seconds() < seconds);
  return static_cast<double>(count) / watch.seconds();
}

Document changed(std::uint64_t number, std::uint32_t version) {
  Document document{Corpus::path(number), {}};
  Corpus::document(number, version, document.json);
  return document;
}

double percentile(std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

/// What one thread of measure_commits() did.
struct Commits {
  std::vector<double> seconds;                      ///< of each commit
  std::map<std::uint64_t, std::uint32_t> versions;  ///< of each document, the last one
  std::exception_ptr error;
};

/// Commits documents `number` ≡ `thread` (mod `threads`) until `end` says so: threads never meet
/// in a document.
void commit_until(Committer& committer, const Scene& scene, unsigned thread, unsigned threads,
                  std::uint32_t version, const std::atomic<bool>& end, Commits& commits) {
  try {
    Random random = draws(scene, 700 + thread);
    while (!end) {
      const std::uint64_t number = draw(random, scene) / threads * threads + thread;
      if (number >= scene.documents) continue;
      const std::vector<Document> documents = {changed(number, ++version)};
      const Watch watch;
      committer.commit(documents);
      commits.seconds.push_back(watch.seconds());
      commits.versions[number] = version;
    }
  } catch (...) {
    commits.error = std::current_exception();
  }
}

}  // namespace

Json measure_load(const Scene& scene) {
  auto engine = scene.kind.make(scene.settings);
  CorpusReader reader(scene.corpus);
  const Watch watch;
  engine->load(reader, scene.order);
  const double seconds = watch.seconds();
  note_memory();
  return {{"value", static_cast<double>(scene.documents) / seconds}, {"seconds", seconds}};
}

void check_load(const Scene& scene) {
  check_some(*opened(scene), scene);
}

Json measure_settle(const Scene& scene) {
  auto engine = scene.kind.make(scene.settings);
  const Watch watch;
  engine->settle();
  return {{"value", watch.seconds()}};
}

Json measure_reads(const Scene& scene) {
  const auto engine = opened(scene);
  Random random = draws(scene, 100);
  read_for(*engine, scene, random, scene.seconds);  // warm-up
  return {{"value", read_for(*engine, scene, random, scene.seconds)}};
}

Json measure_first_reads(const Scene& scene) {
  const Watch watch;
  const auto engine = opened(scene);
  Random random = draws(scene, 200);
  std::string document;
  for (int i = 0; i < kFirstReads; ++i) {
    if (!engine->get(Corpus::path(draw(random, scene)), document)) {
      throw std::runtime_error("a document is missing");
    }
  }
  const double millis = watch.seconds() * 1e3;
  note_memory();
  return {{"value", millis}};
}

Json measure_scan(const Scene& scene, ScanOrder order) {
  const auto engine = opened(scene);
  if (scene.round == 0) check_some(*engine, scene);
  const auto scan = [&] {
    const Watch watch;
    const std::uint64_t bytes =
        order == ScanOrder::kPath ? engine->scan() : engine->scan_any_order();
    if (scene.round == 0 && bytes != scene.document_bytes) {
      throw std::runtime_error("the scan saw " + std::to_string(bytes) + " bytes of " +
                               std::to_string(scene.document_bytes));
    }
    return watch.seconds();
  };
  scan();  // warm-up
  std::uint64_t count = 0;
  double seconds = 0;
  for (; count == 0 || seconds < scene.seconds; ++count) seconds += scan();
  return {{"value", static_cast<double>(scene.documents * count) / seconds}};
}

Json measure_batch_commit(const Scene& scene, std::uint64_t documents_wanted) {
  auto engine = opened(scene);
  Json result;
  try {
    result["before"] = engine->version();
  } catch (const NotOffered&) {
    // The commit itself is measured for every engine.
  }
  std::set<std::uint64_t> numbers;
  for (Random random = draws(scene, 300 + documents_wanted);
       numbers.size() < std::min(documents_wanted, scene.documents);) {
    numbers.insert(draw(random, scene));
  }
  std::vector<Document> documents;
  const auto version = static_cast<std::uint32_t>((1 + scene.round) * 10'000 + documents_wanted);
  for (std::uint64_t number : numbers) documents.push_back(changed(number, version));
  {
    const auto committer = engine->committer();
    const Watch watch;
    committer->commit(documents);
    result["value"] = watch.seconds() * 1e3;
  }
  if (result.contains("before")) result["after"] = engine->version();
  engine.reset();
  engine = opened(scene);
  for (std::uint64_t number : numbers) expect_document(*engine, number, version);
  return result;
}

Json measure_diff(const Scene& scene, const Json& versions, std::uint64_t documents, DiffRun run) {
  if (!versions.is_object() || !versions.contains("after")) throw NotOffered();
  const auto engine = opened(scene);
  const std::string before = versions["before"], after = versions["after"];
  const auto diff = [&] {
    const Watch watch;
    const std::uint64_t count = engine->diff(before, after);
    if (count != std::min(documents, scene.documents)) {
      throw std::runtime_error("the diff found " + std::to_string(count) + " documents");
    }
    return watch.seconds() * 1e3;
  };
  const double first = diff();
  if (run == DiffRun::kFirst) return {{"value", first}};
  std::vector<double> millis;
  for (const Watch watch; millis.size() < 5 || watch.seconds() < scene.seconds;) {
    millis.push_back(diff());
  }
  std::sort(millis.begin(), millis.end());
  return {{"value", percentile(millis, 0.5)}, {"count", millis.size()}};
}

namespace {

/// This many documents that no other one drawn from `taken` has, in a version of its own.
std::vector<Document> draw_changes(Random& random, const Scene& scene, std::uint64_t count,
                                   std::uint32_t version, std::set<std::uint64_t>& taken) {
  std::vector<Document> documents;
  while (documents.size() < count) {
    const std::uint64_t number = draw(random, scene);
    if (taken.insert(number).second) documents.push_back(changed(number, version));
  }
  return documents;
}

std::uint32_t merge_version(const Scene& scene, std::uint32_t purpose) {
  return 2'000'000 + scene.round * 100'000 + purpose;
}

}  // namespace

Json measure_merge(const Scene& scene, MergeRun run) {
  const std::uint64_t count = std::min(kBatchDocuments, scene.documents / 4);
  Random random = draws(scene, 400);
  std::set<std::uint64_t> taken;
  std::vector<Document> left, right;
  left = draw_changes(random, scene, kMergedDocuments, merge_version(scene, 0), taken);
  for (const std::uint64_t number : taken) {
    right.push_back(changed(number, merge_version(scene, 1)));
  }
  for (std::vector<Document>* side : {&left, &right}) {
    const auto more =
        draw_changes(random, scene, count - kMergedDocuments, merge_version(scene, 2), taken);
    side->insert(side->end(), more.begin(), more.end());
  }
  {
    const auto engine = opened(scene);
    engine->fork(left, right);
  }
  const auto engine = opened(scene);
  const auto merge = [&] {
    const Watch watch;
    engine->merge();
    return watch.seconds() * 1e3;
  };
  std::vector<double> millis = {merge()};
  if (engine->merged_changes() != count) {
    throw std::runtime_error("the merge changed " + std::to_string(engine->merged_changes()) +
                             " documents");
  }
  if (run == MergeRun::kFirst) return {{"value", millis.front()}};
  millis.clear();
  for (const Watch watch; millis.size() < 5 || watch.seconds() < scene.seconds;) {
    const auto version = merge_version(scene, 10 + static_cast<std::uint32_t>(millis.size()));
    engine->advance(changed(*taken.begin(), version));
    millis.push_back(merge());
  }
  std::sort(millis.begin(), millis.end());
  return {{"value", percentile(millis, 0.5)}, {"count", millis.size()}};
}

Json measure_merge_of_heads(const Scene& scene) {
  Random random = draws(scene, 500);
  std::vector<std::vector<Document>> commits;
  for (std::uint64_t head = 0; head < kHeads; ++head) {
    std::set<std::uint64_t> taken;  // others may draw the same
    commits.push_back(draw_changes(random, scene, kSmallBatchDocuments,
                                   merge_version(scene, static_cast<std::uint32_t>(100 + head)),
                                   taken));
  }
  opened(scene)->fan_out(commits);
  const auto engine = opened(scene);
  const Watch watch;
  const std::size_t heads = engine->merge_all();
  const double millis = watch.seconds() * 1e3;
  if (heads != kHeads) throw std::runtime_error(std::to_string(heads) + " heads were merged");
  return {{"value", millis}};
}

Json measure_verify(const Scene& scene) {
  const std::uint64_t merges = std::min(kWovenMerges, scene.documents / 10);
  const auto engine = scene.kind.make(scene.settings);
  engine->weave(merges);
  const Watch watch;
  const std::uint64_t verified = engine->verify_woven();
  const double seconds = watch.seconds();
  if (verified != merges) {
    throw std::runtime_error(std::to_string(verified) + " merges were verified");
  }
  return {{"value", seconds}, {"merges", merges}};
}

Json measure_commits(const Scene& scene, unsigned threads) {
  const std::uint32_t version = (100 * (1 + scene.round) + threads) << 20;
  auto engine = opened(scene);
  std::vector<std::unique_ptr<Committer>> committers;
  for (unsigned i = 0; i < threads; ++i) committers.push_back(engine->committer());
  for (int i = 0; i < kWarmUpCommits; ++i) {
    committers[0]->commit({changed(static_cast<std::uint64_t>(i), version)});
  }
  std::vector<Commits> all(threads);
  std::atomic<bool> end = false;
  std::vector<std::thread> workers;
  const Watch watch;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back(
        [&, i] { commit_until(*committers[i], scene, i, threads, version, end, all[i]); });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(scene.seconds));
  end = true;
  for (std::thread& worker : workers) worker.join();
  const double elapsed = watch.seconds();
  committers.clear();
  std::vector<double> seconds;
  for (const Commits& commits : all) {
    if (commits.error) std::rethrow_exception(commits.error);
    seconds.insert(seconds.end(), commits.seconds.begin(), commits.seconds.end());
  }
  if (seconds.empty()) throw std::runtime_error("no commit came to its end in time");
  engine.reset();
  engine = opened(scene);
  for (const Commits& commits : all) {
    for (const auto& [number, last] : commits.versions) expect_document(*engine, number, last);
  }
  std::sort(seconds.begin(), seconds.end());
  return {{"value", static_cast<double>(seconds.size()) / elapsed},
          {"count", seconds.size()},
          {"p50_micros", percentile(seconds, 0.5) * 1e6},
          {"p99_micros", percentile(seconds, 0.99) * 1e6}};
}

Json measure_history(const Scene& scene) {
  constexpr double kSecondsMax = 60;
  const double before = occupied_bytes(scene.settings.folder);
  std::uint64_t commits = 0;
  {
    const auto engine = opened(scene);
    engine->version();  // who keeps none does not offer this
    const auto committer = engine->committer();
    Random random = draws(scene, 600);
    const std::uint64_t wanted = std::min(kHistoryCommits, scene.documents / 10);
    for (const Watch watch; commits < wanted && watch.seconds() < kSecondsMax; ++commits) {
      const auto version = static_cast<std::uint32_t>(3'000'000'000 + commits);
      committer->commit({changed(draw(random, scene), version)});
    }
  }
  const double grown = occupied_bytes(scene.settings.folder) - before;
  return {{"value", grown / static_cast<double>(commits)}, {"commits", commits}};
}

}  // namespace isodb::bench
