#include "exchange/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/exchange/fixture.h"

using namespace isodb;
using namespace isodb::exchange;
using isodb::testing::error_of;
using isodb::testing::slurp;
using isodb::testing::spill;
namespace fs = std::filesystem;

namespace {

/// A fixture with a folder of files beside the repository.
struct FolderFixture : Fixture {
  fs::path files = folder / "files";
  FolderFixture() { fs::create_directories(files / "sub" / "deep"); }
  void write(const std::string& name, std::string_view content) { spill(files / name, content); }
};

}  // namespace

TEST_CASE("every file below a folder becomes a document at its path") {
  FolderFixture fixture;
  fixture.write("b.json", "{}");
  fixture.write("sub/deep/a b.txt", "text");
  fixture.write(".hidden", "");
  const FolderReport report =
      import_folder(fixture.repository, fixture.files, {.prefix = "in", .message = "load"});
  CHECK(report.documents == 3);
  CHECK(report.commits.size() == 1);
  CHECK(fixture.documents() ==
        Documents{{"in/.hidden", ""}, {"in/b.json", "{}"}, {"in/sub/deep/a b.txt", "text"}});
  CHECK(fixture.repository.snapshot().entry("in/b.json")->media_type == "application/json");
}

TEST_CASE("links, pipes and the repository are left out and reported") {
  FolderFixture fixture;
  fixture.write("a", "1");
  fs::create_symlink("a", fixture.files / "link");
  fs::create_symlink(".", fixture.files / "loop");
  REQUIRE(::mkfifo((fixture.files / "pipe").c_str(), 0600) == 0);
  const FolderReport report = import_folder(fixture.repository, fixture.folder.path());
  CHECK(fixture.documents() == Documents{{"files/a", "1"}});
  CHECK(report.skipped_count == 4);
}

TEST_CASE("a file that may not be read is reported and its document stays") {
  if (::geteuid() == 0) return;  // root may read everything
  FolderFixture fixture;
  fixture.put({{"a", "old"}, {"sub/b", "old"}, {"c", "old"}});
  fixture.write("a", "new");
  fixture.write("sub/b", "new");
  fs::permissions(fixture.files / "a", fs::perms::none);
  fs::permissions(fixture.files / "sub", fs::perms::none);
  const FolderReport report = import_folder(fixture.repository, fixture.files, {.mirror = true});
  fs::permissions(fixture.files / "sub", fs::perms::owner_all);
  CHECK(report.skipped_count == 2);
  CHECK(fixture.documents() == Documents{{"a", "old"}, {"sub/b", "old"}});
}

TEST_CASE("a mirror removes what the folder does not hold, below the prefix alone") {
  FolderFixture fixture;
  fixture.put({{"in/gone", "1"}, {"in/kept", "1"}, {"out", "1"}});
  fixture.write("kept", "2");
  const FolderReport report =
      import_folder(fixture.repository, fixture.files, {.prefix = "in", .mirror = true});
  CHECK(report.removed == 1);
  CHECK(fixture.documents() == Documents{{"in/kept", "2"}, {"out", "1"}});
}

