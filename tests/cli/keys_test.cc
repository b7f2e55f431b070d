// The care of keys: passphrases from files and terminals, rotations over the network.
#include "tests/cli/sync_shell.h"

#include <sys/stat.h>

#include <filesystem>

namespace isodb::testing {
namespace {

namespace fs = std::filesystem;

/// A repository whose key is under the passphrase that stands in the file "one".
class ProtectedRepository : public ProgramRunner {
 public:
  ProtectedRepository() {
    write("one", "first\n");
    write("two", "second\nmore\n");
    must({"init", "--protect", "--passphrase-file", "one"});
  }
  void write(const std::string& name, const std::string& text) const {
    spill(folder() / name, text);
    ::chmod((folder() / name).c_str(), 0600);
  }
  Ran put(const std::vector<std::string>& options, const Call& call = {.input = "x\n"}) const {
    std::vector<std::string> words = {"put", "a.txt"};
    words.insert(words.end(), options.begin(), options.end());
    return run(words, call);
  }
};

TEST_CASE("a passphrase comes from a file by option or variable, and reading needs none") {
  const ProtectedRepository runner;
  CHECK(runner.put({"--passphrase-file", "one"}).exit_code == 0);
  CHECK(runner
            .put({}, {.input = "y\n",
                      .environment = {{"ISODB_PASSPHRASE_FILE", runner.folder() / "one"}}})
            .exit_code == 0);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"get", "a.txt"},
                                             {"log"},
                                             {"status"},
                                             {"verify"},
                                             {"fsck"},
                                             {"key"},
                                             {"member"},
                                             {"stats"},
                                             {"gc"},
                                             {"backup", "file"},
                                             {"branch", "side"},
                                             {"begin"},
                                             {"rollback"}}) {
    runner.must(words);
  }
  const core::Json key = json_line(runner.must({"key", "--json"}));
  CHECK(member(key, "protected") == "true");
  CHECK(member(key, "next") == "null");
  const Ran wrong = runner.put({"--passphrase-file", "two"});
  CHECK(wrong.exit_code == 7);
  CHECK(contains(wrong.err, "this is not the passphrase of the key"));
  const Ran piped = runner.shell("echo z | isodb put a.txt --passphrase-file <(echo first)");
  CHECK(piped.exit_code == 0);
}

TEST_CASE("without a terminal or a file a passphrase is missed plainly, and nothing was done") {
  const ProtectedRepository runner;
  const std::string before = runner.must({"ref", "get", "heads/main"});
  const Ran ran = runner.shell("echo x | setsid isodb put a.txt");
  CHECK(ran.exit_code == 7);
  CHECK(contains(ran.err, "a passphrase is needed, and there is no terminal to ask for it"));
  CHECK(contains(ran.err, "hint: --passphrase-file FILE"));
  CHECK(runner.must({"ref", "get", "heads/main"}) == before);
  runner.write("empty", "\nfirst\n");
  CHECK(runner.put({"--passphrase-file", "empty"}).exit_code == 2);
  runner.write("long", std::string(1025, 'x'));
  CHECK(runner.put({"--passphrase-file", "long"}).exit_code == 2);
  CHECK(runner.put({"--passphrase-file", "missing"}).exit_code == 7);
}

TEST_CASE("a file with a passphrase that others may read is told of") {
  const ProtectedRepository runner;
  CHECK(runner.put({"--passphrase-file", "one"}).err.empty());
  ::chmod((runner.folder() / "one").c_str(), 0644);
  const Ran ran = runner.put({"--passphrase-file", "one"}, {.input = "y\n"});
  CHECK(ran.exit_code == 0);
  CHECK(contains(ran.err, "one holds a passphrase and can be read by others"));
}

/// Runs a command on a terminal at which somebody types these lines, each when asked.
Ran typing(const ProgramRunner& runner, const std::string& command,
           const std::vector<std::string>& lines) {
  std::string program = "import os, pty, sys\nlines = [";
  for (const std::string& line : lines) program += "'" + line + "',";
  program += R"py(]
def read(terminal):
    data = os.read(terminal, 1024)
    if lines and data.rstrip().endswith(b':'):
        os.write(terminal, lines.pop(0).encode() + b'\n')
    return data
sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', sys.argv[1]], read)))
)py";
  spill(runner.folder() / "type.py", program);
  return runner.shell("python3 type.py '" + command + "' </dev/null");
}

