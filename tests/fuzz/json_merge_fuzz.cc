// Three documents cut at NULs (where the first byte is 1, grown from what lies between them),
// merged as JSON without rules, and with rules that give both orders of the sides the same, or not.
// Merging comes out the same each time, gives an untouched side's other side and equal versions
// back, and makes of JSON no more JSON than went in.
#include <algorithm>
#include <cstdlib>

#include "merge/document_merge.h"
#include "tests/fuzz/grown_json.h"
#include "tests/fuzz/three_parts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using isodb::merge::Document;
using isodb::merge::DocumentPtr;
using isodb::merge::FileMerge;
using isodb::merge::MergedDocument;
using isodb::merge::Rule;
using isodb::merge::Rules;

const Rule* ordered_rule() {
  static const auto rules = Rules::parse(
      R"({"rules": [{"match": "a", "strategy": "json", "fields": {"/c": "counter", "/s": "set",
      "/l": "list", "/k": {"list": "/id"}, "/t": "text", "/m": "max", "/*/n": "latest"}}]})");
  return rules.find("a");
}

const Rule* orderless_rule() {
  static const auto rules = Rules::parse(
      R"({"rules": [{"match": "a", "strategy": "json", "fields": {"/c": "counter", "/m": "max",
      "/t": "text", "/*/n": "min", "/d/*": "counter"}}]})");
  return rules.find("a");
}

void demand(bool holds) {
  if (!holds) std::abort();
}

bool equal_as_data(const Document& a, const Document& b) {
  if (a.json() == nullptr || b.json() == nullptr) return a.content() == b.content();
  return *a.json() == *b.json();
}

/// The three, in these places; with the rule of `files`.
MergedDocument merge_of(const FileMerge& files, const DocumentPtr& base, const DocumentPtr& left,
                        const DocumentPtr& right) {
  FileMerge other = files;
  other.base = base, other.left = left, other.right = right;
  return merge_files(other);
}

/// What holds under every rule.
MergedDocument check(const FileMerge& files) {
  MergedDocument merged = merge_files(files);
  const MergedDocument again = merge_files(files);
  demand(merged.document->content() == again.document->content());
  demand(merged.conflicts == again.conflicts);
  if (files.left->json() != nullptr && files.right->json() != nullptr) {
    demand(merged.document->json() != nullptr);
  }
  // Laid out alike, a member may take as much white space as the widest of its version.
  const std::size_t most = files.left->bytes() + files.right->bytes() + 16;
  demand(merged.document->bytes() <= std::min(most * most, isodb::merge::kMergedBytesMax));

  const DocumentPtr& result = merged.document;
  const auto settled = merge_of(files, result, result, result);
  demand(settled.document->content() == result->content() && settled.conflicts.empty());
  for (const DocumentPtr& side : {files.left, files.right}) {
    const auto caught_up = merge_of(files, side, side, result);
    demand(caught_up.document->content() == result->content() && caught_up.conflicts.empty());
    const auto taken = merge_of(files, side, result, side);
    demand(taken.document->content() == result->content() && taken.conflicts.empty());
  }
  return merged;
}

/// What holds where no rule makes more of the later side than of the earlier.
void check_orderless(const FileMerge& files) {
  const MergedDocument merged = check(files);
  const auto swapped = merge_of(files, files.base, files.right, files.left);
  demand(merged.conflicts == swapped.conflicts);
  if (merged.conflicts.empty()) demand(equal_as_data(*merged.document, *swapped.document));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bool grows = size > 0 && data[0] == 1;
  const auto parts = isodb::fuzz::three_parts(data + (grows ? 1 : 0), size - (grows ? 1 : 0));
  DocumentPtr documents[3];
  for (std::size_t i = 0; i < 3; ++i) {
    if (parts[i].size() > isodb::merge::kMergedBytesMax) return 0;
    documents[i] =
        Document::make({grows ? isodb::fuzz::GrownJson::of(parts[i]) : isodb::Bytes(parts[i]),
                        "application/json", std::nullopt});
  }
  FileMerge files{"a", documents[0], documents[1], documents[2]};
  check_orderless(files);
  for (const DocumentPtr& side : {files.left, files.right}) {
    const auto equal = merge_of(files, files.base, side, side);
    demand(equal.document->content() == side->content() && equal.conflicts.empty());
  }
  files.rule = orderless_rule();
  check_orderless(files);
  files.rule = ordered_rule();
  check(files);
  return 0;
}
