#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "core/json.h"
#include "core/json_pointer.h"
#include "core/json_writer.h"
#include "merge/json_diff.h"
#include "tests/support/merging.h"

using namespace isodb;
using namespace isodb::core;
using namespace isodb::merge;
using namespace isodb::testing;

namespace {

enum class Arrays { kNone, kSome };

Json random_value(std::mt19937_64& random, int depth, Arrays arrays) {
  const auto kinds = static_cast<std::uint64_t>(depth == 0 ? 2 : arrays == Arrays::kNone ? 3 : 4);
  switch (random() % kinds) {
    case 0:
      return Json::number(std::to_string(random() % 3) + (random() % 3 == 0 ? ".0" : ""));
    case 1:
      return Json::string(std::string(1, static_cast<char>('a' + random() % 3)) + "\n");
    case 2: {
      Json object = Json::object();
      for (auto n = random() % 5; n > 0; --n) {
        object.set(std::string(1, static_cast<char>('p' + random() % 5)),
                   random_value(random, depth - 1, arrays));
      }
      return object;
    }
    default: {
      Json array = Json::array();
      for (auto n = random() % 6; n > 0; --n) array.append(random_value(random, depth - 1, arrays));
      return array;
    }
  }
}

Json random_object(std::mt19937_64& random, Arrays arrays) {
  Json object = Json::object();
  for (char name = 'p'; name < 'u'; ++name) {
    if (random() % 4 != 0) object.set(std::string(1, name), random_value(random, 3, arrays));
  }
  return object;
}

/// `value` with some parts changed, removed or added.
Json edited(std::mt19937_64& random, const Json& value, int depth, Arrays arrays) {
  if (random() % 12 == 0) return random_value(random, depth, arrays);
  if (value.is_object()) {
    Json object = Json::object();
    for (const JsonMember& member : value.members()) {
      if (random() % 12 != 0) {
        object.set(member.key(), edited(random, member.value, depth - 1, arrays));
      }
    }
    if (random() % 6 == 0) object.set("new", random_value(random, 1, arrays));
    return object;
  }
  if (!value.is_array()) return value;
  Json array = Json::array();
  for (const Json& item : value.items()) {
    if (random() % 12 == 0) array.append(random_value(random, 1, arrays));
    if (random() % 12 != 0) array.append(edited(random, item, depth - 1, arrays));
  }
  return array;
}

DocumentPtr written(std::mt19937_64& random, const Json& value) {
  const std::string indents[] = {"", "  ", "\t"};
  return json_document(write_json(value, {indents[random() % 3]}) +
                       (random() % 2 == 0 ? "\n" : ""));
}

struct Triple {
  Json base, left, right;
  DocumentPtr base_document, left_document, right_document;
  MergedDocument merged;
};

Triple random_merge(std::mt19937_64& random, Arrays arrays) {
  Triple t;
  t.base = random_object(random, arrays);
  t.left = edited(random, t.base, 4, arrays);
  t.right = edited(random, t.base, 4, arrays);
  t.base_document = written(random, t.base);
  t.left_document = written(random, t.left);
  t.right_document = written(random, t.right);
  t.merged = merge_files({"a", t.base_document, t.left_document, t.right_document});
  return t;
}

/// Is the field, one above it or one below it in conflict?
bool is_flagged(const MergedDocument& merged, const std::string& field) {
  const JsonPointer place = JsonPointer::parse(field);
  for (const Conflict& conflict : merged.conflicts) {
    const JsonPointer other = JsonPointer::parse(conflict.field);
    if (other.is_prefix_of(place) || place.is_prefix_of(other)) return true;
  }
  return false;
}

/// Objects that both sides brought are one, so what counts is what stands in them.
void check_kept(const MergedDocument& merged, const Json* value, const JsonPointer& place) {
  const Json* found = find_at(*merged.document->json(), place);
  if (value != nullptr && found != nullptr && value->is_object() && found->is_object()) {
    for (const JsonMember& member : value->members()) {
      JsonPointer below = place;
      below.tokens.emplace_back(member.key());
      check_kept(merged, &member.value, below);
    }
    return;
  }
  const bool same = value == nullptr ? found == nullptr : found != nullptr && *found == *value;
  if (!same) REQUIRE(is_flagged(merged, place.text()));
}

/// What `side` changed is in the merged document, or flagged.
void check_changes_kept(const Triple& t, const Json& side) {
  for (const JsonChange& change : diff_json(t.base, side)) {
    INFO(change.pointer);
    const JsonPointer place = JsonPointer::parse(change.pointer);
    check_kept(t.merged, find_at(side, place), place);
  }
}

}  // namespace

TEST_CASE(
    "Merging: a side that changed nothing gives the other's bytes, two that agree their own") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 2000; ++i) {
    const Triple t = random_merge(random, Arrays::kSome);
    const auto &base = t.base_document, &side = t.left_document;
    INFO(base->content() << side->content());
    REQUIRE(merge_files({"a", base, base, side}).document->content() == side->content());
    REQUIRE(merge_files({"a", base, side, base}).document->content() == side->content());
    REQUIRE(merge_files({"a", base, side, side}).document->content() == side->content());
    REQUIRE(merge_files({"a", nullptr, side, side}).document->content() == side->content());
  }
}

TEST_CASE("Merging: no change vanishes but where a conflict shows it") {
  std::mt19937_64 random(3);
  int clean = 0;
  for (int i = 0; i < 5000; ++i) {
    const Triple t = random_merge(random, Arrays::kNone);
    INFO(t.base_document->content() << t.left_document->content() << t.right_document->content());
    check_changes_kept(t, t.left);
    check_changes_kept(t, t.right);
    clean += t.merged.conflicts.empty() ? 1 : 0;
  }
  CHECK(clean > 500);
  CHECK(clean < 4500);
}

TEST_CASE("Merging: what needs no choice is the same whichever side is later") {
  std::mt19937_64 random(4);
  for (int i = 0; i < 5000; ++i) {
    const Triple t = random_merge(random, Arrays::kSome);
    const MergedDocument swapped =
        merge_files({"a", t.base_document, t.right_document, t.left_document});
    INFO(t.base_document->content() << t.left_document->content() << t.right_document->content());
    REQUIRE(t.merged.conflicts.empty() == swapped.conflicts.empty());
    if (t.merged.conflicts.empty()) {
      REQUIRE(*t.merged.document->json() == *swapped.document->json());
    }
  }
}

TEST_CASE("Merging: versions that all saw the base and changed each its own field lose nothing") {
  std::mt19937_64 random(5);
  for (int i = 0; i < 500; ++i) {
    Json base = random_object(random, Arrays::kSome), all = base;
    WrittenPath path;
    const DocumentPtr base_document = written(random, base);
    path.write(base_document, {}, {});
    std::vector<std::size_t> versions;
    for (int version = 0; version < 5; ++version) {
      Json changed = base;
      const Json value = random_value(random, 2, Arrays::kSome);
      changed.set("own" + std::to_string(version), value);
      all.set("own" + std::to_string(version), value);
      versions.push_back(path.write(written(random, changed), {base_document}, {0}));
    }
    const MergedDocument merged = path.merge(versions, {base_document});
    REQUIRE(merged.conflicts.empty());
    REQUIRE(*merged.document->json() == all);
  }
}
