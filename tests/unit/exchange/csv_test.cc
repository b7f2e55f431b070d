#include "exchange/csv.h"

#include "tests/unit/exchange/fixture.h"

using namespace isodb;
using namespace isodb::exchange;
using isodb::testing::error_of;

namespace {

/// Records as "a|b\n"; quoted fields in brackets.
std::string read_all(std::string_view text, char separator = ',') {
  // Parts of three bytes, so that every place is once the end of the buffer.
  auto read = [rest = text](char* buffer, std::size_t size) mutable {
    const std::string_view part = rest.substr(0, std::min<std::size_t>(size, 3));
    std::copy(part.begin(), part.end(), buffer);
    rest.remove_prefix(part.size());
    return part.size();
  };
  ByteSource source(read, "t.csv");
  CsvReader reader(source, separator);
  std::string out;
  while (const auto record = reader.next()) {
    for (std::size_t i = 0; i < record->size(); ++i) {
      const CsvField& field = (*record)[i];
      out += (i > 0 ? "|" : "") + (field.quoted ? "[" + field.text + "]" : field.text);
    }
    out += "\n";
  }
  return out;
}

RecordImportReport import_text(Fixture& fixture, std::string_view text,
                               const std::optional<std::string>& key, const CsvOptions& csv = {},
                               const RecordImportOptions& options = {}) {
  ByteSource source = ByteSource::over(text, "t.csv");
  return import_csv(fixture.repository, source, key, csv, options);
}

std::string exported(const Fixture& fixture, const std::vector<std::string>& columns = {},
                     const RecordExportOptions& options = {}) {
  TextSink out;
  export_csv(fixture.repository.snapshot(), out.sink, columns, {}, options);
  return out.text;
}

}  // namespace

TEST_CASE("records are read as RFC 4180 has them") {
  CHECK(read_all("a,b,c\r\n1,2,3\r\n") == "a|b|c\n1|2|3\n");
  CHECK(read_all("a,b\n1,2") == "a|b\n1|2\n");
  CHECK(read_all("a,,\n") == "a||\n");
  CHECK(read_all(",") == "|\n");
  CHECK(read_all("\"a\",\"b \"\"c\"\"\",\"d\r\ne,f\"\r\n") == "[a]|[b \"c\"]|[d\r\ne,f]\n");
  CHECK(read_all("\"\",x") == "[]|x\n");
  CHECK(read_all("\"a\"") == "[a]\n");
  CHECK(read_all("a b , c\n") == "a b | c\n");
  CHECK(read_all("\xef\xbb\xbf"
                 "a\n") == "a\n");
  CHECK(read_all("a\n\nb\n") == "a\n\nb\n");
  CHECK(read_all("a;b\n\"c;d\";e", ';') == "a|b\n[c;d]|e\n");
  CHECK(read_all("").empty());
  CHECK(read_all("a\r") == "a\n");
}

