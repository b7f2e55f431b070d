#include "wire/hello.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/varint.h"
#include "tests/support/testing.h"
#include "tests/support/wire_frames.h"
#include "wire/fields.h"

using namespace isodb;
using namespace isodb::wire;
using namespace isodb::testing;

namespace {

std::vector<Id> sorted_ids(std::size_t count, std::uint64_t seed) {
  std::vector<Id> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(numbered_id(seed * 1'000'000 + i));
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<CommitId> commits(std::size_t count, std::uint64_t seed) {
  const std::vector<Id> ids = sorted_ids(count, seed);
  return {ids.begin(), ids.end()};
}

std::vector<Refusal> refusals(std::size_t count) {
  std::vector<Refusal> refused;
  for (const CommitId& id : commits(count, 7)) refused.push_back({id, "no member"});
  return refused;
}

Hello full_hello() {
  Hello hello;
  hello.version_highest = 3;
  hello.features = 0x81;
  hello.sends = hello.takes = hello.watches = hello.unknown = true;
  hello.repository = Bytes(16, 'r');
  hello.agreement = AgreementDigest{{1, 2, 3, 4, 5, 6, 7, 8}};
  hello.refs = {{"heads/a", sorted_ids(1, 1)},
                {"heads/b", {}},
                {"heads/main", sorted_ids(3, 2)},
                {"tags/v1", sorted_ids(1, 3)}};
  hello.extra_heads = sorted_ids(2, 4);
  hello.hints = {{{5}, 300, {1, 2, 3, 4}}, {{9}, 1, {0, 0, 0, 0}}};
  hello.resume = ResumePoint{{{77}, {88}}, {1, 2, 3}, 1000, 20'000};
  hello.scope = ScopeClaim{{"cows", "sheep/x"}, ScopeClaim::Boundary::kCommits, commits(2, 5)};
  hello.refused = refusals(2);
  return hello;
}

Bytes encoded(const Hello& hello) {
  Bytes bytes;
  FrameWriter writer(bytes);
  write_hello(writer, hello);
  return bytes;
}

Hello decoded(ByteView bytes) {
  HelloReader reader;
  bool is_whole = false;
  for (const auto& [type, payload] : frames_of(bytes)) {
    CHECK_FALSE(is_whole);
    is_whole = reader.add({type, payload, 0});
  }
  REQUIRE(is_whole);
  return reader.take();
}

std::optional<Error> problem_of(const Bytes& payload) {
  return error_of([&] {
    HelloReader reader;
    reader.add({FrameType::kHello, payload, 0});
  });
}

}  // namespace

TEST_CASE("a HELLO is read as it was written") {
  Hello hello = full_hello();
  CHECK(decoded(encoded(hello)) == hello);
  CHECK(decoded(encoded(Hello{})) == Hello{});
  hello.resume.reset();
  hello.objects_taken = ObjectsTaken{300, {1, 2, 3}};
  hello.repository = Bytes(32, 'w');
  CHECK(decoded(encoded(hello)) == hello);
  hello.repository.clear();
  CHECK(decoded(encoded(hello)) == hello);
}

TEST_CASE("a HELLO that goes on in two ways, or behind no objects, is neither written nor read") {
  Hello hello;
  hello.objects_taken = ObjectsTaken{1, {7}};
  Bytes payload = frames_of(encoded(hello)).front().second;
  const std::size_t count = payload.size() - 1 - 16 - 1;  // before chain and scope
  REQUIRE(payload[count] == 1);
  CHECK_FALSE(problem_of(payload));
  payload[count] = 0;
  CHECK(problem_of(payload));
  payload[count] = 1;
  payload[count - 1] = 3;
  CHECK(problem_of(payload));
  hello.objects_taken->count = 0;
  CHECK(error_of([&] { encoded(hello); })->code() == ErrorCode::kInvalid);
  hello.objects_taken->count = 1;
  hello.resume = ResumePoint{};
  CHECK(error_of([&] { encoded(hello); })->code() == ErrorCode::kInvalid);
}

TEST_CASE("a HELLO with nothing new takes a few dozen bytes") {
  Hello hello;
  hello.sends = hello.takes = true;
  hello.repository = Bytes(16, 'r');
  hello.agreement = AgreementDigest{};
  CHECK(encoded(hello).size() == 36);
}

TEST_CASE("refs that do not fit in a HELLO go on in REFS, a ref's heads among them") {
  Hello hello = full_hello();
  hello.refs.clear();
  for (int i = 1000; i < 5000; ++i) {
    hello.refs.push_back({"heads/b" + std::to_string(i), sorted_ids(1, 7)});
  }
  hello.refs.push_back({"heads/c", sorted_ids(kRefHeadsMax, 8)});
  hello.refs.push_back({"heads/d", {}});
  const Bytes bytes = encoded(hello);
  CHECK(frames_of(bytes).size() == 5);
  CHECK(decoded(bytes) == hello);
}

TEST_CASE("the largest HELLO there can be is read") {
  Hello hello = full_hello();
  hello.features = UINT64_MAX;
  hello.extra_heads = sorted_ids(kExtraHeadsMax, 1);
  hello.hints.clear();
  for (std::uint64_t i = 0; i < kHintsMax; ++i) hello.hints.push_back({{i}, UINT64_MAX, {}});
  hello.scope = ScopeClaim{{}, ScopeClaim::Boundary::kCommits, commits(kScopeBoundaryMax, 6)};
  for (char c = 'a'; c < 'a' + 8; ++c) hello.scope->prefixes.emplace_back(1024, c);
  hello.refused = refusals(kRefusedToldMax);
  for (Refusal& refusal : hello.refused) refusal.rule = std::string(Refusal::kRuleBytesMax, 'r');
  hello.refs.clear();
  for (std::uint64_t i = 0; i < kRefsMax; ++i) {
    std::string name = std::to_string(100'000 + i);
    name.insert(0, "heads/" + std::string(kRefNameBytesMax - 12, 'x'));
    hello.refs.push_back({name, sorted_ids(2, 9)});
  }
  const Hello back = decoded(encoded(hello));
  CHECK(back.refs == hello.refs);
  CHECK(back.scope == hello.scope);
  CHECK(back.extra_heads == hello.extra_heads);
  CHECK(back.refused == hello.refused);
  CHECK(back.hints.size() > 100);
  CHECK(back.hints.size() < kHintsMax);

  hello.resume.reset();
  hello.objects_taken = ObjectsTaken{UINT64_MAX, {}};
  hello.objects_taken->chain_prefix.fill(0xff);
  const Hello other = decoded(encoded(hello));
  CHECK(other.objects_taken == hello.objects_taken);
  CHECK(other.refused == hello.refused);
  CHECK(other.hints.size() >= back.hints.size());
}

TEST_CASE("a HELLO's refused commits are sorted, 1 to 24, and there only with their flag") {
  Hello hello;
  hello.refused = refusals(2);
  const Bytes payload = frames_of(encoded(hello)).front().second;
  CHECK_FALSE(problem_of(payload));
  const std::size_t list = payload.size() - 1 - 2 * (Id::kSize + 1 + hello.refused[0].rule.size());
  REQUIRE(payload[list] == 2);
  Bytes none = payload.substr(0, list) + '\0';
  CHECK(std::string(problem_of(none)->what()).find("no refused commits") != std::string::npos);
  Bytes swapped = payload;
  std::swap(swapped[list + 1], swapped[list + 1 + Id::kSize + 1 + hello.refused[0].rule.size()]);
  CHECK(problem_of(swapped));
  Bytes unsaid = payload;
  unsaid[3] = static_cast<char>(unsaid[3] & 0x7f);
  CHECK(problem_of(unsaid));

  hello.refused = refusals(kRefusedToldMax);
  Bytes many = frames_of(encoded(hello)).front().second;
  const Bytes one = Bytes(Id::kSize, '\xff') + '\0';
  const std::size_t count =
      many.size() - 1 - kRefusedToldMax * (Id::kSize + 1 + hello.refused[0].rule.size());
  REQUIRE(many[count] == kRefusedToldMax);
  many[count] = kRefusedToldMax + 1;
  CHECK(problem_of(many + one));
}

TEST_CASE("hints are put in order, and the last ones given are left out where they do not fit") {
  Hello hello;
  for (std::uint64_t i = kHintsMax + 10; i > 0; --i) hello.hints.push_back({{i}, 1, {}});
  const Hello back = decoded(encoded(hello));
  REQUIRE(back.hints.size() == kHintsMax);
  CHECK(back.hints.front().writer.value == 11);
  CHECK(back.hints.back().writer.value == kHintsMax + 10);
}

TEST_CASE("a HELLO or REFS that breaks a rule is not written") {
  const auto code_with = [](auto&& change) {
    Hello hello = full_hello();
    change(hello);
    return error_code_of([&] { encoded(hello); });
  };
  CHECK(code_with([](Hello&) {}) == std::nullopt);
  const auto invalid = ErrorCode::kInvalid;
  CHECK(code_with([](Hello& h) { h.version_lowest = 4; }) == invalid);
  CHECK(code_with([](Hello& h) { h.version_lowest = 0; }) == invalid);
  CHECK(code_with([](Hello& h) { h.repository += 'x'; }) == invalid);
  CHECK(code_with([](Hello& h) { std::swap(h.refs[0], h.refs[1]); }) == invalid);
  CHECK(code_with([](Hello& h) { h.refs[1] = h.refs[0]; }) == invalid);
  CHECK(code_with([](Hello& h) { h.refs[3].ids = sorted_ids(2, 1); }) == invalid);
  CHECK(code_with([](Hello& h) { h.refs[2].ids.push_back(h.refs[2].ids.back()); }) == invalid);
  CHECK(code_with([](Hello& h) { h.refs[0].name = "heads/"; }) == invalid);
  CHECK(code_with([](Hello& h) { h.refs[0].name = "drafts/x"; }) == invalid);
  CHECK(code_with([](Hello& h) { h.refs[0].name = "heads/" + Bytes(250, 'a'); }) == invalid);
  CHECK(code_with([](Hello& h) { h.refs[2].ids = sorted_ids(4097, 1); }) == ErrorCode::kLimit);
  CHECK(code_with([](Hello& h) { std::swap(h.extra_heads[0], h.extra_heads[1]); }) == invalid);
  CHECK(code_with([](Hello& h) { h.extra_heads = sorted_ids(1025, 1); }) == invalid);
  CHECK(code_with([](Hello& h) { h.hints[1].writer = h.hints[0].writer; }) == invalid);
  CHECK(code_with([](Hello& h) { h.hints[1].sequence = 0; }) == invalid);
  CHECK(code_with([](Hello& h) { std::swap(h.refused[0], h.refused[1]); }) == invalid);
  CHECK(code_with([](Hello& h) { h.refused = refusals(25); }) == ErrorCode::kLimit);
}

TEST_CASE("a scope that breaks a rule is neither written nor read") {
  using Boundary = ScopeClaim::Boundary;
  const auto problem_with = [](const ScopeClaim& scope) {
    Hello hello;
    hello.scope = scope;
    return error_code_of([&] { encoded(hello); });
  };
  const auto invalid = ErrorCode::kInvalid;
  CHECK(problem_with({{"a", "b"}}) == std::nullopt);
  CHECK(problem_with({{}, Boundary::kSince, {}, 0}) == std::nullopt);
  CHECK(problem_with({}) == invalid);
  CHECK(problem_with({{"b", "a"}}) == invalid);
  CHECK(problem_with({{""}}) == invalid);
  CHECK(problem_with({{std::string(1025, 'a')}}) == invalid);
  CHECK(problem_with({{"a"}, Boundary::kCommits, {}}) == invalid);
  CHECK(problem_with({{"a"}, Boundary::kNone, commits(1, 1)}) == invalid);
  CHECK(problem_with({{"a"}, Boundary::kCommits, commits(513, 1)}) == invalid);
  CHECK(problem_with({{}, Boundary::kDepth, {}, 0}) == invalid);
  std::vector<std::string> many;
  for (int i = 100; i < 165; ++i) many.push_back(std::to_string(i));
  CHECK(problem_with({many}) == invalid);
  ScopeClaim long_ones;
  for (char c = 'a'; c < 'a' + 9; ++c) long_ones.prefixes.emplace_back(1000, c);
  CHECK(problem_with(long_ones) == invalid);

  Hello hello;
  hello.scope = ScopeClaim{{}, Boundary::kSince, {}, 5};
  Bytes payload = frames_of(encoded(hello))[0].second;
  REQUIRE(payload.ends_with(Bytes("\1\0\3\5", 4)));
  REQUIRE_FALSE(problem_of(payload));
  payload[payload.size() - 2] = 4;
  CHECK(std::string(problem_of(payload)->what()).find("an unknown boundary") != Bytes::npos);
  payload[payload.size() - 2] = 2;
  payload[payload.size() - 1] = 0;
  CHECK(std::string(problem_of(payload)->what()).find("a depth of 0") != Bytes::npos);
}

TEST_CASE("every change of a byte of a HELLO, and every cut, is refused or is another HELLO") {
  const Bytes good = frames_of(encoded(full_hello()))[0].second;
  REQUIRE_FALSE(problem_of(good));
  std::size_t refused = 0;
  const auto check = [&](const Bytes& changed) {
    HelloReader reader;
    bool is_whole = false;
    const auto error = error_of([&] { is_whole = reader.add({FrameType::kHello, changed, 0}); });
    if (error) {
      const bool is_expected =
          error->code() == ErrorCode::kCorrupt || error->code() == ErrorCode::kUnsupported;
      CHECK(is_expected);
      ++refused;
      return;
    }
    // "more" is a flag of the frame's: REFS would have to follow.
    if (is_whole) CHECK(frames_of(encoded(reader.take()))[0].second == changed);
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = good;
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      check(changed);
    }
    const auto cut = problem_of(good.substr(0, i));
    REQUIRE(cut);
    CHECK(cut->code() == ErrorCode::kCorrupt);
  }
  CHECK(refused > 300);
  CHECK(problem_of(good + '\0')->code() == ErrorCode::kCorrupt);
}

TEST_CASE("a HELLO says what is wrong and where") {
  Bytes payload = frames_of(encoded(full_hello()))[0].second;
  payload[3 + 1] = 0x48;  // the flags, behind two bytes of features
  CHECK(std::string(problem_of(payload)->what()) ==
        "HELLO: any repository, and a whole id at offset 5");
  payload[0] = 2;
  CHECK(problem_of(payload)->code() == ErrorCode::kUnsupported);
}

TEST_CASE("lists that are longer than their frame are refused before memory is taken") {
  Bytes payload = "\x01\x01";
  payload += Bytes("\0\x08\0", 3);  // features, any, no digest
  Bytes refs = payload;
  core::put_varint(refs, kRefsMax);
  CHECK(std::string(problem_of(refs)->what()).find("longer than what is left") != Bytes::npos);
  core::put_varint(payload, UINT64_MAX);
  CHECK(std::string(problem_of(payload)->what()).find("longer than allowed") != Bytes::npos);
}

TEST_CASE("frames that must not come in a HELLO's place are refused") {
  for (const FrameType type : {FrameType::kRefs, FrameType::kRun, FrameType::kPing}) {
    HelloReader reader;
    CHECK(error_code_of([&] { reader.add({type, {}, 0}); }) == ErrorCode::kCorrupt);
  }
  const Bytes hello = frames_of(encoded(Hello{}))[0].second;
  HelloReader reader;
  CHECK(reader.add({FrameType::kHello, hello, 0}));
  CHECK(error_code_of([&] { reader.add({FrameType::kHello, hello, 0}); }) == ErrorCode::kCorrupt);
}

TEST_CASE("REFS that repeat, go back, or bring nothing and promise more are refused") {
  const auto list = [](const std::vector<RefHeads>& refs, char more) {
    Bytes bytes;
    FrameWriter writer(bytes);
    write_refs(writer, refs);
    Bytes payload = frames_of(bytes)[0].second;
    payload[0] = more;
    return payload;
  };
  const auto ids = sorted_ids(4, 1);
  const auto code = [&](const std::vector<RefHeads>& first, const std::vector<RefHeads>& second) {
    RefsReader reader;
    CHECK_FALSE(reader.add(list(first, 1)));
    return error_code_of([&] { reader.add(list(second, 0)); });
  };
  const std::vector<Id> low = {ids[0], ids[1]}, high = {ids[2], ids[3]};
  CHECK(code({{"heads/a", low}}, {{"heads/a", high}}) == std::nullopt);
  CHECK(code({{"heads/a", low}}, {}) == std::nullopt);
  CHECK(code({{"heads/a", low}}, {{"heads/a", low}}) == ErrorCode::kCorrupt);
  CHECK(code({{"heads/a", high}}, {{"heads/a", low}}) == ErrorCode::kCorrupt);
  CHECK(code({{"heads/a", low}}, {{"heads/a", {}}}) == ErrorCode::kCorrupt);
  CHECK(code({{"heads/a", {}}}, {{"heads/a", low}}) == ErrorCode::kCorrupt);
  CHECK(code({{"heads/b", low}}, {{"heads/a", high}}) == ErrorCode::kCorrupt);
  CHECK(code({{"tags/a", {ids[0]}}}, {{"tags/a", {ids[1]}}}) == ErrorCode::kCorrupt);
  RefsReader reader;
  CHECK(error_code_of([&] { reader.add(Bytes("\1\0", 2)); }) == ErrorCode::kCorrupt);
}

TEST_CASE("a peer cannot make more refs or heads be kept than the limits say") {
  const auto ids = sorted_ids(2000, 1);
  std::size_t kept = 0;
  RefsReader reader;
  const auto code = error_code_of([&] {
    for (int i = 1000;; ++i) {
      Bytes payload = "\1\1";
      const std::string name = "heads/" + std::to_string(i);
      core::put_varint(payload, name.size());
      payload += name;
      core::put_varint(payload, ids.size());
      for (const Id& id : ids) payload += id.bytes();
      reader.add(payload);
      kept += ids.size();
    }
  });
  CHECK(code == ErrorCode::kCorrupt);
  CHECK(kept == kRefIdsMax / 2000 * 2000);
}

TEST_CASE("an agreement's digest is SHA-256 over its names and ids") {
  const Agreement agreement = {{"heads/main", {numbered_id(1), numbered_id(2)}},
                               {"tags/v1", {numbered_id(3)}}};
  Bytes text("isodb-agreement-v1\0", 19);
  text += "\x0aheads/main\x02";
  text.append(numbered_id(1).bytes()).append(numbered_id(2).bytes());
  text += "\x07tags/v1\x01";
  text.append(numbered_id(3).bytes());
  const Id whole = core::sha256(text);
  const AgreementDigest digest = agreement_digest(agreement);
  CHECK(Bytes(digest.bytes.begin(), digest.bytes.end()) == whole.bytes().substr(0, 8));
  CHECK(agreement_digest({}) != digest);
}

TEST_CASE("a HELLO tells of as many erased contents as there are") {
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{2'000}, std::size_t{4'500}}) {
    Hello hello = full_hello();
    hello.erased = sorted_ids(count, 11);
    Bytes bytes;
    FrameWriter out(bytes);
    write_hello(out, hello);
    FrameReader frames;
    HelloReader reader;
    ByteView rest = bytes;
    bool is_whole = false;
    while (const std::optional<Frame> frame = frames.next(rest)) {
      CHECK_FALSE(is_whole);
      is_whole = reader.add(*frame);
    }
    REQUIRE(is_whole);
    CHECK(reader.take().erased == hello.erased);
  }
}

TEST_CASE("erased contents that are not sorted, come twice or stand for nothing are refused") {
  const auto code_of = [](const std::vector<std::vector<Id>>& lists) {
    ErasedReader reader;
    return error_code_of([&] {
      for (std::size_t i = 0; i < lists.size(); ++i) {
        Bytes payload;
        core::put_u8(payload, i + 1 < lists.size() ? 1 : 0);
        put_ids(payload, lists[i]);
        reader.add(payload);
      }
    });
  };
  const std::vector<Id> ids = sorted_ids(4, 12);
  CHECK_FALSE(code_of({{ids[0], ids[1]}, {ids[2], ids[3]}}));
  CHECK(code_of({{ids[1], ids[0]}}) == ErrorCode::kCorrupt);
  CHECK(code_of({{ids[0], ids[1]}, {ids[1], ids[2]}}) == ErrorCode::kCorrupt);
  CHECK(code_of({{}, {ids[0]}}) == ErrorCode::kCorrupt);
}
