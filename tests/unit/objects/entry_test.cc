#include "isodb/entry.h"

#include <catch2/catch.hpp>

#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::testing;

TEST_CASE("paths that may name a document") {
  for (const std::string path : {"a", "a/b", "cows/bella.json", ".isodb/merge.json", "a/.b",
                                 "a/..b", "a/b..", "...", " ", "höfe/日誌", "\xf0\x9f\x90\x84",
                                 "a\\b", "a:b", "\xc2\xa0", "\xee\x80\x80", "\xef\xbf\xbe"}) {
    INFO(path);
    CHECK(path_problem(path) == "");
    CHECK_NOTHROW(check_path(path));
  }
  CHECK(path_problem(std::string(1024, 'x')) == "");
}

TEST_CASE("paths that may not, and the rule that each breaks") {
  const auto problem = [](const std::string& path) { return path_problem(path); };
  CHECK(problem("") == "is empty");
  CHECK(problem(std::string(1025, 'x')) == "is longer than 1024 bytes");
  for (const std::string path : {"/", "/a", "a/", "a//b", "//"}) {
    CHECK(problem(path) == "has an empty segment");
  }
  for (const std::string path : {".", "..", "a/.", "./a", "a/../b", "a/.."}) {
    CHECK(problem(path) == "has a '.' or '..' segment");
  }
  for (const std::string path :
       {"\xff", "a\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82", "a\xc3"}) {
    CHECK(problem(path) == "is not UTF-8");
  }
  CHECK(problem(std::string("a\0b", 3)) == "has a control character");
  for (int c = 1; c < 0x20; ++c) {
    CHECK(problem(std::string(1, static_cast<char>(c))) == "has a control character");
  }
  CHECK(problem("a\x7f") == "has a control character");
  for (int c = 0x80; c < 0xa0; ++c) {
    CHECK(problem("a\xc2" + std::string(1, static_cast<char>(c))) == "has a control character");
  }
}

TEST_CASE("a refused path is quoted without what a terminal would act on") {
  const auto error = error_of([] { check_path("a\x1b[2J\xc2\x9b\xff" + std::string(2000, 'x')); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInvalid);
  const std::string message = error->what();
  CHECK(message.find('\x1b') == std::string::npos);
  CHECK(message.find("\xc2\x9b") == std::string::npos);
  CHECK(message.size() < 200);
}

TEST_CASE("media types and their numbers go both ways") {
  CHECK(media_type_number("") == 0);
  CHECK(media_type_number("application/json") == 1);
  CHECK_FALSE(media_type_number("Application/JSON"));
  CHECK_FALSE(media_type_number("application/jso"));
  CHECK_FALSE(media_type_number("application/x-unheard-of"));
  unsigned known = 0;
  for (unsigned number = 0; number < 256; ++number) {
    const auto type = media_type_from_number(static_cast<std::uint8_t>(number));
    if (!type) continue;
    CHECK(media_type_number(*type) == number);
    CHECK(number == known);  // without gaps
    ++known;
  }
  CHECK(known == 77);
}

TEST_CASE("a path's extension says its media type, in either case") {
  CHECK(media_type_for_path("a/b.json") == "application/json");
  CHECK(media_type_for_path("a/B.JSON") == "application/json");
  CHECK(media_type_for_path("a.tar.gz") == "application/gzip");
  CHECK(media_type_for_path("photo.jpeg") == "image/jpeg");
  CHECK(media_type_for_path("x.7z") == "application/x-7z-compressed");
  CHECK(media_type_for_path("x.zst") == "application/zstd");
  for (const char* path : {"a.ipynb", "site.webmanifest", "log.har", "map.TopoJSON"}) {
    INFO(path);
    CHECK(media_type_is_json(media_type_for_path(path)));
  }
  CHECK(media_type_for_path(".json") == "");
  CHECK(media_type_for_path("a.json/b") == "");
  CHECK(media_type_for_path("json") == "");
  CHECK(media_type_for_path("a.") == "");
  CHECK(media_type_for_path("a.unheardof") == "");
  CHECK(media_type_for_path("") == "");
}

TEST_CASE("what media types say of bytes") {
  CHECK(media_type_is_json("application/json"));
  CHECK(media_type_is_json("Application/JSON ; charset=utf-8"));
  CHECK(media_type_is_json("application/fhir+json"));
  CHECK_FALSE(media_type_is_json("application/x-ndjson"));
  CHECK_FALSE(media_type_is_json("application/jsonx"));
  CHECK(media_type_is_text("text/html; charset=utf-8"));
  CHECK(media_type_is_text("image/svg+xml"));
  CHECK(media_type_is_text("application/yaml"));
  CHECK_FALSE(media_type_is_text("application/pdf"));
  CHECK_FALSE(media_type_is_text(""));
  CHECK(media_type_is_compressed("image/png"));
  CHECK(media_type_is_compressed("video/unheard-of"));
  CHECK(media_type_is_compressed("application/epub+zip"));
  CHECK_FALSE(media_type_is_compressed("image/svg+xml"));
  CHECK_FALSE(media_type_is_compressed("application/json"));
}
