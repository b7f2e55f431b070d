#include <catch2/catch.hpp>
#include <string>

#include "core/compress_stream.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::core;
using isodb::testing::error_code_of;
using isodb::testing::random_bytes;

namespace {

Bytes pack(CompressStream& stream, ByteView plain) {
  Bytes packed;
  stream.add(packed, plain);
  return packed;
}

Bytes unpack(DecompressStream& stream, ByteView packed, std::size_t plain_bytes,
             std::size_t part_bytes) {
  Bytes plain(plain_bytes, '\0');
  stream.begin(plain.data(), plain.size());
  for (; !packed.empty(); packed.remove_prefix(std::min(part_bytes, packed.size()))) {
    stream.add(packed.substr(0, part_bytes));
  }
  stream.finish();
  return plain;
}

}  // namespace

TEST_CASE("portions of a compressed stream come out as they went in, whatever parts they come in") {
  std::mt19937_64 random(1);
  const std::vector<Bytes> portions = {"a", Bytes(262'144, 'x'), random_bytes(random, 100'000), "a",
                                       random_bytes(random, 131'072)};
  for (const std::size_t part_bytes : {std::size_t{1}, std::size_t{7}, std::size_t{65'533}}) {
    CompressStream compress(3);
    DecompressStream decompress;
    for (const Bytes& portion : portions) {
      CHECK(unpack(decompress, pack(compress, portion), portion.size(), part_bytes) == portion);
    }
  }
}

TEST_CASE("a portion is packed with what the portions before it held") {
  std::mt19937_64 random(2);
  const Bytes portion = random_bytes(random, 50'000);
  CompressStream compress(3);
  CHECK(pack(compress, portion).size() > 50'000);
  CHECK(pack(compress, portion).size() < 100);
}

TEST_CASE("a compressed stream begins anew, at another level, without what was before") {
  std::mt19937_64 random(3);
  const Bytes portion = random_bytes(random, 50'000);
  CompressStream compress(1);
  DecompressStream decompress;
  unpack(decompress, pack(compress, portion), portion.size(), 1000);
  compress.restart(9);
  decompress.restart();
  const Bytes packed = pack(compress, portion);
  CHECK(packed.size() > 50'000);
  CHECK(unpack(decompress, packed, portion.size(), 1000) == portion);
}

TEST_CASE("a compressed stream's window reaches back no further than 1 MiB") {
  std::mt19937_64 random(4);
  const Bytes portion = random_bytes(random, 100'000);
  CompressStream compress(9);
  DecompressStream decompress;
  CHECK(unpack(decompress, pack(compress, portion), portion.size(), 1000) == portion);
  for (int i = 0; i < 5; ++i) {
    const Bytes other = random_bytes(random, 262'144);
    CHECK(unpack(decompress, pack(compress, other), other.size(), 65'533) == other);
  }
  CHECK(pack(compress, portion).size() > 100'000);
}

TEST_CASE("a compressed stream that is longer, shorter or cut off is refused") {
  const Bytes plain(100'000, 'y');
  CompressStream compress(3);
  const Bytes packed = pack(compress, plain);
  const auto code = [&](ByteView bytes, std::size_t plain_bytes) {
    DecompressStream decompress;
    return error_code_of([&] { unpack(decompress, bytes, plain_bytes, 13); });
  };
  CHECK(code(packed, plain.size()) == std::nullopt);
  CHECK(code(packed, plain.size() - 1) == ErrorCode::kCorrupt);
  CHECK(code(packed, 1) == ErrorCode::kCorrupt);
  CHECK(code(packed, plain.size() + 1) == ErrorCode::kCorrupt);
  for (std::size_t bytes = 0; bytes < packed.size(); ++bytes) {
    CHECK(code(ByteView(packed).substr(0, bytes), plain.size()) == ErrorCode::kCorrupt);
  }
  CHECK(code(packed + '\0', plain.size()) == ErrorCode::kCorrupt);
}

TEST_CASE("a compressed stream with another header, a larger window or an end is refused") {
  const Bytes plain(1000, 'z');
  CompressStream compress(3);
  const Bytes good = pack(compress, plain);
  const auto code = [&](const Bytes& bytes) {
    DecompressStream decompress;
    return error_code_of([&] { unpack(decompress, bytes, plain.size(), 100); });
  };
  REQUIRE(code(good) == std::nullopt);
  REQUIRE(good[0] == 0);
  REQUIRE(good[1] == 0x50);  // 1 MiB
  for (int header = 1; header < 256; ++header) {
    Bytes bad = good;
    bad[0] = static_cast<char>(header);
    CHECK(code(bad) == ErrorCode::kCorrupt);
  }
  for (int window = 0x51; window < 256; ++window) {
    Bytes bad = good;
    bad[1] = static_cast<char>(window);
    CHECK(code(bad) == ErrorCode::kCorrupt);
  }
  Bytes ended = good;
  ended[2] = static_cast<char>(ended[2] | 1);
  CHECK(code(ended) == ErrorCode::kCorrupt);
}
