#include "exchange/json_lines.h"

#include "tests/unit/exchange/fixture.h"

using namespace isodb;
using namespace isodb::exchange;
using isodb::testing::error_of;

namespace {

RecordImportReport import_text(Fixture& fixture, std::string_view text,
                               const std::optional<std::string>& key,
                               const RecordImportOptions& options = {}) {
  ByteSource source = ByteSource::over(text, "people.jsonl");
  return import_json_lines(fixture.repository, source, key, options);
}

std::string exported(const Fixture& fixture, const RecordExportOptions& options = {}) {
  TextSink out;
  export_json_lines(fixture.repository.snapshot(), out.sink, options);
  return out.text;
}

}  // namespace

TEST_CASE("each line becomes a document under its key, as it is written") {
  Fixture fixture;
  const auto report = import_text(fixture,
                                  "{\"id\":\"a\", \"n\": 1.50}\n"
                                  "  {\"id\":7}\t\r\n"
                                  "\n"
                                  "{\"n\":{\"id\":1},\"id\":\"\\u00e4\"}",
                                  "/id", {.prefix = "p"});
  CHECK(report.documents == 3);
  CHECK(report.commits.size() == 1);
  CHECK(fixture.documents() == Documents{{"p/a", "{\"id\":\"a\", \"n\": 1.50}"},
                                         {"p/7", "{\"id\":7}"},
                                         {"p/\xc3\xa4", "{\"n\":{\"id\":1},\"id\":\"\\u00e4\"}"}});
  CHECK(fixture.repository.snapshot().entry("p/a")->media_type == "application/json");
}

TEST_CASE("of two lines with one key the later counts") {
  Fixture fixture;
  import_text(fixture, "{\"k\":1,\"v\":1}\n{\"k\":1,\"v\":2}\n", "/k");
  CHECK(fixture.documents() == Documents{{"1", "{\"k\":1,\"v\":2}"}});
}

TEST_CASE("documents that took the place of others with the same key are counted, in any batch") {
  const std::string lines =
      "{\"k\":1,\"v\":1}\n{\"k\":2}\n{\"k\":1,\"v\":2}\n{\"k\":1,\"v\":3}\n{\"k\":3}\n{\"k\":1,"
      "\"v\":3}\n";
  for (const std::uint64_t batch : {0U, 1U, 2U, 4U, 100U}) {
    INFO(batch);
    Fixture fixture;
    const auto report = import_text(fixture, lines, "/k", {.batch = batch});
    CHECK(report.documents == 6);
    CHECK(report.replaced == 3);
    CHECK(fixture.documents().size() == 3);
    // What was there before the import is no other line's.
    CHECK(import_text(fixture, "{\"k\":1}\n{\"k\":2,\"v\":9}\n", "/k", {.batch = batch}).replaced ==
          0);
  }
}

TEST_CASE("without a key every line gets a UUIDv7 of its own") {
  Fixture fixture;
  import_text(fixture, "1\n1\n\"x\"\n", {}, {.prefix = "p/"});
  const Documents documents = fixture.documents();
  REQUIRE(documents.size() == 3);
  for (const auto& [path, bytes] : documents) {
    CAPTURE(path);
    CHECK(path.size() == 2 + 36);
    CHECK(path[2 + 14] == '7');
  }
}

TEST_CASE("a bad line imports nothing and is named with its line and column") {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const auto& [text, message] : std::vector<Case>{
           {"{\"k\":1}\n{\"k\":}\n", "people.jsonl: line 2: column 6"},
           {"{\"k\":1}\n\n{\"k\":[1]}\n", "people.jsonl: line 3: the key /k is neither"},
           {"{\"k\":1}\n{\"K\":1}\n", "people.jsonl: line 2: there is no value at the key /k"},
           {"{\"k\":\"\"}\n", "people.jsonl: line 1: the key is empty"},
           {"{\"k\":1,\"k\":2}\n", "people.jsonl: line 1: column"},
           {"{\"k\":1} {}\n", "people.jsonl: line 1: column"},
           {"{\"k\":\"\xff\"}\n", "people.jsonl: line 1: column"}}) {
    CAPTURE(text);
    Fixture fixture;
    const auto before = fixture.refs();
    const auto error = error_of([&] { import_text(fixture, text, "/k"); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInvalid);
    CHECK_THAT(error->what(), Catch::StartsWith(message));
    CHECK(fixture.refs() == before);
    CHECK(fixture.documents().empty());
  }
}

