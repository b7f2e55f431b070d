#include "isodb/id.h"

#include <unordered_set>

#include "isodb/error.h"
#include "tests/support/testing.h"

using namespace isodb;

TEST_CASE("an id reads and writes 64 lower-case digits and refuses every other spelling") {
  const std::string digits = "00ff10a5" + std::string(56, '7');
  const auto id = Id::from_hex(digits);
  REQUIRE(id);
  CHECK(id->hex() == digits);
  CHECK(id->short_hex() == "00ff10a57777");
  CHECK(id->prefix64() == 0x00ff10a577777777u);
  CHECK_FALSE(Id::from_hex(""));
  CHECK_FALSE(Id::from_hex(digits.substr(1)));
  CHECK_FALSE(Id::from_hex(digits + "0"));
  CHECK_FALSE(Id::from_hex("00FF10A5" + std::string(56, '7')));
  CHECK_FALSE(Id::from_hex("0g" + std::string(62, '0')));
  CHECK_FALSE(Id::from_hex("0x" + std::string(62, '0')));
  CHECK_FALSE(Id::from_hex(std::string(64, '\0')));
}

TEST_CASE("an id is made of exactly 32 bytes and keeps them") {
  std::string raw;
  for (int i = 0; i < 32; ++i) raw.push_back(static_cast<char>(i * 9));
  CHECK(Id::from_bytes(raw).bytes() == raw);
  CHECK(testing::error_code_of([&] { Id::from_bytes(raw + "x"); }) == ErrorCode::kInvalid);
  CHECK(testing::error_code_of([&] { Id::from_bytes(raw.substr(1)); }) == ErrorCode::kInvalid);
  CHECK(Id{}.is_zero());
  CHECK_FALSE(Id::from_bytes(raw).is_zero());
}

TEST_CASE("ids order bytewise as unsigned numbers") {
  const Id low = *Id::from_hex("7f" + std::string(62, 'f'));
  const Id high = *Id::from_hex("80" + std::string(62, '0'));
  CHECK(low < high);
  CHECK(low != high);
  CHECK(std::unordered_set<Id>{low, high, low}.size() == 2);
}

TEST_CASE("the name of every object type leads back to it") {
  const std::vector<std::string> names = {"blob", "list", "tree", "commit", "merge", "tag"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto type = static_cast<ObjectType>(i + 1);
    CHECK(object_type_name(type) == names[i]);
    CHECK(object_type_from_name(names[i]) == type);
  }
  CHECK_FALSE(object_type_from_name("Blob"));
  CHECK_FALSE(object_type_from_name(""));
  CHECK(testing::error_code_of([] { object_type_name(static_cast<ObjectType>(0)); }) ==
        ErrorCode::kInvalid);
  CHECK(testing::error_code_of([] { object_type_name(static_cast<ObjectType>(7)); }) ==
        ErrorCode::kInvalid);
}
