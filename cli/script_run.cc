#include "cli/script_run.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "cli/input.h"
#include "core/json_writer.h"
#include "isodb/entry.h"
#include "merge/json_spans.h"

namespace isodb::cli {

using core::Json;

namespace {

constexpr std::uint64_t kCasesBytesMax = 64 << 20;

/// Reads the cases and knows where each value stands, so that each fault has its place.
class CasesReader {
 public:
  CasesReader(ByteView text, const Json& root) : root_(root), spans_(text, root) {}

  ScriptCases read() {
    expect_object(root_, {"path", "steps", "cells", "cases"});
    ScriptCases read;
    if (const Json* path = root_.find("path")) path_ = string_of(*path, "path");
    for (const auto& [name, budget] :
         {std::pair("steps", &read.rule.steps), std::pair("cells", &read.rule.cells)}) {
      if (const Json* value = root_.find(name)) *budget = budget_of(*value, name);
    }
    const Json& cases = array_member(root_, "cases");
    for (const Json& one : cases.items()) read.cases.push_back(read_case(one));
    if (read.cases.empty()) fail(cases, "there are no cases");
    return read;
  }

 private:
  [[noreturn]] void fail(const Json& place, const std::string& problem) const {
    throw core::JsonError(ErrorCode::kInvalid,
                          core::json_position(spans_.text(), spans_.of(place).begin), problem);
  }

  void expect_object(const Json& value, std::initializer_list<std::string_view> names) const {
    if (!value.is_object()) fail(value, "expected an object");
    for (const core::JsonMember& member : value.members()) {
      if (std::find(names.begin(), names.end(), member.key()) != names.end()) continue;
      fail(member.name, "unknown member '" + std::string(member.key()) + "'");
    }
  }

  const Json& array_member(const Json& object, const std::string& name) const {
    const Json* value = object.find(name);
    if (value == nullptr) fail(object, "there is no '" + name + "'");
    if (!value->is_array()) fail(*value, "'" + name + "' must be an array");
    return *value;
  }

  std::string string_of(const Json& value, const std::string& name) const {
    if (!value.is_string()) fail(value, "'" + name + "' must be a string");
    return std::string(value.as_string());
  }

  std::uint64_t budget_of(const Json& value, const std::string& name) const {
    const std::string text(value.is_number() ? value.number_text() : "");
    const bool is_whole = !text.empty() && text.size() < 10 &&
                          text.find_first_not_of("0123456789") == std::string::npos;
    const std::uint64_t budget = is_whole ? std::stoull(text) : 0;
    if (budget < 1 || budget > merge::kScriptBudgetMax) {
      fail(value, "'" + name + "' must be a whole number from 1 to 100000000");
    }
    return budget;
  }

  ScriptCase read_case(const Json& object) const {
    expect_object(object, {"name", "path", "base", "versions", "result", "conflicts", "failure"});
    ScriptCase read;
    const Json* name = object.find("name");
    if (name == nullptr) fail(object, "the case has no 'name'");
    read.name = string_of(*name, "name");
    const Json* path = object.find("path");
    read.path = path == nullptr ? path_ : string_of(*path, "path");
    const Json& versions = array_member(object, "versions");
    if (versions.size() < 2) fail(versions, "a merge has two versions or more");
    const Json* base = object.find("base");
    if (base != nullptr) read.base = document_of(*base);
    for (const Json& version : versions.items()) read.versions.push_back(document_of(version));
    const Json* result = object.find("result");
    if (result == nullptr) fail(object, "the case has no 'result'");
    read.result = *result;
    if (object.find("conflicts") != nullptr) {
      for (const Json& line : array_member(object, "conflicts").items()) {
        read.conflicts.push_back(string_of(line, "conflicts"));
      }
    }
    if (const Json* failure = object.find("failure")) {
      read.failure = string_of(*failure, "failure");
    }
    return read;
  }

  static merge::DocumentPtr document_of(const Json& value) {
    if (value.is_null()) return nullptr;
    if (value.is_string()) {
      return merge::Document::make({Bytes(value.as_string()), "text/plain", {}});
    }
    return merge::Document::make({core::write_json(value), "application/json", {}});
  }

