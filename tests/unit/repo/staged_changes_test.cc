#include "repo/staged_changes.h"

#include <catch2/catch.hpp>
#include <map>

namespace isodb::repo {
namespace {

Entry entry_of(const std::string& media_type, std::uint64_t size) {
  Entry entry;
  entry.media_type = media_type;
  entry.size = size;
  entry.content.data()[0] = static_cast<std::uint8_t>(size);
  return entry;
}

}  // namespace

TEST_CASE("staged changes give back each entry as it was put last, whatever its media type") {
  StagedChanges changes;
  std::map<std::string, Entry> model;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const std::string path = "p/" + std::to_string(i * 7919 % 3000) + std::string(i % 500, 'x');
    const Entry entry = entry_of("text/x-" + std::to_string(i % 9), i);
    changes.put(path, entry);
    model[path] = entry;
  }
  REQUIRE(changes.size() == model.size());
  const auto sorted = changes.sorted();
  REQUIRE(sorted.size() == model.size());
  auto expected = model.begin();
  for (const StagedChanges::Change* change : sorted) {
    REQUIRE(change->path == expected->first);
    REQUIRE(changes.entry(*change) == expected->second);
    ++expected;
  }
}

TEST_CASE("a staged change that is forgotten is gone, and its path can be staged again") {
  StagedChanges changes;
  changes.put("a", entry_of("text/plain", 1));
  changes.put("b", entry_of("text/plain", 2));
  changes.forget("a");
  CHECK(changes.find("a") == nullptr);
  CHECK(changes.size() == 1);
  changes.remove("a");
  REQUIRE(changes.find("a") != nullptr);
  CHECK(!changes.entry(*changes.find("a")));
  CHECK(changes.sorted().size() == 2);
}

TEST_CASE("no staged change has an empty path, whatever was forgotten") {
  StagedChanges changes;
  for (int i = 0; i < 30; ++i) changes.put("p" + std::to_string(i), Entry{});
  for (int i = 0; i < 30; ++i) changes.forget("p" + std::to_string(i));
  CHECK(changes.find("") == nullptr);
}

}  // namespace isodb::repo
