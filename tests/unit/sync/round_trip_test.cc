#include <algorithm>
#include <random>

#include "tests/support/folders.h"
#include "tests/support/syncing.h"

using namespace isodb;
using namespace isodb::testing;
using wire::OperationKind;

namespace {

constexpr const char* kOpenRepository = R"({"created":1,"format":1,"anyone":"writer"})";

struct Fixture {
  Fixture() {
    Repository::init(folder / "a");
    a.emplace(folder / "a");
    write({{".isodb/repository.json", kOpenRepository}});
    b.emplace(empty_clone(folder / "b", a->repository.id()));
  }

  using Documents = std::map<std::string, std::optional<std::string>>;
  static CommitId write(Repository& repository, const Documents& documents,
                        const PutOptions& options = {}) {
    Transaction transaction = repository.begin();
    for (const auto& [path, document] : documents) {
      if (document) {
        transaction.put(path, *document, options);
      } else {
        REQUIRE(transaction.remove(path));
      }
    }
    return std::get<CommitId>(transaction.commit({.message = "m"}));
  }
  CommitId write(const Documents& documents, const PutOptions& options = {}) {
    return write(a->repository, documents, options);
  }
  /// The kinds of operation that bring b where a is.
  std::map<int, std::uint64_t> sent_kinds() { return sync_one_way(*a, *b).operations_of_kind; }
  void check_equal() {
    CHECK(a->repository.ref("heads/main") == b->repository.ref("heads/main"));
    check_sound(b->repository);
  }

