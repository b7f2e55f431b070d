#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/unit/refs/store_support.h"

namespace isodb::refs {
namespace {

using namespace test;

struct Fixture {
  Fixture() { create_repository(folder.path()); }
  std::vector<std::string> pack_files() const {
    std::vector<std::string> names;
    for (const std::string& name : core::posix_file_system().list(folder / "packs")) {
      if (name != "lock") names.push_back(name);
    }
    return names;
  }
  TemporaryFolder folder;
};

TEST_CASE_METHOD(Fixture, "loose rows are packed when they are more than the limits allow") {
  Opened opened(folder.path());
  const auto written = write_documents(opened, 1, 50);
  CHECK_FALSE(opened.store.pack_when_due({}));
  CHECK_FALSE(opened.store.pack_when_due({.loose_objects = 100}));
  CHECK(opened.store.pack_when_due({.loose_objects = 99}));
  const auto statistics = opened.store.statistics();
  CHECK(statistics.loose_objects == 0);
  CHECK(statistics.packs == 1);
  CHECK(statistics.packed_objects == 100);
  CHECK(opened.database->inventory(0).loose_all->empty());
  CHECK(pack_files().size() == 1);
  CHECK(readable(opened.store, written) == 50);
  CHECK(problems(opened.store).empty());
  for (const auto& [id, payload] : written) {
    CHECK(opened.store.header(id) == std::pair(ObjectType::kBlob, std::uint64_t{payload.size()}));
  }
  CHECK(opened.store.stored_bytes(written.begin()->first) > 0u);
  const auto more = write_documents(opened, 2, 10);
  CHECK(opened.store.pack_when_due({.loose_objects = 1000, .loose_bytes = 10}));
  CHECK(readable(opened.store, more) == 10);
}

TEST_CASE_METHOD(Fixture,
                 "what was packed, merged or collected by another is found by who had it "
                 "elsewhere") {
  Opened reader(folder.path());
  Opened packer(folder.path());
  auto written = write_documents(packer, 1, 10);
  CHECK(reader.store.contains(written.begin()->first));  // knows the rows, not their records
  packer.store.pack_when_due(pack_everything());
  CHECK(readable(reader.store, written) == 10);
  for (unsigned round = 2; round < 6; ++round) {
    written.merge(write_documents(packer, round, 10));
    packer.store.pack_when_due(pack_everything());
    reader.store.refresh();  // knows the packs, and opens those it looks into
  }
  packer.store.pack_when_due(pack_everything(2));
  CHECK(packer.store.statistics().packs == 1);
  CHECK(readable(reader.store, written) == 50);
  Opened third(folder.path());
  collect(packer, ids_of(written));
  CHECK(readable(third.store, written) == 50);
  CHECK(readable(reader.store, written) == 50);
  CHECK(pack_files().size() == 1);
}

TEST_CASE_METHOD(Fixture, "packs of one size are merged when they are too many, deltas included") {
  Opened opened(folder.path());
  std::map<Id, Bytes> written;
  std::uint64_t loose_bytes = 0;
  for (unsigned round = 0; round < 30; ++round) {
    written.merge(write_documents(opened, round, 40));
    loose_bytes += opened.store.statistics().loose_bytes;
    opened.store.pack_when_due(pack_everything(4));
    CHECK(opened.store.statistics().packs <= 4 * 4);
  }
  CHECK(opened.store.statistics().packs < 12);
  CHECK(opened.store.statistics().packed_objects == written.size() * 2);
  CHECK(opened.store.statistics().pack_bytes < loose_bytes * 3 / 2);
  CHECK(readable(opened.store, written) == written.size());
  CHECK(problems(opened.store).empty());
  CHECK(pack_files().size() == opened.store.packs().size());
}

TEST_CASE_METHOD(Fixture, "a collection keeps what it is told, drops the rest and saves space") {
  Opened opened(folder.path());
  auto kept = write_documents(opened, 1, 30);
  auto dropped = write_documents(opened, 2, 30);
  opened.store.pack_when_due(pack_everything());
  kept.merge(write_documents(opened, 3, 5));
  const std::uint64_t generation = opened.store.collection_generation();
  LooseBatch relying(opened.store);
  relying.put(ObjectType::kBlob, dropped.begin()->second);
  LooseBatch harmless(opened.store);
  harmless.put(ObjectType::kBlob, kept.begin()->second);

  const std::uint64_t before = opened.store.statistics().pack_bytes;
  const CollectResult result = collect(opened, ids_of(kept));
  CHECK(result.outcome == CollectResult::Outcome::kDone);
  CHECK(result.objects_dropped == 30 + 65);
  CHECK(opened.store.statistics().pack_bytes < before);
  CHECK(readable(opened.store, kept) == 35);
  CHECK(readable(opened.store, dropped) == 0);
  CHECK_FALSE(opened.store.contains(dropped.begin()->first));
  CHECK(opened.store.statistics().packed_objects == 35);
  CHECK(opened.store.collection_generation() == generation + 1);
  CHECK(problems(opened.store).empty());
  CHECK(pack_files().size() == 1);

  CHECK_FALSE(relying.is_intact());
  CHECK(harmless.is_intact());
  relying.put(ObjectType::kBlob, "new");
  CHECK(opened.database->write(batch_of(relying)).lost);
}

TEST_CASE_METHOD(Fixture, "a batch whose delta base was collected is not intact") {
  Opened opened(folder.path());
  const auto dropped = write_documents(opened, 1, 3);
  LooseBatch relying(opened.store);
  relying.put(ObjectType::kBlob, dropped.begin()->second + Bytes(8192, 'x'),
              {.base = dropped.begin()->first, .compressed = false});
  CHECK(relying.is_intact());
  collect(opened, {});
  CHECK_FALSE(relying.is_intact());
  CHECK(opened.store.statistics().packs == 0);
  CHECK(pack_files().empty());
}

TEST_CASE_METHOD(Fixture, "a collection of what is missing or damaged changes nothing") {
  Opened opened(folder.path());
  const auto kept = write_documents(opened, 1, 5);
  std::vector<Id> ids = ids_of(kept);
  ids.push_back(id_of(1));
  CHECK(caught([&] { collect(opened, ids); }).code == ErrorCode::kCorrupt);
  CHECK(readable(opened.store, kept) == 5);
  CHECK(opened.store.collection_generation() == 0);
  CHECK(opened.store.statistics().packed_objects == 10);
}

TEST_CASE_METHOD(Fixture, "only one packs at a time: who comes second leaves it to the first") {
  Opened opened(folder.path());
  write_documents(opened, 1, 5);
  opened.store.pack_when_due(pack_everything());
  write_documents(opened, 2, 5);
  const auto lock =
      core::posix_file_system().open(folder / "packs/lock", core::OpenMode::kReadAppend);
  REQUIRE(lock->try_lock());
  CHECK_FALSE(opened.store.pack_when_due(pack_everything()));
  CHECK(opened.store.statistics().loose_rows == 5);
  CHECK(caught([&] { collect(opened, {}); }).code == ErrorCode::kBusy);
}

TEST_CASE_METHOD(Fixture, "a pack that was never registered is removed when it is a day old") {
  Opened opened(folder.path());
  write_documents(opened, 1, 5);
  opened.store.pack_when_due(pack_everything());
  const std::string old_name = std::string(32, 'a') + ".pack";
  const std::string new_name = std::string(32, 'b') + ".pack";
  std::ofstream(folder / ("packs/" + old_name)) << "x";
  std::ofstream(folder / ("packs/" + new_name)) << "x";
  std::ofstream(folder / "packs/notes.txt") << "x";
  const auto two_days_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(48);
  for (const std::string& name : pack_files()) {
    if (name != new_name)
      std::filesystem::last_write_time(folder / ("packs/" + name), two_days_ago);
  }
  // The lock is as old as the first packing.
  std::filesystem::last_write_time(folder / "packs/lock", two_days_ago - std::chrono::hours(1000));
  write_documents(opened, 2, 5);
  opened.store.pack_when_due(pack_everything());
  const auto files = pack_files();
  CHECK(std::count(files.begin(), files.end(), old_name) == 0);
  CHECK(std::count(files.begin(), files.end(), new_name) == 1);
  CHECK(std::count(files.begin(), files.end(), "notes.txt") == 1);
  CHECK(files.size() == 4);
  CHECK(problems(opened.store).empty());
}

TEST_CASE_METHOD(Fixture,
                 "a damaged or missing pack is reported, and what lies elsewhere is read") {
  Opened opened(folder.path());
  const auto first = write_documents(opened, 1, 20);
  opened.store.pack_when_due(pack_everything());
  const std::string damaged = folder / ("packs/" + pack_files()[0]);
  const auto second = write_documents(opened, 2, 20);
  SECTION("a byte in the middle") {
    std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(damaged) / 3));
    file.put('\x55');
    file.close();
    Opened again(folder.path());
    CHECK_FALSE(problems(again.store).empty());
    CHECK(readable(again.store, second) == 20);
  }
  SECTION("cut short") {
    std::filesystem::resize_file(damaged, std::filesystem::file_size(damaged) / 2);
    Opened again(folder.path());
    CHECK(problems(again.store).size() == 1);
    CHECK(readable(again.store, second) == 20);
    CHECK(caught([&] { again.store.get(first.begin()->first); }).code == ErrorCode::kCorrupt);
  }
  SECTION("missing") {
    std::filesystem::remove(damaged);
    Opened again(folder.path());
    CHECK(problems(again.store).size() == 1);
    CHECK(readable(again.store, second) == 20);
    const Caught error = caught([&] { again.store.get(first.begin()->first); });
    CHECK(error.code == ErrorCode::kCorrupt);
    CHECK(error.message.find("missing") != std::string::npos);
  }
}

