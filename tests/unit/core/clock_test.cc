#include "core/clock.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "core/hex.h"
#include "isodb/error.h"
#include "tests/support/testing.h"

using namespace isodb;

namespace {

/// Gives the same "random" bytes again and again.
class FixedEnvironment final : public core::Environment {
 public:
  explicit FixedEnvironment(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t now_millis() override { return 0; }
  void random_bytes(std::uint8_t* out, std::size_t count) override {
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = static_cast<std::uint8_t>(bytes_[i % bytes_.size()]);
    }
  }

 private:
  std::string bytes_;
};

}  // namespace

TEST_CASE("hybrid time has one text form, two decimal numbers and a dot") {
  const HybridTime time = HybridTime::of(1645557742000, 65535);
  CHECK(time.text() == "1645557742000.65535");
  CHECK(HybridTime::parse(time.text()) == time);
  CHECK(HybridTime::parse("0.0") == HybridTime{});
  CHECK(HybridTime::parse("281474976710655.65535") == HybridTime{UINT64_MAX});
  for (const char* text :
       {"", ".", "1", "1.", ".1", "01.0", "1.00", "1.65536", "281474976710656.0", "-1.0", "+1.0",
        "1.+1", " 1.0", "1.0 ", "1.0.0", "1,0", "0x1.0", "99999999999999999999.0", "1e3.0"}) {
    INFO(text);
    CHECK_FALSE(HybridTime::parse(text));
  }
}

TEST_CASE("a writer's id reads and writes 16 lower-case digits, most significant first") {
  const WriterId writer{0x00fedcba98765432};
  CHECK(writer.hex() == "00fedcba98765432");
  CHECK(WriterId::from_hex("00fedcba98765432") == writer);
  CHECK_FALSE(WriterId::from_hex("0fedcba98765432"));
  CHECK_FALSE(WriterId::from_hex("00FEDCBA98765432"));
}

TEST_CASE("stamps order by clock, then by writer") {
  CHECK(Stamp{{1}, {9}} < Stamp{{2}, {0}});
  CHECK(Stamp{{1}, {1}} < Stamp{{1}, {2}});
}

TEST_CASE("the next reading is at the wall clock, or just above what was seen") {
  CHECK(core::next_time(HybridTime::of(5, 7), 9) == HybridTime::of(9, 0));
  CHECK(core::next_time(HybridTime::of(9, 0), 9) == HybridTime::of(9, 1));
  CHECK(core::next_time(HybridTime::of(20, 3), 9) == HybridTime::of(20, 4));
  CHECK(core::next_time(HybridTime::of(20, 65535), 9) == HybridTime::of(21, 0));
}

TEST_CASE("a clock that is exhausted is a limit, not a wrap") {
  const auto next = [](std::uint64_t after, std::uint64_t now) {
    return testing::error_code_of([=] { core::next_time({after}, now); });
  };
  CHECK(next(UINT64_MAX, 0) == ErrorCode::kLimit);
  CHECK(next(0, HybridTime::kMillisMax + 1) == ErrorCode::kLimit);
  CHECK_FALSE(next(UINT64_MAX - 1, HybridTime::kMillisMax));
}

TEST_CASE("a UUIDv7 carries the time, version and variant around random bits, as in RFC 9562 A.6") {
  const auto path = testing::shared_data("uuid/rfc9562_v7.json");
  if (!path) return;
  const auto vector = nlohmann::json::parse(testing::slurp(*path));
  std::string expected = vector.at("uuid");
  std::transform(expected.begin(), expected.end(), expected.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // The vector's rand_a and rand_b, with ones where version and variant are put over them.
  FixedEnvironment environment("\xfc\xc3\xd8\xc4\xdc\x0c\x0c\x07\x39\x8f");
  CHECK(core::uuid_v7(environment, vector.at("unix_ts_ms")) == expected);
}

TEST_CASE("UUIDv7s differ, and sort by time") {
  core::Environment& environment = core::system_environment();
  std::set<std::string> seen;
  std::string before;
  for (std::uint64_t millis = 1; millis <= 1000; ++millis) {
    const std::string uuid = core::uuid_v7(environment, millis << 20);
    CHECK(before < uuid);
    CHECK(uuid.size() == 36);
    seen.insert(uuid.substr(14));
    before = uuid;
  }
  CHECK(seen.size() == 1000);
  CHECK(testing::error_code_of([&] { core::uuid_v7(environment, HybridTime::kMillisMax + 1); }) ==
        ErrorCode::kLimit);
}

TEST_CASE("the system's clock is in this century and its random bytes are not constant") {
  core::Environment& environment = core::system_environment();
  CHECK(environment.now_millis() > 1'600'000'000'000);
  CHECK(environment.now_millis() < 4'200'000'000'000);
  std::uint8_t a[32] = {};
  std::uint8_t b[32] = {};
  environment.random_bytes(a, sizeof a);
  environment.random_bytes(b, sizeof b);
  CHECK(core::to_hex(a, sizeof a) != core::to_hex(b, sizeof b));
}

TEST_CASE("the next reading for a commit has its number's low bits as its counter") {
  CHECK(core::next_time(HybridTime::of(5, 7), 9, 3) == HybridTime::of(9, 3));
  CHECK(core::next_time(HybridTime::of(9, 0), 9, 1) == HybridTime::of(9, 1));
  CHECK(core::next_time(HybridTime::of(9, 3), 9, 3) == HybridTime::of(10, 3));
  CHECK(core::next_time(HybridTime::of(20, 3), 9, 0x20004) == HybridTime::of(20, 4));
  CHECK(core::next_time(HybridTime::of(20, 65535), 9, 8) == HybridTime::of(21, 8));
  const HybridTime last = HybridTime::of(HybridTime::kMillisMax, 9);
  CHECK(core::next_time(last, 9, 10) == HybridTime::of(HybridTime::kMillisMax, 10));
  CHECK(testing::error_code_of([&] { core::next_time(last, 9, 9); }) == ErrorCode::kLimit);
}
