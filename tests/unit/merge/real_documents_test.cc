#include <catch2/catch.hpp>

#include "core/json.h"
#include "core/json_patch.h"
#include "core/json_pointer.h"
#include "merge/blame.h"
#include "merge/json_diff.h"
#include "merge/line_diff.h"
#include "tests/support/testing.h"
#include "tests/support/zstd_lines.h"

using namespace isodb;
using namespace isodb::core;
using namespace isodb::merge;
using isodb::testing::each_packed_line;
using isodb::testing::shared_data;

namespace {

/// The JSON value in a member of a record, where it is a JSON document without defects.
std::optional<Json> document(const Json& record, std::string_view name) {
  const Json* text = record.find(name);
  if (text == nullptr || !text->is_string()) return std::nullopt;
  try {
    ExaminedJson examined = examine_json(text->as_string());
    if (!examined.defect) return std::move(examined.value);
  } catch (const JsonError&) {
  }
  return std::nullopt;
}

/// Applies the changes of a unified diff's ranges to the old lines.
std::string apply_ranges(ByteView before, ByteView after) {
  const auto old = split_lines(before), now = split_lines(after);
  std::string text;
  std::size_t at = 0;
  for (const ChangedRange& range : diff_lines(old, now)) {
    for (; at < range.before_begin; ++at) text += old[at];
    for (std::size_t i = range.after_begin; i < range.after_end; ++i) text += now[i];
    at = range.before_end;
  }
  for (; at < old.size(); ++at) text += old[at];
  return text;
}

void check_blame(const Json& record) {
  BlameTracker tracker(BlameUnit::kFields);
  for (const char* name : {"base", "ours", "result"}) {
    tracker.add_version(record.find(name)->as_string(), static_cast<std::size_t>(name[0]));
  }
  const Json result = *document(record, "result");
  for (const BlamedPart& part : tracker.parts()) {
    const Json* value = find_at(result, JsonPointer::parse(part.place));
    REQUIRE(value != nullptr);
    REQUIRE(*value == parse_json(part.value));
  }
}

}  // namespace

TEST_CASE("Versions that people merged: patches, line scripts and blame agree with the documents") {
  int pairs = 0, blamed = 0;
  for (const char* name :
       {"Fyrd__caniuse", "dariusk__corpora", "exercism__problem-specifications"}) {
    const auto path = shared_data(std::string("merge/real/") + name + ".jsonl.zst");
    if (!path) return;
    const bool read = each_packed_line(*path, [&](const std::string& line) {
      const Json record = parse_json(line);
      for (const auto& [from, to] :
           {std::pair{"base", "ours"}, {"base", "theirs"}, {"ours", "result"}}) {
        const auto before = document(record, from), after = document(record, to);
        if (!before || !after) continue;
        INFO(record.find("path")->as_string());
        REQUIRE(apply_json_patch(*before, make_json_patch(*before, *after)) == *after);
        REQUIRE(diff_json(*before, *after).empty() == (*before == *after));
        REQUIRE(apply_ranges(record.find(from)->as_string(), record.find(to)->as_string()) ==
                record.find(to)->as_string());
        ++pairs;
      }
      if (document(record, "base") && document(record, "ours") && document(record, "result")) {
        check_blame(record);
        ++blamed;
      }
    });
    if (!read) {
      WARN("SKIPPED: zstd cannot read " << path->string());
      return;
    }
  }
  CHECK(pairs > 1'000);
  CHECK(blamed > 300);
}
