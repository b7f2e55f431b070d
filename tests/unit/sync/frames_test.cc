// Documents that go as they lie in the sender's packs.
#include <random>

#include "core/compress.h"
#include "isodb/scope.h"
#include "isodb/sync.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "repo/access.h"
#include "sync/stored_frames.h"
#include "tests/support/folders.h"
#include "tests/support/sync_corpus.h"
#include "tests/support/syncing.h"

using namespace isodb;
using namespace isodb::testing;
using wire::DictionaryElement;
using wire::OperationElement;
using wire::OperationKind;

namespace {

constexpr std::uint64_t kMany = 12'000;  // enough to go into a pack of their own at once

void write_many(Repository& repository, std::uint64_t from, std::uint64_t count,
                const std::string& folder = {}) {
  Transaction transaction = repository.begin();
  for (std::uint64_t i = from; i < from + count; ++i) {
    transaction.put(folder + SyncCorpus::path(i), SyncCorpus::document(i));
  }
  REQUIRE(std::holds_alternative<CommitId>(transaction.commit({.message = "m"})));
}

struct Fixture {
  Fixture() { a.emplace(make(folder / "a")); }
  static SyncSide make(const std::filesystem::path& folder) {
    Repository::init(folder);
    return SyncSide(folder);
  }
  void write(std::uint64_t from, std::uint64_t count = kMany) {
    write_many(a->repository, from, count);
    a->state->store->refresh();
  }
  SyncSide clone(const std::string& name) { return empty_clone(folder / name, a->repository.id()); }

  struct Sent {
    std::uint64_t frames = 0, whole = 0, dictionaries = 0;
  };
  /// As over a quick line.
  Sent send(SyncSide& to) {
    sync::StoredFrames frames(*a->state->store);
    frames.allow(true);
    sync::Incoming incoming(*to.state, a->repository.public_key());
    sync::Outgoing outgoing = outgoing_for(*a, to, {.frames = &frames});
    Sent sent;
    const Pumped pumped = pump(outgoing, incoming, [&](const wire::Element& element) {
      if (std::holds_alternative<DictionaryElement>(element)) ++sent.dictionaries;
      if (incoming.should_begin_pack()) incoming.flush();
      return true;
    });
    const auto count = [&](OperationKind kind) {
      const auto found = pumped.operations_of_kind.find(static_cast<int>(kind));
      return found == pumped.operations_of_kind.end() ? 0 : found->second;
    };
    sent.frames = count(OperationKind::kFrame);
    sent.whole = count(OperationKind::kWhole);
    take_branches(*a, to, incoming);
    to.state->store->refresh();
    return sent;
  }
  /// How many documents lie in the other's packs byte for byte as they do here.
  std::uint64_t same_frames(const RepositoryState& other) const {
    std::uint64_t same = 0;
    const Snapshot snapshot = a->repository.snapshot();
    objects::Cursor cursor(a->state->nodes(), snapshot.tree_id());
    for (cursor.seek({}); cursor.valid(); cursor.next()) {
      const auto here = a->state->store->packed_blob(cursor.entry().content);
      const auto there = other.store->packed_blob(cursor.entry().content);
      const bool are_packed = here && there && here->plain_bytes == there->plain_bytes;
      if (are_packed && here->frame == there->frame &&
          here->dictionary->content() == there->dictionary->content()) {
        ++same;
      }
    }
    return same;
  }

