#include <random>
#include <utility>
#include <vector>

#include "tests/support/syncing.h"

using namespace isodb;
using namespace isodb::testing;
using sync::Received;

namespace {

/// Changes elements as a broken or hostile peer might.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::vector<wire::Element> changed(std::vector<wire::Element> elements) {
    std::visit([this](auto& element) { change(element); }, elements[place(elements)]);
    if (random_() % 4 == 0) std::swap(elements[place(elements)], elements[place(elements)]);
    if (random_() % 8 == 0) elements.erase(elements.begin() + at(elements));
    if (random_() % 8 == 0) {
      elements.insert(elements.begin() + at(elements), wire::ResumeElement{});
    }
    if (random_() % 8 == 0) {
      const auto type = static_cast<ObjectType>(1 + random_() % 6);
      elements.insert(elements.begin() + at(elements), wire::ObjectElement{type, number(10)});
    }
    return elements;
  }

 private:
  std::size_t place(const std::vector<wire::Element>& elements) {
    return random_() % elements.size();
  }
  std::ptrdiff_t at(const std::vector<wire::Element>& elements) {
    return static_cast<std::ptrdiff_t>(place(elements));
  }

  std::uint64_t number(std::uint64_t value) {
    switch (random_() % 6) {
      case 0:
        return value + 1;
      case 1:
        return value - 1;
      case 2:
        return 0;
      case 3:
        return random_();
      case 4:
        return std::uint64_t{1} << random_() % 64;
      default:
        return random_() % 300;
    }
  }
  void alter(std::uint64_t& value) { value = number(value); }
  Bytes bytes(Bytes text) {
    if (text.empty() || random_() % 4 == 0) return text + "x";
    if (random_() % 3 == 0) return text.substr(0, random_() % text.size());
    const std::size_t place = random_() % text.size();
    text[place] = static_cast<char>(text[place] ^ 1 << random_() % 8);
    return text;
  }
  void alter(Bytes& text) { text = bytes(text); }

  void change(wire::CommitElement& commit) {
    const auto what = random_() % 9;
    if (what == 0) alter(commit.sequence);
    if (what == 1) alter(commit.millis);
    if (what == 2) alter(commit.operations);
    if (what == 3) commit.base_parent = static_cast<std::uint32_t>(random_() % 3);
    if (what == 4) alter(commit.message);
    if (what == 5) commit.signature.bytes[random_() % 64] ^= 4;
    if (what == 6) commit.author.bytes[random_() % 32] ^= 4;
    if (what == 7) commit.parents.push_back(commit.parents.front());
    if (what == 8) commit.origin.push_back({"bad name", "\n"});
  }

  void change(wire::OperationElement& operation) {
    const auto what = random_() % 14;
    if (what == 0) {
      const auto kind = 1 + random_() % 9;
      operation.kind = static_cast<wire::OperationKind>(kind == 9 ? 12 : kind);
    }
    if (what == 1) operation.is_new = !operation.is_new;
    if (what == 2) alter(operation.rank_gap);
    if (what == 3) alter(operation.shared);
    if (what == 4) alter(operation.rest);
    if (what == 5) operation.media_type = bytes("x/y");
    if (what == 6) operation.metadata = std::optional<Bytes>("{\"a\":1}");
    if (what == 7) alter(operation.bytes);
    if (what == 8) operation.values.push_back({number(1), bytes("v")});
    if (what == 9) alter(operation.offset);
    if (what == 10) alter(operation.removed);
    if (what == 11) alter(operation.size);
    if (what == 12) operation.rank_delta = static_cast<std::int64_t>(number(0));
    if (what == 13) change_parts(operation.parts);
  }
  void change_parts(std::vector<wire::LargePart>& parts) {
    if (parts.empty()) parts.emplace_back();
    wire::LargePart& part = parts[random_() % parts.size()];
    const auto what = random_() % 3;
    alter(what == 0 ? part.first : what == 1 ? part.count : part.new_bytes);
  }

  void change(wire::PieceElement& piece) {
    piece.bytes = random_() % 8 == 0 ? Bytes(20'000, 'x') : bytes(piece.bytes);
  }
  void change(wire::ObjectElement& object) { alter(object.size); }
  void change(wire::ResumeElement&) {}
  void change(wire::DictionaryElement& dictionary) { alter(dictionary.bytes); }

  std::mt19937_64 random_;
};

std::vector<wire::Element> all_of(sync::Outgoing&& outgoing) {
  std::vector<wire::Element> all;
  while (auto element = outgoing.next()) all.push_back(std::move(*element));
  return all;
}

bool ends_stream(const Received& received) {
  return received.kind == Received::Kind::kWantedAsObjects ||
         received.kind == Received::Kind::kMissingParents;
}

void commit(Repository& repository, const std::map<std::string, std::string>& documents) {
  Transaction transaction = repository.begin();
  for (const auto& [path, document] : documents) transaction.put(path, document);
  transaction.commit({.message = "m"});
}

}  // namespace

TEST_CASE("elements that were changed are refused, and nothing unsigned is stored") {
  const TemporaryFolder folder;
  Repository::init(folder / "a");
  SyncSide a(folder / "a");
  SyncSide b = empty_clone(folder / "b", a.repository.id());
  std::mt19937_64 random(11);
  std::string large = random_bytes(random, 200'000);
  commit(a.repository, {{"a.json", R"({"x":1,"y":[2,3]})"}, {"b/c", "text"}, {"b/d", large}});
  sync_one_way(a, b);
  large.insert(100'000, "!");
  commit(a.repository, {{"a.json", R"({"x":1,"y":[7,3]})"},
                        {"b/c", "text that is a little longer than it was"},
                        {"b/d", large},
                        {"f", "new"},
                        {"g/h", large.substr(0, 70'000)}});
  const CommitId head = a.repository.resolve_commit("@");
  const std::vector<wire::Element> as_operations = all_of(outgoing_for(a, b));
  const std::vector<wire::Element> as_objects = all_of(outgoing_for(a, b, {.as_objects = {head}}));

  Mutator mutator(12);
  std::uint64_t refused = 0, rebuilt = 0;
  for (int round = 0; round < 2000; ++round) {
    sync::Incoming incoming(*b.state, a.repository.public_key());
    incoming.begin_stream();
    try {
      for (wire::Element& element : mutator.changed(round % 4 == 0 ? as_objects : as_operations)) {
        const std::optional<Received> received = incoming.take(std::move(element));
        if (received && ends_stream(*received)) break;
        if (!received) continue;
        if (received->kind == Received::Kind::kAfterRefused) {  // it has another author
          REQUIRE(received->rule.find("no member") != std::string::npos);
          ++refused;
          break;
        }
        // A change that changes nothing leaves the commit as it was signed.
        REQUIRE(received->id == head);
        ++rebuilt;
      }
    } catch (const Error& error) {
      INFO(error.what());
      REQUIRE((error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported ||
               error.code() == ErrorCode::kUnverified));
      ++refused;
    }
    if (round % 50 == 0) incoming.flush();
  }
  CHECK(refused > 500);
  CHECK(rebuilt > 0);
  CHECK(rebuilt < 1000);
  check_sound(b.repository);
}