TEST_CASE_METHOD(Fixture,
                 "stores of two processes agree with a map under random writes, packing, "
                 "merging and collections") {
  std::mt19937 random(7);
  std::map<Id, Bytes> model;
  std::vector<std::unique_ptr<Opened>> stores;
  for (int i = 0; i < 2; ++i) stores.push_back(std::make_unique<Opened>(folder.path()));
  for (unsigned round = 0; round < 120; ++round) {
    Opened& active = *stores[random() % 2];
    switch (random() % 6) {
      case 0:
        active.store.pack_when_due(pack_everything(1 + random() % 4));
        break;
      case 1: {
        if (random() % 3 != 0) break;
        for (auto object = model.begin(); object != model.end();) {
          object = random() % 4 == 0 ? model.erase(object) : std::next(object);
        }
        collect(active, ids_of(model));
        stores[0]->store.refresh();
        stores[1]->store.refresh();
        break;
      }
      default:
        model.merge(write_documents(active, round, 1 + static_cast<int>(random() % 8),
                                    random() % 2 == 0 ? Adopt::kYes : Adopt::kNo));
    }
    if (random() % 20 == 0) stores[random() % 2] = std::make_unique<Opened>(folder.path());
    if (round % 10 == 9) {
      CHECK(readable(stores[0]->store, model) == model.size());
      CHECK(readable(stores[1]->store, model) == model.size());
    }
  }
  CHECK(problems(stores[0]->store).empty());
}

