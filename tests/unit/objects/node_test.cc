#include "objects/node.h"

#include <catch2/catch.hpp>

#include "core/varint.h"
#include "isodb/error.h"
#include "tests/support/testing.h"
#include "tests/support/trees.h"

using namespace isodb;
using namespace isodb::objects;
using namespace isodb::testing;

namespace {

struct Leaf {
  std::vector<std::string> keys;
  std::vector<Entry> entries;

  Bytes encode() const {
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    return encode_leaf(views, entries);
  }
};

Leaf random_leaf(Shape shape, std::size_t size, std::mt19937_64& random) {
  std::map<std::string, Entry> model;
  for (std::size_t i = 0; model.size() < size; ++i) {
    model[shaped_path(shape, random() % 100000, random)] = random_entry(random);
  }
  Leaf leaf;
  for (const auto& [key, entry] : model) {
    leaf.keys.push_back(key);
    leaf.entries.push_back(entry);
  }
  return leaf;
}

struct Inner {
  std::vector<std::string> keys;
  std::vector<Child> children;

  Bytes encode(std::uint8_t level) const {
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    return encode_inner(level, views, children);
  }
};

Inner random_inner(std::size_t size, std::mt19937_64& random) {
  Inner inner;
  inner.keys = random_leaf(Shape::kTimeOrdered, size, random).keys;
  for (std::size_t i = 0; i < size; ++i) {
    Child child;
    child.id = core::sha256(std::to_string(random()));
    child.count = 1 + random() % 100000;
    child.flags = random() % 4 == 0 ? kFlagConflict | kFlagMerged : 0;
    inner.children.push_back(child);
  }
  return inner;
}

/// What a node says, encoded anew.
Bytes encoded_again(const Node& node) {
  std::vector<std::string> keys;
  std::vector<Entry> entries;
  std::vector<Child> children;
  for (std::size_t i = 0; i < node.size(); ++i) {
    keys.push_back(node.key(i));
    if (node.level() == 0) entries.push_back(node.entry(i));
    if (node.level() > 0) children.push_back(node.child(i));
  }
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  return node.level() == 0 ? encode_leaf(views, entries)
                           : encode_inner(node.level(), views, children);
}

enum class Verdict { kRefused, kCanonical };

/// Any bytes are refused, or are the encoding of what they say. Nothing else may come of them.
Verdict judge(const Bytes& payload) {
  // A copy of its own on the heap, so that a sanitizer sees every byte read outside it.
  Bytes own(payload.data(), payload.size());
  own.shrink_to_fit();
  try {
    const Node node(std::move(own));
    REQUIRE(encoded_again(node) == payload);
    return Verdict::kCanonical;
  } catch (const Error& error) {
    const bool expected =
        error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported;
    if (!expected) FAIL("refused as " << error_code_name(error.code()) << ": " << error.what());
    return Verdict::kRefused;
  }
}

std::optional<std::string> refusal_of(const Bytes& payload) {
  const auto error = error_of([&] { Node node(payload); });
  if (!error) return std::nullopt;
  CHECK(error->code() == ErrorCode::kCorrupt);
  return error->what();
}

bool refused_for(const Bytes& payload, const std::string& reason) {
  const auto refusal = refusal_of(payload);
  INFO("refused for: " << refusal.value_or("(accepted)"));
  const bool right = refusal && refusal->find(reason) != std::string::npos;
  CHECK(right);
  return right;
}

void append_u16(Bytes& out, std::size_t value) {
  core::put_u16(out, static_cast<std::uint16_t>(value));
}

/// A leaf whose parts are put together without any check.
Bytes raw_leaf(const std::string& prefix, const std::vector<std::string>& suffixes,
               const std::vector<std::string>& attributes) {
  Bytes out = {'\x01', '\x00'};
  append_u16(out, suffixes.size());
  append_u16(out, prefix.size());
  out += prefix;
  std::size_t end = 0;
  for (const std::string& suffix : suffixes) append_u16(out, end += suffix.size());
  for (const std::string& suffix : suffixes) out += suffix;
  out += std::string(suffixes.size() * 48, 'i');
  end = 0;
  for (const std::string& attribute : attributes) append_u16(out, end += attribute.size());
  for (const std::string& attribute : attributes) out += attribute;
  return out;
}

const std::string kPlain("\x00\x05\x01", 3);  // a blob of 5 bytes, application/json

Bytes raw_attributes(const std::string& attributes) {
  return raw_leaf("a", {""}, {attributes});
}

}  // namespace

