#include "core/hash.h"

#include <thread>

#include "core/hex.h"
#include "tests/support/testing.h"

using namespace isodb;

namespace {

Bytes unhex(const std::string& text) {
  Bytes bytes(text.size() / 2, '\0');
  REQUIRE(core::from_hex(text, reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
  return bytes;
}

}  // namespace

TEST_CASE("SHA-256 gives NIST's digests for short messages") {
  const auto path = testing::shared_data("sha256/SHA256ShortMsg.rsp");
  if (!path) return;
  std::istringstream lines(testing::slurp(*path));
  std::string line;
  std::size_t bits = 0;
  Bytes message;
  int cases = 0;
  while (std::getline(lines, line)) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.starts_with("Len = ")) bits = std::stoul(line.substr(6));
    if (line.starts_with("Msg = ")) message = unhex(line.substr(6)).substr(0, bits / 8);
    if (!line.starts_with("MD = ")) continue;
    CHECK(core::sha256(message).hex() == line.substr(5));
    core::Sha256 in_parts;
    in_parts.start();
    for (const char& byte : message) in_parts.update({&byte, 1});
    CHECK(in_parts.finish().hex() == line.substr(5));
    ++cases;
  }
  CHECK(cases == 65);
}

TEST_CASE("an object's id covers its type and length, as git's SHA-256 format names a blob") {
  // git hash-object --stdin in a repository of --object-format=sha256
  CHECK(core::object_id(ObjectType::kBlob, "").hex() ==
        "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813");
  CHECK(core::object_id(ObjectType::kBlob, "hello\n").hex() ==
        "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4");
  const std::string large(100000, 'x');
  for (const ObjectType type : {ObjectType::kBlob, ObjectType::kList, ObjectType::kTree,
                                ObjectType::kCommit, ObjectType::kMerge, ObjectType::kTag}) {
    const std::string whole = std::string(object_type_name(type)) + " 100000" + '\0' + large;
    CHECK(core::object_id(type, large) == core::sha256(whole));
  }
}

TEST_CASE("a hasher may be started again, finished or not") {
  core::Sha256 hasher;
  for (int round = 0; round < 2; ++round) {
    hasher.start();
    hasher.update("abandoned");
    hasher.start_object(ObjectType::kTree, 6);
    hasher.update("abc");
    hasher.update("def");
    CHECK(hasher.finish() == core::object_id(ObjectType::kTree, "abcdef"));
  }
}

TEST_CASE("hashing runs in several threads at once") {
  std::array<bool, 4> right{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([t, &right] {
      const std::string text(t + 1, 'a');
      const Id expected = core::sha256("blob " + std::to_string(t + 1) + '\0' + text);
      right[t] = true;
      for (int i = 0; i < 1000; ++i) {
        right[t] = right[t] && core::object_id(ObjectType::kBlob, text) == expected;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::array<bool, 4>{true, true, true, true});
}

TEST_CASE("xxh3 is the published function on each of its length classes, seed included") {
  // From libxxhash 0.8.1, of bytes i * 7 + 3. Tree boundaries depend on these numbers for ever.
  struct Case {
    std::size_t length;
    std::uint64_t unseeded;
    std::uint64_t seeded;
  };
  constexpr Case kCases[] = {
      {0, 0x2d06800538d394c2u, 0x602b0e2cd6662c8bu},
      {1, 0x13e608bc156defedu, 0x1b4c466098160569u},
      {3, 0xa9088dda485b481cu, 0xa8bacd847619199eu},
      {8, 0x60539db630471163u, 0xbc53d62e02f670a4u},
      {16, 0xb8c859b0f030b585u, 0x7775d23337d796b5u},
      {17, 0x714a04408e79b80fu, 0x7d1872b1361c0fa6u},
      {128, 0x67425a03650261bfu, 0xe9e239440dac1b3cu},
      {129, 0xc664bf3311c6abc4u, 0xb11455ab08c506d4u},
      {240, 0x64556dc6b462a6cfu, 0x6ea73b2be19b57c5u},
      {241, 0x8beadd3a8874fe17u, 0xa0462d397650b282u},
      {1000, 0x6c4f14bd97bd9e82u, 0x7d4fd63b32d06559u},
  };
  Bytes data(1000, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + 3);
  for (const Case& expected : kCases) {
    const ByteView part = ByteView(data).substr(0, expected.length);
    CHECK(core::xxh3(part) == expected.unseeded);
    CHECK(core::xxh3(part, 0x9e3779b97f4a7c15u) == expected.seeded);
  }
}
