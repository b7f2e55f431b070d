// Merges of epoch 1, frozen: inputs to bytes and conflicts (docs/merge.md, "Vectors"). A line is
// never edited. A new one is appended without its result; the test then fails and prints it.
#include <catch2/catch.hpp>
#include <iostream>
#include <set>
#include <string>

#include "core/json.h"
#include "core/json_writer.h"
#include "tests/support/merging.h"
#include "tests/support/places.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::core;
using namespace isodb::merge;
using namespace isodb::testing;

namespace {

std::filesystem::path vectors() {
  return std::filesystem::path(kTestVectors) / "document_merge.jsonl";
}

std::size_t number(const Json& value) {
  return std::stoul(std::string(value.number_text()));
}

DocumentPtr read_document(const Json& value) {
  const Json* metadata = value.find("metadata");
  return Document::make({Bytes(value.find("content")->as_string()),
                         std::string(value.find("type")->as_string()),
                         metadata ? std::optional<Bytes>(metadata->as_string()) : std::nullopt});
}

std::vector<std::size_t> numbers(const Json& array) {
  std::vector<std::size_t> numbers;
  for (const Json& item : array.items()) numbers.push_back(number(item));
  return numbers;
}

MergedDocument merge_vector(const Json& vector) {
  std::vector<DocumentPtr> documents;
  for (const Json& document : vector.find("documents")->items()) {
    documents.push_back(read_document(document));
  }
  const auto document = [&](const Json& index) {
    return index.is_null() ? DocumentPtr() : documents.at(number(index));
  };
  WrittenPath path;
  for (const Json& write : vector.find("writes")->items()) {
    WrittenPath::Seen seen{document(*write.find("seen"))};
    if (const Json* conflicts = write.find("conflicts")) {
      for (const Json& field : conflicts->items()) {
        seen.conflicts.push_back({DocumentPart::kContent, std::string(field.as_string())});
      }
    }
    path.write(document(*write.find("document")), seen, numbers(*write.find("sees")));
  }
  std::vector<DocumentPtr> bases;
  for (const Json& base : vector.find("bases")->items()) bases.push_back(document(base));
  Rules rules;
  if (const Json* text = vector.find("rules")) rules = Rules::parse(write_json(*text));
  return path.merge(numbers(*vector.find("versions")), bases, rules.find("a.json"));
}

Json result_of(const MergedDocument& merged) {
  Json result = Json::object();
  if (merged.document != nullptr) {
    result.set("content", Json::string(merged.document->content()));
    result.set("type", Json::string(merged.document->media_type()));
    if (merged.document->metadata()) {
      result.set("metadata", Json::string(*merged.document->metadata()));
    }
  }
  result.set("conflicts", Json::string(conflicts_text(merged.conflicts)));
  return result;
}

template <typename Take>
void each_vector(const Take& take) {
  const std::string text = slurp(vectors());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    take(parse_json(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
}

}  // namespace

TEST_CASE("Merges of epoch 1 give the frozen bytes and conflicts") {
  std::set<std::string> names;
  each_vector([&](Json vector) {
    const std::string name(vector.find("name")->as_string());
    const Json* frozen = vector.find("result");
    const Json result = result_of(merge_vector(vector));
    const bool as_ever = frozen != nullptr && write_json(*frozen) == write_json(result);
    vector.set("result", result);
    // Not through Catch, which breaks long lines.
    if (!as_ever) std::cout << write_json(vector) << "\n";
    INFO(name);
    CHECK(as_ever);
    CHECK(names.insert(name).second);
  });
  CHECK(names.size() >= 200);
}
