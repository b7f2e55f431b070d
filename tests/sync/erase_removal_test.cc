// What keeps a removal of erased bytes from its end, and what may not.
#include <algorithm>
#include <chrono>
#include <random>

#include "isodb/erase.h"
#include "isodb/mend.h"
#include "merge/erased.h"
#include "repo/erase_removal.h"
#include "tests/support/byte_search.h"
#include "tests/support/damage.h"
#include "tests/support/sync_peers.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using testing::Device;
using testing::error_code_of;
using testing::where_found;
using Strings = std::vector<std::string>;

/// Bytes that nothing makes smaller.
std::string noise(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  return testing::random_bytes(random, count);
}

void erase_path(Device& device, const std::string& path) {
  EraseRequest request;
  request.path = path;
  request.reason = "she asked for it";
  erase(device.repository(), request);
}

/// An erasure of which nothing was removed yet, as a crash leaves it.
void erase_without_removal(Device& device, const std::string& path) {
  const Entry entry = *device.repository().snapshot().entry(path);
  device.put(merge::erased_path(entry.content),
             repo::erasure_document(entry.content, entry.size, "because"));
  device.repository().set_setting(repo::kSettingErasePending, "1");
}

/// Of a document that lies packed.
void damage_pack_with(const fs::path& repository, const std::string& bytes) {
  for (const auto& file : fs::directory_iterator(repository / "packs")) {
    const std::size_t at = testing::slurp(file.path()).find(bytes);
    if (at != std::string::npos) return testing::flip_bit(file.path(), at + bytes.size() / 2);
  }
  FAIL("no pack has these bytes");
}

TEST_CASE("a removal that fails keeps nobody from writing, nor from mending") {
  Device device;
  const std::string secret = noise(2'000, 1), needed = noise(2'000, 2);
  device.put("secret", secret);
  device.put("needed", needed);
  device.repository().collect();
  Device other{device, 0};
  erase_without_removal(device, "secret");
  damage_pack_with(device.path(), needed);

  device.open();
  device.put("more", "1");
  CHECK(device.repository().snapshot().get("more") == "1");
  const auto failure = removal_failure(device.repository());
  REQUIRE(failure);
  CHECK(failure->find("pack") != std::string::npos);
  CHECK(error_code_of([&] { device.repository().collect(); }) == ErrorCode::kCorrupt);

  Remote remote;
  remote.url = other.path().string();
  const MendReport report = mend_from(device.repository(), remote, {});
  CHECK(report.remaining.empty());
  CHECK(device.repository().snapshot().get("needed") == needed);
  device.repository().collect();
  CHECK(where_found(device.path(), secret) == Strings{});
  CHECK_FALSE(removal_failure(device.repository()));
}

TEST_CASE("of two removals that failed one after the other the second is not tried again soon") {
  Device device;
  const std::string secret = noise(2'000, 1), needed = noise(2'000, 2);
  device.put("secret", secret);
  device.put("needed", needed);
  device.repository().collect();
  erase_without_removal(device, "secret");
  const fs::path whole = device.path() / "../whole";
  fs::copy(device.path() / "packs", whole);
  const auto mend = [&] {
    for (const auto& pack : fs::directory_iterator(whole)) {
      fs::copy_file(pack.path(), device.path() / "packs" / pack.path().filename(),
                    fs::copy_options::overwrite_existing);
    }
  };
  damage_pack_with(device.path(), needed);
  SECTION("after one, whoever opens tries again") {
    device.open();
    mend();
    device.open();
    CHECK(where_found(device.path(), secret) == Strings{});
  }
  SECTION("after two, a collection does, at once") {
    device.open();
    device.open();
    mend();
    device.open();
    CHECK_FALSE(where_found(device.path(), secret).empty());
    REQUIRE(removal_failure(device.repository()));
    device.repository().collect();
    CHECK(where_found(device.path(), secret) == Strings{});
  }
}