  TemporaryFolder folder;
  std::optional<SyncSide> a;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "documents in packs are sent and stored as they lie there") {
  write(0);
  SyncSide b = clone("b");
  const Sent sent = send(b);
  CHECK(sent.dictionaries == 1);
  CHECK(sent.whole >= 512);  // until a dictionary was worth its bytes
  CHECK(sent.whole < 600);
  CHECK(sent.frames + sent.whole == kMany);
  // What waited in memory before there was a pack was stored anew.
  CHECK(same_frames(*b.state) > kMany / 2);
  CHECK(a->repository.ref("heads/main") == b.repository.ref("heads/main"));
  check_sound(b.repository);
  CHECK(b.repository.snapshot().get(SyncCorpus::path(7)) == SyncCorpus::document(7));
}

TEST_CASE_METHOD(Fixture, "a few documents of a pack do not bring its dictionary") {
  Transaction transaction = a->repository.begin();
  for (std::uint64_t i = 0; i < 510; ++i) {
    std::string document;
    for (std::uint64_t part = 0; part < 20; ++part) {
      document += SyncCorpus::document(i * 20 + part);
    }
    transaction.put(SyncCorpus::path(i), document);
  }
  REQUIRE(std::holds_alternative<CommitId>(transaction.commit({.message = "m"})));
  a->state->store->refresh();
  SyncSide b = clone("b");
  const Sent sent = send(b);
  CHECK(sent.dictionaries == 0);
  CHECK(sent.frames == 0);
  CHECK(same_frames(*a->state) > 500);  // though they lie in a pack
  check_sound(b.repository);
}

TEST_CASE_METHOD(Fixture, "each of several packs brings its dictionary, and makes another pack") {
  write(0);
  write(kMany);
  write(2 * kMany);
  SyncSide b = clone("b");
  const Sent sent = send(b);
  CHECK(sent.dictionaries == 3);
  CHECK(sent.frames > 3 * (kMany - 600));
  CHECK(same_frames(*b.state) > 2 * kMany);
  check_sound(b.repository);
}

TEST_CASE_METHOD(Fixture, "frames of what is here already fill no disk") {
  write(0);
  SyncSide b = clone("b");
  send(b);
  const auto packed_bytes = [&] {
    std::uint64_t bytes = 0;
    for (const objects::PackInfo& pack : b.state->database->inventory(0).packs) bytes += pack.bytes;
    return bytes;
  };
  const std::uint64_t before = packed_bytes();
  SyncSide nothing = clone("nothing");
  for (int again = 0; again < 2; ++again) {
    sync::StoredFrames frames(*a->state->store);
    frames.allow(true);
    sync::Incoming incoming(*b.state, a->repository.public_key());
    sync::Outgoing outgoing = outgoing_for(*a, nothing, {.frames = &frames});
    const Pumped pumped = pump(outgoing, incoming);
    CHECK(pumped.count(sync::Received::Kind::kKnown) == pumped.received.size());
    incoming.flush();
  }
  CHECK(packed_bytes() < before + 100'000);  // of more than 4 MB of documents
}

TEST_CASE_METHOD(Fixture, "a stream of frames that breaks goes on where it broke") {
  write(0);
  write(kMany);
  SyncSide b = clone("b");
  std::uint64_t dictionaries = 0, streams = 0;
  for (bool is_whole = false; !is_whole; ++streams) {
    REQUIRE(streams < 20);
    sync::StoredFrames frames(*a->state->store);
    frames.allow(true);
    sync::Incoming incoming(*b.state, a->repository.public_key());
    sync::Outgoing outgoing =
        outgoing_for(*a, b, {.resume = incoming.resume(), .frames = &frames}, incoming.heads());
    std::uint64_t left = 5'000;
    pump(outgoing, incoming, [&](const wire::Element& element) {
      if (std::holds_alternative<DictionaryElement>(element)) ++dictionaries;
      return left-- > 0;
    });
    is_whole = left > 0 && left < 5'000;
    if (is_whole) {
      take_branches(*a, b, incoming);
    } else {
      incoming.flush();
      b.state = SyncSide::open_state(folder / "b");
    }
  }
  CHECK(streams > 4);
  CHECK(dictionaries >= streams - 1);  // none is known from the stream before
  CHECK(a->repository.ref("heads/main") == b.repository.ref("heads/main"));
  check_sound(b.repository);
}

TEST_CASE_METHOD(Fixture, "the flight between a dictionary and its frame may be cut") {
  write(0, 9'600);
  SyncSide b = clone("b");
  std::uint64_t after_dictionary = 0;
  bool came = false;
  for (int stream = 0; stream < 2; ++stream) {
    sync::StoredFrames frames(*a->state->store);
    frames.allow(true);
    sync::Incoming incoming(*b.state, a->repository.public_key());
    sync::Outgoing outgoing =
        outgoing_for(*a, b, {.resume = incoming.resume(), .frames = &frames}, incoming.heads());
    pump(outgoing, incoming, [&](const wire::Element& element) {
      const bool is_first = stream == 0;
      if (is_first && came) return false;
      came = came || std::holds_alternative<DictionaryElement>(element);
      if (!is_first) ++after_dictionary;
      return true;
    });
    if (stream == 0) {
      incoming.flush();
      b.state = SyncSide::open_state(folder / "b");
    } else {
      take_branches(*a, b, incoming);
    }
  }
  CHECK(came);
  CHECK(after_dictionary > 9'000);
  check_sound(b.repository);
}

TEST_CASE_METHOD(Fixture, "a partial clone over a folder holds its documents as they came") {
  write_many(a->repository, 0, kMany, "cows/");
  write_many(a->repository, kMany, kMany, "sheep/");
  sync::SyncOptions options;
  options.scope = sync::CloneScope{.paths = {"cows"}};
  const sync::SyncResult made =
      sync::clone(sync::remote_at((folder / "a").string()), folder / "partial", options);
  if (made.error) FAIL(made.error->what());
  Repository partial = Repository::open(folder / "partial");
  a->state->store->refresh();
  CHECK(same_frames(*repo::Access::state(partial)) > kMany / 2);
  CHECK(partial.fsck().empty());
  CHECK(partial.verify({.again = true}).empty());
  CHECK(partial.snapshot().get("cows/" + SyncCorpus::path(7)) == SyncCorpus::document(7));
}

TEST_CASE_METHOD(Fixture, "where frames are not allowed, none are sent") {
  write(0, 9'600);
  sync::StoredFrames frames(*a->state->store);
  sync::Outgoing outgoing = outgoing_for(*a, clone("b"), {.frames = &frames});
  std::uint64_t whole = 0;
  while (const std::optional<wire::Element> element = outgoing.next()) {
    CHECK_FALSE(std::holds_alternative<DictionaryElement>(*element));
    const auto* operation = std::get_if<OperationElement>(&*element);
    if (operation != nullptr) whole += operation->kind == OperationKind::kWhole ? 1 : 0;
  }
  CHECK(whole > 9'500);
}

namespace {

/// A commit of one new document, as a peer would send it with a dictionary of its own.
struct Hostile : Fixture {
  Hostile() {
    write_many(a->repository, 0, 1);
    Bytes samples;
    for (std::uint64_t i = 0; i < 50; ++i) samples += SyncCorpus::document(i);
    dictionary.bytes = samples.substr(0, 20'000);
    const core::Dictionary ready(dictionary.bytes, 1);
    document = SyncCorpus::document(0);
    core::compress(frame, document, ready);
  }

  /// Of a stream in which these elements stand in place of the document's operation.
  std::optional<Error> error_of_sending(const std::vector<wire::Element>& instead) {
    SyncSide b = clone("b" + std::to_string(clones++));
    sync::Incoming incoming(*b.state, a->repository.public_key());
    sync::Outgoing outgoing = outgoing_for(*a, b);
    incoming.begin_stream();
    return error_of([&] {
      while (const std::optional<wire::Element> element = outgoing.next()) {
        const auto* operation = std::get_if<OperationElement>(&*element);
        if (operation == nullptr || operation->bytes != document) {
          if (const auto received = incoming.take(*element)) kinds.push_back(received->kind);
          continue;
        }
        for (wire::Element other : instead) {
          if (auto* changed = std::get_if<OperationElement>(&other)) {
            changed->is_new = operation->is_new;
            changed->rank_gap = operation->rank_gap;
            changed->shared = operation->shared;
            changed->rest = operation->rest;
          }
          const auto received = incoming.take(other);
          if (!received) continue;
          kinds.push_back(received->kind);
          if (received->kind == sync::Received::Kind::kWantedAsObjects) return;
        }
      }
      incoming.end_stream(outgoing.commits(), outgoing.operations());
    });
  }
  std::string problem_of(const std::vector<wire::Element>& instead) {
    const std::optional<Error> error = error_of_sending(instead);
    if (!error) return {};
    CHECK(error->code() == ErrorCode::kCorrupt);
    return error->what();
  }
  static OperationElement operation(const Bytes& frame, std::uint64_t size) {
    OperationElement operation;
    operation.kind = OperationKind::kFrame;
    operation.bytes = frame;
    operation.size = size;
    return operation;
  }

  DictionaryElement dictionary;
  Bytes document, frame;
  int clones = 0;
  std::vector<sync::Received::Kind> kinds;
};

}  // namespace

TEST_CASE_METHOD(Hostile, "a frame has to be one, of exactly the size that was said") {
  REQUIRE(frame.size() < document.size());
  CHECK(problem_of({dictionary, operation(frame, document.size())}) == "");
  const auto has = [](const std::string& problem, const char* part) {
    return problem.find(part) != std::string::npos;
  };
  CHECK(has(problem_of({operation(frame, document.size())}), "no dictionary came"));
  CHECK(has(problem_of({dictionary, operation(frame, document.size() + 1)}), "shorter than said"));
  CHECK(has(problem_of({dictionary, operation(frame, document.size() - 1)}), "damaged"));
  CHECK(has(problem_of({dictionary, operation(frame, 70'000)}), "65,536"));
  CHECK(has(problem_of({dictionary, operation(frame + "x", document.size())}), "follow its end"));
  CHECK(has(problem_of({dictionary, operation(frame.substr(0, frame.size() - 1), document.size())}),
            "ends too early"));
  Bytes bomb;
  core::compress(bomb, Bytes(60'000, '\0'), core::Dictionary(dictionary.bytes, 1));
  CHECK(bomb.size() < 100);
  CHECK(has(problem_of({dictionary, operation(bomb, document.size())}), "damaged"));
  // Another document than the one that was signed.
  const Bytes other = "x" + document.substr(1);
  Bytes other_frame;
  core::compress(other_frame, other, core::Dictionary(dictionary.bytes, 1));
  CHECK(kinds.back() != sync::Received::Kind::kWantedAsObjects);
  CHECK(problem_of({dictionary, operation(other_frame, other.size())}) == "");
  CHECK(kinds.back() == sync::Received::Kind::kWantedAsObjects);
}

TEST_CASE_METHOD(Hostile, "a dictionary that zstd cannot use is refused") {
  // What begins as a trained one has tables behind that, here of chance.
  std::mt19937_64 random(1);
  const Bytes magic("\x37\xa4\x30\xec", 4);
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    const DictionaryElement damaged{magic + random_bytes(random, 2'000)};
    const std::string problem = problem_of({damaged, operation(frame, document.size())});
    CHECK(problem != "");
    if (problem.find("dictionary is damaged") != std::string::npos) ++refused;
  }
  CHECK(refused > 0);
  CHECK(problem_of({DictionaryElement{Bytes(70'000, 'x')}, operation(frame, document.size())}) !=
        "");
}

TEST_CASE_METHOD(Hostile, "dictionaries have to be worth it") {
  const auto after = [&](std::size_t dictionaries) {
    std::vector<wire::Element> elements(dictionaries, dictionary);
    elements.push_back(operation(frame, document.size()));
    return problem_of(elements);
  };
  CHECK(after(16) == "");
  CHECK(after(17).find("more than 16 dictionaries") != std::string::npos);
  // Of any session what came before counts.
  write_many(a->repository, 1, 600);
  SyncSide b = clone("many");
  sync::Incoming incoming(*b.state, a->repository.public_key());
  sync::Outgoing outgoing = outgoing_for(*a, b);
  incoming.begin_stream();
  unsigned operations = 0;
  std::uint64_t taken = 0;
  std::optional<ErrorCode> failed;
  while (const std::optional<wire::Element> element = outgoing.next()) {
    incoming.take(*element);
    if (!std::holds_alternative<OperationElement>(*element) || ++operations != 550) continue;
    while (!failed && taken < 100) {
      failed = error_code_of([&] { incoming.take(dictionary); });
      if (!failed) ++taken;
    }
    break;
  }
  CHECK(failed == ErrorCode::kCorrupt);
  CHECK(taken == 16 + 550 / 256);
}

TEST_CASE_METHOD(Hostile, "a dictionary stands within a commit") {
  SyncSide b = clone("b");
  sync::Incoming incoming(*b.state, a->repository.public_key());
  incoming.begin_stream();
  CHECK(error_code_of([&] { incoming.take(dictionary); }) == ErrorCode::kCorrupt);
}
