#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/varint.h"
#include "isodb/error.h"
#include "objects/chunker.h"
#include "objects/content.h"
#include "objects/memory_store.h"
#include "tests/support/places.h"

using namespace isodb;
using namespace isodb::objects;

namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::size_t from = 0;
  for (std::size_t bar; (bar = line.find(" | ", from)) != std::string::npos; from = bar + 3) {
    fields.push_back(line.substr(from, bar - from));
  }
  fields.push_back(line.substr(from));
  return fields;
}

Bytes document_from(const std::string& description) {
  const std::size_t space = description.find(' ');
  const std::string kind = description.substr(0, space);
  const std::string rest = description.substr(space + 1);
  if (kind == "text") return rest;
  const std::size_t count = std::stoull(rest);
  if (kind == "zeros") return Bytes(count, '\0');
  REQUIRE(kind == "stream");
  Bytes bytes;
  for (std::uint64_t i = 0; bytes.size() < count; ++i) {
    Bytes seed = "isodb vector";
    core::put_u64(seed, i);
    bytes += core::sha256(seed).bytes();
  }
  bytes.resize(count);
  return bytes;
}

/// What a document's lists look like, from the root down.
struct Shape {
  std::vector<std::uint64_t> chunks;
  std::vector<std::size_t> lists;  // lists a level, lowest first
};

void look(const ObjectSource& source, const Id& id, Shape& shape) {
  const List list = decode_list(get_expected(source, id, ObjectType::kList));
  if (shape.lists.size() <= list.level) shape.lists.resize(list.level + 1);
  ++shape.lists[list.level];
  for (const ListItem& item : list.items) {
    if (list.level == 0) {
      shape.chunks.push_back(item.size);
    } else {
      look(source, item.id, shape);
    }
  }
}

std::string joined(const std::vector<std::uint64_t>& numbers) {
  std::string text;
  for (const std::uint64_t number : numbers) {
    text += (text.empty() ? "" : " ") + std::to_string(number);
  }
  return text;
}

}  // namespace

TEST_CASE("documents have the ids and chunks of the golden vectors") {
  std::ifstream file(std::string(isodb::testing::kTestVectors) + "/content.txt");
  REQUIRE(file);
  std::size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    CAPTURE(line);
    const auto fields = fields_of(line);
    REQUIRE(fields.size() >= 3);
    MemoryStore store;
    const ContentRef ref = write_content(store, document_from(fields[0]));
    CHECK((ref.kind == ContentKind::kBlob ? "blob" : "list") == fields[1]);
    CHECK(ref.id.hex() == fields[2]);
    ++vectors;
    if (ref.kind == ContentKind::kBlob) continue;
    REQUIRE(fields.size() == 6);
    Shape shape;
    look(store, ref.id, shape);
    CHECK(std::to_string(shape.chunks.size()) == fields[3]);
    if (shape.chunks.size() > 8) shape.chunks.resize(8);
    CHECK(joined(shape.chunks) == fields[4]);
    const std::vector<std::uint64_t> lists(shape.lists.begin(), shape.lists.end());
    CHECK(joined(lists) == fields[5]);
  }
  CHECK(vectors == 9);
}

TEST_CASE("the gear table is the documented one") {
  Bytes all;
  for (const std::uint64_t number : gear_table()) core::put_u64(all, number);
  CHECK(core::sha256(all).hex() ==
        "1915617f20a690acaa04b79e1907884031f27e1c2e95ea920cc13af37f9f2d1a");
}
