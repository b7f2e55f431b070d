#include <catch2/catch.hpp>

#include "isodb/repository.h"
#include "merge/members.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_code_of;
using isodb::testing::TemporaryFolder;

namespace {

struct Fixture {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const PublicKey own = repository.public_key();
  const PublicKey other = SecretKey::generate().public_key();

  /// Commits one change of each path; an empty document removes it.
  void write(const std::vector<std::pair<std::string, Bytes>>& documents) {
    Transaction transaction = repository.begin();
    for (const auto& [path, document] : documents) {
      if (document.empty()) {
        transaction.remove(path);
      } else {
        transaction.put(path, document);
      }
    }
    const auto outcome = transaction.commit({.message = "m"});
    REQUIRE(std::holds_alternative<CommitId>(outcome));
  }
  std::optional<ErrorCode> refusal_of(const std::vector<std::pair<std::string, Bytes>>& documents) {
    const CommitId head = repository.resolve_commit("@");
    const auto code = error_code_of([&] { write(documents); });
    CHECK(repository.resolve_commit("@") == head);
    return code;
  }
  static Bytes member(const PublicKey& key, merge::Role role, bool revoked = false) {
    return merge::member_document({"somebody", key, role, {}, revoked});
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a change that leaves no admin is refused, and another one still goes") {
  const std::string path = merge::member_path(own);
  CHECK(refusal_of({{path, ""}}) == ErrorCode::kDenied);
  CHECK(refusal_of({{path, ""}, {"a", "1"}}) == ErrorCode::kDenied);
  CHECK(refusal_of({{path, member(own, merge::Role::kWriter)}}) == ErrorCode::kDenied);
  CHECK(refusal_of({{path, member(own, merge::Role::kAdmin, true)}}) == ErrorCode::kDenied);
  const std::string second = merge::member_path(other);
  CHECK(refusal_of({{path, ""}, {second, member(other, merge::Role::kWriter)}}) ==
        ErrorCode::kDenied);
  write({{"a", "1"}, {".isodb/notes", "whatever"}});

  write({{second, member(other, merge::Role::kAdmin)}});
  write({{path, member(own, merge::Role::kWriter)}, {"b", "2"}});
  CHECK(refusal_of({{path, member(own, merge::Role::kAdmin)}}) == ErrorCode::kDenied);
  write({{"c", "3"}});
  CHECK(repository.verify().empty());
}

TEST_CASE_METHOD(Fixture, "documents that say who may write are refused if they cannot be read") {
  const std::string path = merge::member_path(own);
  CHECK(refusal_of({{path, "junk"}}) == ErrorCode::kInvalid);
  CHECK(refusal_of({{path, "{\"name\":\"x\"}"}}) == ErrorCode::kInvalid);
  CHECK(refusal_of({{path, member(other, merge::Role::kAdmin)}}) == ErrorCode::kInvalid);
  CHECK(refusal_of({{".isodb/members/x.json", member(other, merge::Role::kReader)}}) ==
        ErrorCode::kInvalid);
  CHECK(refusal_of({{".isodb/repository.json", ""}}) == ErrorCode::kDenied);
  CHECK(refusal_of({{".isodb/repository.json", "junk"}}) == ErrorCode::kInvalid);
  CHECK(refusal_of({{".isodb/repository.json", "[]"}}) == ErrorCode::kInvalid);
  write({{".isodb/repository.json", R"({"created":1,"format":1,"anyone":"writer"})"}});
  write({{merge::member_path(other), member(other, merge::Role::kReader)}});
}