TEST_CASE("who opens to write does not wait for others that are packing") {
  Device device;
  const std::string secret = noise(2'000, 1);
  device.put("secret", secret);
  erase_without_removal(device, "secret");
  {
    const auto taken = core::try_lock_file(core::posix_file_system(), device.path() / "packs/lock");
    REQUIRE(taken);
    const auto begin = std::chrono::steady_clock::now();
    device.open();
    // A write would wait for ten seconds.
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
    CHECK_FALSE(where_found(device.path(), secret).empty());
    CHECK_FALSE(removal_failure(device.repository()));
  }
  device.open();
  CHECK(where_found(device.path(), secret) == Strings{});
}

/// Bytes of what was erased, and something else with it in the same transaction.
struct Again {
  explicit Again(const std::string& bytes, PutOptions with = {}) : secret(bytes), options(with) {
    device.put("before", "1");
    device.commit([&](Transaction& change) {
      if (options.metadata) {
        change.put("secret", "text", options);
      } else {
        change.put("secret", secret);
      }
    });
    EraseRequest request;
    request.path = "secret";
    request.metadata = options.metadata.has_value();
    request.reason = "because";
    erase(device.repository(), request);
    REQUIRE(nowhere());
  }
  bool nowhere() {
    return where_found(device.path(), secret.substr(secret.size() / 2, 400)).empty();
  }
  Device device;
  const std::string secret;
  const PutOptions options;
};

/// Put whole, or in parts.
void put_again(Transaction& change, const Again& again, bool in_parts) {
  if (again.options.metadata) {
    change.put("again", "another text", again.options);
  } else if (in_parts) {
    std::size_t at = 0;
    change.put_stream("again", [&](char* buffer, std::size_t size) {
      const std::size_t count = std::min(size, again.secret.size() - at);
      again.secret.copy(buffer, count, std::exchange(at, at + count));
      return count;
    });
  } else {
    change.put("again", again.secret);
  }
}

TEST_CASE("what a transaction was refused is not stored with the rest of it") {
  PutOptions with;
  with.metadata = "{\"diagnosis\":\"" + std::string(1'000, 'x') + "\"}";
  std::optional<Again> again;
  bool in_parts = false;
  SECTION("a document") {
    again.emplace(noise(2'000, 1));
  }
  SECTION("a large document, with chunks of its own") {
    again.emplace(noise(800'000, 2));
  }
  SECTION("a document in parts") {
    again.emplace(noise(2'000, 1));
    in_parts = true;
  }
  SECTION("a large document in parts") {
    again.emplace(noise(800'000, 2));
    in_parts = true;
  }
  SECTION("metadata") {
    again.emplace(*with.metadata, with);
  }
  SECTION("what goes into a pack of its own") {
    again.emplace(noise(6'000'000, 3));
  }
  const std::string kept = noise(900'000, 5);
  Device& device = again->device;
  Transaction change = device.repository().begin();
  change.put("kept/first", kept);
  CHECK(error_code_of([&] { put_again(change, *again, in_parts); }) == ErrorCode::kErased);
  change.put("kept/other", "harmless");
  REQUIRE(std::holds_alternative<CommitId>(change.commit({})));
  CHECK(again->nowhere());
  CHECK(device.repository().snapshot().get("kept/first") == kept);
  CHECK(device.repository().snapshot().get("kept/other") == "harmless");
  CHECK(device.repository().fsck().empty());

  device.repository().begin_draft();
  Transaction draft = device.repository().draft_transaction();
  draft.put("kept/second", kept.substr(1));
  CHECK(error_code_of([&] { put_again(draft, *again, in_parts); }) == ErrorCode::kErased);
  device.repository().save_draft(draft);
  CHECK(again->nowhere());
  REQUIRE(std::holds_alternative<CommitId>(device.repository().commit_draft({})));
  CHECK(device.repository().snapshot().get("kept/second") == kept.substr(1));
  CHECK(device.repository().fsck().empty());
}

TEST_CASE("what was erased since it was staged is not stored with the rest, nor in a draft") {
  Device device;
  const std::string secret = noise(300'000, 1);
  device.put("secret", secret);
  device.put("more", "1");
  Repository other = Repository::open(device.path());
  Transaction change = other.begin();
  change.put("again", secret + "!");
  change.put("kept", "harmless");
  other.begin_draft();
  Transaction draft = other.draft_transaction();
  draft.put("in-draft", secret);
  device.put("secret", secret + "!");
  erase_path(device, "secret");
  device.put("secret", secret);
  erase_path(device, "secret");

  CHECK(error_code_of([&] { other.save_draft(draft); }) == ErrorCode::kErased);
  draft.remove("in-draft");
  other.save_draft(draft);
  CHECK(error_code_of([&] { change.commit({}); }) == ErrorCode::kErased);
  change.remove("again");
  REQUIRE(std::holds_alternative<CommitId>(change.commit({})));
  CHECK(other.snapshot().get("kept") == "harmless");
  CHECK(where_found(device.path(), secret.substr(150'000, 400)) == Strings{});
}

TEST_CASE("who had the repository open before an erasure saves no draft with what it erased") {
  Device device;
  const std::string secret = noise(2'000, 1);
  device.put("secret", secret);
  Repository other = Repository::open(device.path());
  other.begin_draft();
  erase_path(device, "secret");
  Transaction draft = other.draft_transaction();
  CHECK(error_code_of([&] { draft.put("again", secret); }) == ErrorCode::kErased);
  other.save_draft(draft);
  CHECK(where_found(device.path(), secret) == Strings{});
}

}  // namespace
}  // namespace isodb::sync
