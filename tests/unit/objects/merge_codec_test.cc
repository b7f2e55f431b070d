#include <algorithm>
#include <string>
#include <vector>

#include "core/hash.h"
#include "objects/commit_codec.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::objects;
using isodb::testing::error_code_of;

namespace {

Merge merge_of(std::size_t heads) {
  Merge merge;
  merge.tree = TreeId(core::sha256("tree"));
  for (std::size_t i = 0; i < heads; ++i) {
    merge.heads.emplace_back(core::sha256("head " + std::to_string(i)));
  }
  std::sort(merge.heads.begin(), merge.heads.end());
  return merge;
}

bool is_refused(const Bytes& payload) {
  return error_code_of([&] { decode_merge(payload); }) == ErrorCode::kCorrupt;
}

}  // namespace

TEST_CASE("a merge has 2 to 4096 sorted heads, none twice, and an epoch") {
  CHECK(error_code_of([] { encode_merge(merge_of(0)); }) == ErrorCode::kInvalid);
  CHECK(error_code_of([] { encode_merge(merge_of(1)); }) == ErrorCode::kInvalid);
  CHECK(decode_merge(encode_merge(merge_of(4096))).heads.size() == 4096);
  CHECK(error_code_of([] { encode_merge(merge_of(4097)); }) == ErrorCode::kLimit);
  Merge unsorted = merge_of(3);
  std::swap(unsorted.heads[0], unsorted.heads[1]);
  CHECK(error_code_of([&] { encode_merge(unsorted); }) == ErrorCode::kInvalid);
  Merge twice = merge_of(2);
  twice.heads[1] = twice.heads[0];
  CHECK(error_code_of([&] { encode_merge(twice); }) == ErrorCode::kInvalid);
  Merge without_epoch = merge_of(2);
  without_epoch.epoch = 0;
  CHECK(error_code_of([&] { encode_merge(without_epoch); }) == ErrorCode::kInvalid);
}

TEST_CASE("whatever is not the encoding of a merge is refused") {
  const Merge merge = merge_of(3);
  const Bytes good = encode_merge(merge);
  REQUIRE(decode_merge(good) == merge);
  const std::string tree = "tree " + merge.tree.hex() + "\n";
  std::vector<std::string> heads;
  for (const CommitId& head : merge.heads) heads.push_back("head " + head.hex() + "\n");
  CHECK(is_refused(""));
  CHECK(is_refused(tree));
  CHECK(is_refused(tree + "epoch 1\n"));
  CHECK(is_refused(tree + heads[0] + "epoch 1\n"));
  CHECK(is_refused(tree + heads[0] + heads[0] + "epoch 1\n"));
  CHECK(is_refused(tree + heads[1] + heads[0] + "epoch 1\n"));
  CHECK(is_refused(heads[0] + heads[1] + tree + "epoch 1\n"));
  CHECK(is_refused(tree + "epoch 1\n" + heads[0] + heads[1]));
  CHECK(is_refused(tree + heads[0] + heads[1]));
  for (const char* const epoch : {"0", "01", "+1", "-1", "1.0", "0x1", " 1", "1 ", "",
                                  "18446744073709551616", "99999999999999999999999"}) {
    CHECK(is_refused(tree + heads[0] + heads[1] + "epoch " + epoch + "\n"));
  }
  CHECK(is_refused(good + "\n"));
  CHECK(is_refused(good + "epoch 1\n"));
  CHECK(is_refused(good + "signature 00\n"));
  CHECK(is_refused(good.substr(0, good.size() - 1)));
  Bytes many = tree;
  for (std::size_t i = 0; i < 5000; ++i) many += heads[i % 3];
  CHECK(is_refused(many + "epoch 1\n"));
}

TEST_CASE("every change of one byte of a merge is refused or means something else") {
  const Merge merge = merge_of(2);
  const Bytes good = encode_merge(merge);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      Bytes changed = good;
      changed[i] = static_cast<char>(byte);
      if (changed == good) continue;
      try {
        const Merge other = decode_merge(changed);
        REQUIRE(other != merge);
        REQUIRE(encode_merge(other) == changed);
        ++accepted;
      } catch (const Error& error) {
        REQUIRE(error.code() == ErrorCode::kCorrupt);
      }
    }
  }
  CHECK(accepted > 64 * 15);  // digits of the tree's id, at least
}