TEST_CASE_METHOD(Fixture, "readers in threads always find what was written, whatever is packed") {
  Opened opened(folder.path());
  const auto base = write_documents(opened, 1, 30);
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> wrong = 0, reads = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        wrong += base.size() - readable(opened.store, base);
        reads += base.size();
      }
    });
  }
  for (unsigned round = 0; round < 12; ++round) {
    auto written = write_documents(opened, round + 2, 20);
    wrong += written.size() - readable(opened.store, written);
    opened.store.pack_when_due(pack_everything(2));
    if (round % 4 == 3) {
      written.insert(base.begin(), base.end());
      collect(opened, ids_of(written));
    }
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(reads > base.size());
}

TEST_CASE_METHOD(Fixture, "packing beside the caller loses nothing, and closing waits for it") {
  std::map<Id, Bytes> written;
  {
    Opened opened(folder.path());
    for (unsigned round = 0; round < 20; ++round) {
      written.merge(write_documents(opened, round, 3));
      opened.store.pack_in_background(pack_everything(3));
      CHECK(readable(opened.store, written) == written.size());
    }
    write_documents(opened, 99, 1);
    opened.store.pack_in_background(pack_everything(3));
  }
  Opened opened(folder.path());
  CHECK(opened.store.statistics().packs > 0);
  CHECK(readable(opened.store, written) == written.size());
  CHECK(problems(opened.store).empty());
}

