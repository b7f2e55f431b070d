#include "wire/run.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/streams.h"
#include "tests/support/testing.h"
#include "tests/unit/wire/elements.h"

using namespace isodb;
using namespace isodb::wire;
using namespace isodb::testing;

TEST_CASE("a run's elements come out as they went in, with the counts that END says") {
  RandomStream source(1, {numbered_commit(500)});
  const std::vector<Element> elements = source.make(60);
  StreamReceiver receiver({numbered_commit(500)}, source.resumed_operations());
  for (const Bytes& payload :
       write_stream(elements, {numbered_commit(500)}, source.resumed_operations())) {
    receiver.add_frame(payload);
  }
  CHECK(receiver.elements() == elements);
  CHECK_NOTHROW(receiver.reader().expect_end());
  CHECK(receiver.reader().commits() == 60);
  const auto is_operation = [](const Element& element) {
    return std::holds_alternative<OperationElement>(element);
  };
  CHECK(receiver.reader().operations() ==
        static_cast<std::uint64_t>(std::count_if(elements.begin(), elements.end(), is_operation)));
}

TEST_CASE("parents are named by the way back, as known commits, or by id") {
  const CommitId known = numbered_commit(700), far = numbered_commit(800);
  RunWriter writer({known}, 1);
  RunReader reader({known});
  const std::vector<std::vector<CommitId>> parents = {
      {known},
      {numbered_commit(0)},
      {numbered_commit(0)},
      {far},
      {numbered_commit(0), numbered_commit(3), known, far}};
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const CommitElement commit = commit_of(0, parents[i]);
    writer.add(commit);
    writer.commit_is(numbered_commit(i));
    for (const Bytes& payload : writer.take_run(3)) reader.add_frame(payload);
    CHECK(std::get<CommitElement>(*reader.next()) == commit);
    CHECK_FALSE(reader.next());
    reader.commit_is(numbered_commit(i));
  }
}

TEST_CASE("a commit further back than the limit is named by its id") {
  RunWriter writer({}, 1);
  RunReader reader({});
  const std::uint64_t last = kBackReferenceMax + 10;
  const auto pass = [&](const CommitElement& commit, std::uint64_t number) {
    writer.add(commit);
    writer.commit_is(numbered_commit(number));
    const std::size_t bytes = writer.plain_bytes();
    for (const Bytes& payload : writer.take_run(0)) reader.add_frame(payload);
    CHECK(std::get<CommitElement>(*reader.next()).parents == commit.parents);
    CHECK_FALSE(reader.next());
    reader.commit_is(numbered_commit(number));
    return bytes;
  };
  pass(commit_of(0, {numbered_commit(last + 1)}), 0);
  std::size_t bytes = 0;
  for (std::uint64_t i = 1; i <= last; ++i) {
    bytes = pass(commit_of(0, {numbered_commit(i - 1)}), i);
  }
  // Of the commits 0 to `last`, the oldest that can be named is last + 1 - kBackReferenceMax.
  CHECK(pass(commit_of(0, {numbered_commit(12)}), last + 1) == bytes + 4);
  CHECK(pass(commit_of(0, {numbered_commit(11)}), last + 2) == bytes + 2 + Id::kSize);
}

TEST_CASE("more devices than have numbers go without one") {
  RunWriter writer({}, 1);
  RunReader reader({});
  CommitElement commit = commit_of(0, {numbered_commit(1)});
  for (std::uint64_t i = 0; i < kDevicesMax + 3; ++i) {
    commit.writer.value = std::min<std::uint64_t>(i, kDevicesMax);
    commit.sequence = i + 1;
    writer.add(commit);
    writer.commit_is(numbered_commit(0));
    for (const Bytes& payload : writer.take_run(0)) reader.add_frame(payload);
    REQUIRE(std::get<CommitElement>(*reader.next()) == commit);
    reader.next();
    reader.commit_is(numbered_commit(0));
  }
}

