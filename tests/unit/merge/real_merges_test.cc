// Merges that people committed, merged by the default. With the tag [.table] it prints what
// docs/merge.md, "Merges that people committed", shows:
//   build/release/tests/test_unit_merge "[.table]"
#include <catch2/catch.hpp>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/json_pointer.h"
#include "merge/json_diff.h"
#include "tests/support/merging.h"
#include "tests/support/testing.h"
#include "tests/support/zstd_lines.h"

using namespace isodb;
using namespace isodb::core;
using namespace isodb::merge;
using namespace isodb::testing;

namespace {

const char* const kCorpora[] = {"Fyrd__caniuse", "dariusk__corpora",
                                "exercism__problem-specifications"};

/// How a merge compares to what people committed.
struct Outcome {
  std::string path, commit;
  std::string git, memberwise;  ///< the labels in the data
  bool clean = false, equal = false, same_bytes = false;
  std::vector<std::string> differences;  ///< fields, and what people committed there
  bool by_people = true;  ///< all of these hold what no merge of both sides could have
};

/// The field of a place: up to the first array on the way.
JsonPointer field_of(const std::string& place, const Json& document) {
  const JsonPointer pointer = JsonPointer::parse(place);
  JsonPointer field;
  for (const std::string& token : pointer.tokens) {
    const Json* above = find_at(document, field);
    if (above == nullptr || !above->is_object()) break;
    field.tokens.push_back(token);
  }
  return field;
}

/// Tells what people committed in a field where an unflagged merge has something else.
void add_difference(Outcome& outcome, const JsonPointer& field, const Json& record) {
  const auto value = [&](const char* name) -> std::optional<Json> {
    if (!record.find(name)->is_string()) return std::nullopt;
    const Json document = parse_json(record.find(name)->as_string());
    const Json* found = find_at(document, field);
    return found ? std::optional<Json>(*found) : std::nullopt;
  };
  const auto committed = value("result"), base = value("base"), ours = value("ours"),
             theirs = value("theirs");
  std::string text = field.text() + ": ";
  if (committed == base) {
    text += ours == base ? "dropped what theirs changed" : "dropped what ours changed";
  } else if (committed == ours || committed == theirs) {
    text += committed == ours ? "ours" : "theirs";
    outcome.by_people = false;
  } else {
    text += "on neither side";
  }
  if (outcome.differences.empty() || outcome.differences.back() != text) {
    outcome.differences.push_back(text);
  }
}

Outcome outcome_of(const Json& record) {
  const auto text = [&](const char* name) { return record.find(name)->as_string(); };
  const auto document = [&](const char* name) {
    return record.find(name)->is_null() ? DocumentPtr() : json_document(text(name));
  };
  Outcome outcome{std::string(text("path")), std::string(text("merge")),
                  std::string(text("git_merge_file")), std::string(text("keywise_objects_only"))};
  const DocumentPtr result = document("result");
  const MergedDocument merged =
      merge_files({outcome.path, document("base"), document("ours"), document("theirs")});
  outcome.clean = merged.conflicts.empty();
  outcome.same_bytes = merged.document->content() == result->content();
  if (merged.document->json() == nullptr || result->json() == nullptr) {
    outcome.equal = outcome.same_bytes;
    if (!outcome.equal)
      outcome.differences.emplace_back("a member comes twice: no JSON to compare");
    return outcome;
  }
  outcome.equal = *merged.document->json() == *result->json();
  if (outcome.equal || !outcome.clean) return outcome;
  for (const JsonChange& change : diff_json(*merged.document->json(), *result->json())) {
    add_difference(outcome, field_of(change.pointer, *result->json()), record);
  }
  return outcome;
}

/// Of all merges of a corpus; empty where it is missing.
std::vector<Outcome> outcomes_of(const std::string& corpus) {
  std::vector<Outcome> outcomes;
  const auto path = shared_data("merge/real/" + corpus + ".jsonl.zst");
  if (!path) return outcomes;
  const bool read = each_packed_line(
      *path, [&](const std::string& line) { outcomes.push_back(outcome_of(parse_json(line))); });
  if (!read) WARN("SKIPPED: zstd cannot read " << path->string());
  return outcomes;
}

struct Counts {
  int merges = 0, clean_equal = 0, same_bytes = 0, clean_differs = 0, conflict = 0,
      conflict_equal = 0;
  int git_equal = 0, git_differs = 0, memberwise_equal = 0, memberwise_differs = 0;

  void add(const Outcome& outcome) {
    ++merges;
    clean_equal += outcome.clean && outcome.equal ? 1 : 0;
    same_bytes += outcome.clean && outcome.same_bytes ? 1 : 0;
    clean_differs += outcome.clean && !outcome.equal ? 1 : 0;
    conflict += outcome.clean ? 0 : 1;
    conflict_equal += !outcome.clean && outcome.equal ? 1 : 0;
    git_equal += outcome.git == "clean-equal" ? 1 : 0;
    git_differs += outcome.git == "clean-differs" ? 1 : 0;
    memberwise_equal += outcome.memberwise == "clean-equal" ? 1 : 0;
    memberwise_differs += outcome.memberwise == "clean-differs" ? 1 : 0;
  }
};

}  // namespace

TEST_CASE("The table of merges that people committed", "[.table]") {
  std::cout << "| corpus | merges | clean, as committed | to the byte | clean, differs | conflict "
               "| of them as committed | git merge-file: as committed, differs | members only: as "
               "committed, differs |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
  std::string differing;
  for (const char* corpus : kCorpora) {
    Counts counts;
    for (const Outcome& outcome : outcomes_of(corpus)) {
      counts.add(outcome);
      if (!outcome.clean || outcome.equal) continue;
      differing += "| " + outcome.path + " | " + outcome.commit.substr(0, 8) + " | " + outcome.git +
                   " | " + outcome.memberwise + " |";
      for (std::size_t i = 0; i < outcome.differences.size() && i < 3; ++i) {
        differing += (i == 0 ? " " : "; ") + outcome.differences[i];
      }
      differing += outcome.differences.size() > 3 ? "; … |\n" : " |\n";
    }
    std::cout << "| " << corpus << " | " << counts.merges << " | " << counts.clean_equal << " | "
              << counts.same_bytes << " | " << counts.clean_differs << " | " << counts.conflict
              << " | " << counts.conflict_equal << " | " << counts.git_equal << ", "
              << counts.git_differs << " | " << counts.memberwise_equal << ", "
              << counts.memberwise_differs << " |\n";
  }
  std::cout << "\n| path | merge | git merge-file | members only | what people committed where it "
               "differs |\n"
               "| --- | --- | --- | --- | --- |\n"
            << differing;
}

TEST_CASE("Merges that people committed come out as they were committed") {
  for (const char* corpus : kCorpora) {
    for (const Outcome& outcome : outcomes_of(corpus)) {
      INFO(outcome.commit << " " << outcome.path);
      // Where members decide it, whatever lines say, and where both do.
      if (outcome.memberwise == "clean-equal") {
        CHECK(outcome.clean);
        CHECK(outcome.equal);
      }
      if (outcome.git == "clean-equal" && outcome.clean) CHECK(outcome.equal);
      // Where an unflagged merge is not what they committed, they wrote what neither side had.
      if (outcome.clean && !outcome.equal) CHECK(outcome.by_people);
    }
  }
}