TEST_CASE("a name that no path can have is an error, or left out when asked for") {
  FolderFixture fixture;
  fixture.write("good", "1");
  fixture.write("bad\nname", "1");
  const auto error = error_of([&] { import_folder(fixture.repository, fixture.files); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUnsupported);
  CHECK(fixture.documents().empty());
  const FolderReport report =
      import_folder(fixture.repository, fixture.files, {.skip_unsupported = true});
  CHECK(report.skipped_count == 1);
  CHECK(fixture.documents() == Documents{{"good", "1"}});
}

TEST_CASE("importing the same folder again changes nothing, and a changed file alone is written") {
  FolderFixture fixture;
  fixture.write("a", "1");
  fixture.write("b", "1");
  import_folder(fixture.repository, fixture.files);
  CHECK(import_folder(fixture.repository, fixture.files).commits.empty());
  fixture.write("b", "2");
  const FolderReport report = import_folder(fixture.repository, fixture.files);
  REQUIRE(report.commits.size() == 1);
  std::vector<std::string> changed;
  const Snapshot after = fixture.repository.snapshot();
  fixture.repository.snapshot("@~1").diff(after, {}, [&](const Difference& difference) {
    changed.push_back(difference.path);
    return true;
  });
  CHECK(changed == std::vector<std::string>{"b"});
}

TEST_CASE("a large file is stored whole") {
  FolderFixture fixture;
  std::mt19937_64 random(1);
  const std::string large = testing::random_bytes(random, 9 << 20);
  fixture.write("large.bin", large);
  import_folder(fixture.repository, fixture.files);
  CHECK(fixture.repository.snapshot().get("large.bin") == large);
  export_folder(fixture.repository.snapshot(), fixture.folder / "out");
  CHECK(slurp(fixture.folder / "out" / "large.bin") == large);
}

TEST_CASE("a folder that is not there is not found") {
  FolderFixture fixture;
  const auto error = error_of([&] { import_folder(fixture.repository, fixture.folder / "none"); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kNotFound);
}

TEST_CASE("an export writes every document below the prefix as a file") {
  Fixture fixture;
  fixture.put({{"a/b/c.txt", "1"}, {"a/d", ""}, {"e", "2"}});
  const FolderReport report =
      export_folder(fixture.repository.snapshot(), fixture.folder / "out", {.prefix = "a"});
  CHECK(report.documents == 2);
  CHECK(slurp(fixture.folder / "out/b/c.txt") == "1");
  CHECK(slurp(fixture.folder / "out/d").empty());
  CHECK_FALSE(fs::exists(fixture.folder / "out/e"));
  CHECK_FALSE(fs::exists(fixture.folder / "out/.isodb"));
}

TEST_CASE("an export does not write into a folder that holds something unless told to") {
  Fixture fixture;
  fixture.put({{"a", "new"}});
  fs::create_directory(fixture.folder / "out");
  spill(fixture.folder / "out/a", "old");
  const Snapshot snapshot = fixture.repository.snapshot();
  CHECK(error_of([&] { export_folder(snapshot, fixture.folder / "out"); }));
  CHECK(slurp(fixture.folder / "out/a") == "old");
  export_folder(snapshot, fixture.folder / "out", {.overwrite = true});
  CHECK(slurp(fixture.folder / "out/a") == "new");
}

TEST_CASE("an export never follows a link out of its folder") {
  Fixture fixture;
  fixture.put({{"a", "new"}, {"dir/b", "new"}});
  fs::create_directories(fixture.folder / "out");
  fs::create_directories(fixture.folder / "elsewhere");
  spill(fixture.folder / "elsewhere/a", "old");
  const Snapshot snapshot = fixture.repository.snapshot();
  fs::create_symlink("../elsewhere/a", fixture.folder / "out/a");
  CHECK(error_of([&] { export_folder(snapshot, fixture.folder / "out", {.overwrite = true}); }));
  fs::remove(fixture.folder / "out/a");
  fs::create_directory_symlink("../elsewhere", fixture.folder / "out/dir");
  CHECK(error_of([&] { export_folder(snapshot, fixture.folder / "out", {.overwrite = true}); }));
  CHECK(slurp(fixture.folder / "elsewhere/a") == "old");
  CHECK_FALSE(fs::exists(fixture.folder / "elsewhere/b"));
}

TEST_CASE("a path that is a document and a folder at once cannot be a file") {
  Fixture fixture;
  fixture.put({{"a", "1"}, {"a/b", "2"}});
  const Snapshot snapshot = fixture.repository.snapshot();
  const auto error = error_of([&] { export_folder(snapshot, fixture.folder / "out"); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUnsupported);
  const FolderReport report =
      export_folder(snapshot, fixture.folder / "out2", {.skip_unsupported = true});
  CHECK(report.skipped_count == 1);
  CHECK(slurp(fixture.folder / "out2/a/b") == "2");
}