TEST_CASE("a leaf gives back its keys and entries, searched in place") {
  std::mt19937_64 random(71);
  for (const Shape shape : kShapes) {
    for (const std::size_t size : {1u, 2u, 3u, 9u, shape == Shape::kLong ? 12u : 40u}) {
      const Leaf leaf = random_leaf(shape, size, random);
      const Node node(leaf.encode());
      REQUIRE(node.level() == 0);
      REQUIRE(node.size() == size);
      REQUIRE(node.documents() == size);
      std::uint64_t weight = 0;
      std::uint8_t flags = 0;
      for (std::size_t i = 0; i < size; ++i) {
        weight += 64 + leaf.keys[i].size();
        flags |= leaf.entries[i].flags;
        REQUIRE(node.key(i) == leaf.keys[i]);
        REQUIRE(node.entry(i) == leaf.entries[i]);
        REQUIRE(node.id(i) == leaf.entries[i].content);
        REQUIRE(node.content(i).size == leaf.entries[i].size);
        REQUIRE(node.content(i).kind == leaf.entries[i].kind);
        REQUIRE(node.flags(i) == leaf.entries[i].flags);
        for (const std::string& probe :
             {leaf.keys[i], leaf.keys[i] + '\0', leaf.keys[i].substr(0, leaf.keys[i].size() - 1),
              leaf.keys[i] + "\xff", std::string(), std::string("\xff")}) {
          const auto expected = std::lower_bound(leaf.keys.begin(), leaf.keys.end(), probe);
          const auto at = static_cast<std::size_t>(expected - leaf.keys.begin());
          REQUIRE(node.lower_bound(probe) == at);
          const bool there = expected != leaf.keys.end() && *expected == probe;
          REQUIRE(node.find(probe) == (there ? at : size));
        }
      }
      REQUIRE(node.weight() == weight);
      REQUIRE(node.flags() == flags);
    }
  }
}

TEST_CASE("an inner node gives back its children, their sum and the union of their flags") {
  std::mt19937_64 random(72);
  for (const std::size_t size : {1u, 2u, 50u}) {
    const Inner inner = random_inner(size, random);
    const Node node(inner.encode(5));
    REQUIRE(node.level() == 5);
    std::uint64_t documents = 0;
    std::uint8_t flags = 0;
    for (std::size_t i = 0; i < size; ++i) {
      REQUIRE(node.key(i) == inner.keys[i]);
      REQUIRE(node.child(i) == inner.children[i]);
      documents += inner.children[i].count;
      flags |= inner.children[i].flags;
    }
    CHECK(node.documents() == documents);
    CHECK(node.flags() == flags);
  }
}

TEST_CASE("values are the same when all their bytes are") {
  std::mt19937_64 random(73);
  const Leaf leaf = random_leaf(Shape::kHexIds, 20, random);
  const Node node(leaf.encode());
  for (std::size_t i = 0; i < leaf.keys.size(); ++i) {
    Leaf other = leaf;
    Entry& entry = other.entries[i];
    CHECK(node.same_value(i, Node(other.encode()), i));
    for (int field = 0; field < 5; ++field) {
      entry = leaf.entries[i];
      if (field == 0) entry.content.data()[31] ^= 1;
      if (field == 1) ++entry.stamp.clock.value;
      if (field == 2) ++entry.stamp.writer.value;
      if (field == 3) entry.media_type = "x/z";
      if (field == 4) entry.flags ^= kFlagErased;
      CHECK_FALSE(node.same_value(i, Node(other.encode()), i));
    }
  }
}

