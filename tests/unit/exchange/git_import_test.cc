#include "exchange/git_import.h"

#include <random>
#include <set>

#include "core/hash.h"
#include "exchange/git_export.h"
#include "exchange/git_stream.h"
#include "tests/unit/exchange/fixture.h"

using namespace isodb;
using namespace isodb::exchange;
using isodb::testing::error_of;

namespace {

constexpr const char* kPerson = "committer C <c@x> 1200000000 +0100\n";

std::string commit_text(const std::string& ref, const std::string& rest,
                        const std::string& message = "m") {
  return "commit " + ref + "\n" + kPerson + "data " + std::to_string(message.size()) + "\n" +
         message + "\n" + rest + "\n";
}

GitImportReport import_text(Fixture& fixture, std::string_view text,
                            const GitImportOptions& options = {}) {
  ByteSource source = ByteSource::over(text, "s");
  return import_git(fixture.repository, source, options);
}

std::string exported(const Fixture& fixture, const GitExportOptions& options = {}) {
  TextSink out;
  export_git(fixture.repository, out.sink, options);
  return out.text;
}

CommitId head(const Fixture& fixture, const std::string& ref) {
  return CommitId(fixture.repository.ref(ref).value());
}

/// A hash of what git knows of a commit and its history: documents, parents in their order, people,
/// message. Equal in two repositories where the histories are.
std::string history_id(const Fixture& fixture, const CommitId& id) {
  const Commit commit = fixture.repository.commit(id);
  std::string text;
  const Snapshot snapshot = fixture.repository.snapshot_of(id);
  for (const auto& [path, bytes] : fixture.documents(id.hex())) {
    text += path + "=" + bytes + snapshot.metadata(path).value_or("") + "\n";
  }
  std::vector<CommitId> parents;
  for (const OriginField& field : commit.origin) {
    if (field.name == "parent") {
      parents.emplace_back(Id::from_hex(field.value).value());
    } else {
      text += field.name + ":" + field.value + "\n";
    }
  }
  if (parents.empty()) parents = commit.parents;
  for (const CommitId& parent : parents) {
    text += parent == fixture.repository.id() ? "root\n" : history_id(fixture, parent) + "\n";
  }
  return core::sha256(text + commit.message).hex();
}

// Branches, merges (one of them with an ancestor), a second root, modes, tags, a deleted folder.
const std::string kHistory =
    "feature done\n"
    "blob\nmark :1\ndata 4\none\n\n"
    "blob\nmark :2\ndata 4\ntwo\n\n"
    "reset refs/heads/main\n"
    "commit refs/heads/main\nmark :3\n"
    "original-oid 1111111111111111111111111111111111111111\n"
    "author A \xc3\x84 <a@x> 1200000000 -0330\ncommitter C <c@x> 1200000001 +0000\n"
    "data 5\nfirst\nM 100644 :1 a/one\nM 100755 :2 \"a/t\\303\\244o\"\n\n"
    "commit refs/heads/main\nmark :4\ncommitter C <c@x> 1200000002 +0000\n"
    "encoding iso-8859-1\ndata 2\n\xe4\n\nfrom :3\nM 100644 :2 a/one\n"
    "M 160000 89e6c98d92887913cadf06b2adb97f26cde4849b sub\nM 120000 :1 link\n\n"
    "commit refs/heads/side\nmark :5\ncommitter C <c@x> 1200000002 +0000\ndata 1\ns\n"
    "from :3\nM 100644 :1 b\n\n"
    "commit refs/heads/main\nmark :6\ncommitter C <c@x> 1200000003 +0000\ndata 1\nM\n"
    "from :5\nmerge :4\nM 100644 :2 a/one\n\n"
    "commit refs/heads/main\nmark :7\ncommitter C <c@x> 1200000004 +0000\ndata 2\nff\n"
    "from :5\nmerge :6\nD a\n\n"
    "reset refs/heads/other\n"
    "commit refs/heads/other\nmark :8\ncommitter C <c@x> 1100000000 +0000\ndata 0\n\n"
    "reset refs/tags/light\nfrom :5\n\n"
    "tag v1\nfrom :6\ntagger T <t@x> 1200000009 +0200\ndata 4\ntag\n\n"
    "done\n";

}  // namespace

