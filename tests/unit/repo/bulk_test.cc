// Many documents at once: staged in an import, read by path, walked through.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "isodb/import_session.h"
#include "isodb/repository.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_of;
using isodb::testing::TemporaryFolder;

namespace {

constexpr int kDocuments = 3000;

std::string path_of(int number) {
  // Not in the order of numbers.
  return "records/" + std::to_string(number * 7919 % kDocuments + 10'000) + ".json";
}

Bytes document_of(int number) {
  Bytes text = "{\"number\": " + std::to_string(number) + "}";
  if (number % 500 == 3) text += Bytes(100'000, static_cast<char>('a' + number / 500));  // a list
  if (number % 700 == 5) text.clear();
  return text;
}

/// A repository of documents, most of them in one pack and some loose; and what it holds.
struct Loaded {
  Loaded() {
    ImportSession session(repository);
    for (int i = 0; i < kDocuments; ++i) {
      session.stage(path_of(i), session.write_document(document_of(i), "application/json"));
      documents[path_of(i)] = document_of(i);
    }
    const CommitId id = session.commit({.parents = {repository.resolve_commit("heads/main")}});
    REQUIRE_FALSE(session.finish({{"heads/main", id}}, "load"));
    Transaction transaction = repository.begin();
    for (int i = 0; i < kDocuments; i += 9) {
      documents[path_of(i)] = "changed " + std::to_string(i);
      transaction.put(path_of(i), documents[path_of(i)]);
    }
    std::get<CommitId>(transaction.commit({}));
  }

  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  std::map<std::string, Bytes> documents;
};

/// Overwrites bytes of a document in each pack: documents come first.
void damage_packs(const std::filesystem::path& folder) {
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".pack") continue;
    std::fstream pack(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    pack.seekp(static_cast<std::streamoff>(file.file_size() / 8));
    pack << "damage";
  }
}

}  // namespace

TEST_CASE("staged changes make the same tree as changes that are given at once") {
  const TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  ImportSession session(repository);
  const auto document = [&](const std::string& text) {
    return session.write_document(text, "text/x-" + text);
  };
  Entry described = document("b");
  described.metadata = session.write_metadata("{\"by\": \"me\"}");
  const CommitId given =
      session.commit({.changes = {{"z", document("z")}, {"a", document("a")}, {"b", described}}});
  session.stage("b", document("older"));
  session.stage("z", document("z"));
  session.stage("a", document("lost"));
  session.stage("b", described);
  session.stage("gone", document("c"));
  session.stage("gone", std::nullopt);
  const CommitId staged = session.commit({.changes = {{"a", document("a")}}});
  const CommitId next = session.commit({.parents = {staged}});  // nothing is staged any more
  REQUIRE_FALSE(session.finish({{"heads/a", given}, {"heads/b", staged}, {"heads/c", next}}, "x"));
  for (const char* path : {"a", "b", "z"}) {
    Entry one = *repository.snapshot("a").entry(path), two = *repository.snapshot("b").entry(path);
    CHECK(one.stamp != two.stamp);
    two.stamp = one.stamp;
    CHECK(one == two);
  }
  CHECK(repository.snapshot("b").count() == repository.snapshot("a").count());
  CHECK_FALSE(repository.snapshot("b").entry("gone"));
  CHECK(repository.snapshot("b").metadata("b") == "{\"by\": \"me\"}");
  CHECK(repository.commit(next).tree == repository.commit(staged).tree);
  CHECK(repository.verify().empty());
}

TEST_CASE("a scan gives each document once, in order, whatever is read of it") {
  const Loaded loaded;
  const Snapshot snapshot = loaded.repository.snapshot();
  for (const int skip_every : {0, 2, 300}) {
    auto expected = loaded.documents.begin();
    int number = 0;
    DocumentCursor cursor = snapshot.documents("records/");
    for (; cursor.valid(); cursor.next(), ++expected, ++number) {
      REQUIRE(expected != loaded.documents.end());
      REQUIRE(cursor.path() == expected->first);
      if (skip_every != 0 && number % skip_every == 1) continue;
      REQUIRE(cursor.bytes() == expected->second);
      if (number % 97 == 0) REQUIRE(cursor.bytes() == expected->second);  // once more
    }
    CHECK(expected == loaded.documents.end());
  }
}

TEST_CASE("a scan of a part ends where that ends, and one that is given up lets go") {
  const Loaded loaded;
  const Snapshot snapshot = loaded.repository.snapshot();
  int count = 0;
  for (DocumentCursor cursor = snapshot.documents("records/11"); cursor.valid(); cursor.next()) {
    REQUIRE(cursor.bytes() == loaded.documents.at(cursor.path()));
    ++count;
  }
  CHECK(count == 1000);
  DocumentCursor cursor = snapshot.documents("records/", "records/12");
  for (int i = 0; i < 200; ++i, cursor.next()) {
    REQUIRE(cursor.bytes() == loaded.documents.at(cursor.path()));
  }
  DocumentCursor moved = std::move(cursor);
  REQUIRE(moved.bytes() == loaded.documents.at(moved.path()));
}

TEST_CASE("a scan tells of the document that is damaged, and goes on behind it") {
  const Loaded loaded;
  damage_packs(loaded.folder / "r/packs");
  const Repository repository = Repository::open(loaded.folder / "r");
  int damaged = 0, whole = 0;
  for (DocumentCursor cursor = repository.snapshot().documents("records/"); cursor.valid();
       cursor.next()) {
    const auto error = error_of([&] {
      if (cursor.bytes() == loaded.documents.at(cursor.path())) ++whole;
    });
    if (!error) continue;
    CHECK(error->code() == ErrorCode::kCorrupt);
    CHECK_THAT(error->what(), Catch::Contains(".pack"));
    ++damaged;
  }
  CHECK(damaged > 0);
  CHECK(damaged + whole == kDocuments);
}

TEST_CASE("many documents are read at once as they are one by one") {
  const Loaded loaded;
  const Snapshot snapshot = loaded.repository.snapshot();
  std::vector<std::string> paths = {"records/none", path_of(3), path_of(3), "", path_of(5)};
  for (int i = 0; i < kDocuments; ++i) paths.push_back(path_of(i));
  const auto documents = snapshot.get_many(paths);
  REQUIRE(documents.size() == paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto known = loaded.documents.find(paths[i]);
    if (known == loaded.documents.end()) {
      REQUIRE_FALSE(documents[i]);
    } else {
      REQUIRE(documents[i] == known->second);
    }
  }
  damage_packs(loaded.folder / "r/packs");
  const auto error =
      error_of([&] { Repository::open(loaded.folder / "r").snapshot().get_many(paths); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kCorrupt);
}