TEST_CASE("every byte changed to every value, and every truncation, is refused or canonical") {
  std::mt19937_64 random(74);
  std::vector<Bytes> payloads = {encode_leaf({}, {})};
  for (const Shape shape : {Shape::kHexIds, Shape::kSharedPrefix, Shape::kMixed}) {
    payloads.push_back(random_leaf(shape, 1, random).encode());
    payloads.push_back(random_leaf(shape, 4, random).encode());
  }
  payloads.push_back(random_inner(1, random).encode(1));
  payloads.push_back(random_inner(4, random).encode(63));
  std::size_t refused = 0, canonical = 0;
  for (const Bytes& payload : payloads) {
    REQUIRE(judge(payload) == Verdict::kCanonical);
    for (std::size_t i = 0; i < payload.size(); ++i) {
      Bytes mutated = payload;
      for (int change = 1; change < 256; change += i < 40 ? 1 : 17) {
        mutated[i] = static_cast<char>(payload[i] ^ change);
        judge(mutated) == Verdict::kRefused ? ++refused : ++canonical;
      }
      REQUIRE(judge(payload.substr(0, i)) == Verdict::kRefused);
    }
    REQUIRE(judge(payload + '\0') == Verdict::kRefused);
  }
  CHECK(refused > 1000);
  CHECK(canonical > 1000);  // ids, stamps, counts
}

TEST_CASE("random changes of several bytes are refused or canonical") {
  std::mt19937_64 random(75);
  for (std::size_t round = 0; round < 20000; ++round) {
    Bytes payload = random() % 4 == 0
                        ? random_inner(1 + random() % 3, random).encode(1)
                        : random_leaf(Shape::kTimeOrdered, 1 + random() % 3, random).encode();
    for (std::size_t n = 1 + random() % 4; n > 0; --n) {
      const std::size_t at =
          random() % std::min<std::size_t>(payload.size(), random() % 2 ? 60 : 1000);
      payload[at] = static_cast<char>(random() % 2 ? random() : payload[at] + 1);
    }
    judge(payload);
  }
}

TEST_CASE("each rule of the key area has its refusal") {
  REQUIRE(judge(raw_leaf("a", {""}, {kPlain})) == Verdict::kCanonical);
  REQUIRE(judge(raw_leaf("a", {"", "b"}, {kPlain, kPlain})) == Verdict::kCanonical);
  CHECK(refused_for(raw_leaf("", {"a"}, {kPlain}), "not the longest"));
  CHECK(refused_for(raw_leaf("", {"ab", "ac"}, {kPlain, kPlain}), "not the longest"));
  CHECK(refused_for(raw_leaf("a", {"c", "b"}, {kPlain, kPlain}), "out of order"));
  CHECK(refused_for(raw_leaf("a", {"b", "b"}, {kPlain, kPlain}), "out of order"));
  CHECK(refused_for(raw_leaf("", {"", "b"}, {kPlain, kPlain}), "empty"));
  CHECK(refused_for(raw_leaf(std::string(1000, 'a'), {std::string(25, 'a'), "b"}, {kPlain, kPlain}),
                    "too long"));
  CHECK(refused_for(raw_leaf(std::string(1025, 'a'), {""}, {kPlain}), "too long"));
  CHECK(refused_for(raw_leaf("a/", {"", "b"}, {kPlain, kPlain}), "empty segment"));
  CHECK(refused_for(raw_leaf("a/", {"../b", "c"}, {kPlain, kPlain}), "'..'"));
  CHECK(refused_for(raw_leaf("/a", {""}, {kPlain}), "empty segment"));
  CHECK(refused_for(raw_leaf("a", {"/", "b"}, {kPlain, kPlain}), "empty segment"));
  CHECK(refused_for(raw_leaf("a\x7f", {""}, {kPlain}), "control"));
  CHECK(refused_for(raw_leaf("aaaaaaaaaaaa\x1f", {""}, {kPlain}), "control"));
  CHECK(refused_for(raw_leaf("a\xff", {""}, {kPlain}), "UTF-8"));
  // The prefix may end inside a character; the paths are what has to be UTF-8.
  CHECK(judge(raw_leaf("a\xc3", {"\xa4", "\xa5"}, {kPlain, kPlain})) == Verdict::kCanonical);
  CHECK(refused_for(raw_leaf("a\xc3", {"a", "b"}, {kPlain, kPlain}), "UTF-8"));

  std::vector<std::string> suffixes, attributes;
  for (int i = 0; i < 260; ++i) {
    suffixes.push_back(std::string(1, static_cast<char>('a' + i / 100)) +
                       std::to_string(100 + i % 100));
    attributes.push_back(kPlain);
  }
  CHECK(refused_for(raw_leaf("", suffixes, attributes), "weigh too much"));
  suffixes.resize(250);
  attributes.resize(250);
  CHECK(judge(raw_leaf("", suffixes, attributes)) == Verdict::kCanonical);
}