TEST_CASE_METHOD(Fixture, "packing that fails beside the caller is tried again, but not at once") {
  Opened opened(folder.path());
  const auto written = write_documents(opened, 1, 3);
  std::filesystem::rename(folder / "packs", folder / "elsewhere");
  opened.store.pack_in_background({.loose_objects = 2});
  while (opened.store.background_is_busy()) std::this_thread::yield();
  std::filesystem::rename(folder / "elsewhere", folder / "packs");
  opened.store.pack_in_background({.loose_objects = 2});
  while (opened.store.background_is_busy()) std::this_thread::yield();
  CHECK(opened.store.statistics().packs == 0);
  write_documents(opened, 2, 2);
  opened.store.pack_in_background({.loose_objects = 2});
  while (opened.store.background_is_busy()) std::this_thread::yield();
  CHECK(opened.store.statistics().packs == 1);
  CHECK(readable(opened.store, written) == 3);
}

/// Writes and packs until it is killed, and tells of each document that was acknowledged.
int write_and_pack(const std::filesystem::path& folder, unsigned seed, int out) {
  Opened opened(folder);
  Documents documents(seed);
  std::optional<Id> last;
  for (unsigned i = 0;; ++i) {
    LooseBatch objects(opened.store);
    last = objects.put(ObjectType::kBlob, documents.next(), {.base = last, .compressed = false});
    write(opened, objects);
    if (::write(out, last->data(), Id::kSize) != Id::kSize) return 1;
    if (i % 8 == 7) opened.store.pack_when_due(pack_everything(2));
  }
}

TEST_CASE_METHOD(Fixture, "killed while packing, a repository holds every acknowledged object") {
  std::vector<Id> acknowledged;
  for (unsigned round = 0; round < 24; ++round) {
    int channel[2];
    REQUIRE(::pipe(channel) == 0);
    const auto child = [&] { return write_and_pack(folder.path(), round, channel[1]); };
    const pid_t one = in_child(child);
    const pid_t two =
        round % 3 == 0
            ? in_child([&] { return write_and_pack(folder.path(), 1000 + round, channel[1]); })
            : 0;
    ::close(channel[1]);
    ::usleep(20'000 + round * 7919 % 60'000);
    ::kill(one, SIGKILL);
    CHECK(wait_for(one) == 1000 + SIGKILL);
    if (two != 0) {
      ::kill(two, SIGKILL);
      CHECK(wait_for(two) == 1000 + SIGKILL);
    }
    Id id;
    while (::read(channel[0], id.data(), Id::kSize) == Id::kSize) acknowledged.push_back(id);
    ::close(channel[0]);
  }
  Opened opened(folder.path());
  std::size_t missing = 0;
  for (const Id& id : acknowledged) {
    const auto object = opened.store.get(id);
    if (!object || core::object_id(object->type, object->payload) != id) ++missing;
  }
  CHECK(missing == 0);
  CHECK(acknowledged.size() > 10);
  CHECK(problems(opened.store).empty());
  CHECK(opened.database->check().empty());
  write_documents(opened, 1, 5);
  CHECK(opened.store.pack_when_due(pack_everything()));
  for (const std::string& name : pack_files()) CHECK(name.find("tmp") == std::string::npos);
}

}  // namespace
}  // namespace isodb::refs
