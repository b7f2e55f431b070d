#include "exchange/git_export.h"

#include "exchange/git_import.h"
#include "isodb/import_session.h"
#include "tests/unit/exchange/fixture.h"

using namespace isodb;
using namespace isodb::exchange;
using isodb::testing::error_of;

namespace {

std::string exported(const Fixture& fixture, const GitExportOptions& options = {}) {
  TextSink out;
  export_git(fixture.repository, out.sink, options);
  return out.text;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

}  // namespace

TEST_CASE("a repository that holds nothing exports an empty stream") {
  Fixture fixture;
  CHECK(exported(fixture) == "feature done\ndone\n");
}

TEST_CASE("a commit made here is exported with its author's fingerprint and its clock's time") {
  Fixture fixture;
  fixture.put({{"a", "1"}});
  const Commit commit = fixture.repository.commit(fixture.repository.resolve_commit("@"));
  const std::string name = fixture.repository.public_key().fingerprint();
  const std::string ident =
      name + " <" + name + "@isodb> " + std::to_string(commit.clock.millis() / 1000) + " +0000\n";
  CHECK(exported(fixture) ==
        "feature done\n"
        "blob\nmark :1\ndata 1\n1\n"
        "commit refs/heads/main\nmark :2\nauthor " +
            ident + "committer " + ident + "data 3\nput\nM 100644 :1 a\n\ndone\n");
}

TEST_CASE("each content is written once and each commit's changes alone") {
  Fixture fixture;
  fixture.put({{"a", "same"}, {"b", "same"}, {"c", "other"}});
  fixture.put({{"c", "same"}});
  Transaction transaction = fixture.repository.begin();
  transaction.remove("b");
  transaction.commit({.message = "rm"});
  const std::string text = exported(fixture);
  CHECK(occurrences(text, "blob\n") == 2);
  CHECK(occurrences(text, "M 100644") == 4);
  CHECK(occurrences(text, "D b\n") == 1);
}

TEST_CASE("named refs are exported alone") {
  Fixture fixture;
  fixture.put({{"a", "1"}});
  const CommitId one = fixture.repository.resolve_commit("@");
  fixture.repository.create_tag("v1", one, "the tag");
  fixture.put({{"b", "2"}});
  const std::string text = exported(fixture, {.refs = {"v1"}});
  CHECK(occurrences(text, "commit refs/tags/v1\n") == 1);
  CHECK(occurrences(text, "tag v1\n") == 1);
  CHECK(occurrences(text, "heads/main") == 0);
  CHECK_THAT(text, Catch::Contains("data 7\nthe tag\n"));
  const auto error = error_of([&] { exported(fixture, {.refs = {"none"}}); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kNotFound);
}

TEST_CASE("a document with documents below it is refused, or left out when asked for") {
  for (const bool folder_first : {false, true}) {
    Fixture fixture;
    fixture.put({{folder_first ? "a/b" : "a", "1"}});
    fixture.put({{folder_first ? "a" : "a/b", "2"}});
    const auto error = error_of([&] { exported(fixture); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUnsupported);
    CHECK_THAT(error->what(), Catch::Contains("'a'"));
    Fixture again;
    const std::string text = exported(fixture, {.skip_unsupported = true});
    ByteSource source = ByteSource::over(text);
    import_git(again.repository, source);
    CHECK(again.documents() == Documents{{"a/b", folder_first ? "1" : "2"}});
  }
}

TEST_CASE("a document that turns into a folder is exported as one") {
  Fixture fixture;
  fixture.put({{"a", "1"}, {"b/c", "1"}});
  Transaction transaction = fixture.repository.begin();
  transaction.remove("a");
  transaction.remove("b/c");
  transaction.put("a/x", "2");
  transaction.put("b", "2");
  transaction.commit({.message = "turn"});
  Fixture again;
  const std::string text = exported(fixture);
  ByteSource source = ByteSource::over(text);
  import_git(again.repository, source);
  CHECK(again.documents() == fixture.documents());
}

TEST_CASE("paths that git refuses are refused, or left out when asked for") {
  Fixture fixture;
  fixture.put({{".git/config", "evil"}, {"a/.Git/b", "evil"}, {"ok", "1"}});
  CHECK(error_of([&] { exported(fixture); }));
  const std::string text = exported(fixture, {.skip_unsupported = true});
  CHECK(occurrences(text, "evil") == 0);
  CHECK(occurrences(text, "M 100644") == 1);
}

TEST_CASE("metadata of one's own is not carried, and counted") {
  Fixture fixture;
  Transaction transaction = fixture.repository.begin();
  transaction.put("a", "1", {.media_type = {}, .metadata = "{\"git.mode\":\"100755\"}"});
  transaction.put("b", "1", {.media_type = {}, .metadata = "{\"x\":1}"});
  transaction.put("c", "1", {.media_type = {}, .metadata = "{\"git.mode\":\"bogus\"}"});
  transaction.commit({.message = "m"});
  TextSink out;
  const GitExportReport report = export_git(fixture.repository, out.sink);
  CHECK(report.metadata_dropped == 1);
  CHECK(occurrences(out.text, "M 100755 :1 a\n") == 1);
  CHECK(occurrences(out.text, "M 100644 :1 b\n") == 1);
}

TEST_CASE("large documents are exported whole") {
  Fixture fixture;
  std::mt19937_64 random(3);
  const std::string large = testing::random_bytes(random, 300'000);
  fixture.put({{"large", large}});
  CHECK_THAT(exported(fixture), Catch::Contains("data 300000\n" + large + "\n"));
}

TEST_CASE("a merge with the root that is left out is exported without it") {
  Fixture fixture;
  const std::string stream =
      "commit refs/heads/a\nmark :1\ncommitter A <a> 1 +0000\ndata 1\nx\n"
      "M 100644 inline k\ndata 1\ny\n\n"
      "commit refs/heads/main\ncommitter A <a> 2 +0000\ndata 1\nx\n"
      "from refs/heads/main^0\nmerge :1\nM 100644 inline k\ndata 1\ny\n\n";
  ByteSource source = ByteSource::over(stream);
  import_git(fixture.repository, source);
  const std::string text = exported(fixture);
  CHECK(occurrences(text, "commit refs/heads/") == 2);
  CHECK(occurrences(text, "from :") == 2);  // the merge's, and where refs/heads/a is
  CHECK(occurrences(text, "merge :") == 0);
}

TEST_CASE("a document of another length than its entry says is not exported") {
  Fixture fixture;
  ImportSession session(fixture.repository);
  Entry entry = session.write_document("1\nreset refs/heads/main\nfrom refs/heads/other\n", {});
  entry.size = 1;
  const CommitId forged = session.commit({.parents = {},
                                          .base = {},
                                          .changes = {{"a", entry}},
                                          .at_millis = 1,
                                          .origin = {},
                                          .message = "forged"});
  REQUIRE_FALSE(session.finish({{"heads/forged", forged}}, "test"));
  const auto error = error_of([&] { exported(fixture, {.refs = {"forged"}}); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kCorrupt);
}