TEST_CASE("each rule of an entry's attributes has its refusal") {
  const auto attributes = [](std::initializer_list<int> bytes) {
    std::string text;
    for (const int byte : bytes) text += static_cast<char>(byte);
    return text;
  };
  REQUIRE(judge(raw_attributes(kPlain)) == Verdict::kCanonical);
  REQUIRE(judge(raw_attributes(attributes({0, 0x80, 0x80, 0x04, 0}))) == Verdict::kCanonical);
  CHECK(refused_for(raw_attributes(attributes({2, 5, 1})), "kind"));
  CHECK(refused_for(raw_attributes(attributes({0x40, 5, 1})), "flag"));
  CHECK(refused_for(raw_attributes(attributes({0x80, 5, 1})), "flag"));
  CHECK(refused_for(raw_attributes(attributes({0, 0x85, 0, 1})), "shortest"));
  CHECK(refused_for(raw_attributes(attributes({0, 0x81, 0x80, 0x04, 0})), "larger than 64 KiB"));
  CHECK(refused_for(raw_attributes(attributes({1, 5, 1})), "not above 64 KiB"));
  CHECK(refused_for(
      raw_attributes(attributes({1, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 1})),
      "2^62"));
  CHECK(refused_for(raw_attributes(attributes({0, 5, 77})), "number is unknown"));
  CHECK(refused_for(raw_attributes(attributes({0, 5, 0xff, 0})), "printable"));
  CHECK(refused_for(raw_attributes(attributes({0, 5, 0xff, 1, '\n'})), "printable"));
  CHECK(refused_for(raw_attributes(attributes({0, 5, 0xff, 2, 'x'})), "too early"));
  CHECK(refused_for(raw_attributes(attributes({0, 5, 0xff, 16}) + "application/json"),
                    "spelled out"));
  CHECK(refused_for(raw_attributes(attributes({0, 5, 0xff, 128}) + std::string(128, 'x')),
                    "printable"));
  CHECK(refused_for(raw_attributes(attributes({4, 5, 1}) + "1234567"), "too early"));
  CHECK(refused_for(raw_attributes(attributes({0x20, 5, 1}) + std::string(32, '\0')), "zero"));
  CHECK(refused_for(raw_attributes(attributes({0x20, 5, 1}) + std::string(31, 'm')), "too early"));
  CHECK(refused_for(raw_attributes(kPlain + "x"), "bytes follow"));
}

TEST_CASE("each rule of the head and of children has its refusal") {
  CHECK(refused_for("", "too early"));
  CHECK(refused_for(Bytes("\x01\x01\x00\x00\x00\x00", 6), "no children"));
  CHECK(refused_for(Bytes("\x01\x40\x00\x00\x00\x00", 6), "level"));
  CHECK(refused_for(Bytes("\x01\x00\x00\x00\x01\x00", 6), "prefix"));
  CHECK(refused_for(Bytes("\x01\x00\xff\xff\x00\x00", 6), "too many keys"));
  const auto newer = error_of([] { Node node(Bytes("\x02\x00\x00\x00\x00\x00", 6)); });
  REQUIRE(newer);
  CHECK(newer->code() == ErrorCode::kUnsupported);

  Inner inner;
  inner.keys = {"a", "b"};
  inner.children.resize(2);
  inner.children[0].count = UINT64_MAX;
  inner.children[1].count = 1;
  CHECK(refused_for(inner.encode(1), "64 bits"));
  inner.children[0].count = 1;
  Bytes payload = inner.encode(1);
  REQUIRE(judge(payload) == Verdict::kCanonical);
  payload.back() = 1;
  CHECK(refused_for(payload, "flag"));
  payload.back() = 0;
  payload[payload.size() - 2 - 8] = 0;
  CHECK(refused_for(payload, "no documents"));
}

