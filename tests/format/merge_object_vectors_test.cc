#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/varint.h"
#include "objects/commit_codec.h"
#include "tests/support/places.h"

using namespace isodb;
using namespace isodb::objects;

// The vectors are permanent: a line is never edited.
namespace {

Id numbered(const std::string& word, std::uint64_t i) {
  Bytes seed = word;
  core::put_u64(seed, i);
  return core::sha256(seed);
}

Merge merge_of(std::uint64_t heads, std::uint64_t epoch) {
  Merge merge;
  merge.tree = TreeId(numbered("isodb tree", heads));
  for (std::uint64_t i = 0; i < heads; ++i) merge.heads.emplace_back(numbered("isodb head", i));
  std::sort(merge.heads.begin(), merge.heads.end());
  merge.epoch = epoch;
  return merge;
}

}  // namespace

TEST_CASE("merges have the ids that the vectors say, and are read back") {
  std::ifstream file(std::string(isodb::testing::kTestVectors) + "/merge_objects.txt");
  std::size_t seen = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string kind, bar, id;
    std::uint64_t heads = 0, epoch = 0, bytes = 0;
    words >> kind >> bar >> heads >> bar >> epoch >> bar >> id >> bar >> bytes;
    REQUIRE(kind == "merge");
    const Merge merge = merge_of(heads, epoch);
    const Bytes payload = encode_merge(merge);
    CHECK(payload.size() == bytes);
    CHECK(core::object_id(ObjectType::kMerge, payload).hex() == id);
    CHECK(decode_merge(payload) == merge);
    ++seen;
  }
  CHECK(seen == 5);
}
