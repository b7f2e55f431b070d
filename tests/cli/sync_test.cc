#include "isodb/repository.h"
#include "tests/cli/sync_shell.h"

#include <regex>

namespace isodb::testing {
namespace {

TEST_CASE("sync with a folder brings both sides to one state, and says what came and went") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet
member tablet
isodb -q -C tablet sync
echo '{"n":2,"place":"loft"}' | isodb -q -C office put a.json
echo '{"n":1,"place":"shed"}' | isodb -q -C tablet put a.json
isodb -C tablet sync --json
echo "code $?"
same office tablet
isodb -C office get a.json
)sh");
  INFO(ran.out << ran.err);
  const std::vector<std::string> lines = lines_of(ran.out);
  REQUIRE(lines.size() == 4);
  const core::Json said = core::parse_json(lines[0]);
  CHECK(member(said, "remote") == "origin");
  CHECK(member(said, "commits_received") == "1");
  CHECK(member(said, "commits_sent") == "1");
  CHECK(member(said, "agreed") == "true");
  CHECK(said.find("moved")->items().size() == 1);
  CHECK(lines[1] == "code 0");
  CHECK(lines[2] == "same: office tablet");
  CHECK(lines[3] == R"({"n":2,"place":"shed"})");
}

TEST_CASE("exit code 4 says that documents are in conflict, 1 that there is no remote") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -C office sync; echo "code $?"
isodb -q clone office tablet
member tablet
isodb -q -C tablet pull
echo '{"n":2,"place":"loft"}' | isodb -q -C office put a.json
echo '{"n":3,"place":"loft"}' | isodb -q -C tablet put a.json
isodb -q -C tablet pull; echo "code $?"
isodb -q -C tablet push; echo "code $?"
isodb -q -C tablet sync; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 1\ncode 4\ncode 0\ncode 4\n");
}

TEST_CASE("a branch that was deleted stays away, whatever commands lie between") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet; isodb -q -C tablet sync
for between in push pull "fetch origin"; do
  isodb -q -C office branch "of-${between%% *}"; isodb -q -C tablet sync
  isodb -q -C tablet branch -d "of-${between%% *}" -f
  isodb -q -C tablet $between
  isodb -q -C tablet sync; isodb -q -C tablet sync
  isodb -q -C office branch -d "of-${between%% *}" -f
  isodb -q -C tablet $between
  isodb -q -C tablet sync
done
isodb -C tablet branch; isodb -C office branch
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out.find("of-") == std::string::npos);
  CHECK(ran.out.find("main") != std::string::npos);
}

TEST_CASE("a sync ends with the exit code of what it left behind") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet; isodb -q -C tablet sync
isodb -q -C office put a.json <<<'{"n":2}'
isodb -q -C tablet put a.json <<<'{"n":3}'
isodb -C tablet sync 2>told >said; echo "code $?"
grep -o '1 document in conflict' told
isodb -q -C office resolve a.json --take 1
isodb -q -C tablet sync; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 4\n1 document in conflict\ncode 0\n");
}

TEST_CASE("a clone over TLS needs the right peer, and one that knows this device") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
serve office
isodb clone $url tablet; echo "code $?"
isodb clone $url tablet --fingerprint 00112233445566778899aabbccddeeff 2>wrong; echo "code $?"
grep -c "the peer at $url has the fingerprint $fp, not the expected 0011" wrong
grep -c 'the same command' wrong
isodb clone $url tablet --fingerprint zz; echo "code $?"
isodb -C office remote add far $url --fingerprint 0g112233445566778899aabbccddeeff; echo "code $?"
isodb -C office sync $url --fingerprint $fp$fp; echo "code $?"
isodb clone $url tablet --fingerprint $fp; echo "code $?"
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 2\ncode 5\n1\n0\ncode 2\ncode 2\ncode 2\ncode 7\nserver ended with 0\n");
  CHECK(contains(ran.err, "is not known yet"));
  CHECK(contains(ran.err, "'zz' is no fingerprint"));
  CHECK(contains(ran.err, "the same command goes on"));
  CHECK(contains(ran.err, "isodb member add ed25519:"));
  CHECK(contains(ran.err, "isodb serve --allow ed25519:"));
}

