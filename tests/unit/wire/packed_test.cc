// Documents that go packed, and what they are packed with: FRAME and DICTIONARY.
#include <random>

#include "tests/unit/wire/elements.h"

using namespace isodb;
using namespace isodb::wire;
using namespace isodb::testing;

TEST_CASE("a frame comes after a dictionary, and a frame after each dictionary") {
  const Element three = commit_of(3, {numbered_commit(9)}), whole = whole_of("x");
  const Element dictionary = DictionaryElement{Bytes(256, 'd')};
  const Element frame = frame_of(10, "frame");
  const auto invalid = ErrorCode::kInvalid;
  CHECK(code_of_adding({three, frame}) == invalid);
  CHECK(code_of_adding({three, dictionary, frame, whole, frame}) == std::nullopt);
  CHECK(code_of_adding({three, dictionary, frame, dictionary, frame, frame}) == std::nullopt);
  CHECK(code_of_adding({three, dictionary, whole}) == invalid);
  CHECK(code_of_adding({three, dictionary, dictionary}) == invalid);
  CHECK(code_of_adding({dictionary}) == invalid);
  CHECK(code_of_adding({ResumeElement{}, dictionary, frame}) == std::nullopt);
  const Element object = ObjectElement{ObjectType::kBlob, 1}, piece = PieceElement{"x"};
  CHECK(code_of_adding({object, piece, dictionary}) == invalid);
  OperationElement large = of_kind(OperationKind::kLarge);
  large.size = 70'000;
  large.parts = {{0, 0, 1'000}};
  CHECK(code_of_adding({three, large, dictionary}) == invalid);
  // Whether pieces of a document that was broken off are missing, its reader cannot tell.
  CHECK(code_of_adding({ResumeElement{}, large, dictionary, piece}) == invalid);
  CHECK(code_of_adding({three, dictionary, commit_of(0, {numbered_commit(8)})}) == invalid);
}

TEST_CASE("runs that are mostly frames go plain, and others are packed as before") {
  std::mt19937_64 random(4);
  RunWriter writer({}, 1);
  StreamReceiver receiver({}, 0);
  writer.add(commit_of(13, {numbered_commit(1)}));
  writer.add(DictionaryElement{random_bytes(random, 300)});
  const auto run = [&](const std::vector<Element>& elements) {
    for (const Element& element : elements) writer.add(element);
    std::vector<int> codings;
    for (const Bytes& payload : writer.take_run(0)) {
      codings.push_back(payload[1]);
      receiver.add_frame(payload);
    }
    return codings;
  };
  const Element frame = frame_of(5'000, Bytes(900, 'f')), text = whole_of(Bytes(800, 't'));
  CHECK(run({frame, frame, text}) == std::vector<int>{0});
  CHECK(run({frame, text, text}) == std::vector<int>{1});
  CHECK(run({frame, frame, text}) == std::vector<int>{0});
  CHECK(run({text, text, text, frame}) == std::vector<int>{2});
  CHECK(receiver.elements().size() == 15);
  CHECK(receiver.elements().back() == frame);
}

TEST_CASE("a run that is closed for the next element's sake is judged by its own frames") {
  std::mt19937_64 random(5);
  RunWriter writer({}, 1);
  StreamReceiver receiver({}, 0);
  writer.add(commit_of(5, {numbered_commit(1)}));
  writer.add(DictionaryElement{random_bytes(random, 300)});
  writer.add(frame_of(65'536, Bytes(65'000, 'f')));
  writer.add(frame_of(65'536, Bytes(65'000, 'g')));
  writer.add(whole_of(Bytes(65'000, 'x')));  // closes the run before
  writer.add(whole_of(Bytes(65'000, 'y')));
  std::vector<int> codings;
  for (const Bytes& payload : writer.take_run(0)) {
    codings.push_back(payload[1] & 0x7f);
    receiver.add_frame(payload);
  }
  CHECK(codings.front() == 0);
  CHECK(codings.back() == 1);
  CHECK(receiver.elements().size() == 6);
}

TEST_CASE("frames and dictionaries that break a rule are not written") {
  const auto invalid = ErrorCode::kInvalid;
  const auto frame = [](const Bytes& dictionary, std::uint64_t size, const Bytes& bytes,
                        bool from_neighbour = false) {
    OperationElement operation = frame_of(size, bytes);
    operation.from_neighbour = from_neighbour;
    return code_of_adding(
        {commit_of(1, {numbered_commit(9)}), DictionaryElement{dictionary}, operation});
  };
  const Bytes dictionary(256, 'd');
  CHECK(frame(dictionary, 2, "f") == std::nullopt);
  CHECK(frame(dictionary, 1, "f") == invalid);
  CHECK(frame(dictionary, 1, "") == invalid);
  CHECK(frame(dictionary, 65'536, Bytes(65'535, 'f')) == std::nullopt);
  CHECK(frame(dictionary, 65'537, "f") == invalid);
  CHECK(frame(dictionary, 2, "f", true) == invalid);
  CHECK(frame(Bytes(65'536, 'd'), 2, "f") == std::nullopt);
  const auto dictionary_alone = [](const Bytes& bytes) {
    return code_of_adding({commit_of(1, {numbered_commit(9)}), DictionaryElement{bytes}});
  };
  CHECK(dictionary_alone(Bytes(256, 'd')) == std::nullopt);
  CHECK(dictionary_alone(Bytes(255, 'd')) == invalid);
  CHECK(dictionary_alone(Bytes(65'537, 'd')) == invalid);
}

TEST_CASE("frames that are not exactly as they are written are refused") {
  const Bytes proofs = Bytes(32, 'k') + Bytes(8, 'w') + Bytes(32, 'p') + Bytes(64, 's');
  const Bytes commit = bytes_of({0x10, 0, 2, 1, 1, 0});  // device 0, sequence 1, an operation
  const auto with_operation = [&](const Bytes& shapes, const Bytes& keys, const Bytes& values) {
    return problem_of({run_of(commit + shapes, bytes_of({0}), keys, values, proofs)});
  };
  const auto has = [](const std::string& problem, const char* part) {
    return problem.find(part) != std::string::npos;
  };
  const Bytes old = bytes_of({0});
  const Bytes dictionary(256, 'd'), says_dictionary = bytes_of({13, 0x80, 2});
  const auto with_frame = [&](const Bytes& frame_shapes, const Bytes& frame) {
    return with_operation(says_dictionary + frame_shapes, old, dictionary + frame);
  };
  CHECK(with_frame(bytes_of({12, 5, 4}), "abcd") == "");
  CHECK(has(with_frame(bytes_of({12, 5, 5}), "abcde"), "not shorter than its document"));
  CHECK(has(with_frame(bytes_of({12, 5, 0}), ""), "not shorter than its document"));
  CHECK(has(with_frame(bytes_of({12, 5, 4}), "abc"), "values: it ends too early"));
  CHECK(has(with_frame(bytes_of({12, 0x81, 0x80, 4, 1}), "a"), "above 65,536 bytes"));
  CHECK(has(with_frame(bytes_of({0x8c, 5, 4}), "abcd"), "the entry before as a base"));
  CHECK(has(with_frame(bytes_of({13, 0x80, 2}), dictionary), "that a dictionary came for"));
  CHECK(has(with_frame(bytes_of({2, 1}), "x"), "that a dictionary came for"));
  CHECK(has(with_operation(says_dictionary, "", dictionary), "operations of the commit before"));
  CHECK(has(with_operation(bytes_of({12, 5, 4}), old, "abcd"), "a frame without a dictionary"));
  CHECK(has(with_operation(bytes_of({0x1d, 0x80, 2}), old, dictionary), "unknown flag"));
  CHECK(has(with_operation(bytes_of({13, 0xff, 1}), old, Bytes(255, 'd')), "256 to 65,536"));
  CHECK(has(with_operation(bytes_of({13, 0x81, 0x80, 4}), old, Bytes(65'537, 'd')),
            "a value is longer than allowed"));
}