TEST_CASE("the encoder refuses what the format has no place for") {
  const std::string_view key = "a";
  const auto refused = [&](Entry entry) {
    return error_code_of([&] { encode_leaf({&key, 1}, {&entry, 1}); }) == ErrorCode::kInvalid;
  };
  Entry entry;
  CHECK_FALSE(refused(entry));
  entry.size = kBlobBytesMax + 1;
  CHECK(refused(entry));
  entry.kind = ContentKind::kList;
  CHECK_FALSE(refused(entry));
  entry.size = kBlobBytesMax;
  CHECK(refused(entry));
  entry.size = (std::uint64_t{1} << 62) + 1;
  CHECK(refused(entry));
  entry = {};
  entry.flags = 0x20;
  CHECK(refused(entry));
  entry = {};
  entry.merge_digest_tail = 1;
  CHECK(refused(entry));
  entry = {};
  entry.media_type = std::string(128, 'x');
  CHECK(refused(entry));
  entry.media_type = "text/\n";
  CHECK(refused(entry));
  entry = {};
  entry.metadata = Id{};
  CHECK(refused(entry));
  entry = {};
  entry.kind = static_cast<ContentKind>(2);
  CHECK(refused(entry));

  const std::string_view falling[] = {"b", "a"};
  const Entry two[2];
  CHECK(error_code_of([&] { encode_leaf(falling, two); }) == ErrorCode::kInvalid);
  const std::string_view bad = "a//b";
  CHECK(error_code_of([&] { encode_leaf({&bad, 1}, {two, 1}); }) == ErrorCode::kInvalid);
  Child child;
  CHECK(error_code_of([&] { encode_inner(1, {&key, 1}, {&child, 1}); }) == ErrorCode::kInvalid);
  child.count = 1;
  CHECK(error_code_of([&] { encode_inner(0, {&key, 1}, {&child, 1}); }) == ErrorCode::kInvalid);
  CHECK(error_code_of([&] { encode_inner(64, {&key, 1}, {&child, 1}); }) == ErrorCode::kInvalid);
  std::vector<std::string> names;
  for (int i = 100; i < 400; ++i) names.push_back(std::to_string(i));
  const std::vector<std::string_view> many(names.begin(), names.end());
  CHECK(error_code_of([&] { encode_leaf(many, std::vector<Entry>(300)); }) == ErrorCode::kInvalid);
}

TEST_CASE("the largest entry takes at most 256 bytes and the fullest node fits its offsets") {
  Entry largest;
  largest.kind = ContentKind::kList;
  largest.size = std::uint64_t{1} << 62;
  largest.flags = kEntryFlagMask;
  largest.media_type = std::string(127, 'x');
  largest.merge_digest_tail = 1;
  largest.metadata = core::sha256("m");
  std::vector<std::string> names;
  for (int a = 33; a < 127; ++a) {
    if (a != '.' && a != '/') names.push_back(std::string(1, static_cast<char>(a)));
  }
  for (int a = 33; a < 127 && names.size() < 262; ++a) {
    for (int b = 48; b < 58 && names.size() < 262; ++b) {
      if (a != '.' && a != '/')
        names.push_back(std::string(1, static_cast<char>(a)) + static_cast<char>(b));
    }
  }
  std::sort(names.begin(), names.end());
  const std::vector<std::string_view> keys(names.begin(), names.end());
  const std::vector<Entry> entries(keys.size(), largest);
  const Bytes payload = encode_leaf(keys, entries);
  const Node node(payload);
  CHECK(node.weight() <= 17472);
  CHECK(payload.size() / keys.size() <= 256 + 6);
  CHECK(node.entry(keys.size() - 1) == largest);
}