TEST_CASE("an imported history has git's trees") {
  Fixture fixture;
  const GitImportReport report = import_text(fixture, kHistory);
  CHECK(report.commits == 6);
  CHECK(report.merges == 2);
  CHECK(report.tags == 1);
  CHECK(fixture.documents("main~0") == Documents{{"b", "one\n"}});
  CHECK(fixture.documents("v1") ==
        Documents{{"a/one", "two\n"}, {"a/t\xc3\xa4o", "two\n"}, {"b", "one\n"}});
  CHECK(fixture.documents("other").empty());
  CHECK(fixture.repository.snapshot("v1").metadata("a/t\xc3\xa4o") == "{\"git.mode\":\"100755\"}");
}

TEST_CASE("an imported commit keeps what it was in its origin") {
  Fixture fixture;
  import_text(fixture, kHistory);
  const Commit merge = fixture.repository.commit(head(fixture, "heads/main"));
  REQUIRE(merge.parents.size() == 1);  // the other parent is an ancestor of this one
  const CommitId inner = merge.parents[0];
  const CommitId side = head(fixture, "tags/light");
  CHECK(merge.origin == std::vector<OriginField>{{"system", "git"},
                                                 {"committer", "C <c@x> 1200000004 +0000"},
                                                 {"parent", side.hex()},
                                                 {"parent", inner.hex()}});
  CHECK(merge.message == "ff");
  const Commit first = fixture.repository.commit(fixture.repository.commit(side).parents.at(0));
  CHECK(first.origin == std::vector<OriginField>{{"system", "git"},
                                                 {"id", "1111111111111111111111111111111111111111"},
                                                 {"author", "A \xc3\x84 <a@x> 1200000000 -0330"},
                                                 {"committer", "C <c@x> 1200000001 +0000"}});
  CHECK(first.parents == std::vector<CommitId>{fixture.repository.id()});
}

TEST_CASE("an imported commit has the foreign time, and a clock that no other commit has") {
  Fixture fixture;
  import_text(fixture, kHistory);
  std::set<HybridTime> clocks;
  for (const char* ref : {"heads/main", "heads/other"}) {
    fixture.repository.log({head(fixture, ref)}, {}, [&](const LoggedCommit& logged) {
      if (logged.id == fixture.repository.id()) return true;
      CHECK(clocks.insert(logged.commit.clock).second);
      CHECK(logged.commit.clock.millis() / 1000 ==
            git_time(*logged.commit.origin_field("committer")));
      return true;
    });
  }
  CHECK(clocks.size() == 6);
}

TEST_CASE("a foreign time to come counts as now") {
  Fixture fixture;
  import_text(fixture, "commit refs/heads/main\ncommitter C <c@x> 99999999999 +0000\ndata 0\n\n");
  const Commit commit = fixture.repository.commit(head(fixture, "heads/main"));
  CHECK(commit.clock.millis() < 99999999999000);
  CHECK(commit.origin_field("committer") == ByteView("C <c@x> 99999999999 +0000"));
}

TEST_CASE("imported histories pass fsck and verify") {
  Fixture fixture;
  import_text(fixture, kHistory);
  CHECK(fixture.repository.fsck().empty());
  CHECK(fixture.repository.verify().empty());
}

TEST_CASE("what is exported imports to the same history") {
  Fixture first, second;
  import_text(first, kHistory);
  const std::string text = exported(first);
  import_text(second, text);
  for (const char* ref : {"heads/main", "heads/side", "heads/other", "tags/light"}) {
    CAPTURE(ref);
    CHECK(history_id(first, head(first, ref)) == history_id(second, head(second, ref)));
  }
  CHECK(history_id(first, first.repository.resolve_commit("v1")) ==
        history_id(second, second.repository.resolve_commit("v1")));
  CHECK(exported(first) == text);
  CHECK_THAT(text, Catch::Contains("author A \xc3\x84 <a@x> 1200000000 -0330\n"));
  CHECK_THAT(text, Catch::Contains("M 160000 89e6c98d92887913cadf06b2adb97f26cde4849b sub\n"));
  CHECK_THAT(text, Catch::Contains("encoding iso-8859-1\ndata 2\n\xe4\n"));
  CHECK_THAT(text, !Catch::Contains(".isodb"));
}

TEST_CASE("an empty repository takes the stream's main branch for its own") {
  for (const auto& [refs, expected] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"refs/heads/x", "refs/heads/main"}, "heads/main"},
           {{"refs/heads/x", "refs/heads/master"}, "heads/master"},
           {{"refs/heads/x", "refs/heads/y"}, "heads/x"},
           {{"refs/tags/x"}, "heads/main"}}) {
    Fixture fixture;
    std::string text;
    for (const std::string& ref : refs) text += commit_text(ref, "M 644 inline f\ndata 1\nx\n");
    import_text(fixture, text);
    CHECK(fixture.repository.current_branch() == expected);
    CHECK(fixture.repository.ref(expected).has_value());
    CHECK(fixture.refs().size() == (refs[0] == "refs/tags/x" ? 2 : refs.size()));
  }
}

