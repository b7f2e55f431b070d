// isodb_history_bench: see --help, and "Long histories" in docs/performance.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bench/format.h"
#include "bench/process.h"
#include "bench/random.h"
#include "bench/run_main.h"
#include "bench/table.h"
#include "isodb/import_session.h"
#include "isodb/repository.h"

namespace isodb::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kPaths = 10'000;
constexpr int kRounds = 5;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string milliseconds(double seconds) {
  return short_number(seconds * 1e3) + " ms";
}

double median_of(const std::function<void()>& work) {
  std::vector<double> times;
  for (int round = 0; round < kRounds; ++round) times.push_back(seconds_of(work));
  std::sort(times.begin(), times.end());
  return times[kRounds / 2];
}

std::string path_of(std::uint32_t number) {
  return "d" + std::to_string(number % 100) + "/p" + std::to_string(number) + ".json";
}

/// One document a commit, at random among `kPaths`; rare/10 is changed by ten of the commits,
/// evenly spread, and so on. Branches of 20 commits part at 99 %, a half and 1 % of the way.
void make_history(const fs::path& folder, std::uint64_t commits) {
  Repository repository = Repository::init(folder);
  ImportSession session(repository);
  Random random(7);
  std::map<std::string, Id> newest;
  std::uint64_t number = 0;
  const auto commit = [&](const CommitId& parent, const std::string& path) {
    const std::string document = R"({"path":")" + path + R"(","number":)" +
                                 std::to_string(++number) + R"(,"value":)" +
                                 std::to_string(random.below(1'000'000)) + "}";
    std::optional<Id> before;
    if (const auto found = newest.find(path); found != newest.end()) before = found->second;
    const Entry entry = session.write_document(document, "application/json", before);
    newest[path] = entry.content;
    ImportSession::CommitInput input;
    input.parents = {parent};
    input.changes.push_back({path, entry});
    input.at_millis = 1'500'000'000'000 + number * 1000;
    input.message = "number " + std::to_string(number);
    return session.commit(std::move(input));
  };
  std::vector<ImportSession::RefUpdate> refs;
  std::vector<std::pair<std::string, CommitId>> sides;
  CommitId head = repository.id();
  for (std::uint64_t i = 0; i < commits; ++i) {
    std::string path = path_of(random.below(kPaths));
    for (const std::uint64_t rare : {10, 100, 1000}) {
      const std::uint64_t step = std::max<std::uint64_t>(commits / rare, 4);
      if (i % step == step / 2 + (rare == 10 ? 0 : rare == 100 ? 1 : 2) % step) {
        path = "rare/" + std::to_string(rare);
      }
    }
    head = commit(head, path);
    if (i == commits - commits / 100) sides.emplace_back("near", head);
    if (i == commits / 2) sides.emplace_back("half", head);
    if (i == commits / 100) sides.emplace_back("far", head);
  }
  for (auto& [name, from] : sides) {
    for (int i = 0; i < 20; ++i) from = commit(from, "side/" + name + std::to_string(i));
    refs.push_back({"heads/" + name, from});
  }
  refs.push_back({"heads/main", head});
  if (session.finish(refs, "bench")) throw std::runtime_error("a ref was moved");
}

std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t bytes = 0;
  if (!fs::exists(folder)) return 0;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

/// The middle of some rounds, each with the repository opened anew.
class Questions {
 public:
  Questions(fs::path folder, Table& table) : folder_(std::move(folder)), table_(table) {}

  void log(const std::string& path, std::uint64_t limit = UINT64_MAX) {
    std::uint64_t found = 0;
    const auto work = [&] {
      const Repository repository = open();
      found = 0;
      repository.log(repository.resolve_heads("main"), {.path = path, .limit = limit},
                     [&](const LoggedCommit&) { return ++found > 0; });
    };
    const std::string what = path.empty() ? "log" : "log " + path;
    add(what + ", " + std::to_string(found_of(work, found)) + " commits", work);
  }
  void merge_base(const std::string& branch) {
    add("merge base with " + branch, [&] {
      const Repository repository = open();
      const auto bases = repository.common_heads(repository.resolve_heads("main"),
                                                 repository.resolve_heads(branch));
      if (bases.size() != 1) throw std::runtime_error("no merge base");
    });
  }
  void get(const std::string& path) {
    add("get " + path, [&] {
      if (!open().snapshot("main").get(path)) throw std::runtime_error("no " + path);
    });
  }
  void program(const std::string& program, std::vector<std::string> arguments) {
    std::string what = "`isodb";
    for (const std::string& argument : arguments) what += " " + argument;
    arguments.insert(arguments.begin(), {program, "-C", folder_.string()});
    add(what + "`, a process", [&] { run(arguments); });
  }

 private:
  Repository open() const { return Repository::open(folder_, {.read_only = true}); }
  static std::uint64_t found_of(const std::function<void()>& work, const std::uint64_t& found) {
    work();
    return found;
  }
  void add(const std::string& what, const std::function<void()>& work) {
    table_.add({what, milliseconds(median_of(work))});
  }

  const fs::path folder_;
  Table& table_;
};

void measure(const fs::path& folder, std::uint64_t commits, const std::string& program) {
  fs::remove_all(folder);
  fs::create_directories(folder.parent_path());
  const double making = seconds_of([&] { make_history(folder, commits); });
  const std::uint64_t bytes = bytes_in(folder);
  Table table({spaced(commits) + " commits", "wall time"});
  table.add({"made and stored, " + spaced(bytes) + " bytes", milliseconds(making)});
  Questions questions(folder, table);
  questions.log("", 20);
  questions.merge_base("near");
  const double first = seconds_of([&] {
    const Repository repository = Repository::open(folder);
    repository.log(repository.resolve_heads("main"), {.path = "none"},
                   [](const LoggedCommit&) { return true; });
  });
  table.add({"the first log of a path, which makes the index", milliseconds(first)});
  for (const char* path : {"rare/10", "rare/100", "rare/1000", "none"}) questions.log(path);
  questions.log("d7/", 20);
  questions.log("d7/");
  for (const char* branch : {"near", "half", "far"}) questions.merge_base(branch);
  questions.get("rare/10");
  if (!program.empty()) {
    questions.program(program, {"get", "rare/10"});
    questions.program(program, {"log", "-n", "20"});
    questions.program(program, {"log", "rare/10"});
    questions.program(program, {"merge-base", "main", "far"});
    questions.program(program, {"status"});
  }
  table.add({"index, " + spaced(bytes_in(folder / "history")) + " bytes", ""});
  std::printf("%s\n", table.markdown().c_str());
  std::fflush(stdout);
  fs::remove_all(folder);
}

int main_of(int argc, char** argv) {
  CLI::App app("Measures what questions about long histories cost.");
  fs::path folder;
  std::string program;
  std::vector<std::uint64_t> commits{10'000, 100'000, 1'000'000};
  app.add_option("--folder", folder, "where repositories are made and removed")->required();
  app.add_option("--commits", commits, "sizes of histories")->capture_default_str();
  app.add_option("--program", program, "the isodb to measure with its start");
  CLI11_PARSE(app, argc, argv);
  for (const std::uint64_t count : commits) measure(folder / "history_bench", count, program);
  return 0;
}

}  // namespace
}  // namespace isodb::bench

int main(int argc, char** argv) {
  return isodb::bench::run_main("isodb_history_bench", isodb::bench::main_of, argc, argv);
}
