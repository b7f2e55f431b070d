#include "wire/frame.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/varint.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::wire;
using isodb::testing::error_code_of;
using isodb::testing::error_of;

namespace {

using Taken = std::vector<std::pair<FrameType, Bytes>>;

/// All frames of `bytes`, given in portions.
Taken take_all(ByteView bytes, std::size_t portion_bytes) {
  FrameReader reader;
  Taken taken;
  while (!bytes.empty()) {
    // A copy of its own, so that reading beyond it, or later, is found out.
    const Bytes portion(bytes.substr(0, portion_bytes));
    bytes.remove_prefix(portion.size());
    ByteView input = portion;
    while (const auto frame = reader.next(input)) {
      taken.emplace_back(frame->type, frame->payload);
    }
    CHECK(input.empty());
  }
  CHECK(reader.is_between_frames());
  return taken;
}

Bytes raw_frame(std::uint8_t type, const Bytes& payload) {
  Bytes out;
  core::put_varint(out, payload.size() + 1);
  core::put_u8(out, type);
  return out + payload;
}

}  // namespace

TEST_CASE("frames are the same whatever portions their bytes come in") {
  const Taken frames = {{FrameType::kHello, ""},
                        {FrameType::kRun, Bytes(kPayloadBytesMax, 'r')},
                        {FrameType::kEnd, Bytes(127, 'e')},
                        {FrameType::kPing, "ping"},
                        {FrameType::kSignature, Bytes(300, '\0')}};
  Bytes bytes;
  FrameWriter writer(bytes);
  for (const auto& [type, payload] : frames) writer.add(type, payload);
  for (const std::size_t portion : {1, 2, 3, 100, 127, 128, 65'536, 65'539, 1'000'000}) {
    CHECK(take_all(bytes, portion) == frames);
  }
}

TEST_CASE("a frame is its length, its type and its payload") {
  Bytes bytes;
  FrameWriter writer(bytes);
  writer.add(FrameType::kEnd, "abc");
  CHECK(bytes ==
        "\x04\x04"
        "abc");
  CHECK(error_code_of([&] { writer.add(FrameType::kRun, Bytes(kPayloadBytesMax + 1, ' ')); }) ==
        ErrorCode::kLimit);
}

TEST_CASE("a frame says where it begins, skipped ones counted") {
  const Bytes bytes = raw_frame(4, "ab") + raw_frame(200, "skipped") + raw_frame(5, "");
  FrameReader reader;
  ByteView input = bytes;
  CHECK(reader.next(input)->begin == 0);
  CHECK(reader.bytes_taken() == 4);
  const auto second = reader.next(input);
  REQUIRE(second);
  CHECK(second->begin == 13);
  CHECK(second->type == FrameType::kNeed);
  CHECK(reader.bytes_taken() == bytes.size());
}

TEST_CASE("unknown frame types from 128 on are skipped, others are refused") {
  for (int type = 0; type < 256; ++type) {
    const Bytes bytes = raw_frame(static_cast<std::uint8_t>(type), "x");
    if (type >= 128) {
      CHECK(take_all(bytes, 2).size() == (type <= 129 ? 1 : 0));
    } else {
      const bool is_known = type >= 1 && type <= 11;
      CHECK(error_code_of([&] { take_all(bytes, 2); }) ==
            (is_known ? std::nullopt : std::optional(ErrorCode::kCorrupt)));
    }
  }
}

TEST_CASE("a frame's length that is 0, too large or not in its shortest form is refused at once") {
  const auto problem = [](ByteView bytes) {
    FrameReader reader;
    return error_of([&] { reader.next(bytes); });
  };
  using namespace std::string_view_literals;
  for (const ByteView bytes : {"\0"sv, "\x81\0"sv, "\x81\x80\0"sv, "\x81\x80\x04"sv,
                               "\x80\x80\x80"sv, "\xff\xff\x7f"sv, "\xff\xff\xff\xff\x0f"sv}) {
    const auto error = problem(bytes);
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kCorrupt);
    CHECK(std::string(error->what()).find("frame at offset 0: ") == 0);
  }
  CHECK_FALSE(problem("\x80\x80\x04"sv));  // 65,536 bytes
}

TEST_CASE("a stream that is cut within a frame is not between frames") {
  const Bytes bytes = raw_frame(4, Bytes(200, 'x'));
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    FrameReader reader;
    ByteView input = ByteView(bytes).substr(0, size);
    CHECK_FALSE(reader.next(input));
    CHECK_FALSE(reader.is_between_frames());
    CHECK(reader.bytes_taken() == 0);
  }
}
