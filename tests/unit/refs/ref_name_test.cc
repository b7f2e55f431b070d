#include <catch2/catch.hpp>

#include "refs/database.h"

using isodb::refs::ref_name_problem;

TEST_CASE("ref names that git accepts are accepted") {
  for (const char* name : {"heads/main", "tags/v1.0", "remotes/hub/main", "a", "heads/feld/süd",
                           "heads/@", "heads/a@b", "heads/lock", "heads/a.lock.b", "heads/-x",
                           "heads/{a}", "heads/\xf0\x9f\x8c\xbe"}) {
    INFO(name);
    CHECK(ref_name_problem(name) == "");
  }
  CHECK(ref_name_problem("heads/" + std::string(249, 'a')) == "");
}

TEST_CASE("ref names that git refuses are refused with the rule they break") {
  for (const char* name :
       {"",      "/",        "/a",    "a/",        "a//b",         ".",   "..",   "a..b",
        ".a",    "heads/.a", "a.",    "a.lock",    "a.lock/b",     "a b", "a~1",  "a^",
        "a:b",   "a?",       "a*",    "a[b",       "a\\b",         "@",   "a@{1", "a\nb",
        "a\x7f", "a\tb",     "a\xff", "a\xc0\xaf", "a\xed\xa0\x80"}) {
    INFO(name);
    CHECK(ref_name_problem(name) != "");
  }
  CHECK(ref_name_problem(std::string_view("a\0b", 3)) != "");
  CHECK(ref_name_problem("heads/" + std::string(250, 'a')) != "");
}
