#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/hash.h"
#include "objects/boundary.h"
#include "objects/memory_store.h"
#include "objects/tree.h"

namespace isodb::testing {

/// What a tree is held against.
using Model = std::map<std::string, Entry>;

/// Deterministic in `random`; all fields of the format take part.
inline Entry random_entry(std::mt19937_64& random) {
  static const char* const kTypes[] = {
      "", "application/json", "text/plain", "image/png", "application/x-unheard-of; v=1", "x/y"};
  Entry entry;
  entry.content = core::sha256(std::to_string(random()));
  entry.size = random() % 3 == 0 ? random() % 100 : random() % (kBlobBytesMax + 1);
  if (random() % 8 == 0) {
    entry.kind = ContentKind::kList;
    entry.size = kBlobBytesMax + 1 + random() % 1000000007;
  }
  entry.media_type = kTypes[random() % 6];
  entry.stamp.clock.value = random();
  entry.stamp.writer.value = random();
  if (random() % 16 == 0) {
    entry.flags |= kFlagMerged;
    entry.merge_digest_tail = random();
    if (random() % 2 == 0) entry.flags |= kFlagConflict;
  }
  if (random() % 64 == 0) entry.flags |= kFlagErased;
  if (random() % 8 == 0) entry.metadata = core::sha256(std::to_string(random()));
  return entry;
}

inline std::string hex_text(std::uint64_t number, int digits) {
  static const char kDigits[] = "0123456789abcdef";
  std::string text(static_cast<std::size_t>(digits), '0');
  for (int i = digits - 1; i >= 0; --i, number >>= 4) text[i] = kDigits[number & 15];
  return text;
}

/// Kinds of paths as repositories have them, and as somebody who wants to do harm has them.
enum class Shape {
  kHexIds,        ///< evenly spread
  kTimeOrdered,   ///< rising, with a random tail
  kSharedPrefix,  ///< long and much alike
  kMixed,         ///< 1 to 1024 bytes, not only ASCII
  kLong,          ///< so long that a node holds few: high trees of few documents
  kHighHashes,    ///< ground: hashes too high to cut, so that cuts are forced in two levels
  kRisingHashes,  ///< ground: hashes high and rising with the order
};
inline constexpr Shape kShapes[] = {Shape::kHexIds,      Shape::kTimeOrdered, Shape::kSharedPrefix,
                                    Shape::kMixed,       Shape::kLong,        Shape::kHighHashes,
                                    Shape::kRisingHashes};

inline std::string shape_name(Shape shape) {
  switch (shape) {
    case Shape::kHexIds:
      return "hex ids";
    case Shape::kTimeOrdered:
      return "time-ordered ids";
    case Shape::kSharedPrefix:
      return "long shared prefixes";
    case Shape::kMixed:
      return "mixed";
    case Shape::kLong:
      return "long paths";
    case Shape::kHighHashes:
      return "high hashes";
    case Shape::kRisingHashes:
      return "rising hashes";
  }
  return {};
}

/// Path number `i` of a shape; distinct for distinct `i` but for kMixed (nearly).
inline std::string shaped_path(Shape shape, std::uint64_t i, std::mt19937_64& random) {
  switch (shape) {
    case Shape::kHexIds:
      return hex_text(core::xxh3(std::to_string(i)), 16) +
             hex_text(core::xxh3("b" + std::to_string(i)), 16);
    case Shape::kTimeOrdered:
      return "events/" + hex_text(0x018f00000000 + i * 7, 12) + "-" +
             hex_text(core::xxh3(std::to_string(i)), 16);
    case Shape::kSharedPrefix:
      return "regions/north/farms/the-farm-with-the-long-name/sensors/soil-moisture/readings/" +
             std::to_string(1000000 + i / 97) + "/" + std::to_string(100 + i % 97) + ".json";
    case Shape::kMixed: {
      static const char* const kPieces[] = {"a",  "Z",   "0", "-", "é", "日", "\xf0\x9f\x90\x84",
                                            "/x", "/.y", " "};
      const std::size_t long_one = random() % 50 == 0 ? 500 : 12;
      std::string path = "m";
      for (std::size_t n = random() % long_one; n > 0 && path.size() < 1000; --n)
        path += kPieces[random() % 10];
      return path + hex_text(i, 8);
    }
    case Shape::kLong:
      return hex_text(core::xxh3(std::to_string(i)), 16) + std::string(900 + i % 100, 'x');
    case Shape::kHighHashes: {
      const std::string stem = hex_text(core::xxh3(std::to_string(i)), 16) + std::string(200, 'h');
      constexpr std::uint64_t kFloor = std::uint64_t{0xe0} << 56;
      for (std::uint64_t salt = 0;; ++salt) {
        std::string path = stem + hex_text(salt, 6);
        if (core::xxh3(path, 0) >= kFloor && core::xxh3(path, 1) >= kFloor) return path;
      }
    }
    case Shape::kRisingHashes: {
      // Hashes in slowly rising steps of the upper range: no natural cut before the limit, and the
      // least hash of every second half is its first.
      const std::string stem = "r" + hex_text(i, 8);
      const std::uint64_t floor = (std::uint64_t{0xe0} << 56) + i % 4096 * (std::uint64_t{1} << 48);
      for (std::uint64_t salt = 0;; ++salt) {
        std::string path = stem + hex_text(salt, 4);
        if (core::xxh3(path, 0) >= floor && core::xxh3(path, 0) - floor < std::uint64_t{1} << 53)
          return path;
      }
    }
  }
  return {};
}

inline TreeId build_tree(objects::ObjectSink& sink, const Model& model) {
  objects::TreeBuilder builder(sink);
  for (const auto& [path, entry] : model) builder.add(path, entry);
  return builder.finish();
}

/// A store, a cache and a reader over both.
struct TreeStore {
  objects::MemoryStore store;
  objects::NodeCache cache{64 << 20};
  objects::NodeReader nodes{store, cache};
};

}  // namespace isodb::testing