TEST_CASE("a passphrase is typed unseen, twice where it is new, though standard input is a file") {
  const ProgramRunner probe;
  if (probe.shell("command -v python3").exit_code != 0) {
    WARN("SKIPPED: no python3 to type at a terminal");
    return;
  }
  const RepositoryRunner runner;
  const Ran set = typing(runner, "isodb key protect", {"tip top", "tip top"});
  INFO(set.out << set.err);
  CHECK(set.exit_code == 0);
  CHECK(contains(set.out, "New passphrase for this device"));
  CHECK(contains(set.out, "Again: "));
  CHECK_FALSE(contains(set.out, "tip"));
  const Ran put = typing(runner, "echo x | isodb put a.txt", {"tip top"});
  INFO(put.out);
  CHECK(put.exit_code == 0);
  CHECK(runner.must({"get", "a.txt"}) == "x\n");
  CHECK(typing(runner, "echo y | isodb put a.txt", {"tip"}).exit_code == 7);
  CHECK(typing(runner, "isodb key protect", {"tip top", "a", "b"}).exit_code == 2);
  CHECK(typing(runner, "isodb key protect", {"tip top", "b", "b"}).exit_code == 0);
  CHECK(typing(runner, "isodb key unprotect", {"b"}).exit_code == 0);
  runner.put("b.txt", "plain again\n");
}

TEST_CASE("Ctrl-C at the question for a passphrase leaves a terminal that shows what is typed") {
  const ProgramRunner probe;
  if (probe.shell("command -v python3").exit_code != 0) {
    WARN("SKIPPED: no python3 to type at a terminal");
    return;
  }
  const ProtectedRepository runner;
  const Ran ran = typing(runner, "trap : INT; echo x | isodb put a.txt; echo; stty -a", {"\\x03"});
  INFO(ran.out);
  CHECK(contains(ran.out, " echo "));
  CHECK_FALSE(contains(ran.out, "-echo "));
  CHECK(runner.run({"get", "a.txt"}).exit_code == 1);
}

TEST_CASE("a passphrase is changed by files, and a backup keeps the one it was made under") {
  const ProtectedRepository runner;
  runner.must({"backup", "file"});
  runner.must({"key", "protect", "--passphrase-file", "one", "--new-passphrase-file", "two"});
  CHECK(runner.put({"--passphrase-file", "one"}).exit_code == 7);
  CHECK(runner.put({"--passphrase-file", "two"}).exit_code == 0);
  runner.must({"restore", "file", "back"});
  CHECK(runner.put({"-C", "back", "--passphrase-file", "one"}).exit_code == 0);
  CHECK(runner.run({"key", "unprotect", "--passphrase-file", "one"}).exit_code == 7);
  runner.must({"key", "unprotect", "--passphrase-file", "two"});
  CHECK(runner.put({}, {.input = "z\n"}).exit_code == 0);
  runner.must({"--passphrase-file", "one", "-C", "back", "put", "b.txt"}, {.input = "b"});
  runner.must({"init", "copy", "--key", "back/keys/device.key", "--passphrase-file", "one"});
}

TEST_CASE("a server and a device whose keys are under a passphrase meet, given it by files") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
(umask 077; echo secret >pass)
isodb -q -C office key protect --new-passphrase-file pass
setsid isodb -C office serve --listen 127.0.0.1:0 2>told; echo "serve $?"
grep -c "a passphrase is needed" told
export ISODB_PASSPHRASE_FILE=$PWD/pass
serve office
isodb -q clone office tablet
member tablet; isodb -q -C tablet sync
isodb -q -C tablet key protect
isodb -q -C tablet remote remove origin
isodb -q -C tablet remote add origin $url --fingerprint $fp
isodb -q -C tablet put b.json <<<'{"b":1}'
isodb -q -C tablet sync; echo "sync $?"
isodb -C office get b.json
unset ISODB_PASSPHRASE_FILE
setsid isodb -q -C tablet sync 2>told; echo "without $?"
isodb -C tablet sync office >/dev/null; echo "folder $?"
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "serve 7\n1\nsync 0\n{\"b\":1}\nwithout 7\nfolder 0\nserver ended with 0\n");
}