TEST_CASE("a person at a terminal is asked about the peer by its URL") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
serve office
echo no | script -qec "isodb clone $url tablet" /dev/null >asked
grep -c "The peer at $url is not known yet" asked
grep -c "$fp" asked
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(lines_of(ran.out).front() == "1");
  CHECK(contains(ran.out, "server ended with 0\n"));
}

TEST_CASE("a remote whose device was set up anew is given another key, once") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet; isodb -q -C tablet sync
some=00112233445566778899aabbccddeeff
serve office
isodb -q -C tablet remote add hub $url --fingerprint $some
isodb -q -C tablet sync hub; echo "code $?"
isodb -q -C tablet sync hub --fingerprint $fp; echo "code $?"
isodb -q -C tablet sync hub; echo "code $?"
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 5\ncode 0\ncode 0\nserver ended with 0\n");
  CHECK(contains(ran.err, "and give that with --fingerprint: it is kept"));
}

TEST_CASE("a clone says what its key may do only where it may not write") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb clone office tablet | grep -c 'an admin lets it write: isodb member add ed25519:'
serve office
isodb clone $url field --fingerprint $fp 2>field.err; echo "code $?"
isodb clone $url reader --fingerprint $fp 2>reader.err; echo "code $?"
key() { grep -o 'member add ed25519:[0-9a-f]*' $1.err | cut -d' ' -f3; }
isodb -q -C office member add $(key field) field
isodb -q -C office member add $(key reader) reader --role reader
isodb clone $url field --fingerprint $fp | grep -c 'an admin lets it write'
isodb clone $url reader --fingerprint $fp | grep -c 'an admin lets it write: isodb member role'
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "1\ncode 7\ncode 7\n0\n1\nserver ended with 0\n");
}

TEST_CASE("a device that was allowed clones, and becomes a member that pushes") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
serve office
isodb clone $url tablet --fingerprint $fp 2>err; echo "code $?"
stop
key=$(grep -o 'member add ed25519:[0-9a-f]*' err | head -1 | cut -d' ' -f3)
before=$(cat tablet/keys/device.key)
serve office --allow $key
isodb -q clone $url tablet --fingerprint $fp; echo "code $?"
[ "$before" = "$(cat tablet/keys/device.key)" ] && same office tablet
isodb -q clone $url tablet --fingerprint $fp 2>/dev/null; echo "code $?"
stop
member tablet
serve office
isodb -C tablet remote remove origin
isodb -q -C tablet remote add hub $url --fingerprint $fp --label site=office
isodb -q -C tablet sync; echo "code $?"
echo '{"n":5}' | isodb -q -C tablet put b.json
isodb -q -C tablet push hub; echo "code $?"
isodb -C office get b.json
stop
grep -c 'opened  tablet' serve.log
grep -c '1 commit came' serve.log
grep -ci 'secret' serve.log serve.err
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "code 7\nserver ended with 0\ncode 0\nsame: office tablet\ncode 2\nserver ended with 0\n"
        "code 0\ncode 0\n{\"n\":5}\nserver ended with 0\n2\n1\nserve.log:0\nserve.err:0\n");
}

TEST_CASE("readers are sent what they lack and push nothing, and who was revoked learns nothing") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office reader; member reader --role reader
isodb -q clone office gone; member gone
isodb -q -C gone pull; isodb -q -C reader pull
echo 1 | isodb -q -C gone put from-gone
isodb -q -C office member remove gone
serve office
for one in reader gone; do
  isodb -C $one remote remove origin
  isodb -q -C $one remote add origin $url --fingerprint $fp
