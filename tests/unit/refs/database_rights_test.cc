#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <map>

#include "refs/sqlite.h"
#include "tests/support/small_disk.h"
#include "tests/unit/refs/support.h"

namespace isodb::refs {
namespace {

using namespace test;

constexpr int kSkipped = 77;

/// Rights do not bind root: gives them up.
void become_nobody() {
  constexpr uid_t kNobody = 65534;
  if (::geteuid() != 0) return;
  if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) throw std::runtime_error("setuid");
}

std::map<std::string, std::string> contents(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename()].assign(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

/// Moves heads/main from id 1 to id 2 as a process does that is killed then.
void leave_log_of(const std::filesystem::path& folder) {
  const pid_t child = in_child([&] {
    const auto database = Database::open(folder / "repo.db", {});
    database->write(move_batch("heads/main", id_of(1), id_of(2)));
    ::kill(::getpid(), SIGKILL);
    return 0;
  });
  CHECK(wait_for(child) == 1000 + SIGKILL);
  REQUIRE(std::filesystem::file_size(folder / "repo.db-wal") > 0);
}

/// A folder with a repository file that nobody but root may write to.
struct Guarded {
  TemporaryFolder folder;
  Guarded() {
    const auto database = Database::create(folder / "repo.db", {});
    database->write(move_batch("heads/main", std::nullopt, id_of(1)));
  }
  void leave_a_log() { leave_log_of(folder.path()); }
  void forbid_writing() {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      ::chmod(entry.path().c_str(), 0444);
    }
    ::chmod(folder.path().c_str(), 0555);
  }
  /// Exit code of a process without rights that opens the file for reading and looks.
  int read_by_nobody(const Id& expected) {
    return wait_for(in_child([&] {
      become_nobody();
      const auto database = Database::open(folder / "repo.db", {.read_only = true});
      if (database->ref("heads/main") != expected) return 1;
      if (database->refs().size() != 1 || !database->check().empty()) return 2;
      const Caught error =
          caught([&] { database->write(move_batch("heads/main", expected, id_of(9))); });
      return error.code == ErrorCode::kInvalid ? 0 : 3;
    }));
  }
};

TEST_CASE_METHOD(Guarded, "a file in a folder without the right to write is read") {
  forbid_writing();
  const auto before = contents(folder.path());
  CHECK(read_by_nobody(id_of(1)) == 0);
  CHECK(contents(folder.path()) == before);
}

TEST_CASE_METHOD(Guarded, "a log that a killed process left is read in a folder without rights") {
  leave_a_log();
  SECTION("with its -shm file") {}
  SECTION("without") {
    std::filesystem::remove(folder / "repo.db-shm");
  }
  forbid_writing();
  const auto before = contents(folder.path());
  CHECK(read_by_nobody(id_of(2)) == 0);
  CHECK(contents(folder.path()) == before);
}

TEST_CASE_METHOD(Guarded, "a file that another process writes to is read without rights, too") {
  const auto writer = Database::open(folder / "repo.db", {});
  writer->write(move_batch("heads/main", id_of(1), id_of(3)));
  forbid_writing();
  CHECK(read_by_nobody(id_of(3)) == 0);
  writer->write(move_batch("heads/main", id_of(3), id_of(4)));
  CHECK(read_by_nobody(id_of(4)) == 0);
}

TEST_CASE_METHOD(Guarded, "opening for writing without rights is an io error with a hint") {
  forbid_writing();
  const int code = wait_for(in_child([&] {
    become_nobody();
    const Caught error = caught([&] { Database::open(folder / "repo.db", {}); });
    if (error.code != ErrorCode::kIo || error.hint.empty()) return 1;
    const Caught creation = caught([&] { Database::create(folder / "new.db", {}); });
    return creation.code == ErrorCode::kIo && !creation.hint.empty() ? 0 : 2;
  }));
  CHECK(code == 0);
}

TEST_CASE("a file on a read-only mount is read in place, with or without a log") {
  const TemporaryFolder folder;
  const int code = wait_for(in_child([&] {
    // A name space of its own, so that the mount is gone with the process.
    if (::unshare(CLONE_NEWNS) != 0) return kSkipped;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kSkipped;
    const std::string at = folder.path();
    if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=4m") != 0) return kSkipped;
    Database::create(folder / "repo.db", {})
        ->write(move_batch("heads/main", std::nullopt, id_of(1)));
    if (::mount(nullptr, at.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) return 1;
    const auto database = Database::open(folder / "repo.db", {.read_only = true});
    if (database->ref("heads/main") != id_of(1)) return 2;
    const Caught error = caught([&] { Database::open(folder / "repo.db", {}); });
    return error.code == ErrorCode::kIo && !error.hint.empty() ? 0 : 3;
  }));
  if (code == kSkipped) {
    WARN("SKIPPED: mounting is not allowed here");
    return;
  }
  CHECK(code == 0);
}

TEST_CASE("a log that a killed process left is read on a full disk, and stays as it is") {
  const TemporaryFolder folder;
  const testing::SmallDisk disk(folder / "disk", "4m");
  if (!disk.mounted()) return;
  const std::filesystem::path path = folder / "disk/repo.db";
  Database::create(path, {})->write(move_batch("heads/main", std::nullopt, id_of(1)));
  leave_log_of(folder / "disk");
  std::filesystem::remove(path.string() + "-shm");
  const std::string log = contents(folder / "disk").at("repo.db-wal");
  disk.leave_free(0);
  // A copy goes into the folder for temporary files, or into memory where that is full, too.
  for (const std::filesystem::path& temporary : {folder.path(), folder / "disk"}) {
    const int code = wait_for(in_child([&] {
      ::setenv("TMPDIR", temporary.c_str(), 1);
      const auto database = Database::open(path, {.read_only = true});
      return database->ref("heads/main") == id_of(2) && database->check().empty() ? 0 : 1;
    }));
    CHECK(code == 0);
    CHECK(contents(folder / "disk").at("repo.db-wal") == log);
  }
  disk.make_room();
  CHECK(Database::open(path, {})->ref("heads/main") == id_of(2));
}

/// Fills the file until a write fails; checks that the failure is told well and that nothing of it
/// remains. `make_room` ends the shortage.
int fill_until_it_fails(Database& database, const std::function<void()>& make_room) {
  Caught error;
  std::uint64_t done = 0;
  for (; done < 100'000 && !error.code; ++done) {
    WriteBatch batch = move_batch(
        "heads/main", done == 0 ? std::nullopt : std::optional(id_of(done)), id_of(done + 1));
    batch.loose.push_back(row_of({{id_of(done), Bytes(10'000, 'x')}}));
    batch.settings.push_back({"number", std::to_string(done + 1)});
    error = caught([&] { database.write(batch); });
    if (error.code) break;
  }
  if (error.code != ErrorCode::kIo || error.hint.empty() || done < 10) {
    std::cerr << done << ": " << error.message << std::endl;
    return 10;
  }
  if (database.ref("heads/main") != id_of(done)) return 11;
  if (database.setting("number") != std::to_string(done)) return 12;
  if (database.inventory(0).loose_all->size() != done) return 13;
  if (database.reflog("").size() != done) return 14;
  make_room();
  if (database.write(move_batch("heads/main", id_of(done), id_of(0))).lost) return 15;
  return database.check().empty() ? 0 : 16;
}

TEST_CASE("a write that the limit on file sizes stops changes nothing, and the next one works") {
  const TemporaryFolder folder;
  const int code = wait_for(in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const auto database = Database::create(folder / "repo.db", {});
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 3 << 20;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return fill_until_it_fails(*database, [&] {
      limit.rlim_cur = before;
      ::setrlimit(RLIMIT_FSIZE, &limit);
    });
  }));
  CHECK(code == 0);
}

TEST_CASE("a write on a full disk changes nothing, and the next one works when there is room") {
  const TemporaryFolder folder;
  const int code = wait_for(in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0) return kSkipped;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kSkipped;
    const std::string at = folder.path();
    if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=4m") != 0) return kSkipped;
    const auto database = Database::create(folder / "repo.db", {});
    return fill_until_it_fails(
        *database, [&] { ::mount(nullptr, at.c_str(), nullptr, MS_REMOUNT, "size=16m"); });
  }));
  if (code == kSkipped) {
    WARN("SKIPPED: mounting is not allowed here");
    return;
  }
  CHECK(code == 0);
}

}  // namespace
}  // namespace isodb::refs
