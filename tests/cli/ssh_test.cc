// Sync through ssh, played by a script.
#include "tests/cli/sync_shell.h"

namespace isodb::testing {
namespace {

TEST_CASE("over ssh the same session runs through a pipe") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
fake_ssh
fp=$(isodb -C office key fingerprint)
isodb -q clone office tablet; member tablet
isodb -C tablet remote remove origin
isodb -q -C tablet remote add far ssh://me@far$PWD/office
isodb -q -C tablet sync; echo "code $?"
isodb -q -C tablet sync ssh://me@far/nowhere --fingerprint $fp 2>told; echo "code $?"
grep -c 'isodb at far ended with exit code 1' told
grep -c "hint: what it said stands above; the repository there is looked for in '/nowhere'" told
isodb -q -C tablet sync far --fingerprint $fp; echo "code $?"
echo 7 | isodb -q -C tablet put b
isodb -q -C tablet sync 2>told; echo "code $? $(wc -c <told)"
same office tablet
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 2\ncode 6\n1\n1\ncode 0\ncode 0 0\nsame: office tablet\n");
}

TEST_CASE("where ssh fails, the error says what happened and what to do") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
mkdir bin
cat >bin/ssh <<'END'
#!/bin/bash
echo "$SAYS" >&2
exit $ENDS
END
chmod +x bin/ssh
export PATH=$PWD/bin:$PATH
try() {
  SAYS=$1 ENDS=$2 isodb -q clone ssh://me@far:22$PWD/office tablet "${@:4}" 2>told
  echo "code $?, $(grep -cxF "$1" told), $(grep -c "$3" told)"
}
some=00112233445566778899aabbccddeeff
for known in "" "--fingerprint $some"; do
  try 'Host key verification failed.' 255 \
    "^hint: .*'ssh -p 22 me@far true' has to work first.*compare the fingerprint" $known
  try 'Permission denied (publickey).' 255 'authorized_keys' $known
  try 'sh: 1: isodb: not found' 127 'isodb could not be started at far' $known
  try 'isodb: denied' 7 'isodb at far ended with exit code 7' $known
done
PATH=/nowhere $(command -v isodb) -q clone ssh://far/x tablet; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  const std::string each = "code 6, 1, 1\ncode 6, 1, 1\ncode 6, 1, 1\ncode 6, 1, 1\n";
  CHECK(ran.out == each + each + "code 6\n");
  CHECK(contains(ran.err, "there is no program ssh"));
}

TEST_CASE("the path of an ssh URL may have %20, in which the clone is called a name with a space") {
  const Shell shell;
  const Ran ran = shell.sh(R"sh(
fake_ssh
fp=$(isodb -C office key fingerprint)
mkdir hub; cp -r office 'hub/my farm'
isodb -q clone "ssh://far$PWD/hub/my%20farm" --fingerprint $fp 2>told; echo "code $?"
grep -c 'isodb member add' told
isodb -q -C 'hub/my farm' member add "$(grep -o 'ed25519:[0-9a-f]*' told | head -1)" tablet
isodb -q clone "ssh://far$PWD/hub/my%20farm" --fingerprint $fp; echo "code $?"
isodb -C 'my farm' get a.json
isodb -q clone "ssh://far$PWD/hub/my%2zfarm" x --fingerprint $fp; echo "code $?"
)sh");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 7\n1\ncode 0\n{\"n\":1,\"place\":\"loft\"}\ncode 2\n");
}

}  // namespace
}  // namespace isodb::testing