done
isodb -q -C reader sync; echo "code $?"
same office reader
isodb -q -C reader push; echo "code $?"
isodb -q -C gone sync; echo "code $?"
isodb -C office get from-gone; echo "code $?"
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 0\nsame: office reader\ncode 7\ncode 7\ncode 1\nserver ended with 0\n");
  CHECK(contains(ran.err, "takes nothing from this device"));
  CHECK(contains(ran.err, "If the key was revoked"));
}

TEST_CASE("a device that became a reader is told what it could not send") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office anna; member anna; isodb -q -C anna sync
serve office
isodb -C anna remote remove origin
isodb -q -C anna remote add origin $url --fingerprint $fp
isodb -q -C office member role anna reader
echo 1 | isodb -q -C anna put late.json
isodb -C anna sync --json >said 2>told; echo "code $?"
grep -o '"commits_unsent":1\|"agreed":false\|"error":"denied"' said
grep -o '"exit":7' told
isodb -q -C anna pull; echo "code $?"
isodb -C anna pull --json | grep -o '"agreed":false'
isodb -C anna sync --watch --timeout 1 | grep -o '1 commit was not sent.*'
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "code 7\n\"commits_unsent\":1\n\"agreed\":false\n\"error\":\"denied\"\n\"exit\":7\n"
        "code 0\n\"agreed\":false\n"
        "1 commit was not sent: this device is a reader there\nserver ended with 0\n");
}

TEST_CASE(
    "a peer that cannot be reached is exit code 6, and the other remotes are met all the same") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet
some=00112233445566778899aabbccddeeff
isodb -q -C tablet remote add dead isodb://127.0.0.1:1 --fingerprint $some
isodb -q -C tablet sync dead; echo "code $?"
isodb -q -C tablet sync; echo "code $?"
same office tablet
isodb -q -C tablet sync dead --json 2>&1 >/dev/null | grep -c '"exit":6'
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 6\ncode 6\nsame: office tablet\n1\n");
}

TEST_CASE("every remote has its line, and what was refused is listed by remote") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet
isodb -q clone office gone; isodb -q -C tablet remote add gone gone; rm -r gone
isodb -C tablet sync --json >said 2>told; echo "code $?"
grep -c '"remote":"gone".*"error":"not_found"' said
grep -c '"remote":"origin".*"agreed":true' said
grep -c '"exit":1' told
isodb -C tablet sync --show-refused origin; echo "code $?"
isodb -C tablet sync --show-refused nosuch; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 1\n1\n1\n1\ncode 0\ncode 1\n");
}

TEST_CASE("what is fetched takes the place of no other remote's branches") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; isodb -q clone office other; member other; isodb -q -C other sync
echo 1 | isodb -q -C other put b
before=$(isodb -C tablet ref get remotes/origin/main)
isodb -q -C tablet fetch other; echo "code $?"
[ "$before" = "$(isodb -C tablet ref get remotes/origin/main)" ] && echo "as before"
for name in '' a/b -x bundle; do isodb -q -C tablet fetch other --as="$name"; echo "code $?"; done
isodb -q -C tablet fetch other --as theirs; echo "code $?"
[ "$(main_of other)" = "$(isodb -C tablet ref get remotes/theirs/main)" ] && echo "theirs"
isodb -q -C tablet fetch office; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 2\nas before\ncode 2\ncode 2\ncode 2\ncode 2\ncode 0\ntheirs\ncode 0\n");
  CHECK(contains(ran.err, "--as NAME"));
}

