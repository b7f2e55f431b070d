#include <algorithm>
#include <string>

#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/header_lines.h"

namespace isodb::objects {
namespace {

void check_merge(const Merge& merge) {
  if (merge.heads.size() > kParentsMax) {
    throw Error(ErrorCode::kLimit, "a merge has more than 4096 heads");
  }
  if (merge.heads.size() < 2) throw Error(ErrorCode::kInvalid, "a merge has fewer than two heads");
  const auto not_above = [](const CommitId& a, const CommitId& b) { return a >= b; };
  if (std::adjacent_find(merge.heads.begin(), merge.heads.end(), not_above) != merge.heads.end()) {
    throw Error(ErrorCode::kInvalid, "a merge's heads are not sorted, or one stands twice");
  }
  if (merge.epoch == 0) throw Error(ErrorCode::kInvalid, "a merge's epoch is 0");
}

}  // namespace

Bytes encode_merge(const Merge& merge) {
  check_merge(merge);
  Bytes out;
  append_header(out, "tree", merge.tree.hex());
  for (const CommitId& head : merge.heads) append_header(out, "head", head.hex());
  append_header(out, "epoch", std::to_string(merge.epoch));
  return out;
}

Merge decode_merge(ByteView payload) {
  HeaderReader headers(payload, "merge");
  Merge merge;
  merge.tree = TreeId(headers.id("tree"));
  while (const auto line = headers.optional("head")) {
    merge.heads.emplace_back(headers.id_value(*line));
    if (merge.heads.size() > kParentsMax) headers.fail("too many heads");
  }
  merge.epoch = headers.number("epoch");
  headers.end();
  try {
    check_merge(merge);
  } catch (const Error& error) {
    headers.fail(error.what());
  }
  return merge;
}

}  // namespace isodb::objects
