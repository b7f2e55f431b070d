#include "isodb/error.h"

#include <set>

#include "tests/support/testing.h"

using namespace isodb;

TEST_CASE("an error keeps its code and hint when context is put before its message") {
  const Error inner(ErrorCode::kCorrupt, "the checksum differs", "run fsck");
  const Error outer = inner.within("pack 7");
  CHECK(outer.code() == ErrorCode::kCorrupt);
  CHECK(std::string(outer.what()) == "pack 7: the checksum differs");
  CHECK(outer.hint() == "run fsck");
  CHECK(std::string(inner.what()) == "the checksum differs");
}

TEST_CASE("every error code has a name of its own") {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kLimit); ++code) {
    names.insert(error_code_name(static_cast<ErrorCode>(code)));
  }
  CHECK(names == std::set<std::string_view>{"not_found", "invalid", "corrupt", "io", "busy",
                                            "stale", "denied", "unverified", "unsupported",
                                            "limit"});
}
