#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/cli_test.h"
#include "tests/support/small_disk.h"

namespace isodb::testing {
namespace {

/// Something that writes, as shell commands in the folder of the repository.
struct Write {
  std::string prepare;  ///< with room
  std::string run;
};

const std::vector<Write>& writes() {
  static const std::vector<Write> all = {
      {"", "isodb put large.bin ../large"},
      {"", "isodb rm a.txt"},
      {"isodb begin && isodb put large.bin ../large", "isodb commit"},
      {"isodb begin", "isodb put large.bin ../large"},
      {"", "isodb import git ../stream"},
      {"", "isodb import jsonl ../lines"},
      {"", "isodb import folder ../folder"},
      {"isodb put large.bin ../large", "isodb gc"},
      {"", "isodb tag v1 -m text"},
      {"", "isodb init $PWD/other"},
  };
  return all;
}

/// A folder `disk` that holds a repository, and beside it what is written into that.
struct DiskRunner : ProgramRunner {
  DiskRunner() {
    std::filesystem::create_directory(folder() / "disk");
    std::filesystem::create_directory(folder() / "folder");
    std::mt19937_64 random(3);
    const std::string large = random_bytes(random, 600'000);
    spill(folder() / "large", large);
    spill(folder() / "folder/large", large);
    spill(folder() / "stream",
          "commit refs/heads/main\ncommitter A <a@example.org> 1 +0000\ndata 1\nm\n"
          "M 100644 inline large\ndata 600000\n" +
              large + "\n");
    std::string lines;
    while (lines.size() < 600'000) {
      lines += "{\"n\":\"" + std::to_string(random()) + std::to_string(random()) + "\"}\n";
    }
    spill(folder() / "lines", lines);
  }
  Ran on_disk(const std::string& script) const { return shell(script, {.working_folder = "disk"}); }
  std::string must_on_disk(const std::string& script) const {
    const Ran ran = on_disk(script);
    INFO(script << ": " << ran.err);
    REQUIRE(ran.exit_code == 0);
    return ran.out;
  }
  /// A new repository, ready for `write`.
  void prepare(const Write& write) const {
    must_on_disk("rm -rf .isodb other; isodb init -q");
    // The stream's main branch takes the place of an empty one only.
    if (!contains(write.run, "import git")) must_on_disk("echo kept | isodb put -q a.txt");
    if (!write.prepare.empty()) must_on_disk(write.prepare);
  }
  std::string state() const {
    return must_on_disk("isodb status --json; isodb ref list; isodb reflog --all; isodb ls -lr; ");
  }
  /// Code 0 or 7, and with 7 nothing is changed and the error says where and what to do.
  bool fails_well(const Ran& ran, const std::string& before) const {
    if (ran.exit_code == 0) return false;
    CHECK(ran.exit_code == 7);
    CHECK(ran.err.starts_with("isodb: "));
    CHECK(contains(ran.err, (folder() / "disk").string() + "/"));
    CHECK(contains(ran.err, "\nhint: "));
    CHECK(state() == before);
    return true;
  }
  /// With room again, the same command works.
  void write_with_room(const Write& write) const {
    must_on_disk(write.run);
    must_on_disk("isodb fsck && isodb verify");
  }
};

TEST_CASE("on a full disk every write is exit code 7 and changes nothing, and reading works") {
  const DiskRunner runner;
  const SmallDisk disk(runner.folder() / "disk", "16m");
  if (!disk.mounted()) return;
  for (const Write& write : writes()) {
    for (const std::uint64_t free : {0u, 16'384u, 65'536u, 262'144u, 1'048'576u, 4'194'304u}) {
      CAPTURE(write.run, free);
      runner.prepare(write);
      const std::string before = runner.state();
      disk.leave_free(free);
      const Ran ran = runner.on_disk(write.run);
      CAPTURE(ran.err);
      if (runner.fails_well(ran, before)) {
        // With room for a copy of repo.db elsewhere and without.
        for (const char* temporary : {"", "export TMPDIR=$PWD; "}) {
          runner.must_on_disk(temporary + std::string("isodb fsck && isodb verify && isodb log"));
        }
        disk.make_room();
        runner.write_with_room(write);
        CHECK(free < 4'194'304);
      } else {
        CHECK(free > 0);
        disk.make_room();
      }
    }
  }
}

TEST_CASE("a clone from a folder that fills the disk keeps what came, and goes on there") {
  const ProgramRunner runner;
  const SmallDisk disk(runner.folder() / "disk", "80m");
  if (!disk.mounted()) return;
  const Ran made = runner.shell(R"sh(
set -e
isodb -q init office
head -c 12000000 /dev/urandom | base64 -w 600 | sed 's/.*/{"x":"&"}/' >lines
isodb -q -C office import jsonl lines --batch 2000
)sh");
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  const auto payload = [](const Ran& ran) {
    return std::stoull(member(json_line(ran.out), "payload_in"));
  };
  const Ran whole = runner.run({"clone", "office", "other", "--json"});
  disk.leave_free(8 << 20);
  const Ran full = runner.run({"clone", "office", "disk/clone", "--json"});
  CAPTURE(full.out, full.err);
  CHECK(full.exit_code == 7);
  CHECK(member(json_line(full.out), "error") == "io");
  CHECK(contains(full.err, "the disk is full"));
  CHECK(contains(full.err, "the same command goes on"));
  disk.make_room();
  const Ran rest = runner.run({"clone", "office", "disk/clone", "--json"});
  CAPTURE(rest.out, rest.err);
  REQUIRE(rest.exit_code == 0);
  CHECK(payload(rest) + 3'000'000 < payload(whole));
  runner.must({"-C", "disk/clone", "fsck"});
  runner.must({"-C", "disk/clone", "verify"});
}

TEST_CASE("beyond the limit on file sizes every write is exit code 7 and changes nothing") {
  const DiskRunner runner;
  for (const Write& write : writes()) {
    for (const unsigned limit_kib : {4u, 64u, 256u, 512u, 8192u}) {
      CAPTURE(write.run, limit_kib);
      runner.prepare(write);
      const std::string before = runner.state();
      const Ran ran = runner.on_disk("ulimit -f " + std::to_string(limit_kib) + "; " + write.run);
      CAPTURE(ran.err);
      if (runner.fails_well(ran, before)) {
        runner.write_with_room(write);
        CHECK(limit_kib < 8192);
      } else {
        CHECK(limit_kib > 4);
      }
    }
  }
}

TEST_CASE("an output file that does not fit on its disk is not there, and the code is 7") {
  const DiskRunner runner;
  runner.prepare({"isodb put large.bin ../large", ""});
  for (const char* command : {"isodb get large.bin -o out", "isodb export git out"}) {
    const Ran ran = runner.on_disk("ulimit -f 64; " + std::string(command));
    CAPTURE(command, ran.err);
    CHECK(ran.exit_code == 7);
    CHECK(contains(ran.err, "out"));
    CHECK(contains(ran.err, "\nhint: "));
    CHECK(runner.must_on_disk("ls -A") == ".isodb\n");
  }
}

/// The program with the rights of nobody: as root every folder is writable.
Ran run_unprivileged(const DiskRunner& runner, const std::string& command) {
  if (::geteuid() != 0) return runner.on_disk(command);
  const std::filesystem::path temporary = std::filesystem::temp_directory_path();
  for (auto path = runner.folder().parent_path(); path != temporary && path != path.root_path();
       path = path.parent_path()) {
    ::chmod(path.c_str(), 0755);
  }
  return runner.on_disk("exec setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '" +
                        command + "'");
}

TEST_CASE("a read-only folder can be read, and writing it is exit code 7 and changes nothing") {
  const DiskRunner runner;
  if (::geteuid() == 0 && runner.shell("command -v setpriv").exit_code != 0) {
    WARN("SKIPPED: no setpriv");
    return;
  }
  runner.prepare({"", ""});
  for (const Write& write : writes()) {
    CAPTURE(write.run);
    runner.prepare(write);
    const std::string before = runner.state();
    runner.must_on_disk("chmod -R a+rX,a-w . ../large ../stream ../lines ../folder");
    const Ran read = run_unprivileged(runner, "isodb ls && isodb log");
    const Ran ran = run_unprivileged(runner, write.run);
    runner.must_on_disk("chmod -R u+w . ..");
    CAPTURE(read.err, ran.err);
    CHECK(read.exit_code == 0);
    CHECK(runner.fails_well(ran, before));
    runner.write_with_room(write);
  }
}

TEST_CASE("a repository of a newer version is exit code 7 for any command, and stays as it was") {
  const DiskRunner runner;
  const std::filesystem::path database = runner.folder() / "disk/.isodb/repo.db";
  for (Write write : writes()) {
    if (contains(write.run, "isodb init")) write.run = "isodb get a.txt";
    CAPTURE(write.run);
    runner.prepare(write);
    std::string bytes = slurp(database);
    bytes.at(63) = 9;  // the schema's version: the last of the four bytes of SQLite's user_version
    spill(database, bytes);
    const Ran ran = runner.on_disk(write.run);
    CAPTURE(ran.err);
    CHECK(ran.exit_code == 7);
    CHECK(contains(ran.err, "disk/.isodb/repo.db: written by a newer isodb (schema version 9"));
    CHECK(contains(ran.err, "\nhint: update isodb on this device\n"));
    CHECK(slurp(database) == bytes);
  }
}

TEST_CASE("a pack of a newer version is named, not taken for damage") {
  const DiskRunner runner;
  runner.prepare({"isodb put large.bin ../large && isodb gc", ""});
  std::filesystem::path pack;
  for (const auto& file :
       std::filesystem::directory_iterator(runner.folder() / "disk/.isodb/packs")) {
    if (file.path().extension() == ".pack") pack = file.path();
  }
  std::string bytes = slurp(pack);
  bytes.at(7) = 2;
  spill(pack, bytes);
  const Ran ran = runner.on_disk("isodb get large.bin");
  CAPTURE(ran.err);
  CHECK(ran.exit_code == 7);
  CHECK(contains(ran.err, pack.string()));
  CHECK(contains(ran.err, "newer"));
}

}  // namespace
}  // namespace isodb::testing
