#include "net/address.h"

#include <string>

#include "tests/support/testing.h"

namespace isodb::net {

using testing::error_code_of;
using testing::error_of;

TEST_CASE("addresses are read, with and without port and path") {
  CHECK(Address::parse("isodb://far.example") == Address{.host = "far.example"});
  CHECK(Address::parse("isodb://far.example:1234/a/b") ==
        Address{.host = "far.example", .port = 1234, .path = "/a/b"});
  CHECK(Address::parse("isodb://192.0.2.7:1") == Address{.host = "192.0.2.7", .port = 1});
  CHECK(Address::parse("isodb://[2001:db8::1]:99/") ==
        Address{.host = "2001:db8::1", .port = 99, .path = "/"});
  CHECK(Address::parse("isodb://[fe80::1%eth0]").host == "fe80::1%eth0");
  CHECK(Address::parse("isodb://x").port == kDefaultPort);
}

TEST_CASE("an address is written as it is read") {
  for (const std::string text : {"far.example:1234", "192.0.2.7:9", "[2001:db8::1]:99"}) {
    CHECK(Address::parse("isodb://" + text).text() == text);
    CHECK(Address::parse_listen(text).text() == text);
  }
}

TEST_CASE("what is no address is refused with a reason") {
  const auto refused = [](const std::string& text, const std::string& why) {
    INFO(text);
    const auto error = error_of([&] { Address::parse(text); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInvalid);
    CHECK_THAT(error->what(), Catch::Contains(why));
    CHECK_THAT(error->hint(), Catch::Contains("isodb://host"));
  };
  refused("", "does not begin with isodb://");
  refused("http://x", "does not begin with isodb://");
  refused("isodb://", "a host is missing");
  refused("isodb://:99", "a host is missing");
  refused("isodb://-oProxyCommand=x", "does not begin with '-'");
  refused("isodb://a b", "letters, digits");
  refused("isodb://user@host", "letters, digits");
  refused("isodb://2001:db8::1", "stands in brackets");
  refused("isodb://[2001:db8::1", "']' is missing");
  refused("isodb://[2001:db8::1]x", "only ':port'");
  refused("isodb://[host]", "no IPv6 address");
  refused("isodb://x:", "a port is a number");
  refused("isodb://x:0", "a port is a number");
  refused("isodb://x:65536", "a port is a number");
  refused("isodb://x:12y", "a port is a number");
  refused("isodb://x:-1", "a port is a number");
  refused("isodb://" + std::string(254, 'x'), "253");
  refused(std::string("isodb://x/a\0b", 13), "byte 0");
}

TEST_CASE("what is typed as an address is not printed as control characters") {
  const auto error = error_of([] { Address::parse("isodb://\x1b[31m"); });
  REQUIRE(error);
  CHECK(std::string(error->what()).find('\x1b') == std::string::npos);
}

TEST_CASE("addresses to listen on may leave out the host, the port or both") {
  CHECK(Address::parse_listen("") == Address{});
  CHECK(Address::parse_listen(":0") == Address{.port = 0});
  CHECK(Address::parse_listen("127.0.0.1") == Address{.host = "127.0.0.1"});
  CHECK(Address::parse_listen("[::1]:77") == Address{.host = "::1", .port = 77});
  CHECK(error_code_of([] { Address::parse_listen("::1"); }) == ErrorCode::kInvalid);
  CHECK(error_code_of([] { Address::parse_listen(":x"); }) == ErrorCode::kInvalid);
}

TEST_CASE("ssh addresses have a path, and nothing that ssh takes for an option") {
  const SshAddress whole = SshAddress::parse("ssh://me@far.example:2222/srv/data");
  CHECK(whole.user == "me");
  CHECK(whole.host == "far.example");
  CHECK(whole.port == 2222);
  CHECK(whole.path == "/srv/data");
  CHECK(SshAddress::parse("ssh://far/srv/my%20d%C3%a4ta%25").path == "/srv/my d\xc3\xa4ta%");
  const SshAddress plain = SshAddress::parse("ssh://[2001:db8::1]/x");
  CHECK(plain.user.empty());
  CHECK(plain.host == "2001:db8::1");
  CHECK(plain.port == 0);
  for (const std::string text :
       {"ssh://host", "ssh://host/", "ssh://-host/x", "ssh://-me@host/x", "ssh://@host/x",
        "ssh://me:secret@host/x", "ssh://host:0/x", "ssh://ho'st/x", "ssh:///x", "ssh://a b@c/x",
        "ssh://host/a%", "ssh://host/a%2", "ssh://host/a%2g", "ssh://host/a%-1",
        "ssh://host/%00"}) {
    INFO(text);
    CHECK(error_code_of([&] { SshAddress::parse(text); }) == ErrorCode::kInvalid);
  }
}

}  // namespace isodb::net
