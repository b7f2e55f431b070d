// Golden vectors: the documents below .isodb/erased/. Never edited.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "core/hash.h"
#include "merge/erased.h"
#include "repo/erasures.h"
#include "tests/support/places.h"

using namespace isodb;

TEST_CASE("the documents that say what is erased have the bytes of the vectors") {
  std::ifstream file(std::string(isodb::testing::kTestVectors) + "/erased.txt");
  std::size_t vectors = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with("#")) continue;
    std::istringstream words(line);
    std::string content, bytes, blob, reason, document;
    words >> content >> bytes >> blob;
    words.ignore(1);
    std::getline(words, reason, '\t');
    std::getline(words, document);
    INFO(line);
    const Id id = *Id::from_hex(content);
    const Bytes made = repo::erasure_document(id, std::stoull(bytes), reason);
    CHECK(made == document + "\n");
    CHECK(core::object_id(ObjectType::kBlob, made).hex() == blob);
    CHECK(merge::erased_by(merge::erased_path(id)) == id);
    ++vectors;
  }
  CHECK(vectors == 3);
}

TEST_CASE("only one spelling of a path says that a content is erased") {
  const std::string hex(64, 'a');
  CHECK(merge::erased_by(".isodb/erased/" + hex + ".json"));
  for (const std::string& path :
       {".isodb/erased/" + hex, ".isodb/erased/" + std::string(64, 'A') + ".json",
        ".isodb/erased/" + hex + "a.json", ".isodb/erased/x/" + hex + ".json",
        "isodb/erased/" + hex + ".json", std::string(".isodb/erased/.json")}) {
    INFO(path);
    CHECK_FALSE(merge::erased_by(path));
  }
}
