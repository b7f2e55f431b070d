#include "core/compress.h"

#include <rapidcheck/catch.h>

#include <memory>
#include <thread>

#include "isodb/error.h"
#include "tests/support/testing.h"

using namespace isodb;

namespace {

/// JSON-like text with much in common from one to the next.
Bytes document(std::uint64_t number) {
  std::mt19937_64 random(number);
  Bytes text = "{\"id\":\"" + std::to_string(random()) + "\",\"name\":\"sensor ";
  text += std::to_string(random() % 1000) + "\",\"readings\":[";
  for (std::uint64_t i = 0; i < 10 + random() % 30; ++i) {
    text += "{\"at\":" + std::to_string(random() % 86400) +
            ",\"value\":" + std::to_string(random() % 100) + ",\"unit\":\"celsius\"},";
  }
  text.back() = ']';
  return text + "}";
}

Bytes dictionary_content() {
  std::vector<Bytes> texts;
  for (std::uint64_t i = 0; i < 500; ++i) texts.push_back(document(i));
  return core::train_dictionary({texts.begin(), texts.end()}, 16384);
}

/// `plain`, with guard bytes behind it that decompression must not touch.
template <typename Decompress>
Bytes guarded(std::size_t plain_bytes, Decompress decompress) {
  Bytes out(plain_bytes + 64, '\x5a');
  const auto check_guard = [&] {
    return ByteView(out).substr(plain_bytes) == std::string(64, '\x5a');
  };
  try {
    decompress(out.data());
  } catch (const Error&) {
    if (!check_guard()) throw std::runtime_error("written past the end");
    throw;
  }
  if (!check_guard()) throw std::runtime_error("written past the end");
  out.resize(plain_bytes);
  return out;
}

}  // namespace

TEST_CASE("what is compressed comes back, appended behind what was there") {
  rc::prop("round trip", [](const std::string& noise) {
    const Bytes plain = noise + std::string(*rc::gen::inRange(0, 3000), 'a') + noise;
    Bytes packed = "before";
    core::compress(packed, plain, *rc::gen::inRange(1, 6));
    RC_ASSERT(packed.starts_with("before"));
    const ByteView frame = ByteView(packed).substr(6);
    RC_ASSERT(guarded(plain.size(),
                      [&](char* out) { core::decompress(out, plain.size(), frame); }) == plain);
  });
}

TEST_CASE("a delta is small, and comes back over the base it was made with") {
  rc::prop("round trip", [](const std::string& inserted) {
    const Bytes base = document(*rc::gen::arbitrary<std::uint64_t>());
    const auto at = *rc::gen::inRange<std::size_t>(0, base.size());
    const Bytes plain = base.substr(0, at) + inserted + base.substr(at);
    Bytes packed;
    core::compress_delta(packed, plain, base);
    RC_ASSERT(packed.size() < 40 + inserted.size());
    RC_ASSERT(guarded(plain.size(), [&](char* out) {
                core::decompress_delta(out, plain.size(), packed, base);
              }) == plain);
  });
}

TEST_CASE("a delta reaches to the start of a base of several mebibytes") {
  std::mt19937_64 random(7);
  const Bytes base = testing::random_bytes(random, 12 << 20);
  const Bytes plain = base.substr(0, 2 << 20);
  Bytes packed;
  core::compress_delta(packed, plain, base);
  CHECK(packed.size() < 1000);
  Bytes out(plain.size(), '\0');
  core::decompress_delta(out.data(), out.size(), packed, base);
  CHECK(out == plain);
}

TEST_CASE("the empty document and an empty base compress like any other") {
  Bytes packed;
  core::compress(packed, "");
  core::decompress(nullptr, 0, packed);
  packed.clear();
  core::compress_delta(packed, "", "base");
  core::decompress_delta(nullptr, 0, packed, "base");
  packed.clear();
  core::compress_delta(packed, "plain", "");
  CHECK(guarded(5, [&](char* out) { core::decompress_delta(out, 5, packed, ""); }) == "plain");
}

TEST_CASE("a trained dictionary makes small documents smaller, the same one each time") {
  const Bytes content = dictionary_content();
  REQUIRE(!content.empty());
  CHECK(content.size() <= 16384);
  CHECK(content == dictionary_content());
  const core::Dictionary dictionary(content, 3);
  CHECK(dictionary.content() == content);
  std::size_t with = 0;
  std::size_t without = 0;
  for (std::uint64_t i = 1000; i < 1100; ++i) {
    const Bytes plain = document(i);
    Bytes packed;
    core::compress(packed, plain, dictionary);
    with += packed.size();
    CHECK(guarded(plain.size(), [&](char* out) {
            core::decompress(out, plain.size(), packed, dictionary);
          }) == plain);
    packed.clear();
    core::compress(packed, plain);
    without += packed.size();
  }
  CHECK(with * 10 < without * 9);
}