TEST_CASE("a clone has its JSON line whatever becomes of it, and an error where it failed") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
try() {
  isodb clone --json "$@" >said 2>told
  echo "code $?, $(wc -l <said), $(grep -c "\"exit\":" told)"
  grep -o '"repository":null\|"key":null\|"key":"ed25519\|"error":"[a-z_]*"' said
}
some=00112233445566778899aabbccddeeff
try nowhere tablet
try isodb://127.0.0.1:1 tablet --fingerprint $some
serve office
try $url tablet --fingerprint $fp
try office office
stop
try office tablet
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "code 1, 1, 1\n\"repository\":null\n\"key\":null\n\"error\":\"not_found\"\n"
        "code 6, 1, 1\n\"repository\":null\n\"key\":\"ed25519\n\"error\":\"io\"\n"
        "code 7, 1, 1\n\"repository\":null\n\"key\":\"ed25519\n\"error\":\"denied\"\n"
        "code 2, 1, 1\n\"repository\":null\n\"key\":null\n\"error\":\"invalid\"\n"
        "server ended with 0\n"
        "code 0, 1, 0\n\"key\":\"ed25519\n");
}

TEST_CASE("a terminal is shown how long a clone over a slow line still takes") {
  const Shell shell;
  const Ran ran = shell.shell_on_terminal(kShell + std::string(R"sh(
for n in $(seq 2500); do
  echo "{\"id\":\"$n\",\"is\":\"$RANDOM$RANDOM$RANDOM$RANDOM\"}"
done >animals.jsonl
isodb -q -C office import jsonl animals.jsonl --key /id
mkdir bin
cat >bin/ssh <<'END'
#!/bin/bash
while [ "$1" != -- ]; do shift; done
shift 2
sh -c "$*" | while dd bs=2048 count=1 status=none >part; [ -s part ]; do cat part; sleep 0.15; done
END
chmod +x bin/ssh
export PATH=$PWD/bin:$PATH
fp=$(isodb -C office key fingerprint)
isodb -q clone ssh://me@far$PWD/office tablet --fingerprint $fp 2>err; echo "code $?"
key=$(grep -o 'member add ed25519:[0-9a-f]*' err | head -1 | cut -d' ' -f3)
isodb -q -C office member add $key tablet
isodb clone ssh://me@far$PWD/office tablet --fingerprint $fp; echo "code $?"
)sh"));
  INFO(ran.out);
  CHECK(contains(ran.out, "code 7\n"));
  CHECK(contains(ran.out, "code 0\n"));
  CHECK(std::regex_search(ran.out, std::regex("clone: [0-9.]+ KiB of about [0-9.]+ KiB, "
                                              "[0-9.]+ KiB/s, [0-9]+ s left")));
}

TEST_CASE("syncs of one device at the same time take turns, and the one that waits says so") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet
isodb -q -C tablet pull
serve office
isodb -C tablet remote remove origin
isodb -q -C tablet remote add hub $url --fingerprint $fp
isodb -q -C tablet sync
exec 7<>tablet/talks/$fp.queue
flock 7  # as a program that talks with the hub
isodb -C tablet sync >said 2>told &
late=$!
for i in $(seq 500); do grep -q waiting told && break; sleep 0.02; done
isodb -q -C tablet sync --timeout 1; echo "code $?"
flock -u 7
wait $late; echo "code $?"
grep -c 'hub: another program of this repository talks with it; waiting' told
for i in 1 2 3 4 5; do isodb -q -C tablet sync & all[$i]=$!; done
for i in 1 2 3 4 5; do wait ${all[$i]} || echo "one ended with $?"; done
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 8\ncode 0\n1\nserver ended with 0\n");
}

TEST_CASE("a watching sync carries what is committed on either side, until a signal ends it") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet
isodb -q -C tablet pull
serve office
isodb -C tablet remote remove origin
isodb -q -C tablet remote add hub $url --fingerprint $fp
isodb -C tablet sync --watch --json >watch.log &
watcher=$!
until grep -q opened serve.log; do sleep 0.02; done
sleep 0.6
echo 1 | isodb -q -C office put from-office
echo 2 | isodb -q -C tablet put from-tablet
for i in $(seq 400); do
  isodb -C office get from-tablet && isodb -C tablet get from-office && break
  sleep 0.05
