#include "exchange/paths.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "exchange/git_names.h"
#include "isodb/entry.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::exchange;

TEST_CASE("a key keeps its characters but those that a segment may not hold") {
  CHECK(key_segment("plain key") == "plain key");
  CHECK(key_segment("a/b") == "a%2Fb");
  CHECK(key_segment("100%") == "100%25");
  CHECK(key_segment("a\nb\x7f") == "a%0Ab%7F");
  CHECK(key_segment(".") == "%2E");
  CHECK(key_segment("..") == "%2E%2E");
  CHECK(key_segment("...") == "...");
  CHECK(key_segment("\xc3\xa4") == "\xc3\xa4");
  CHECK(key_segment("\xc2\x85") == "%C2%85");
  CHECK(key_segment("\xff") == "%FF");
}

TEST_CASE("any key gives a segment that a path may have, and different keys different ones") {
  std::mt19937_64 random(7);
  std::set<std::string> keys, segments;
  for (int run = 0; run < 20'000; ++run) {
    std::string key = testing::random_bytes(random, 1 + random() % 3);
    if (run % 2 == 0) {
      for (char& c : key) c = "./%2EF\n"[static_cast<unsigned char>(c) % 7];
    }
    const std::string segment = key_segment(key);
    CAPTURE(key, segment);
    REQUIRE(path_problem(segment).empty());
    REQUIRE(segment.find('/') == std::string::npos);
    keys.insert(key);
    segments.insert(segment);
  }
  CHECK(keys.size() == segments.size());
}

TEST_CASE("a prefix is a folder") {
  CHECK(folder_prefix("").empty());
  CHECK(folder_prefix("a/b") == "a/b/");
  CHECK(folder_prefix("a/b/") == "a/b/");
  for (const char* bad : {"/", "/a", "a//", "..", ".isodb", ".isodb/x", "a\n"}) {
    CAPTURE(bad);
    CHECK(testing::error_of([&] { folder_prefix(bad); }));
  }
}

TEST_CASE("refs of git and refs here map to each other") {
  CHECK(ref_from_git("refs/heads/main") == "heads/main");
  CHECK(ref_from_git("refs/tags/v1.0") == "tags/v1.0");
  CHECK(ref_from_git("refs/notes/x") == "notes/x");
  CHECK(ref_to_git("heads/a/b") == "refs/heads/a/b");
  for (const char* bad : {"heads/main", "refs/", "refs", "", "refs/heads/../x", "refs/heads/"}) {
    CAPTURE(bad);
    CHECK_FALSE(ref_from_git(bad));
  }
  for (const char* bad : {"heads/a b", "heads/.a", "heads/a.lock", "heads/a..b", "heads/a~1",
                          "heads/a@{b", "heads/a.", "heads//a", "heads/a\\b", "heads/a*"}) {
    CAPTURE(bad);
    CHECK_FALSE(ref_to_git(bad));
  }
}

TEST_CASE("git cannot hold a path with its own folder in it") {
  CHECK(git_path_problem("a/.gitignore").empty());
  CHECK_FALSE(git_path_problem(".git").empty());
  CHECK_FALSE(git_path_problem("a/.GIT/b").empty());
}