  TemporaryFolder folder;
  std::optional<SyncSide> a, b;
};

std::map<int, std::uint64_t> kinds(std::initializer_list<OperationKind> list) {
  std::map<int, std::uint64_t> counted;
  for (const OperationKind kind : list) ++counted[static_cast<int>(kind)];
  return counted;
}

std::string long_text(std::uint64_t seed, std::size_t lines) {
  std::mt19937_64 random(seed);
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += std::to_string(random()) + " line\n";
  return text;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a clone has the same commits") {
  write({{"cows/bella.json", R"({"name":"Bella","milk":12})"}, {"notes.txt", "hello\n"}});
  write({{"cows/bella.json", R"({"name":"Bella","milk":13})"}});
  write({{"notes.txt", std::nullopt}});
  const Pumped pumped = sync_one_way(*a, *b);
  CHECK(pumped.received.size() == 5);  // with the root and the fixture's
  check_equal();
  CHECK(sync_one_way(*a, *b).elements == 0);
}

TEST_CASE_METHOD(Fixture, "each change goes as the operation that says it best") {
  std::string record = "{";
  for (int i = 0; i < 50; ++i)
    record += "\"field" + std::to_string(i) + "\": " + std::to_string(i * 977) + ",\n";
  record += "\"last\":0}";
  const std::string text = long_text(1, 400);
  write({{"a.json", record}, {"b.txt", text}, {"c", "short"}, {"d.bin", std::string("\0\1\2", 3)}});
  sync_one_way(*a, *b);

  std::string changed = record;
  changed.replace(changed.find("977,"), 3, "12345");
  write({{"a.json", changed}});
  CHECK(sent_kinds() == kinds({OperationKind::kValues}));

  std::string spliced = text;
  spliced.insert(spliced.size() / 2, "a new line\n");
  write({{"b.txt", spliced}});
  CHECK(sent_kinds() == kinds({OperationKind::kSplice}));

  std::string patched = spliced;
  patched.insert(1000, "something else here, one\n")
      .insert(3000, "and two\n")
      .insert(5000, "three\n");
  write({{"b.txt", patched}});
  CHECK(sent_kinds() == kinds({OperationKind::kPatch}));

  write({{"c", "other"}, {"d.bin", std::nullopt}});
  CHECK(sent_kinds() == kinds({OperationKind::kWhole, OperationKind::kDelete}));

  write({{"b.txt", std::nullopt}, {"e/b.txt", patched}});
  CHECK(sent_kinds() == kinds({OperationKind::kDelete, OperationKind::kCopy}));

  write({{"e/b.txt", patched}}, {.media_type = "x/y"});
  CHECK(sent_kinds() == kinds({OperationKind::kCopy}));
  check_equal();
}

TEST_CASE_METHOD(Fixture, "media types and metadata are as they were") {
  write({{"a.json", "1"}}, {.media_type = "text/plain", .metadata = R"({"by":"me"})"});
  write({{"a.json", "2"}, {"b", "3"}}, {.metadata = R"({"by":"you"})"});
  write({{"a.json", "4"}}, {.media_type = "", .metadata = "{}"});
  write({{"b", "5"}});
  sync_one_way(*a, *b);
  check_equal();
}

TEST_CASE_METHOD(Fixture, "of a large document only the chunks that are new are sent") {
  std::mt19937_64 random(7);
  std::string document = random_bytes(random, 1 << 20);
  write({{"video.mp4", document}, {"zeros", std::string(3 << 20, '\0')}, {"small", "s"}});
  sync_one_way(*a, *b);

  document.insert(500'000, "a few bytes");
  write({{"video.mp4", document}});
  std::uint64_t bytes = 0;
  sync::Incoming incoming(*b->state, a->repository.public_key());
  sync::Outgoing outgoing = outgoing_for(*a, *b);
  pump(outgoing, incoming, [&](const wire::Element& element) {
    if (const auto* piece = std::get_if<wire::PieceElement>(&element)) bytes += piece->bytes.size();
    return true;
  });
  take_branches(*a, *b, incoming);
  CHECK(bytes > 0);
  CHECK(bytes < 300'000);

  write(
      {{"video.mp4", std::nullopt}, {"moved.mp4", document}, {"small", std::string(70'000, 's')}});
  CHECK(sent_kinds() ==
        kinds({OperationKind::kCopy, OperationKind::kLarge, OperationKind::kDelete}));
  write({{"small", "s"}, {"zeros", std::string(2 << 20, '\0')}});
  sync_one_way(*a, *b);
  check_equal();
}

TEST_CASE_METHOD(Fixture, "merges are computed by who receives") {
  write({{"shared.json", R"({"a":1,"b":1})"}, {"x", "1"}});
  clone_folder(a->repository, folder / "c");
  SyncSide c(folder / "c");
  for (int round = 0; round < 3; ++round) {
    const std::string number = std::to_string(round);
    write({{"shared.json", R"({"a":)" + number + R"(,"b":1})"}, {"x", "a" + number}});
    write(c.repository, {{"shared.json", R"({"a":1,"b":)" + number + "7}"}, {"x", "c" + number}});
    fetch_folder(c.repository, a->repository, "a");
    c.repository.merge("remotes/a/main");
    fetch_folder(a->repository, c.repository, "c");
    a->repository.merge("remotes/c/main");
    write({{"after", number}, {"x", "settled " + number}});
    sync_one_way(*a, *b);
    check_equal();
  }
  // Rules that change have merged documents merged anew.
  fetch_folder(c.repository, a->repository, "a");
  c.repository.merge("remotes/a/main");
  write({{"shared.json", R"({"a":5,"b":1})"}});
  write(c.repository, {{"shared.json", R"({"a":6,"b":1})"}});
  fetch_folder(a->repository, c.repository, "c");
  a->repository.merge("remotes/c/main");
  write({{".isodb/merge.json", R"({"rules":[{"match":"shared.json","strategy":"latest"}]})"}});
  write({{"y", "1"}});
  sync_one_way(*a, *b);
  check_equal();
}

TEST_CASE_METHOD(Fixture, "a commit of many documents is rebuilt in batches") {
  Documents documents;
  for (int i = 0; i < 120'000; ++i)
    documents["d/" + std::to_string(i * 7919 % 1'000'003)] = std::to_string(i);
  write(documents);
  sync_one_way(*a, *b);
  int kept = 0;
  for (auto& [path, document] : documents) {
    if (++kept % 2 == 0) document.reset();
  }
  write(documents);
  sync_one_way(*a, *b);
  check_equal();
}