TEST_CASE("bad lines are left out and counted when asked for") {
  Fixture fixture;
  const auto report =
      import_text(fixture, "{\"k\":1}\nnonsense\n{\"k\":2}\n{}\n", "/k", {.skip_bad = true});
  CHECK(report.documents == 2);
  CHECK(report.skipped_count == 2);
  REQUIRE(report.skipped.size() == 2);
  CHECK(report.skipped[0].what == "line 2");
  CHECK(report.skipped[1].what == "line 4");
  CHECK(fixture.documents().size() == 2);
}

TEST_CASE("a batch makes a commit of its own") {
  Fixture fixture;
  const auto report =
      import_text(fixture, "{\"k\":1}\n{\"k\":2}\n{\"k\":3}\n{\"k\":4}\n{\"k\":5}\n", "/k",
                  {.batch = 2, .message = "load"});
  CHECK(report.commits.size() == 3);
  CHECK(fixture.documents().size() == 5);
  CHECK(fixture.documents("@~1").size() == 4);
  CHECK(fixture.repository.commit(report.commits[0]).message == "load");
}

TEST_CASE("importing the same lines again changes nothing") {
  Fixture fixture;
  const char* text = "{\"k\":1}\n{\"k\":2}\n";
  import_text(fixture, text, "/k");
  const auto before = fixture.refs();
  CHECK(import_text(fixture, text, "/k").commits.empty());
  CHECK(fixture.refs() == before);
}

TEST_CASE("a prefix that no document may have is refused") {
  Fixture fixture;
  for (const char* prefix : {".isodb", ".isodb/members", "a//b", "../x", "/"}) {
    CAPTURE(prefix);
    CHECK(error_of([&] { import_text(fixture, "{}\n", {}, {.prefix = prefix}); }));
  }
}

TEST_CASE("an export gives back one line a document, in the order of paths") {
  Fixture fixture;
  fixture.put({{"p/b.json", "{\n  \"x\": 1.0,\n  \"y\": \"a\\nb\"\n}\n"},
               {"p/a.json", "{\"z\": \"\\u00e4\" }"},
               {"q.json", "[]"}});
  CHECK(exported(fixture) == "{\"z\": \"\\u00e4\" }\n{\"x\":1.0,\"y\":\"a\\nb\"}\n[]\n");
  CHECK(exported(fixture, {.prefix = "p"}) ==
        "{\"z\": \"\\u00e4\" }\n{\"x\":1.0,\"y\":\"a\\nb\"}\n");
}

TEST_CASE("a document that is no JSON is an error, or left out when asked for") {
  Fixture fixture;
  fixture.put({{"a.json", "{}"}, {"b.txt", "hello"}});
  const auto error = error_of([&] { exported(fixture); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUnsupported);
  CHECK_THAT(error->what(), Catch::Contains("b.txt"));
  CHECK(exported(fixture, {.skip_bad = true}) == "{}\n");
}

TEST_CASE("what is exported imports to the same documents") {
  Fixture from, to;
  const std::string text = "{\"id\":\"a/b\"}\n{\"id\":\"c%\",\"n\":[1, 2]}\n";
  import_text(from, text, "/id");
  import_text(to, exported(from), "/id");
  CHECK(from.documents() == to.documents());
  CHECK(from.documents().count("a%2Fb") == 1);
}
