#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "tests/support/merging.h"

using namespace isodb;
using namespace isodb::merge;
using namespace isodb::testing;

namespace {

std::string nested(std::size_t depth, const std::string& open, const std::string& inner,
                   const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += inner;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

std::string numbers(std::size_t count, std::size_t step) {
  std::string text = "[";
  for (std::size_t i = 0; i < count; ++i) text += (i > 0 ? "," : "") + std::to_string(i * step);
  return text + "]";
}

MergedDocument merge3(const std::string& base, const std::string& left, const std::string& right) {
  return merge_files({"a", json_document(base), json_document(left), json_document(right)});
}

/// More than half of what is merged at most.
const std::string kHalf(std::size_t{9} << 20, 'x');

/// A script that answers with both sides one after the other, and puts a field in conflict.
class JoiningScript final : public ScriptRunner {
 public:
  ScriptAnswer run(const Rule&, const ScriptStep& step) override {
    ScriptAnswer answer;
    if (step.left->is_string()) {
      answer.value = core::Json::string(std::string(step.left->as_string()) +
                                        std::string(step.right->as_string()));
    } else {
      answer.value = core::Json::array();
      answer.value->append(*step.left);
      answer.value->append(*step.right);
    }
    answer.conflicts.emplace_back("/a");
    return answer;
  }
};

}  // namespace

TEST_CASE("Documents as deep as JSON may be merge inside") {
  const auto deep = [](const std::string& members) {
    return nested(510, R"({"d":)", "{" + members + "}", "}");
  };
  const auto merged =
      merge3(deep(R"("a":1,"b":1)"), deep(R"("a":2,"b":1)"), deep(R"("a":1,"b":2)"));
  CHECK(merged.document->content() == deep(R"("a":2,"b":2)"));
  CHECK(merged.conflicts.empty());
  const auto arrays = [](const std::string& items) {
    return nested(510, "[", "[" + items + "]", "]");
  };
  const auto in_arrays = merge3(arrays("1,2,3"), arrays("0,2,3"), arrays("1,2,4"));
  CHECK(in_arrays.document->content() == arrays("0,2,4"));
}

TEST_CASE("Arrays of 100,000 items merge in seconds, longer ones go to the default") {
  const auto start = std::chrono::steady_clock::now();
  const std::string base = numbers(100'000, 3);
  const auto merged = merge3(base, numbers(100'000, 5), numbers(99'999, 3));
  CHECK_FALSE(merged.conflicts.empty());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));
  const std::string longer = numbers(100'001, 3);
  const std::string left = "[7," + longer.substr(1),
                    right = longer.substr(0, longer.size() - 1) + ",8]";
  const auto by_default = merge3(longer, left, right);
  CHECK(by_default.document->content() == right);
  CHECK(conflicts_text(by_default.conflicts) == "whole both-changed");
}

TEST_CASE("An object of 100,000 members merges in seconds") {
  const auto object = [](const std::string& first, const std::string& last) {
    std::string text = "{";
    for (int i = 0; i < 100'000; ++i) {
      text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":";
      text += i == 0 ? first : i == 99'999 ? last : "0";
    }
    return text + "}";
  };
  const auto start = std::chrono::steady_clock::now();
  const auto merged = merge3(object("0", "0"), object("1", "0"), object("0", "1"));
  CHECK(merged.document->content() == object("1", "1"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("White space of one version is not multiplied by the parts of another without end") {
  std::string many = R"({"a":1,"b":1)";
  for (int i = 0; i < 10'000; ++i) many += ",\"m" + std::to_string(i) + "\":0";
  many += "}";
  const std::string gap(std::size_t{1} << 20, ' ');
  for (const std::string& wide :
       {R"({"a":2,)" + gap + R"("b":1})", R"({"a":)" + gap + R"(2,"b":1})",
        "{" + gap + R"("a":2,"b":1})"}) {
    const auto merged = merge3(R"({"a":1,"b":1})", many, wide);
    REQUIRE(merged.document->json() != nullptr);
    CHECK(merged.document->content().find("\"m9999\":0") != std::string::npos);
    CHECK(merged.document->json()->find("a")->number_text() == "2");
    CHECK(merged.document->bytes() <= (std::size_t{3} << 20));
  }
}

TEST_CASE("Numbers with large exponents are compared, not expanded") {
  const auto merged =
      merge3(R"({"a":1e999999999})", R"({"a":2e999999999})", R"({"a":1e999999999,"b":1})");
  CHECK(merged.document->content() == R"({"a":2e999999999,"b":1})");
}

TEST_CASE("Texts that would be above 16 MiB together are decided as one field, in conflict") {
  const std::string left = "x\n" + kHalf + "l\n", right = "x\n" + kHalf + "r\n";
  const auto merged =
      merge_files({"a.txt", text_document("x\n"), text_document(left), text_document(right)});
  CHECK(merged.document->content() == right);
  CHECK(conflicts_text(merged.conflicts) == "whole both-changed");
  // Of three the third merges with nothing.
  const auto three = merge_files({.path = "a.txt",
                                  .base = text_document("x\n"),
                                  .left = text_document(left),
                                  .right = text_document(right),
                                  .more = {text_document("x\ny\n")}});
  CHECK(three.document->content() == "x\ny\n");
  CHECK(conflicts_text(three.conflicts) == "whole both-changed");
}

TEST_CASE("JSON that would be above 16 MiB is decided as one field, whatever became of fields") {
  const std::string left = R"({"a":1,"l":")" + kHalf + "\"}",
                    right = R"({"a":2,"r":")" + kHalf + "\"}";
  const auto merged = merge3("{}", left, right);
  CHECK(merged.document->content() == right);
  CHECK(conflicts_text(merged.conflicts) == "whole both-changed");
}

TEST_CASE("Metadata that would be above 16 MiB is decided as one field") {
  const auto with = [](const Bytes& metadata) {
    return Document::make({"1", "application/json", metadata});
  };
  const Bytes left = R"({"a":1,"l":")" + kHalf + "\"}", right = R"({"a":2,"r":")" + kHalf + "\"}";
  const auto merged = merge_files({"a", with("{}"), with(left), with(right)});
  CHECK(merged.document->metadata() == right);
  CHECK(conflicts_text(merged.conflicts) == "metadata whole both-changed");
}

TEST_CASE("What a script makes above 16 MiB is decided as one field, without its conflicts") {
  const Rules rules =
      Rules::parse(R"({"rules":[{"match":"**","strategy":"script","script":".isodb/merge/s"}]})");
  JoiningScript script;
  const std::string json = R"({"a":")" + kHalf + "\"}";
  const std::vector<std::pair<DocumentPtr, DocumentPtr>> sides{
      {text_document(kHalf + "l"), text_document(kHalf + "r")},
      {json_document(json), json_document(json + " ")}};
  for (const auto& [left, right] : sides) {
    const auto merged = merge_files({"a", nullptr, left, right, &rules.all().front(), &script});
    CHECK(merged.document->content() == right->content());
    CHECK(conflicts_text(merged.conflicts) == "whole both-changed");
    CHECK_FALSE(merged.script);
  }
}