TEST_CASE("dictionaries and lengths that take turns do not mix") {
  const Bytes content = dictionary_content();
  const auto quick = std::make_unique<core::Dictionary>(content, 1);
  Bytes longer;
  for (std::uint64_t i = 0; i < 100; ++i) longer += document(5000 + i);
  for (int round = 0; round < 3; ++round) {
    // Of the same place in memory, perhaps, as the one before.
    const auto thorough = std::make_unique<core::Dictionary>(content.substr(0), 9 + round);
    for (const core::Dictionary* dictionary : {quick.get(), thorough.get()}) {
      for (const Bytes& plain : {document(7), longer, document(8)}) {
        Bytes packed;
        core::compress(packed, plain, *dictionary);
        CHECK(packed.size() < plain.size() / 2);
        CHECK(guarded(plain.size(), [&](char* out) {
                core::decompress(out, plain.size(), packed, *dictionary);
              }) == plain);
        Bytes again;
        std::thread([&] { core::compress(again, plain, *dictionary); }).join();
        CHECK(again == packed);
      }
    }
  }
}

TEST_CASE("too few samples make no dictionary") {
  CHECK(core::train_dictionary({}, 65536).empty());
  CHECK(core::train_dictionary({"one", "two"}, 65536).empty());
  CHECK(core::train_dictionary({std::string(100'000, 'x')}, 65536).empty());
}

TEST_CASE("a damaged dictionary is corrupt or does no harm") {
  Bytes content = dictionary_content();
  for (std::size_t i = 4; i < 200; ++i) {
    Bytes damaged = content;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    const auto error = testing::error_of([&] {
      const core::Dictionary dictionary(damaged, 3);
      Bytes packed;
      core::compress(packed, document(1), dictionary);
    });
    CHECK((!error || error->code() == ErrorCode::kCorrupt));
  }
  CHECK(testing::error_code_of([&] { core::Dictionary(content.substr(0, 100), 3); }) ==
        ErrorCode::kCorrupt);
}

TEST_CASE("a frame of another length than said is corrupt, and nothing is written past the end") {
  const Bytes plain = document(3);
  Bytes packed;
  core::compress(packed, plain);
  for (const std::size_t wrong : {std::size_t{0}, plain.size() - 1, plain.size() + 1}) {
    CHECK(testing::error_code_of([&] {
            guarded(wrong, [&](char* out) { core::decompress(out, wrong, packed); });
          }) == ErrorCode::kCorrupt);
  }
}

TEST_CASE("one frame is accepted: cut, followed by more, of another kind, or none is corrupt") {
  const Bytes plain = document(3);
  Bytes packed;
  core::compress(packed, plain);
  const auto refused = [&](const Bytes& frame) {
    return testing::error_code_of([&] {
             guarded(plain.size(), [&](char* out) { core::decompress(out, plain.size(), frame); });
           }) == ErrorCode::kCorrupt;
  };
  for (std::size_t i = 0; i < packed.size(); ++i) CHECK(refused(packed.substr(0, i)));
  Bytes empty;
  core::compress(empty, "");
  CHECK(refused(packed + empty));
  CHECK(refused(empty + packed));
  CHECK(refused(packed + "x"));
  CHECK(refused(Bytes("\x28\xb5\x2f\xfd", 4) + packed));                  // with magic number
  CHECK(refused(Bytes("\x50\x2a\x4d\x18\x00\x00\x00\x00", 8) + packed));  // skippable frame first
  for (int version = 0x1e; version < 0x28; ++version) {                   // legacy formats
    CHECK(refused(static_cast<char>(version) + Bytes("\xb5\x2f\xfd", 3) + packed));
  }
}

TEST_CASE("whatever bytes are flipped, decompression stays in bounds and errs as corrupt") {
  const core::Dictionary dictionary(dictionary_content(), 3);
  rc::prop("flipped bytes", [&] {
    const Bytes base = document(*rc::gen::arbitrary<std::uint64_t>());
    Bytes plain = base;
    plain.insert(plain.size() / 2, "something new");
    Bytes packed;
    const int kind = *rc::gen::inRange(0, 3);
    if (kind == 0) core::compress(packed, plain);
    if (kind == 1) core::compress(packed, plain, dictionary);
    if (kind == 2) core::compress_delta(packed, plain, base);
    for (int flips = *rc::gen::inRange(1, 4); flips > 0; --flips) {
      const auto at = *rc::gen::inRange<std::size_t>(0, packed.size());
      packed[at] = static_cast<char>(packed[at] ^ (1 << *rc::gen::inRange(0, 8)));
    }
    try {
      guarded(plain.size(), [&](char* out) {
        if (kind == 0) core::decompress(out, plain.size(), packed);
        if (kind == 1) core::decompress(out, plain.size(), packed, dictionary);
        if (kind == 2) core::decompress_delta(out, plain.size(), packed, base);
      });
    } catch (const Error& error) {
      RC_ASSERT(error.code() == ErrorCode::kCorrupt);
    }
  });
}

TEST_CASE("random bytes in place of a frame stay in bounds") {
  rc::prop("noise", [](std::string noise) {
    if (!noise.empty() && *rc::gen::inRange(0, 2) == 0) noise[0] = '\0';  // past the first check
    const auto plain_bytes = *rc::gen::inRange<std::size_t>(0, 1000);
    try {
      guarded(plain_bytes, [&](char* out) { core::decompress(out, plain_bytes, noise); });
    } catch (const Error& error) {
      RC_ASSERT(error.code() == ErrorCode::kCorrupt);
    }
  });
}
