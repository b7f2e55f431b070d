#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "exchange/git_import.h"
#include "tests/support/syncing.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

/// Imports one of the shared histories; false, said visibly, where this machine does not have it.
bool import_history(Repository& repository, const std::string& name) {
  const auto path = shared_data("history/" + name + ".fe.zst");
  if (!path) return false;
  const std::string command = "zstd -dc --long=27 '" + path->string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  REQUIRE(pipe);
  exchange::ByteSource source(
      [&](char* buffer, std::size_t size) { return std::fread(buffer, 1, size, pipe.get()); },
      name);
  exchange::import_git(repository, source, {.skip_unsupported = true});
  return true;
}

/// What a history comes to over there, sent at once and then again in two parts.
void check_history(const std::string& name) {
  const TemporaryFolder folder;
  Repository::init(folder / "a");
  SyncSide a(folder / "a");
  if (!import_history(a.repository, name)) return;
  SyncSide b = empty_clone(folder / "b", a.repository.id());
  const auto begin = std::chrono::steady_clock::now();
  const Pumped pumped = sync_one_way(a, b);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  CHECK(pumped.received.size() > 100);
  for (const RefInfo& ref : a.repository.refs("heads/")) {
    CHECK(b.repository.ref(ref.name) == ref.target);
  }
  check_sound(b.repository);
  std::string kinds;
  for (const auto& [kind, count] : pumped.operations_of_kind) {
    kinds += " " + std::to_string(kind) + ":" + std::to_string(count);
  }
  std::printf("%s: %zu commits, %llu operations (%s ) in %.1f s\n", name.c_str(),
              pumped.received.size(), static_cast<unsigned long long>(pumped.operations),
              kinds.c_str(), seconds.count());
}

}  // namespace

TEST_CASE("the history of problem specifications is rebuilt as it was signed") {
  check_history("exercism-problem-specifications");
}
TEST_CASE("the history of corpora is rebuilt as it was signed") {
  check_history("dariusk-corpora");
}
TEST_CASE("the history of football results is rebuilt as it was signed") {
  check_history("openfootball-football.json");
}
TEST_CASE("a history of 15,488 commits is rebuilt as it was signed") {
  check_history("scoop-java");
}