TEST_CASE("a repository that holds something keeps its current branch") {
  Fixture fixture;
  fixture.put({{"mine", "1"}});
  import_text(fixture, commit_text("refs/heads/master", "M 644 inline f\ndata 1\nx\n"));
  CHECK(fixture.repository.current_branch() == "heads/main");
  CHECK(fixture.documents() == Documents{{"mine", "1"}});
}

TEST_CASE("a ref that would lose commits does not move unless forced") {
  Fixture fixture;
  import_text(fixture, commit_text("refs/heads/main", "M 644 inline f\ndata 1\nx\n"));
  const std::string other = commit_text("refs/heads/main", "M 644 inline f\ndata 1\ny\n");
  const auto before = fixture.refs();
  const auto error = error_of([&] { import_text(fixture, other); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kStale);
  CHECK_THAT(error->what(), Catch::Contains("heads/main"));
  CHECK(fixture.refs() == before);
  import_text(fixture, other, {.force = true});
  CHECK(fixture.documents() == Documents{{"f", "y"}});
}

TEST_CASE("a stream carries on where a ref of the repository stands") {
  Fixture fixture;
  import_text(fixture, commit_text("refs/heads/main", "M 644 inline f\ndata 1\nx\n"));
  import_text(fixture, commit_text("refs/heads/main",
                                   "from refs/heads/main^0\nM 644 inline g\ndata 1\ny\n"));
  CHECK(fixture.documents() == Documents{{"f", "x"}, {"g", "y"}});
}

TEST_CASE("a stream carries on where an earlier one ended, by the foreign id") {
  Fixture fixture;
  const std::string id = "2222222222222222222222222222222222222222";
  import_text(fixture, "commit refs/heads/main\noriginal-oid " + id + "\n" + kPerson +
                           "data 0\nM 644 inline f\ndata 1\nx\n\n");
  import_text(fixture,
              commit_text("refs/heads/main", "from " + id + "\nM 644 inline g\ndata 1\ny\n"));
  CHECK(fixture.documents() == Documents{{"f", "x"}, {"g", "y"}});
}

TEST_CASE("a ref is deleted by its null id when forced") {
  Fixture fixture;
  import_text(fixture, commit_text("refs/heads/x", "") + commit_text("refs/heads/y", ""));
  const std::string text = "reset refs/heads/y\nfrom 0000000000000000000000000000000000000000\n\n";
  CHECK(error_of([&] { import_text(fixture, text); }));
  import_text(fixture, text, {.force = true});
  CHECK_FALSE(fixture.repository.ref("heads/y"));
  CHECK(fixture.repository.ref("heads/x"));
}

TEST_CASE("an existing tag does not move unless forced") {
  Fixture fixture;
  const std::string one = commit_text("refs/heads/main", "");
  import_text(fixture, one + "reset refs/tags/v\nfrom refs/heads/main\n\n");
  const std::string next = commit_text("refs/heads/main", "from refs/heads/main^0\n", "next") +
                           "reset refs/tags/v\nfrom refs/heads/main\n\n";
  CHECK(error_of([&] { import_text(fixture, next); }));
  import_text(fixture, next, {.force = true});
  CHECK(head(fixture, "tags/v") == head(fixture, "heads/main"));
}

TEST_CASE("paths that cannot be held are refused by name, or left out when asked for") {
  const std::string text = commit_text("refs/heads/main",
                                       "M 644 inline good\ndata 1\nx\n"
                                       "M 644 inline \"bad\\nname\"\ndata 1\nx\n"
                                       "M 644 inline .isodb/members/evil.json\ndata 1\nx\n"
                                       "M 644 inline .isodb\ndata 1\nx\n"
                                       "M 644 inline a/../b\ndata 1\nx\n"
                                       "R good .isodb/x\nM 644 inline good2\ndata 1\nx\n");
  Fixture fixture;
  const auto error = error_of([&] { import_text(fixture, text); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUnsupported);
  CHECK_THAT(error->what(), Catch::Contains("bad\\012name"));
  const GitImportReport report = import_text(fixture, text, {.skip_unsupported = true});
  CHECK(report.skipped.size() == 5);
  CHECK(report.skipped_changes == 5);
  CHECK(fixture.documents() == Documents{{"good2", "x"}});
  CHECK(fixture.repository.verify().empty());
}

TEST_CASE("clearing a tree keeps the members of the repository") {
  Fixture fixture;
  import_text(fixture,
              commit_text("refs/heads/main", "M 644 inline f\ndata 1\nx\n") +
                  commit_text("refs/heads/main", "deleteall\nM 644 inline g\ndata 1\ny\n"));
  CHECK(fixture.documents() == Documents{{"g", "y"}});
  CHECK(fixture.repository.snapshot().documents(".isodb/members/").valid());
}

TEST_CASE("blobs beyond the bound leave memory and are found again") {
  std::string text, changes;
  for (int i = 1; i <= 50; ++i) {
    const std::string content(100, static_cast<char>('0' + i % 10));
    text += "blob\nmark :" + std::to_string(i) + "\ndata 100\n" + content + "\n";
    changes += "M 644 :" + std::to_string(i) + " f" + std::to_string(i) + "\n";
  }
  Fixture fixture;
  import_text(fixture, text + commit_text("refs/heads/main", changes), {.held_bytes_max = 1000});
  const Documents documents = fixture.documents();
  REQUIRE(documents.size() == 50);
  CHECK(documents.at("f17") == std::string(100, '7'));
}

TEST_CASE("names that mean nothing are refused with their line") {
  for (const std::string& text : std::vector<std::string>{
           commit_text("refs/heads/x", "from :7\n"), commit_text("refs/heads/x", "M 644 :7 f\n"),
           commit_text("refs/heads/x", "from refs/heads/none\n"),
           commit_text("refs/heads/x", "from 3333333333333333333333333333333333333333\n"),
           commit_text("refs/heads/x", "R none there\n"), commit_text("refs/heads/x y", ""),
           commit_text("heads/x", ""), "reset refs/heads/x\nfrom :1\n\n",
           "blob\nmark :1\ndata 0\n" + commit_text("refs/heads/x", "from :1\n"),
           "tag v\nfrom :9\ndata 0\n",
           commit_text("refs/heads/x", "") + "tag a\n" +
               "from 00000000000000000000"
               "00000000000000000000\ndata 0\n"}) {
    CAPTURE(text);
    Fixture fixture;
    const auto before = fixture.refs();
    const auto error = error_of([&] { import_text(fixture, text); });
    REQUIRE(error);
    CHECK_THAT(error->what(), Catch::StartsWith("s: line "));
    CHECK(fixture.refs() == before);
  }
}

TEST_CASE("a stream cut off at any byte leaves the repository as it was") {
  Fixture fixture;
  const auto refs = fixture.refs();
  for (std::size_t length = 13; length < kHistory.size(); ++length) {
    CAPTURE(length);
    REQUIRE(error_of([&] { import_text(fixture, kHistory.substr(0, length)); }));
    REQUIRE(fixture.refs() == refs);
  }
  CHECK(fixture.repository.current_branch() == "heads/main");
  CHECK(fixture.repository.fsck().empty());
  CHECK(fixture.documents().empty());
}

TEST_CASE("a stream with bytes flipped is imported or leaves the repository as it was") {
  std::mt19937_64 random(20261120);
  int refused = 0;
  auto fixture = std::make_unique<Fixture>();
  for (int run = 0; run < 400; ++run) {
    std::string damaged = kHistory;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    }
    const auto refs = fixture->refs();
    const auto error = error_of([&] { import_text(*fixture, damaged); });
    if (error) {
      ++refused;
      REQUIRE(fixture->refs() == refs);
    } else {
      REQUIRE(fixture->repository.fsck().empty());
      REQUIRE(fixture->repository.verify().empty());
      exported(*fixture, {.skip_unsupported = true});
      fixture = std::make_unique<Fixture>();
    }
  }
  CHECK(refused > 100);
  CHECK(fixture->repository.fsck().empty());
}

TEST_CASE("the report counts documents, whether the stream gives them before a commit or in it") {
  Fixture fixture;
  const GitImportReport report = import_text(
      fixture,
      "blob\nmark :1\ndata 1\nx\n" +
          commit_text("refs/heads/main", "M 644 :1 a\nM 644 inline b\ndata 1\ny\nM 160000 " +
                                             std::string(40, 'a') + " c\n"));
  CHECK(report.documents == 3);
  CHECK(fixture.documents().size() == 3);
}
