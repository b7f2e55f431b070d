// isodb_commit_bench: see --help, and "Durable commits" in docs/performance.md.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "bench/corpus.h"
#include "bench/format.h"
#include "bench/random.h"
#include "bench/run_main.h"
#include "isodb/import_session.h"
#include "isodb/repository.h"

namespace isodb::bench {
namespace {

namespace fs = std::filesystem;

constexpr char kBranch[] = "heads/main";

struct Settings {
  fs::path folder;
  std::uint64_t documents = 100'000, commits = 20'000, batch = 1;
  unsigned threads = 1;
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

void load(const Settings& settings) {
  Repository repository = Repository::init(settings.folder);
  ImportSession session(repository);
  ImportSession::CommitInput input;
  input.parents = {repository.resolve_commit(kBranch)};
  std::string json;
  for (std::uint64_t number = 0; number < settings.documents; ++number) {
    Corpus::document(number, 0, json);
    input.changes.push_back(
        {Corpus::path(number), session.write_document(json, "application/json")});
  }
  session.finish({{kBranch, session.commit(std::move(input))}}, "load");
}

/// Commits until `left` commits are begun; documents of different threads differ.
void commit_from(Repository& repository, const Settings& settings, unsigned thread,
                 std::atomic<std::int64_t>& left, std::vector<double>& took) {
  Random random(scatter(static_cast<std::uint64_t>(now_seconds() * 1e6) + thread));
  std::string json;
  const auto share = static_cast<std::uint32_t>(settings.documents / settings.threads);
  while (--left >= 0) {
    const double begin = now_seconds();
    Transaction transaction = repository.begin(kBranch);
    for (std::uint64_t i = 0; i < settings.batch; ++i) {
      const std::uint64_t number = std::uint64_t{random.below(share)} * settings.threads + thread;
      Corpus::document(number, static_cast<std::uint32_t>(random.next() >> 33), json);
      transaction.put(Corpus::path(number), json);
    }
    if (std::holds_alternative<Stale>(transaction.commit({}))) {
      throw std::runtime_error("a commit of documents that nobody else changes was refused");
    }
    took.push_back(now_seconds() - begin);
  }
}

struct Measured {
  double wall = 0, cpu = 0;
  std::vector<double> took;
};

Measured measure(Repository& repository, const Settings& settings) {
  std::atomic<std::int64_t> left = static_cast<std::int64_t>(settings.commits);
  std::vector<std::vector<double>> took(settings.threads);
  std::vector<std::exception_ptr> errors(settings.threads);
  std::vector<std::thread> threads;
  Measured measured;
  measured.wall = -now_seconds();
  measured.cpu = -cpu_seconds();
  for (unsigned i = 0; i < settings.threads; ++i) {
    threads.emplace_back([&, i] {
      try {
        commit_from(repository, settings, i, left, took[i]);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  measured.wall += now_seconds();
  measured.cpu += cpu_seconds();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  for (const auto& some : took) {
    measured.took.insert(measured.took.end(), some.begin(), some.end());
  }
  std::sort(measured.took.begin(), measured.took.end());
  return measured;
}

int main_of(int argc, char** argv) {
  CLI::App app(
      "What durable commits cost: loads a repository where none is, commits, and says how "
      "much wall and processor time (of all threads, packing included) a commit took.");
  Settings settings;
  app.add_option("--folder", settings.folder, "of the repository; used again where it is there")
      ->required();
  app.add_option("--documents", settings.documents, "that it has")->capture_default_str();
  app.add_option("--commits", settings.commits)->capture_default_str();
  app.add_option("--batch", settings.batch, "documents a commit")->capture_default_str();
  app.add_option("--threads", settings.threads, "that commit at once")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!fs::exists(settings.folder)) load(settings);
  const std::uint64_t before = bytes_in(settings.folder);
  Measured measured;
  double all = -cpu_seconds();
  {
    Repository repository = Repository::open(settings.folder);
    measured = measure(repository, settings);
  }
  all += cpu_seconds();  // with the packing that goes on behind the last commit
  const double count = static_cast<double>(measured.took.size());
  const auto micros_at = [&](double share) {
    return measured.took[static_cast<std::size_t>(share * (count - 1))] * 1e6;
  };
  std::printf(
      "%s commits of %s, %u threads: %.0f/s, a commit p50 %.0f us, p99 %.0f us; processor time "
      "%.1f us, until closed %.1f us; %s bytes more\n",
      spaced(measured.took.size()).c_str(), spaced(settings.batch).c_str(), settings.threads,
      count / measured.wall, micros_at(0.5), micros_at(0.99), measured.cpu / count * 1e6,
      all / count * 1e6, spaced(bytes_in(settings.folder) - before).c_str());
  return 0;
}

}  // namespace
}  // namespace isodb::bench

int main(int argc, char** argv) {
  return isodb::bench::run_main("isodb_commit_bench", isodb::bench::main_of, argc, argv);
}