done >/dev/null 2>&1
isodb -C office get from-tablet
isodb -C tablet get from-office
for i in $(seq 100); do same office tablet && break; sleep 0.05; done
kill -TERM $watcher; wait $watcher; echo "watcher ended"
stop
tail -n 1 watch.log >last.json
grep -c "\"peer\":\"$fp\"" last.json
grep -c '"payload_in":[1-9].*"total_in":[1-9].*"millis":[1-9]' last.json
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "2\n1\nsame: office tablet\nwatcher ended\nserver ended with 0\n1\n1\n");
}

TEST_CASE("what a watching sync has carried is told in all, whatever the line did between") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet; isodb -q -C tablet sync
serve office
isodb -C tablet remote remove origin
isodb -q -C tablet remote add hub $url --fingerprint $fp
isodb -C tablet sync --watch --json >watch.log 2>watch.err &
watcher=$!
has() { for i in $(seq 400); do grep -q "$1" watch.log && return; sleep 0.05; done; echo "no $1"; }
echo 1 | isodb -q -C office put one
has '"commits_received":1'
stop
echo 2 | isodb -q -C office put two
isodb -C office serve --listen ${url#isodb://} >serve.log 2>serve.err &
server=$!
has '"commits_received":2'
kill -TERM $watcher; wait $watcher; echo "watcher ended"
stop
first=$(grep '"commits_received":1' watch.log | head -1 | grep -o '"total_in":[0-9]*' | cut -d: -f2)
last=$(tail -1 watch.log | grep -o '"total_in":[0-9]*' | cut -d: -f2)
[ "$last" -ge "$first" ] && echo "bytes too"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "server ended with 0\nwatcher ended\nserver ended with 0\nbytes too\n");
}

TEST_CASE("a clone that broke off says how to go on, whatever was asked of it") {
  const ProgramRunner runner;
  runner.must({"init", "office"});
  {
    const Repository office = Repository::open(runner.folder() / "office");
    Repository half = Repository::init_empty(runner.folder() / "half", office.id());
    half.set_setting("clone.unfinished", "isodb://hub.example");
  }
  const std::string wanted = "isodb clone isodb://hub.example ";
  CHECK(contains(runner.must({"-C", "half", "status"}), wanted));
  const std::string status = runner.must({"-C", "half", "status", "--json"});
  CHECK(member(json_line(status), "unfinished_clone") == "isodb://hub.example");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"log"}, {"put", "a.json", "/dev/null"}, {"sync"}, {"get", "a.json"}}) {
    std::vector<std::string> arguments{"-C", "half"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Ran ran = runner.run(arguments);
    INFO(words[0] << ": " << ran.err);
    CHECK(ran.exit_code != 0);
    CHECK(contains(ran.err, "hint: this clone is not finished: '" + wanted));
  }
  runner.must({"clone", "office", "half"});
  CHECK(member(json_line(runner.must({"-C", "half", "status", "--json"})), "unfinished_clone") ==
        "null");
}

TEST_CASE("work of a device that was revoked is set aside before everybody's eyes") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
for one in anna bob; do isodb -q clone office $one; member $one; isodb -q -C $one sync; done
isodb -q -C office member remove anna
echo 2 | isodb -q -C anna put late.json
isodb -q -C bob pull anna
isodb -C bob get late.json
isodb -C bob pull origin >said; echo "code $?"
grep -o '1 head set aside' said
isodb -C bob get late.json 2>/dev/null; echo "code $?"
isodb -C bob pull origin | grep -c 'set aside'
isodb -C bob ref list peeled/ | wc -l
isodb -C bob get late.json --at $(isodb -C bob ref list peeled/ | cut -d' ' -f1)
cp -r office hub
isodb -C hub pull anna --json | grep -o '"peeled":\["'
isodb -q -C anna bundle create late.bundle
isodb -C office bundle apply late.bundle --any-signer --json | grep -o '"peeled":\["'
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "2\ncode 0\n1 head set aside\ncode 1\n0\n1\n2\n\"peeled\":[\"\n\"peeled\":[\"\n");
}

