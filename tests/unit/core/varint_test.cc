#include "core/varint.h"

#include <rapidcheck/catch.h>

#include "isodb/error.h"
#include "tests/support/testing.h"

using namespace isodb;
using core::ByteReader;

namespace {

Bytes varint(std::uint64_t value) {
  Bytes out;
  core::put_varint(out, value);
  return out;
}

std::optional<Error> error_of_varint(ByteView data) {
  return testing::error_of([&] { ByteReader(data, "sample").varint(); });
}

}  // namespace

TEST_CASE("varints are LEB128, seven bits a byte, least significant first") {
  CHECK(varint(0) == Bytes(1, '\0'));
  CHECK(varint(0x7f) == "\x7f");
  CHECK(varint(0x80) == "\x80\x01");
  CHECK(varint(300) == "\xac\x02");
  CHECK(varint(UINT64_MAX) == "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST_CASE("a varint that is not in shortest form, too large or cut off is corrupt") {
  using std::string_view_literals::operator""sv;
  for (const ByteView data : {""sv, "\x80"sv, "\x80\x00"sv, "\xff\x80\x00"sv,
                              "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv,
                              "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv,
                              "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00"sv,
                              "\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv}) {
    const auto error = error_of_varint(data);
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kCorrupt);
  }
}

TEST_CASE("every number reads back as it was written, and its varint is the shortest") {
  rc::prop("round trip", [] {
    // Few bits as often as many: a shift spreads the sizes evenly.
    const auto value = *rc::gen::arbitrary<std::uint64_t>() >> *rc::gen::inRange(0, 64);
    Bytes out;
    core::put_u8(out, static_cast<std::uint8_t>(value));
    core::put_u16(out, static_cast<std::uint16_t>(value));
    core::put_u32(out, static_cast<std::uint32_t>(value));
    core::put_u64(out, value);
    core::put_varint(out, value);
    ByteReader reader(out, "sample");
    RC_ASSERT(reader.u8() == static_cast<std::uint8_t>(value));
    RC_ASSERT(reader.u16() == static_cast<std::uint16_t>(value));
    RC_ASSERT(reader.u32() == static_cast<std::uint32_t>(value));
    RC_ASSERT(reader.u64() == value);
    const std::size_t before = reader.offset();
    RC_ASSERT(reader.varint() == value);
    const std::size_t length = reader.offset() - before;
    RC_ASSERT(length == 1 || value >> (7 * (length - 1)) != 0u);
    reader.expect_end();
  });
}

TEST_CASE("what a varint reader accepts is what the writer writes") {
  rc::prop("accepted bytes are canonical", [](const std::vector<std::uint8_t>& random) {
    const Bytes data(random.begin(), random.end());
    ByteReader reader(data, "sample");
    try {
      const std::uint64_t value = reader.varint();
      RC_ASSERT(varint(value) == data.substr(0, reader.offset()));
    } catch (const Error& error) {
      RC_ASSERT(error.code() == ErrorCode::kCorrupt);
    }
  });
}

TEST_CASE("fixed numbers are little-endian") {
  Bytes out;
  core::put_u16(out, 0x0102);
  core::put_u32(out, 0x03040506);
  core::put_u64(out, 0x0708090a0b0c0d0e);
  CHECK(out == "\x02\x01\x06\x05\x04\x03\x0e\x0d\x0c\x0b\x0a\x09\x08\x07");
  CHECK(core::load_u16(out.data()) == 0x0102);
  CHECK(core::load_u32(out.data() + 2) == 0x03040506);
  CHECK(core::load_u64(out.data() + 6) == 0x0708090a0b0c0d0e);
}

TEST_CASE("a reader names what it reads, the problem and the offset") {
  ByteReader reader("abc", "pack index");
  reader.u8();
  const auto error = testing::error_of([&] { reader.u32(); });
  REQUIRE(error);
  CHECK(std::string(error->what()) == "pack index: it ends too early at offset 1");
}

TEST_CASE("a reader never goes past the end") {
  const auto fails = [](auto read) {
    return testing::error_code_of([&] {
             ByteReader reader("abc", "sample");
             read(reader);
           }) == ErrorCode::kCorrupt;
  };
  CHECK(fails([](ByteReader& r) { r.bytes(4); }));
  CHECK(fails([](ByteReader& r) { r.bytes(UINT64_MAX); }));
  CHECK(fails([](ByteReader& r) { r.u32(); }));
  CHECK(fails([](ByteReader& r) { r.u64(); }));
  CHECK(fails([](ByteReader& r) { r.id(); }));
  CHECK(fails([](ByteReader& r) { r.expect_end(); }));
  CHECK(fails([](ByteReader& r) { (r.bytes(3), r.u8()); }));
  ByteReader reader("abc", "sample");
  CHECK(reader.bytes(3) == "abc");
  CHECK(reader.bytes(0).empty());
  CHECK_NOTHROW(reader.expect_end());
}
