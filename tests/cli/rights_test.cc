// A repository that somebody else owns: what may be read is read, and the rest is said plainly.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

/// A repository that others may read but for its key, as init leaves it.
class ForeignRepository : public RepositoryRunner {
 public:
  ForeignRepository() {
    put("a.txt", "text\n");
    for (const auto& path : {folder().parent_path(), folder()}) ::chmod(path.c_str(), 0755);
  }
  /// As nobody, in `work`; needs root.
  Ran as_nobody(const std::string& arguments, const std::string& work = {}) const {
    return shell("exec setpriv --reuid=65534 --regid=65534 --clear-groups isodb " + arguments,
                 {.environment = {{"TMPDIR", "/tmp"}}, .working_folder = work});
  }
};

TEST_CASE("whoever may not read the key reads the documents all the same") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: not root, so nobody else can be played");
    return;
  }
  const ForeignRepository runner;
  for (const char* arguments : {"get a.txt", "log", "ls", "blame a.txt", "diff @ @", "fsck",
                                "verify", "stats", "branch", "status", "export git"}) {
    const Ran ran = runner.as_nobody(arguments);
    INFO(arguments << ": " << ran.err);
    CHECK(ran.exit_code == 0);
  }
  CHECK(runner.as_nobody("get a.txt").out == "text\n");
  const Ran write = runner.as_nobody("rm a.txt");
  CHECK(write.exit_code == 7);
  CHECK(contains(write.err, "repo.db can be read but not written\nhint: check who owns"));
  CHECK(runner.as_nobody("key").exit_code == 7);
}

TEST_CASE("a repository that may not be looked into is not called missing") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: not root, so nobody else can be played");
    return;
  }
  const ForeignRepository runner;
  ::chmod((runner.folder() / ".isodb").c_str(), 0700);
  const Ran ran = runner.as_nobody("-C .isodb ls");
  CHECK(ran.exit_code == 7);
  CHECK(contains(ran.err, "cannot look into .isodb: Permission denied"));
}

TEST_CASE("a damaged key does not keep anybody from reading") {
  const RepositoryRunner runner;
  runner.put("a.txt", "text\n");
  spill(runner.folder() / ".isodb/keys/device.key", "damaged\n");
  CHECK(runner.must({"get", "a.txt"}) == "text\n");
  const Ran write = runner.run({"rm", "a.txt"});
  CHECK(write.exit_code == 5);
  CHECK(contains(write.err, "keys/device.key: "));
  std::filesystem::remove(runner.folder() / ".isodb/keys/device.key");
  CHECK(runner.must({"get", "a.txt"}) == "text\n");
  CHECK(runner.run({"rm", "a.txt"}).exit_code == 7);
}

TEST_CASE("a command cannot lock everybody out of the repository") {
  const RepositoryRunner runner;
  runner.put("a.txt", "text\n");
  const std::string head = runner.head();
  const std::string member =
      ".isodb/members/" + lines_of(runner.must({"key", "fingerprint"})).front() + ".json";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"rm", "-r", ".isodb"},
                                             {"rm", member},
                                             {"mv", member, "elsewhere.json"},
                                             {"rm", ".isodb/repository.json"}}) {
    const Ran ran = runner.run(words);
    INFO(words[0] << " " << words[1] << ": " << ran.err);
    CHECK(ran.exit_code == 7);
  }
  CHECK(runner.run({"put", member, "--type", "text/plain"}, {.input = "junk"}).exit_code == 2);
  CHECK(runner.head() == head);
  runner.must({"begin"});
  runner.must({"rm", "-r", ".isodb"});
  CHECK(runner.run({"commit"}).exit_code == 7);
  runner.must({"rollback"});
  runner.put("b.txt", "more\n");
}

}  // namespace
}  // namespace isodb::testing
