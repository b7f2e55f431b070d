#include "core/file.h"

#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "isodb/error.h"
#include "tests/support/testing.h"

using namespace isodb;
using core::OpenMode;
using testing::error_of;
using testing::TemporaryFolder;

namespace {

core::FileSystem& files() {
  return core::posix_file_system();
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status;
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

bool mentions(const std::optional<Error>& error, std::string_view text) {
  return error && (std::string(error->what()).find(text) != std::string::npos ||
                   error->hint().find(text) != std::string::npos);
}

}  // namespace

TEST_CASE("a new file takes appended bytes and gives them back at any offset") {
  const TemporaryFolder folder;
  const auto file = files().open(folder / "a", OpenMode::kCreateNew);
  file->append("hello ");
  file->append("world");
  file->sync();
  CHECK(file->size() == 11);
  char out[8] = {};
  file->read_at(4, out, 4);
  CHECK(std::string_view(out, 4) == "o wo");
  CHECK(file->read_some(9, out, 8) == 2);
  CHECK(std::string_view(out, 2) == "ld");
  CHECK(file->read_some(11, out, 8) == 0);
  CHECK(file->read_some(UINT64_MAX, out, 8) == 0);
  file->read_at(11, out, 0);
}

TEST_CASE("reading past the end of a file is corruption that names file and offset") {
  const TemporaryFolder folder;
  testing::spill(folder / "a", "12345");
  const auto file = files().open(folder / "a", OpenMode::kRead);
  char out[8];
  const auto error = error_of([&] { file->read_at(3, out, 4); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kCorrupt);
  CHECK(mentions(error, (folder / "a").string() + " ends at byte 5, before byte 7"));
  CHECK(testing::error_code_of([&] { file->read_at(UINT64_MAX - 2, out, 8); }) ==
        ErrorCode::kCorrupt);
}

TEST_CASE("files open as asked: existing to read and append, new to create") {
  const TemporaryFolder folder;
  CHECK(mentions(error_of([&] { files().open(folder / "a", OpenMode::kRead); }), "cannot open"));
  CHECK(error_of([&] { files().open(folder / "a", OpenMode::kReadAppend); }));
  files().open(folder / "a", OpenMode::kCreateNew)->append("one");
  const auto twice = error_of([&] { files().open(folder / "a", OpenMode::kCreateNew); });
  CHECK(mentions(twice, "cannot create " + (folder / "a").string()));
  const auto more = files().open(folder / "a", OpenMode::kReadAppend);
  more->append(" two");
  char out[7];
  more->read_at(0, out, 7);
  CHECK(std::string_view(out, 7) == "one two");
  CHECK(error_of([&] { files().open(folder / "a", OpenMode::kRead)->append("x"); }));
}

TEST_CASE("a mapping shows the whole file and outlives its file and its name") {
  const TemporaryFolder folder;
  testing::spill(folder / "a", "mapped");
  testing::spill(folder / "empty", "");
  auto file = files().open(folder / "a", OpenMode::kRead);
  const auto mapping = file->map();
  file.reset();
  files().remove(folder / "a");
  CHECK(mapping->bytes() == "mapped");
  CHECK(files().open(folder / "empty", OpenMode::kRead)->map()->bytes().empty());
}

TEST_CASE("a folder is not a file") {
  const TemporaryFolder folder;
  CHECK(error_of([&] { files().open(folder.path(), OpenMode::kReadAppend); }));
  CHECK(mentions(error_of([&] { core::read_file(files(), folder.path(), 100); }), "directory"));
}

TEST_CASE("a full disk is said with what to do, and what was asked to be written is not there") {
  if (!std::filesystem::exists("/dev/full")) {
    WARN("SKIPPED: no /dev/full");
    return;
  }
  const auto error =
      error_of([] { files().open("/dev/full", OpenMode::kReadAppend)->append("x"); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kIo);
  CHECK(mentions(error, "cannot write to /dev/full: No space left on device"));
  CHECK(mentions(error, "free space"));
}

TEST_CASE("an input/output error names operation, path and reason, with a hint where one helps") {
  const auto error_with = [](int number) {
    return error_of([=] { core::throw_io_error("open", "/x/y", number); });
  };
  for (const int number : {ENOSPC, EDQUOT}) CHECK(mentions(error_with(number), "free space"));
  for (const int number : {EACCES, EPERM}) CHECK(mentions(error_with(number), "rights"));
  CHECK(mentions(error_with(EFBIG), "ulimit -f"));
  CHECK(mentions(error_with(EROFS), "read-only"));
  CHECK(mentions(error_with(EACCES), "cannot open /x/y: Permission denied"));
  CHECK(error_with(ENOENT)->hint().empty());
}

TEST_CASE("names in a folder come sorted, and a missing folder has none") {
  const TemporaryFolder folder;
  for (const char* name : {"b", "a", "C", "\xc3\xa4", "aa"}) testing::spill(folder / name, "");
  CHECK(files().list(folder.path()) == std::vector<std::string>{"C", "a", "aa", "b", "\xc3\xa4"});
  CHECK(files().list(folder / "missing").empty());
  CHECK(error_of([&] { files().list(folder / "a"); }));
}

TEST_CASE("folders are created with those above them, and again without complaint") {
  const TemporaryFolder folder;
  files().create_directories(folder / "x/y/z");
  files().create_directories(folder / "x/y/z");
  CHECK(files().exists(folder / "x/y/z"));
  testing::spill(folder / "file", "");
  CHECK(mentions(error_of([&] { files().create_directories(folder / "file/below"); }),
                 (folder / "file/below").string()));
  CHECK_FALSE(files().exists(folder / "file/below"));
}

TEST_CASE("renaming replaces, and removing what is not there is no error") {
  const TemporaryFolder folder;
  testing::spill(folder / "a", "new");
  testing::spill(folder / "b", "old");
  files().rename(folder / "a", folder / "b");
  CHECK_FALSE(files().exists(folder / "a"));
  CHECK(testing::slurp(folder / "b") == "new");
  CHECK(error_of([&] { files().rename(folder / "a", folder / "b"); }));
  files().remove(folder / "b");
  files().remove(folder / "b");
  CHECK_FALSE(files().exists(folder / "b"));
  files().sync_directory(folder.path());
  CHECK(error_of([&] { files().sync_directory(folder / "missing"); }));
}

TEST_CASE("a whole file is read up to the limit") {
  const TemporaryFolder folder;
  testing::spill(folder / "a", std::string(1000, 'x'));
  testing::spill(folder / "empty", "");
  CHECK(core::read_file(files(), folder / "a", 1000) == std::string(1000, 'x'));
  CHECK(core::read_file(files(), folder / "empty", 0).empty());
  CHECK(testing::error_code_of([&] { core::read_file(files(), folder / "a", 999); }) ==
        ErrorCode::kLimit);
  // A file whose size the system does not know beforehand.
  CHECK_FALSE(core::read_file(files(), "/proc/self/status", 1 << 20).empty());
  CHECK(testing::error_code_of([&] { core::read_file(files(), "/dev/zero", 1 << 20); }) ==
        ErrorCode::kLimit);
}

TEST_CASE("writing a file replaces it whole, with its mode, and leaves no temporary behind") {
  const TemporaryFolder folder;
  const auto before = ::umask(022);
  core::write_file(folder / "key", "old", 0644);
  CHECK(mode_of(folder / "key") == 0644);
  core::write_file(folder / "key", "secret", 0600);
  ::umask(before);
  CHECK(testing::slurp(folder / "key") == "secret");
  CHECK(mode_of(folder / "key") == 0600);
  CHECK(files().list(folder.path()) == std::vector<std::string>{"key"});
}

TEST_CASE("a write that fails leaves the old file and no temporary") {
  const TemporaryFolder folder;
  CHECK(error_of([&] { core::write_file(folder / "missing/key", "x"); }));
  std::filesystem::create_directory(folder / "taken");
  CHECK(mentions(error_of([&] { core::write_file(folder / "taken", "x"); }), "cannot replace"));
  CHECK(files().list(folder.path()) == std::vector<std::string>{"taken"});
}

TEST_CASE("several threads write one file: each sees a whole version, the last one stays") {
  const TemporaryFolder folder;
  core::write_file(folder / "a", std::string(5000, '0'));
  std::vector<std::thread> writers;
  for (const char digit : {'1', '2'}) {
    writers.emplace_back([&, digit] {
      for (int i = 0; i < 10; ++i) core::write_file(folder / "a", std::string(5000, digit));
    });
  }
  bool whole = true;
  for (int i = 0; i < 50; ++i) {
    const std::string seen = core::read_file(files(), folder / "a", 10000);
    whole = whole && seen == std::string(5000, seen.at(0));
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(whole);
  CHECK(files().list(folder.path()).size() == 1);
}