TEST_CASE("a server's log names the heads that were set aside") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
for one in anna hub; do isodb -q clone office $one; member $one; isodb -q -C $one sync; done
isodb -q -C office member remove anna
echo 2 | isodb -q -C anna put late.json
isodb -q -C hub pull anna
late=$(main_of anna)
serve hub
isodb -q -C office sync $url --fingerprint $fp; echo "code $?"
stop
grep -c "synced .*; set aside ${late:0:12}" serve.log
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 0\nserver ended with 0\n1\n");
}

TEST_CASE("a remote's URL is changed, and the key that has to answer there is not") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q clone office tablet; member tablet; isodb -q -C tablet sync
isodb -q clone office thief
serve office
isodb -q -C tablet remote add hub isodb://127.0.0.1:1 --fingerprint $fp --label site=x
isodb -C tablet remote set-url hub $url | grep -c "^hub  $url  $fp  site=x"
isodb -q -C tablet sync hub; echo "code $?"
stop
serve thief
isodb -C tablet remote set-url hub $url --json | grep -c '"key":"ed25519:'
isodb -q -C tablet sync hub; echo "code $?"
stop
isodb -C tablet remote set-url nosuch $url; echo "code $?"
isodb -C tablet remote set-url hub http://x; echo "code $?"
isodb -C tablet remote list | grep -c "$url"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "1\ncode 0\nserver ended with 0\n1\ncode 5\nserver ended with 0\ncode 1\ncode 2\n1\n");
  CHECK(contains(ran.err, "not the expected"));
}

TEST_CASE("remotes are listed with URL, fingerprint and labels") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
isodb -q -C office remote add hub isodb://hub.example --label site=x --label rack=7
isodb -C office remote list
isodb -C office remote add hub isodb://other.example; echo "code $?"
isodb -C office remote --json
isodb -C office remote remove hub; isodb -C office remote remove hub; echo "code $?"
isodb -C office sync --show-refused; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "hub  isodb://hub.example  rack=7  site=x\ncode 2\n"
        "{\"remote\":\"hub\",\"url\":\"isodb://hub.example\",\"fingerprint\":\"\","
        "\"labels\":{\"rack\":\"7\",\"site\":\"x\"}}\ncode 1\ncode 0\n");
}

TEST_CASE("a partial clone over TLS holds a folder, sends back, and is given more") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
echo '{"s":1}' | isodb -q -C office put sheep/1.json
echo '{"c":1}' | isodb -q -C office put cows/1.json
echo '{"c":2}' | isodb -q -C office put cows/1.json
serve office
isodb -q clone $url tablet --path cows --fingerprint $fp 2>err; echo "code $?"
stop
key=$(grep -o 'member add ed25519:[0-9a-f]*' err | head -1 | cut -d' ' -f3)
serve office --allow $key
isodb -q clone $url tablet --path cows/ --fingerprint $fp; echo "code $?"
stop
member tablet
serve office
isodb -q -C tablet sync $url --fingerprint $fp; echo "code $?"
isodb -C tablet get cows/1.json
isodb -C tablet get sheep/1.json 2>/dev/null; [ $? -ne 0 ] && echo "not here"
echo '{"c":3}' | isodb -q -C tablet put cows/1.json
isodb -q -C tablet sync $url --fingerprint $fp; echo "code $?"
isodb -C office get cows/1.json
isodb -q -C tablet fetch $url --fingerprint $fp --add-path sheep/; echo "code $?"
isodb -C tablet get sheep/1.json
same office tablet
stop
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out ==
        "code 7\nserver ended with 0\ncode 0\nserver ended with 0\ncode 0\n{\"c\":2}\nnot here\n"
        "code 0\n{\"c\":3}\ncode 0\n{\"s\":1}\nsame: office tablet\nserver ended with 0\n");
}

}  // namespace
}  // namespace isodb::testing
