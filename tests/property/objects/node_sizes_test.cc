#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>

#include "tests/support/trees.h"

using namespace isodb;
using namespace isodb::objects;
using namespace isodb::testing;

namespace {

/// Takes nodes and keeps their sizes alone. Ids only have to differ.
class SizeSink : public ObjectSink {
 public:
  Id put(ObjectType, ByteView payload, const PutHint&) override {
    const bool leaf = payload[1] == 0;
    if (leaf) {
      leaf_bytes.push_back(payload.size());
      leaf_entries.push_back(static_cast<unsigned char>(payload[2]) |
                             static_cast<std::size_t>(static_cast<unsigned char>(payload[3])) << 8);
    }
    ++nodes;
    Id id;
    const std::uint64_t hash = core::xxh3(payload);
    std::memcpy(id.data(), &hash, sizeof hash);
    return id;
  }

  std::size_t nodes = 0;
  std::vector<std::size_t> leaf_bytes, leaf_entries;
};

struct Spread {
  double mean, deviation;
  std::size_t least, low, high, most;  // low and high: 1 % and 99 %
};

Spread spread_of(std::vector<std::size_t> sizes) {
  std::sort(sizes.begin(), sizes.end());
  double sum = 0, squares = 0;
  for (const std::size_t size : sizes) {
    sum += static_cast<double>(size);
    squares += static_cast<double>(size) * static_cast<double>(size);
  }
  const auto count = static_cast<double>(sizes.size());
  const double mean = sum / count;
  return {mean,
          std::sqrt(squares / count - mean * mean),
          sizes.front(),
          sizes[sizes.size() / 100],
          sizes[sizes.size() * 99 / 100],
          sizes.back()};
}

}  // namespace

TEST_CASE("node sizes of a million keys gather round the target") {
  std::mt19937_64 random(51);
  constexpr std::size_t kKeys = 1'000'000;
  std::printf("%-22s %7s %6s | bytes of leaves: %5s %6s %5s %5s %6s %6s | entries: %5s %4s\n",
              "a million", "leaves", "nodes", "mean", "spread", "least", "1 %", "99 %", "most",
              "mean", "most");
  for (const Shape shape : {Shape::kHexIds, Shape::kTimeOrdered, Shape::kSharedPrefix}) {
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < kKeys; ++i) paths.push_back(shaped_path(shape, i, random));
    std::sort(paths.begin(), paths.end());
    SizeSink sink;
    TreeBuilder builder(sink);
    Entry entry;
    entry.size = 500;
    entry.media_type = "application/json";
    for (const std::string& path : paths) builder.add(path, entry);
    builder.finish();
    const Spread bytes = spread_of(sink.leaf_bytes);
    const Spread entries = spread_of(sink.leaf_entries);
    std::printf(
        "%-22s %7zu %6zu |                  %5.0f %6.0f %5zu %5zu %6zu %6zu |          %5.1f "
        "%4zu\n",
        shape_name(shape).c_str(), sink.leaf_bytes.size(), sink.nodes, bytes.mean, bytes.deviation,
        bytes.least, bytes.low, bytes.high, bytes.most, entries.mean, entries.most);
    CHECK(bytes.mean > 1200);
    CHECK(bytes.mean < 4500);
    CHECK(bytes.high < 12000);
    CHECK(bytes.most < 20000);
  }
}