TEST_CASE(
    "a server's new key is taken by whoever heard of it, and by others with its fingerprint") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
serve office
for device in tablet ship; do
  isodb -q clone office $device
  member $device; isodb -q -C $device sync
  isodb -C $device remote remove origin
  isodb -q -C $device remote add origin $url --fingerprint "$(isodb -C office key export)"
done
isodb -C office key rotate --json | grep -o '"step":"[^"]*"'
isodb -q -C tablet sync; echo "tablet $?"
isodb -C office key rotate --json | grep -o '"step":"[^"]*"'
port=${url##*:}
stop
rm serve.log
isodb -C office serve --listen 127.0.0.1:$port >serve.log 2>serve.err &
server=$!
until grep -qs listening serve.log; do sleep 0.02; done
isodb -q -C tablet sync; echo "tablet $?"
isodb -C tablet remote list --json | grep -c "$(isodb -C office key export)"
isodb -q -C ship sync 2>told; echo "ship $?"
grep -c "not the expected" told
isodb -q -C ship sync --fingerprint "$(isodb -C office key fingerprint)"; echo "ship $?"
isodb -q -C ship sync; echo "ship $?"
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "\"step\":\"let-in\"\ntablet 0\n\"step\":\"done\"\nserver ended with 0\ntablet 0\n1\n"
        "ship 5\n1\nship 0\nship 0\nserver ended with 0\n");
}

TEST_CASE("a device rotates over a server, which lets its old key in no more after that") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
serve office
isodb -q clone office tablet
isodb -C tablet remote remove origin
isodb -q -C tablet remote add origin $url --fingerprint $fp
member tablet; isodb -q -C tablet sync
cp -r tablet thief
old=$(isodb -C tablet key fingerprint)
isodb -C tablet key rotate --json | grep -o '"step":"[^"]*"'
isodb -q -C office member rotate tablet "$(isodb -C tablet key export --next)"
isodb -q -C tablet put mine.json <<<'{"n":1}'
isodb -q -C tablet sync; echo "tablet $?"
isodb -C tablet key rotate --json | grep -o '"step":"[^"]*"'
isodb -q -C office member remove $old
isodb -q -C tablet sync; echo "tablet $?"
isodb -C office get mine.json
isodb -q -C thief put a.json <<<'{"n":666}'
isodb -q -C thief sync 2>told; echo "thief $?"
isodb -q -C office pull thief; echo "office $?"
isodb -C office get a.json
isodb -q -C office verify; echo "verify $?"
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "\"step\":\"waiting\"\ntablet 0\n\"step\":\"done\"\ntablet 0\n{\"n\":1}\nthief 7\n"
        "office 0\n{\"n\":1,\"place\":\"loft\"}\nverify 0\nserver ended with 0\n");
}

TEST_CASE("a key that was revoked before its rotation ended says how it ends") {
  const RepositoryRunner runner;
  const fs::path keys = runner.folder() / ".isodb/keys";
  runner.must({"key", "rotate"});
  const std::string old_key = slurp(keys / "device.key");
  const std::string new_key = slurp(keys / "device.key.next");
  CHECK(contains(runner.must({"key"}), "next         ed25519:"));
  runner.must({"key", "rotate"});
  CHECK(runner.run({"key", "export", "--next"}).exit_code == 1);
  spill(keys / "device.key", old_key);  // as a crash leaves it
  spill(keys / "device.key.next", new_key);
  const Ran ran = runner.run({"put", "a.txt"}, {.input = "x"});
  CHECK(ran.exit_code == 7);
  CHECK(contains(ran.err, "it is revoked\nhint: a new key of this device waits: 'isodb key rot"));
  runner.must({"key", "rotate"});
  runner.put("a.txt", "x");
}

}  // namespace
}  // namespace isodb::testing