  const Json& root_;
  const merge::JsonSpans spans_;
  std::string path_ = "document.json";
};

std::string lines_text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : ", ") + line;
  return text.empty() ? "none" : text;
}

/// Equal as data where it is JSON, else to the byte.
bool is_result(const merge::DocumentPtr& document, const Json& expected) {
  if (document == nullptr) return expected.is_null();
  if (document->media_type() == "application/json") {
    return document->json() != nullptr && *document->json() == expected;
  }
  return expected.is_string() && document->content() == expected.as_string();
}

}  // namespace

script::Program compile_script_file(const std::string& file) {
  const Bytes source = Input(file).read_all(merge::kMergedBytesMax);
  try {
    return merge::compile_merge_script(source);
  } catch (const Error& error) {
    throw error.within(file);
  }
}

MeasuredScript::MeasuredScript(const std::string& file) : program_(compile_script_file(file)) {}

merge::ScriptAnswer MeasuredScript::run(const merge::Rule& rule, const merge::ScriptStep& step) {
  script::Outcome outcome = merge::run_merge_script(program_, rule, step);
  ++calls_;
  steps_ = std::max(steps_, outcome.steps);
  cells_ = std::max(cells_, outcome.cells);
  std::move(outcome.printed.begin(), outcome.printed.end(), std::back_inserter(printed_));
  if (outcome.printed_is_cut) printed_.emplace_back("… and more");
  return merge::answer_of(std::move(outcome));
}

ScriptCases read_script_cases(const std::string& file) {
  const Bytes text = Input(file).read_all(kCasesBytesMax);
  try {
    const Json root = core::parse_json(text);
    return CasesReader(text, root).read();
  } catch (const Error& error) {
    throw error.within(file);
  }
}

ScriptRun run_case(const ScriptCase& tested, const merge::Rule& rule, const std::string& file) {
  MeasuredScript script(file);
  merge::Rule used = rule;
  used.root.strategy = merge::Strategy::kScript;
  used.script = file;
  merge::FileMerge files;
  files.path = tested.path;
  files.base = tested.base;
  files.left = tested.versions[0];
  files.right = tested.versions[1];
  files.more.assign(tested.versions.begin() + 2, tested.versions.end());
  files.rule = &used;
  files.script = &script;
  ScriptRun run;
  run.merged = merge::merge_files(files);
  run.calls = script.calls();
  run.steps = script.steps();
  run.cells = script.cells();
  run.printed = script.printed();
  return run;
}

std::vector<std::string> differences(const ScriptCase& tested, const ScriptRun& run) {
  std::vector<std::string> found;
  if (tested.result && !is_result(run.merged.document, *tested.result)) {
    const merge::DocumentPtr& document = run.merged.document;
    found.push_back("merged: " + (document ? document->content() : "no document") +
                    ", expected: " + core::write_json(*tested.result));
  }
  std::vector<std::string> expected = tested.conflicts, met = conflict_lines(run.merged);
  std::sort(expected.begin(), expected.end());
  std::sort(met.begin(), met.end());
  if (met != expected) {
    found.push_back("conflicts: " + lines_text(met) + "; expected: " + lines_text(expected));
  }
  const auto failure =
      run.merged.script ? std::optional(run.merged.script->reason) : std::optional<std::string>();
  if (failure != tested.failure) {
    found.push_back("the script: " + (failure ? run.merged.script->message : "did not fail") +
                    "; expected: " + tested.failure.value_or("no failure"));
  }
  return found;
}

std::vector<std::string> conflict_lines(const merge::MergedDocument& merged) {
  std::vector<std::string> lines;
  for (const merge::Conflict& conflict : merged.conflicts) {
    lines.push_back((conflict.field.empty() ? "the document" : conflict.field) + ": " +
                    std::string(merge::reason_name(conflict.reason)));
  }
  return lines;
}

std::vector<JsonObject> conflicts_json(const merge::MergedDocument& merged) {
  std::vector<JsonObject> conflicts;
  for (const merge::Conflict& conflict : merged.conflicts) {
    conflicts.push_back(JsonObject()
                            .string("field", conflict.field)
                            .string("reason", merge::reason_name(conflict.reason)));
  }
  return conflicts;
}

}  // namespace isodb::cli
