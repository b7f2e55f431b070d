#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "tests/support/program_runner.h"

namespace isodb::testing {

/// The lines of `text`, without their line feeds.
inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Each line as JSON; throws where a line is none.
inline std::vector<core::Json> json_lines(const std::string& text) {
  std::vector<core::Json> values;
  for (const std::string& line : lines_of(text)) values.push_back(core::parse_json(line));
  return values;
}

/// The one line as JSON.
inline core::Json json_line(const std::string& text) {
  auto values = json_lines(text);
  REQUIRE(values.size() == 1);
  return values.front();
}

/// The names of an object's members, in order.
inline std::vector<std::string> keys_of(const core::Json& object) {
  std::vector<std::string> keys;
  for (const core::JsonMember& member : object.members()) keys.emplace_back(member.key());
  return keys;
}

/// A member that must be there, as text: a string's characters, a number's digits, "true", "null".
inline std::string member(const core::Json& object, const std::string& name) {
  const core::Json* value = object.find(name);
  INFO("member " << name);
  REQUIRE(value != nullptr);
  switch (value->kind()) {
    case core::JsonKind::kString:
      return std::string(value->as_string());
    case core::JsonKind::kNumber:
      return std::string(value->number_text());
    case core::JsonKind::kBoolean:
      return value->as_boolean() ? "true" : "false";
    default:
      return std::string(core::json_kind_name(value->kind()));
  }
}

/// A runner whose folder holds a repository in .isodb.
class RepositoryRunner : public ProgramRunner {
 public:
  RepositoryRunner() { must({"init"}); }

  void put(const std::string& path, const std::string& bytes) const {
    must({"put", path}, {.input = bytes});
  }
  /// The id that the current branch has.
  std::string head() const {
    return member(json_lines(must({"status", "--json"})).front(), "head");
  }
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace isodb::testing
