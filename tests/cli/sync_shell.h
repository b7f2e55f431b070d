#pragma once

#include <string>

#include "tests/cli/cli_test.h"

namespace isodb::testing {

/// What the scripts share: `serve FOLDER [options]` starts a server and sets url and fp, `stop`
/// ends it as an administrator does; `fake_ssh` makes ssh start its command here.
inline constexpr const char* kShell = R"sh(
serve() {
  rm -f serve.log
  isodb -C "$1" serve --listen 127.0.0.1:0 "${@:2}" >serve.log 2>serve.err &
  server=$!
  until grep -qs listening serve.log; do
    kill -0 $server || { cat serve.err; exit 99; }
    sleep 0.02
  done
  url=isodb://$(grep -o '127.0.0.1:[0-9]*' serve.log | head -1)
  fp=$(isodb -C "$1" key fingerprint)
}
stop() { kill -TERM $server; wait $server; echo "server ended with $?"; }
member() {
  isodb -q -C office member add "$(isodb -C "$1" key export)" "$1" "${@:2}"
}
main_of() { isodb -C "$1" ref get heads/main; }
same() { [ "$(main_of "$1")" = "$(main_of "$2")" ] && echo "same: $1 $2"; }
fake_ssh() {
  mkdir bin
  cat >bin/ssh <<'END'
#!/bin/bash
while [ "$1" != -- ]; do shift; done
shift 2
exec sh -c "$*"
END
  chmod +x bin/ssh
  export PATH=$PWD/bin:$PATH
}
trap 'kill $server 2>/dev/null' EXIT
isodb -q init office
echo '{"n":1,"place":"loft"}' | isodb -q -C office put a.json
)sh";

struct Shell : ProgramRunner {
  Ran sh(const std::string& script) const { return shell(kShell + script); }
};

}  // namespace isodb::testing