TEST_CASE("a run is full when an element might not fit or a flight is gathered") {
  std::mt19937_64 random(1);
  RunWriter writer({}, 1);
  writer.add(commit_of(1'000'000, {numbered_commit(1)}));
  std::size_t runs = 0;
  for (int i = 0; i < 200; ++i) {
    if (writer.is_full()) {
      const auto payloads = writer.take_run(0);
      std::size_t bytes = 0;
      for (const Bytes& payload : payloads) bytes += payload.size();
      // Nothing shrinks here: the first run was too large, as zstd was expected to halve it.
      CHECK(bytes < (runs == 0 ? 76'000 : 44'000));
      ++runs;
    }
    writer.add(whole_of(random_bytes(random, 10'000)));
  }
  CHECK(runs > 40);
}

TEST_CASE("the largest elements fit in a run that is not full") {
  OperationElement operation = whole_of(Bytes(kOperationBytesMax, 'w'));
  operation.is_new = true;
  operation.rank_gap = UINT64_MAX;
  operation.rest = Bytes(1024, 'p');
  operation.media_type = Bytes(127, 'm');
  operation.metadata.emplace(Bytes(65'536, 'n'));
  CommitElement commit = commit_of(20, {});
  for (std::uint64_t i = 0; i < 4096; ++i) commit.parents.push_back(numbered_commit(10'000 + i));
  std::sort(commit.parents.begin(), commit.parents.end());
  commit.message = Bytes(kCommitTextBytesMax - 9, 'm');
  commit.origin = {{"system", "x"}};
  REQUIRE(commit_fits(commit));
  RunWriter writer({}, 1);
  StreamReceiver receiver({}, 0);
  const auto pass = [&] {
    for (const Bytes& payload : writer.take_run(0)) receiver.add_frame(payload);
  };
  writer.add(commit);
  pass();
  for (std::uint64_t i = 0; i < commit.operations; ++i) {
    if (writer.is_full()) pass();
    writer.add(i % 2 == 0 ? operation : whole_of(Bytes(60'000, 'x')));
  }
  writer.commit_is(numbered_commit(0));
  pass();
  CHECK(std::get<OperationElement>(receiver.elements()[1]) == operation);
  CHECK(receiver.reader().operations() == commit.operations);
  // A commit may be larger than what is_full() keeps free.
  writer.add(commit_of(1, {numbered_commit(0)}));
  writer.add(whole_of(Bytes(65'000, 'x')));
  writer.commit_is(numbered_commit(1));
  CHECK_FALSE(writer.is_full());
  writer.add(commit);
  CHECK(writer.is_full());
  CHECK(writer.plain_bytes() > 250'000);
  pass();
  CHECK(std::get<CommitElement>(receiver.elements().back()) == commit);
  commit.message += 'x';
  CHECK_FALSE(commit_fits(commit));
}

TEST_CASE("later runs are packed with what earlier ones held, until the level changes") {
  std::mt19937_64 random(2);
  const Bytes document = random_bytes(random, 10'000);
  RunWriter writer({}, 1);
  StreamReceiver receiver({}, 0);
  writer.add(commit_of(4, {numbered_commit(1)}));
  const auto run_bytes = [&] {
    writer.add(whole_of(document + Bytes(300, 'x')));
    std::size_t bytes = 0;
    for (const Bytes& payload : writer.take_run(0)) {
      bytes += payload.size();
      receiver.add_frame(payload);
    }
    return bytes;
  };
  CHECK(run_bytes() > 10'000);
  CHECK(run_bytes() < 200);
  writer.set_level(5);
  CHECK(run_bytes() > 10'000);
  writer.release();
  CHECK(run_bytes() > 10'000);
  CHECK(receiver.elements().size() == 5);
}

TEST_CASE("runs go plain where they are not to be packed, between packed ones too") {
  RunWriter writer({}, RunWriter::kPlain);
  StreamReceiver receiver({}, 0);
  writer.add(commit_of(20, {numbered_commit(1)}));
  const Element element = whole_of(Bytes(7'000, 'x'));
  const auto coding_of_run = [&] {
    for (int i = 0; i < 5 && !writer.is_full(); ++i) writer.add(element);
    int coding = -1;
    for (const Bytes& payload : writer.take_run(0)) {
      coding = payload[1];
      receiver.add_frame(payload);
    }
    return coding;
  };
  CHECK(coding_of_run() == 0);
  writer.set_level(1);
  CHECK(coding_of_run() == 1);
  CHECK(coding_of_run() == 2);
  writer.set_level(RunWriter::kPlain);
  CHECK(coding_of_run() == 0);
  const std::vector<Element>& elements = receiver.elements();
  CHECK(elements.size() == 1 + writer.operations());
  CHECK(std::all_of(elements.begin() + 1, elements.end(),
                    [&](const Element& other) { return other == element; }));
}

TEST_CASE("a run that zstd cannot shrink goes plain, and so does a small one") {
  std::mt19937_64 random(3);
  RunWriter writer({}, 1);
  StreamReceiver receiver({}, 0);
  CommitElement commit = commit_of(3, {numbered_commit(1)});
  for (std::uint8_t& byte : commit.author.bytes) byte = static_cast<std::uint8_t>(random());
  for (std::uint8_t& byte : commit.signature.bytes) byte = static_cast<std::uint8_t>(random());
  writer.add(commit);
  for (const Bytes& payload : writer.take_run(0)) receiver.add_frame(payload);
  std::vector<Element> sent;
  for (const Bytes& document :
       {Bytes("small"), random_bytes(random, 70'000 - 6'000), Bytes(5'000, 'x')}) {
    sent.emplace_back(whole_of(document));
  }
  std::vector<int> codings;
  for (const Element& element : sent) {
    writer.add(element);
    for (const Bytes& payload : writer.take_run(0)) {
      codings.push_back(payload[1]);
      receiver.add_frame(payload);
    }
  }
  CHECK(codings == std::vector<int>{0, 0, 1});
  CHECK(std::vector<Element>(receiver.elements().begin() + 1, receiver.elements().end()) == sent);
}

TEST_CASE("elements that cannot follow each other are not written") {
  const Element commit = commit_of(1, {numbered_commit(9)}), operation = whole_of("x");
  OperationElement large = of_kind(OperationKind::kLarge);
  large.size = 70'000;
  large.parts = {{0, 0, 70'000}};
  const Element piece = PieceElement{"piece"};
  const Element object = ObjectElement{ObjectType::kBlob, 5};
  const auto invalid = ErrorCode::kInvalid;
  CHECK(code_of_adding({operation}) == invalid);
  CHECK(code_of_adding({piece}) == invalid);
  CHECK(code_of_adding({commit, operation, operation}) == invalid);
  CHECK(code_of_adding({commit, commit}) == invalid);
  CHECK(code_of_adding({commit, operation, commit}) == invalid);  // not named
  CHECK(code_of_adding({commit, object}) == invalid);
  CHECK(code_of_adding({commit, ResumeElement{}}) == invalid);
  CHECK(code_of_adding({commit, large, piece}) == std::nullopt);
  CHECK(code_of_adding({object, piece, piece}) == invalid);
  CHECK(code_of_adding({object, object}) == invalid);
  CHECK(code_of_adding({object, piece, object}) == std::nullopt);
  CHECK(code_of_adding({ResumeElement{}, large, piece, operation}) == std::nullopt);
  CHECK(code_of_adding({ResumeElement{}, operation, large, piece, operation}) == invalid);
  CHECK(code_of_adding({ResumeElement{}, piece}) == invalid);
  CHECK(code_of_adding({ResumeElement{}, commit}) == invalid);
  const ResumeElement among_objects{.among_objects = true};
  CHECK(code_of_adding({among_objects, commit, operation}) == std::nullopt);
  CHECK(code_of_adding({ObjectElement{ObjectType::kBlob, 1}, PieceElement{"x"}, among_objects}) ==
        std::nullopt);
  CHECK(code_of_adding({commit, among_objects}) == invalid);
  CHECK(code_of_adding({among_objects, operation}) == invalid);
}

TEST_CASE("commits that break a rule are not written") {
  const auto code = [](auto&& change) {
    CommitElement commit = commit_of(0, {numbered_commit(1), numbered_commit(2)});
    change(commit);
    return code_of_adding({commit});
  };
  const auto invalid = ErrorCode::kInvalid;
  CHECK(code([](CommitElement&) {}) == std::nullopt);
  CHECK(code([](CommitElement& c) { c.parents.clear(); }) == invalid);
  CHECK(code([](CommitElement& c) { std::swap(c.parents[0], c.parents[1]); }) == invalid);
  CHECK(code([](CommitElement& c) { c.base_parent = 1; }) == std::nullopt);
  CHECK(code([](CommitElement& c) { c.base_parent = 2; }) == invalid);
  CHECK(code([](CommitElement& c) {
          c.base_parent = 0;
          c.parents.pop_back();
        }) == invalid);
  CHECK(code([](CommitElement& c) { c.sequence = 0; }) == invalid);
  CHECK(code([](CommitElement& c) { c.millis = std::uint64_t{1} << 48; }) == invalid);
  CHECK(code([](CommitElement& c) { c.origin = {{"Name", "x"}}; }) == invalid);
  CHECK(code([](CommitElement& c) { c.origin = {{"name", "x\ny"}}; }) == invalid);
  CHECK(code([](CommitElement& c) { c.message.assign(kCommitTextBytesMax + 1, 'x'); }) == invalid);
}

TEST_CASE("operations that break a rule are not written") {
  const auto invalid = ErrorCode::kInvalid;
  const auto code_with = [](OperationKind kind, auto&& change) {
    OperationElement operation = of_kind(kind);
    change(operation);
    return code_of(operation);
  };
  using O = OperationElement;
  using K = OperationKind;
  const auto make_new = [](O& o) {
    o.is_new = true;
    o.rest = "new";
  };
  CHECK(code_with(K::kDelete, [](O&) {}) == std::nullopt);
  CHECK(code_with(K::kDelete, make_new) == std::nullopt);
  CHECK(code_with(K::kDelete, [](O& o) { o.media_type = "x/y"; }) == invalid);
  CHECK(code_with(K::kDelete, [](O& o) { o.metadata.emplace(); }) == invalid);
  CHECK(code_with(K::kWhole, make_new) == std::nullopt);
  CHECK(code_with(K::kWhole, [](O& o) { o.is_new = true; }) == invalid);
  CHECK(code_with(K::kWhole, [](O& o) { o.rest = "old"; }) == invalid);
  CHECK(code_with(K::kWhole, [](O& o) { o.bytes.assign(65'537, 'x'); }) == invalid);
  CHECK(code_with(K::kWhole, [](O& o) { o.from_neighbour = true; }) == invalid);
  CHECK(code_with(K::kWhole, [](O& o) { o.media_type = "x\n"; }) == invalid);
  CHECK(code_with(K::kWhole, [](O& o) { o.media_type = Bytes(128, 'x'); }) == invalid);
  CHECK(code_with(K::kWhole, [](O& o) { o.metadata.emplace(Bytes(65'537, 'x')); }) == invalid);
  CHECK(code_with(K::kWhole, [&](O& o) {
          make_new(o);
          o.shared = 1022;
        }) == invalid);
  CHECK(code_with(K::kValues, [](O& o) { o.values = {{0, "1"}}; }) == std::nullopt);
  CHECK(code_with(K::kValues, [](O&) {}) == invalid);
  CHECK(code_with(K::kValues, [](O& o) { o.values = {{0, Bytes(65'535, '1')}}; }) == invalid);
  CHECK(code_with(K::kSplice, [](O&) {}) == std::nullopt);
  CHECK(code_with(K::kSplice, make_new) == invalid);
  CHECK(code_with(K::kSplice, [](O& o) { o.offset = UINT64_MAX; }) == invalid);
  CHECK(code_with(K::kPatch, [](O&) {}) == std::nullopt);
  CHECK(code_with(K::kPatch, make_new) == invalid);
  CHECK(code_with(K::kPatch, [](O& o) { o.size = 65'537; }) == invalid);
  CHECK(code_with(K::kCopy, make_new) == std::nullopt);
  CHECK(code_with(K::kHash, [](O&) {}) == std::nullopt);
  CHECK(code_with(K::kHash, [](O& o) { o.size = 65'537; }) == invalid);
  CHECK(code_with(K::kHash, [](O& o) { o.content_kind = ContentKind::kList; }) == invalid);
  const auto large = [&](std::uint64_t size, std::vector<LargePart> parts, bool is_new) {
    return code_with(K::kLarge, [&](O& o) {
      if (is_new) make_new(o);
      o.size = size;
      o.parts = std::move(parts);
    });
  };
  CHECK(large(65'537, {{0, 1, 0}}, false) == std::nullopt);
  CHECK(large(65'537, {{0, 1, 0}}, true) == invalid);
  CHECK(large(65'537, {{0, 0, 65'537}}, true) == std::nullopt);
  CHECK(large(65'537, {{0, 0, 65'538}}, true) == invalid);
  CHECK(large(65'537, {{0, 0, 65'500}, {0, 0, 38}}, true) == invalid);
  CHECK(large(65'537, {{0, 0, 0}}, true) == invalid);
  CHECK(large(65'537, {{1, 1, 1}}, false) == invalid);
  CHECK(large(65'536, {{0, 1, 0}}, false) == invalid);
  CHECK(large(65'537, {}, false) == invalid);
  CHECK(large(65'537, std::vector<LargePart>(4097, {0, 1, 0}), false) == invalid);
  CHECK(code_of_adding({ObjectElement{ObjectType::kBlob, kObjectBytesMax + 1}}) == invalid);
  CHECK(code_of_adding({ObjectElement{ObjectType::kBlob, 1}, PieceElement{}}) == invalid);
}

TEST_CASE("frames that do not make a run are refused") {
  const Bytes good = plain_run({commit_of(0, {numbered_commit(9)})}, {}, 0);
  REQUIRE(problem_of({good}) == "");
  const Bytes body = good.substr(2);
  const auto frame = [](int stream, int coding, const Bytes& part) {
    return bytes_of({stream, coding}) + part;
  };
  CHECK(problem_of({frame(0, 0x80, body.substr(0, 5)), frame(0, 0, body.substr(5))}) == "");
  CHECK(problem_of({""}) == "RUN: it ends too early at offset 0");
  CHECK(problem_of({frame(0, 3, body)}) == "RUN: an unknown coding at offset 2");
  CHECK(problem_of({frame(0, 0, "")}) == "RUN: a part of no bytes at offset 2");
  CHECK(problem_of({frame(0, 0x80, body)}) == "a stream with a run that is cut off");
  CHECK(problem_of({frame(0, 0x80, "x"), frame(1, 0, "y")}) ==
        "RUN: it is of another stream at offset 2");
  CHECK(problem_of({frame(0, 0x80, "x"), frame(0, 1, "y")}) ==
        "RUN: another coding within a run at offset 2");
  CHECK(problem_of({frame(0, 2, "\x01x")}) == "RUN: it goes on with no window at offset 2");
  CHECK(problem_of({frame(0, 1, bytes_of({0}))}) ==
        "RUN: a run that is not 1 to 262,144 bytes at offset 3");
  CHECK(problem_of({frame(0, 1, bytes_of({0x81, 0x80, 0x10}))}) ==
        "RUN: a run that is not 1 to 262,144 bytes at offset 5");
  std::vector<Bytes> many(9, frame(0, 0x80, "x"));
  CHECK(problem_of(many) == "RUN: a run of more than 8 frames at offset 2");
  many.assign(8, frame(0, 0x80, Bytes(40'000, 'x')));
  CHECK(problem_of(many) == "RUN: a run above 262,144 bytes at offset 40002");
  CHECK(problem_of({good, frame(0, 0, bytes_of({0, 0, 0, 0}))}) ==
        "a run: it has no elements at offset 4");
  CHECK(problem_of({frame(0, 0, bytes_of({9, 0}))}) == "a run: it ends too early at offset 1");
}

TEST_CASE("elements that are not exactly as they are written are refused") {
  const Bytes key(32, 'k'), writer(8, 'w'), parent(32, 'p'), signature(64, 's');
  const Bytes proofs = key + writer + parent + signature;
  const Bytes commit = bytes_of({0x10, 0, 2, 1, 1, 0});  // device 0, sequence 1, an operation
  const Bytes time = bytes_of({0});
  const auto with_operation = [&](const Bytes& shapes, const Bytes& keys, const Bytes& values) {
    return problem_of({run_of(commit + shapes, time, keys, values, proofs)});
  };
  const auto has = [](const std::string& problem, const char* part) {
    return problem.find(part) != std::string::npos;
  };
  const Bytes old = bytes_of({0});
  CHECK(with_operation(bytes_of({1}), old, "") == "");
  CHECK(has(with_operation(bytes_of({1}), old + "x", ""), "keys: bytes follow its end"));
  CHECK(has(with_operation(bytes_of({1}), old, "x"), "values: bytes follow its end"));
  CHECK(has(with_operation(bytes_of({1}), "", ""), "keys: it ends inside a number"));
  CHECK(has(with_operation("", "", ""), "operations of the commit before are missing"));
  CHECK(has(with_operation(bytes_of({1, 1}), old + old, ""), "an operation of no commit"));
  CHECK(has(with_operation(bytes_of({0x11}), old, ""), "keys: it ends"));
  CHECK(has(with_operation(bytes_of({0x82, 0}), old, ""), "the entry before as a base"));
  CHECK(has(with_operation(bytes_of({0x22, 77, 0}), old, ""), "number is unknown"));
  CHECK(has(with_operation(bytes_of({0x22, 255, 10, 0}), old, "text/plain"), "spelled out"));
  CHECK(has(with_operation(bytes_of({0x22, 255, 0, 0}), old, ""), "spelled out"));
  CHECK(with_operation(bytes_of({0x22, 0, 0}), old, "") == "");
  CHECK(has(with_operation(bytes_of({2, 5}), old, "x"), "values: it ends too early"));
  CHECK(has(with_operation(bytes_of({3, 0x80, 0x80, 2}), old, ""), "longer than what is left"));
  CHECK(has(with_operation(bytes_of({3, 0x80, 0x80, 4}), old, ""), "longer than allowed"));
  CHECK(has(with_operation(bytes_of({7, 0x81, 0x80, 4, 1, 0, 0}), old, ""), "of no chunks"));
  CHECK(has(with_operation(bytes_of({14}), old, ""), "unknown kind"));
  CHECK(has(with_operation(bytes_of({15}), old, ""), "unknown kind"));
  CHECK(has(with_operation(bytes_of({0x2b}), old, ""), "unknown flag"));
  CHECK(has(with_operation(bytes_of({10, 0}), old, ""), "object of an unknown type"));
  CHECK(has(with_operation(bytes_of({10, 7}), old, ""), "object of an unknown type"));

  const auto alone = [&](const Bytes& shapes, const Bytes& values, const Bytes& tail) {
    return problem_of({run_of(shapes, time, "", values, tail)});
  };
  CHECK(alone(bytes_of({0x10, 0, 2, 0, 1, 0}), "", proofs) == "");
  CHECK(has(alone(bytes_of({0, 0, 2, 0}), "", proofs), "there is none"));
  CHECK(has(alone(bytes_of({0x10, 0, 2, 0, 0}), "", proofs), "without parents"));
  CHECK(has(alone(bytes_of({0x10, 0, 2, 0, 1, 1}), "", proofs), "not known"));
  CHECK(has(alone(bytes_of({0x10, 1, 2, 0, 1, 0}), "", proofs), "not numbered yet"));
  CHECK(has(alone(bytes_of({0x10, 0, 0, 0, 1, 0}), "", proofs), "sequence 0"));
  CHECK(has(alone(bytes_of({0x30, 0, 2, 0, 1, 0, 0}), "", proofs), "an empty message"));
  CHECK(has(alone(bytes_of({0x50, 0, 2, 0, 1, 0, 0}), "", proofs), "an empty origin"));
  CHECK(has(alone(bytes_of({0x50, 0, 2, 0, 1, 0, 3}), "a b", proofs), "no line of an origin"));
  CHECK(has(alone(bytes_of({0x50, 0, 2, 0, 1, 0, 3}), "ab\n", proofs), "no line of an origin"));
  CHECK(has(alone(bytes_of({0x90, 0, 2, 0, 1, 0, 0}), "", proofs), "none of several parents"));
  CHECK(
      has(alone(bytes_of({0x10, 0, 2, 0, 2, 0, 0}), "", key + writer + parent + parent + signature),
          "not sorted"));
}

TEST_CASE("parents that are not named in the one way are refused") {
  const Bytes key(32, 'k'), writer(8, 'w'), signature(64, 's');
  const CommitId known = numbered_commit(700), first = numbered_commit(0);
  const Bytes head = bytes_of({0x10, 0, 2, 0, 1, 1});  // of known[0]
  const Bytes first_proofs = key + writer + signature;
  const auto second = [&](const Bytes& shapes, const Bytes& proofs) {
    return problem_of({run_of(head + shapes, bytes_of({0, 0}), "", "", first_proofs + proofs)},
                      {known});
  };
  CHECK(second(bytes_of({0, 0, 2, 0}), signature) == "");
  CHECK(second(bytes_of({0x10, 0, 2, 0, 1, 2}), signature) == "");
  const auto has = [](const std::string& problem, const char* part) {
    return problem.find(part) != std::string::npos;
  };
  CHECK(has(second(bytes_of({0x10, 0, 2, 0, 1, 1}), signature), "lists its parent"));
  CHECK(has(second(bytes_of({0x10, 0, 2, 0, 1, 0}), Bytes(first.bytes()) + signature),
            "by id without need"));
  CHECK(has(second(bytes_of({0x10, 0, 2, 0, 1, 0}), Bytes(known.bytes()) + signature),
            "by id without need"));
  CHECK(has(second(bytes_of({0x10, 0, 2, 0, 1, 3}), signature), "not known"));
  CHECK(has(second(bytes_of({0x10, 1, 2, 0, 1, 2}), key + writer + signature), "two numbers"));
}

TEST_CASE("a stream that is cut within a commit or an object is not at its end") {
  const Element commit = commit_of(1, {numbered_commit(9)});
  const auto problem = [](const std::vector<Element>& elements) {
    return problem_of({plain_run(elements, {}, 0)});
  };
  CHECK(problem({commit}) == "a stream with operations of the commit before are missing");
  CHECK(problem({ObjectElement{ObjectType::kBlob, 2}, PieceElement{"x"}}) ==
        "a stream with pieces of what came before are missing");
  CHECK(problem({commit, whole_of("x")}) == "");
}

TEST_CASE("a reader that was released goes on with a new window alone") {
  RunWriter writer({}, 1);
  RunReader reader({});
  writer.add(commit_of(3, {numbered_commit(1)}));
  const auto pass = [&] {
    writer.add(whole_of(Bytes(1000, 'x')));
    for (const Bytes& payload : writer.take_run(0)) reader.add_frame(payload);
    while (reader.next()) {
    }
  };
  pass();
  writer.release();
  reader.release();
  pass();
  reader.release();
  CHECK(error_code_of(pass) == ErrorCode::kCorrupt);
}

TEST_CASE("misuse of writer and reader is told from a damaged stream") {
  RunWriter writer({}, 1);
  CHECK(error_code_of([&] { writer.commit_is(numbered_commit(0)); }) == ErrorCode::kInvalid);
  CHECK(writer.take_run(0).empty());
  CHECK_FALSE(writer.is_full());
  RunReader reader({});
  CHECK(error_code_of([&] { reader.commit_is(numbered_commit(0)); }) == ErrorCode::kInvalid);
  const Bytes run = plain_run({commit_of(0, {numbered_commit(1)})}, {}, 0);
  CHECK(run_stream(run) == 0);
  CHECK(error_code_of([] { run_stream({}); }) == ErrorCode::kCorrupt);
  reader.add_frame(run);
  CHECK(error_code_of([&] { reader.add_frame(run); }) == ErrorCode::kInvalid);
}
