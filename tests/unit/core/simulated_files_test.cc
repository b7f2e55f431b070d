#include "tests/support/simulated_files.h"

#include <cerrno>

#include "isodb/error.h"
#include "tests/support/testing.h"

using namespace isodb;
using core::OpenMode;
using testing::SimulatedFiles;

namespace {

Bytes content(SimulatedFiles& files, const char* path) {
  return core::read_file(files, path, 1 << 20);
}

}  // namespace

TEST_CASE("simulated files behave as the machine's do while nothing fails") {
  SimulatedFiles files;
  files.create_directories("/a/b");
  CHECK(files.exists("/a"));
  const auto file = files.open("/a/b/x", OpenMode::kCreateNew);
  file->append("one");
  file->append(" two");
  CHECK(content(files, "/a/b/x") == "one two");
  CHECK(file->map()->bytes() == "one two");
  CHECK(testing::error_of([&] { files.open("/a/b/x", OpenMode::kCreateNew); }));
  CHECK(testing::error_of([&] { files.open("/a/b/y", OpenMode::kRead); }));
  CHECK(testing::error_of([&] { files.open("/a/b/x", OpenMode::kRead)->append("x"); }));
  char byte;
  CHECK(testing::error_code_of([&] { file->read_at(7, &byte, 1); }) == ErrorCode::kCorrupt);
  CHECK(file->try_lock());
  CHECK_FALSE(files.open("/a/b/x", OpenMode::kRead)->try_lock());
  files.rename("/a/b/x", "/a/b/y");
  CHECK(files.list("/a/b") == std::vector<std::string>{"y"});
  files.remove("/a/b/y");
  files.remove("/a/b/y");
  CHECK(files.list("/a/b").empty());
  CHECK(files.list("/missing").empty());
}

TEST_CASE("after a power cut, what was synced is there and the rest may be") {
  std::mt19937_64 random(1);
  std::set<Bytes> outcomes;
  for (int round = 0; round < 200; ++round) {
    SimulatedFiles files;
    files.create_directories("/f");
    const auto file = files.open("/f/x", OpenMode::kCreateNew);
    files.sync_directory("/f");
    file->append("ab");
    file->sync();
    file->append("cd");
    files.cut_power(random);
    outcomes.insert(content(files, "/f/x"));
  }
  using std::string_literals::operator""s;
  CHECK(outcomes == std::set<Bytes>{"ab", "abc", "abcd", "ab\0\0"s, "abc\0"s});
}

TEST_CASE("a rename is durable only when its folder is synced") {
  std::mt19937_64 random(1);
  std::set<std::vector<std::string>> unsynced, synced;
  for (int round = 0; round < 100; ++round) {
    SimulatedFiles files;
    files.create_directories("/f");
    files.open("/f/temporary", OpenMode::kCreateNew)->sync();
    files.rename("/f/temporary", "/f/final");
    if (round % 2 == 0) files.sync_directory("/f");
    files.cut_power(random);
    (round % 2 == 0 ? synced : unsynced).insert(files.list("/f"));
  }
  CHECK(synced == std::set<std::vector<std::string>>{{"final"}});
  CHECK(unsynced == std::set<std::vector<std::string>>{{}, {"temporary"}, {"final"}});
}

TEST_CASE("operations fail from the one asked for, an append after half its bytes") {
  SimulatedFiles files;
  files.create_directories("/f");
  const auto file = files.open("/f/x", OpenMode::kCreateNew);
  file->append("ab");
  CHECK(files.operations() == 2);
  files.fail_from(2, ENOSPC);
  const auto error = testing::error_of([&] { file->append("cdef"); });
  REQUIRE(error);
  CHECK(error->hint().find("free space") != std::string::npos);
  CHECK(content(files, "/f/x") == "abcd");
  CHECK(testing::error_of([&] { file->sync(); }));
  CHECK(testing::error_of([&] { files.remove("/f/x"); }));
  files.fail_never();
  file->append("!");
  CHECK(content(files, "/f/x") == "abcd!");
}
