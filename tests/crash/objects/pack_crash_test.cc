#include <cerrno>
#include <map>
#include <random>

#include "isodb/error.h"
#include "objects/memory_store.h"
#include "objects/pack.h"
#include "tests/support/simulated_files.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::objects;
using testing::SimulatedFiles;

namespace {

constexpr const char* kFolder = "/packs";

/// What compresses and what does not, in several flushes of the writer's buffer.
std::map<Id, Bytes> sample_objects() {
  std::mt19937_64 random(42);
  std::map<Id, Bytes> objects;
  MemoryStore ids;
  for (int i = 0; i < 60; ++i) {
    Bytes payload = testing::random_bytes(random, 1 + random() % 100'000);
    if (i % 3 == 0) payload.append(3000, 'x');
    objects[ids.put(ObjectType::kBlob, payload)] = payload;
  }
  return objects;
}

/// The pack's name when finish() returned, which is the promise that it is durable.
std::optional<PackInfo> write_pack(SimulatedFiles& files, const std::map<Id, Bytes>& objects) {
  PackWriter::Options options;
  options.threads = 1;  // so that an operation's number means the same each time
  PackWriter writer(files, kFolder, nullptr, options);
  for (const auto& [id, payload] : objects) writer.put(ObjectType::kBlob, payload);
  return writer.finish();
}

void check_pack(SimulatedFiles& files, const std::string& name, std::uint64_t bytes,
                const std::map<Id, Bytes>& objects) {
  const Pack pack(files, std::filesystem::path(kFolder) / name, bytes);
  pack.check_file();
  CHECK(pack.object_count() == objects.size());
  const MemoryStore nothing;
  for (const auto& [id, payload] : objects) {
    const auto offset = pack.find(id);
    REQUIRE(offset);
    REQUIRE(pack.read(*offset, nothing).payload == payload);
  }
}

std::uint64_t count_operations(const std::map<Id, Bytes>& objects) {
  SimulatedFiles files;
  files.create_directories(kFolder);
  REQUIRE(write_pack(files, objects));
  return files.operations();
}

}  // namespace

TEST_CASE("after any call that failed, whoever goes on all the same finishes no pack") {
  const std::map<Id, Bytes> objects = sample_objects();
  PackWriter::Options options;
  options.sample_bytes = 50'000;
  for (const unsigned threads : {1u, 2u}) {
    options.threads = threads;
    for (std::uint64_t operation = 1; operation < 4; ++operation) {
      CAPTURE(threads, operation);
      SimulatedFiles files;
      files.create_directories(kFolder);
      PackWriter writer(files, kFolder, nullptr, options);
      files.fail_from(operation + 1, ENOSPC);
      int failed = 0;
      for (const auto& [id, payload] : objects) {
        if (testing::error_code_of([&] { writer.put(ObjectType::kBlob, payload); })) {
          ++failed;
          files.fail_never();
        }
      }
      files.fail_never();
      // A thread of its own may not have come to the call before there was room again.
      const bool finished = !testing::error_code_of([&] { writer.finish(); });
      CHECK_FALSE((finished && failed > 0));
      if (threads == 1 && operation == 1) CHECK(failed > 0);
    }
  }
}

TEST_CASE(
    "a power cut at any operation leaves a whole pack or none, and never loses a finished one") {
  const std::map<Id, Bytes> objects = sample_objects();
  const std::uint64_t all = count_operations(objects);
  CHECK(all >= 7);  // create, several appends, sync, rename, sync of the folder
  std::mt19937_64 random(1);
  int whole = 0;
  int none = 0;
  for (std::uint64_t operation = 0; operation <= all; ++operation) {
    for (int round = 0; round < 20; ++round) {
      INFO("operation " << operation << " of " << all << ", round " << round);
      SimulatedFiles files;
      files.create_directories(kFolder);
      files.fail_from(operation, EIO);
      std::optional<PackInfo> finished;
      const auto error = testing::error_of([&] { finished = write_pack(files, objects); });
      CHECK(error.has_value() == (operation < all));
      files.fail_never();
      files.cut_power(random);
      remove_stale_temporaries(files, kFolder);
      const std::vector<std::string> names = files.list(kFolder);
      REQUIRE(names.size() <= 1);
      if (finished) CHECK(names == std::vector<std::string>{finished->name});
      if (!names.empty()) {
        const std::string path = std::string(kFolder) + "/" + names[0];
        check_pack(files, names[0], files.open(path, core::OpenMode::kRead)->size(), objects);
      }
      (names.empty() ? none : whole) += 1;
    }
  }
  CHECK(whole > 20);  // also some that were renamed but not promised
  CHECK(none > 20);
}

TEST_CASE(
    "a disk that fills up at any operation is said, and the pack is written once there is room") {
  const std::map<Id, Bytes> objects = sample_objects();
  const std::uint64_t all = count_operations(objects);
  for (std::uint64_t operation = 0; operation < all; ++operation) {
    INFO("operation " << operation << " of " << all);
    SimulatedFiles files;
    files.create_directories(kFolder);
    files.fail_from(operation, ENOSPC);
    const auto error = testing::error_of([&] { write_pack(files, objects); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kIo);
    CHECK(error->hint().find("free space") != std::string::npos);
    files.fail_never();
    const auto info = write_pack(files, objects);
    REQUIRE(info);
    remove_stale_temporaries(files, kFolder);
    CHECK(files.list(kFolder) == std::vector<std::string>{info->name});
    check_pack(files, info->name, info->bytes, objects);
  }
}