TEST_CASE("quotation marks and carriage returns out of place are refused with their line") {
  for (const char* text :
       {"x\na\"b\n", "x\n\"a\"b\n", "x\n\"a\" ,b\n", "x\na\rb\n", "x\n\"a\n", "x\n\"a\"\rb"}) {
    CAPTURE(text);
    const auto error = error_of([&] { read_all(text); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInvalid);
    CHECK_THAT(error->what(), Catch::StartsWith("t.csv: line 2"));
  }
}

TEST_CASE("each record becomes an object of strings") {
  Fixture fixture;
  const auto report = import_text(fixture, "id,n,t\r\n1,007,\"say \"\"hi\"\"\"\r\n2,,x\r\n", "id",
                                  {}, {.prefix = "p"});
  CHECK(report.documents == 2);
  CHECK(fixture.documents() ==
        Documents{{"p/1", "{\"id\":\"1\",\"n\":\"007\",\"t\":\"say \\\"hi\\\"\"}"},
                  {"p/2", "{\"id\":\"2\",\"n\":\"\",\"t\":\"x\"}"}});
}

TEST_CASE("with types, unquoted fields become what they look like and keep their text") {
  Fixture fixture;
  import_text(fixture, "k,a,b,c,d,e,f,g,h\n1,1.50,007,true,,\"5\",\"\",-1e5,null\n", "k",
              {.types = true});
  CHECK(fixture.documents() ==
        Documents{{"1",
                   "{\"k\":1,\"a\":1.50,\"b\":\"007\",\"c\":true,\"d\":null,\"e\":\"5\","
                   "\"f\":\"\",\"g\":-1e5,\"h\":\"null\"}"}});
}

TEST_CASE("a bad record imports nothing and is named with its line") {
  for (const char* text : {"k,v\n1,2\n\"3\n4\",5\n6\n", "k,v\n1,2\n\"3\n4\",5\n6,7,8\n",
                           "k,v\n1,2\n\"3\n4\",5\n,7\n", "k,v\n1,2\n\"3\n4\",5\n6,\xff\n"}) {
    CAPTURE(text);
    Fixture fixture;
    const auto error = error_of([&] { import_text(fixture, text, "k"); });
    REQUIRE(error);
    CHECK_THAT(error->what(), Catch::StartsWith("t.csv: line 5: "));
    CHECK(fixture.documents().empty());
    CHECK(import_text(fixture, text, "k", {}, {.skip_bad = true}).skipped_count == 1);
    CHECK(fixture.documents().size() == 2);
  }
}

TEST_CASE("a header has to name every column once, and the key's among them") {
  Fixture fixture;
  for (const char* text : {"", "a,a\n", "a,\n", "\xff\n", "a,b\n1,2\n"}) {
    CAPTURE(text);
    CHECK(error_of([&] { import_text(fixture, text, "k"); }));
  }
}

TEST_CASE("empty lines are passed over where there are several columns") {
  Fixture fixture;
  CHECK(import_text(fixture, "k,v\n\n1,2\n\n", "k").documents == 1);
}

TEST_CASE("an export has every member as a column, in the order in which they occur") {
  Fixture fixture;
  fixture.put({{"a.json", "{\"x\":1,\"y\":\"two, three\"}"},
               {"b.json", "{\"z\":[1, {\"q\":null}],\"x\":\"1\"}"},
               {"c.json", "{\"y\":\"\",\"x\":null,\"w\":true}"}});
  CHECK(exported(fixture) ==
        "x,y,z,w\r\n"
        "1,\"two, three\",,\r\n"
        "\"1\",,\"[1,{\"\"q\"\":null}]\",\r\n"
        ",\"\",,true\r\n");
  CHECK(exported(fixture, {"w", "x"}) == "w,x\r\n,1\r\n,\"1\"\r\ntrue,\r\n");
}

TEST_CASE("a document that is no object is an error, or left out when asked for") {
  Fixture fixture;
  fixture.put({{"a.json", "{\"x\":1}"}, {"b.json", "[1]"}});
  CHECK(error_of([&] { exported(fixture); }));
  CHECK(exported(fixture, {}, {.skip_bad = true}) == "x\r\n1\r\n");
}

TEST_CASE("objects of plain values come back from CSV as they were") {
  Fixture from, to;
  const Documents documents{
      {"1", "{\"k\":1,\"s\":\"a\\\"b,\\r\\nc\",\"n\":1.50,\"t\":true,\"u\":null,\"e\":\"\"}"},
      {"2", "{\"k\":2,\"s\":\"true\",\"n\":-0,\"t\":false,\"u\":null,\"e\":\"1e5\"}"},
      {"3", "{\"k\":3,\"s\":\"null\",\"n\":1E400,\"t\":true,\"u\":null,\"e\":\" \"}"}};
  from.put(documents);
  import_text(to, exported(from), "k", {.types = true});
  CHECK(to.documents() == documents);
}
