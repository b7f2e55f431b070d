// Collections beside writers: each race is forced, in the steps where others may come in between.
#include <catch2/catch.hpp>
#include <functional>
#include <optional>

#include "objects/pack.h"
#include "tests/unit/refs/store_support.h"

namespace isodb::refs {
namespace {

using namespace test;
using Outcome = CollectResult::Outcome;

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

constexpr CollectStep kSteps[] = {CollectStep::kPackLoose, CollectStep::kMark, CollectStep::kCopy,
                                  CollectStep::kFollow, CollectStep::kSwap};

/// Runs `action` when the step begins for the first time.
CollectOptions once_at(CollectStep step, const std::function<void()>& action) {
  CollectOptions options;
  options.on_step = [step, action, done = false](CollectStep now) mutable {
    if (now == step && !std::exchange(done, true)) action();
  };
  return options;
}

TEST_CASE_METHOD(Fixture, "a collection beside writers who never rest ends, and loses nothing") {
  Opened collecting(folder.path());
  Opened writing(folder.path());
  auto kept = write_documents(collecting, 1, 200);
  const auto dropped = write_documents(collecting, 2, 200);
  writing.store.refresh();
  unsigned writes = 0;
  KeepThese marker(ids_of(kept));
  CollectOptions options;
  options.on_step = [&](CollectStep step) {
    if (step == CollectStep::kClean) writing.store.refresh();
    auto written = write_documents(writing, 100 + ++writes, 10);
    for (const auto& [id, payload] : written) marker.name(id);
    kept.merge(written);
  };
  const CollectResult result = collecting.store.collect(marker, options);
  CHECK(result.outcome == Outcome::kDone);
  CHECK(writes >= 6);
  CHECK(readable(collecting.store, kept) == kept.size());
  CHECK(readable(writing.store, kept) == kept.size());
  CHECK(readable(Opened(folder.path()).store, dropped) == 0);
  CHECK(problems(Opened(folder.path()).store).empty());
}

TEST_CASE_METHOD(Fixture, "what comes to be needed while a collection runs is kept, in any step") {
  for (const CollectStep step : kSteps) {
    for (const std::size_t needed : {1, 400}) {
      TemporaryFolder place;
      create_repository(place.path());
      Opened collecting(place.path());
      Opened writing(place.path());
      const auto kept = write_documents(collecting, 1, 50);
      auto garbage = write_documents(collecting, 2, 450);
      collecting.store.pack_when_due(pack_everything());
      KeepThese marker(ids_of(kept));
      std::map<Id, Bytes> saved;
      const auto lean = [&] {
        // A commit that is made of what is there already.
        LooseBatch objects(writing.store);
        for (const auto& [id, payload] : garbage) {
          if (saved.size() == needed) break;
          objects.put(ObjectType::kBlob, payload);
          marker.name(id);
          saved.emplace(id, payload);
        }
        CHECK(objects.empty());
        WriteBatch batch = batch_of(objects);
        batch.loose.clear();
        batch.settings.emplace_back("names", "them");
        CHECK_FALSE(writing.database->write(batch).lost);
      };
      writing.store.refresh();
      const CollectResult result = collecting.store.collect(marker, once_at(step, lean));
      INFO("step " << static_cast<int>(step) << ", needed " << needed);
      CHECK(result.outcome == Outcome::kDone);
      CHECK(readable(collecting.store, kept) == kept.size());
      CHECK(readable(collecting.store, saved) == needed);
      CHECK(readable(collecting.store, garbage) == needed);
      CHECK(result.objects_dropped == 50 + 900 - needed);
      CHECK(problems(collecting.store).empty());
      if (step == CollectStep::kSwap && needed > 128) CHECK(result.swaps_put_off > 0);
    }
  }
}

TEST_CASE_METHOD(Fixture, "a delta that is written while a collection runs keeps its base") {
  for (const CollectStep step : kSteps) {
    for (const bool in_pack : {false, true}) {
      TemporaryFolder place;
      create_repository(place.path());
      Opened collecting(place.path());
      Opened writing(place.path());
      const auto kept = write_documents(collecting, 1, 20);
      const auto garbage = write_documents(collecting, 2, 20);
      collecting.store.pack_when_due(pack_everything());
      writing.store.refresh();
      std::map<Id, Bytes> written;
      KeepThese marker(ids_of(kept));
      const auto put_deltas = [&](objects::ObjectStore& store) {
        for (const auto& [base, payload] : garbage) {
          const Bytes text = payload + Bytes(8192, 'x');
          const Id id = store.put(ObjectType::kBlob, text, {.base = base, .compressed = false});
          written[id] = text;
          marker.name(id);
        }
      };
      const auto write_deltas = [&] {
        if (!in_pack) {
          LooseBatch objects(writing.store);
          put_deltas(objects);
          return write(writing, objects);
        }
        const auto view = writing.store.writer_view();
        objects::PackWriter writer(core::posix_file_system(), place / "packs", view.get());
        put_deltas(writer);
        WriteBatch batch;
        batch.packs_added.push_back(*writer.finish());
        batch.collection_generation = writing.store.collection_generation();
        CHECK_FALSE(writing.database->write(batch).lost);
      };
      collecting.store.collect(marker, once_at(step, write_deltas));
      INFO("step " << static_cast<int>(step) << ", in a pack: " << in_pack);
      Opened again(place.path());
      CHECK(readable(again.store, kept) == kept.size());
      CHECK(readable(again.store, written) == written.size());
      CHECK(problems(again.store).empty());
      // The next one drops the bases, and the deltas live.
      std::vector<Id> all = ids_of(kept);
      for (const auto& [id, payload] : written) all.push_back(id);
      collect(again, all);
      CHECK(readable(again.store, written) == written.size());
      CHECK(readable(again.store, garbage) == 0);
      CHECK(problems(again.store).empty());
    }
  }
}

TEST_CASE_METHOD(Fixture, "what is written again by who did not know of it is kept when packed") {
  Opened stale(folder.path());
  Opened collecting(folder.path());
  const auto kept = write_documents(collecting, 1, 5);
  const auto garbage = write_documents(collecting, 2, 5);
  collecting.store.pack_when_due(pack_everything());
  // More than the limits of packing: these rows are packed while the collection runs.
  const auto write_again = [&] {
    for (int i = 0; i < 9000; i += 100) {
      LooseBatch objects(stale.store);
      if (i == 0) {
        for (const auto& [id, payload] : garbage) objects.put(ObjectType::kBlob, payload);
      }
      for (int j = 0; j < 100; ++j) objects.put(ObjectType::kBlob, std::to_string(i + j));
      const WriteBatch batch = batch_of(objects);
      CHECK_FALSE(stale.database->write(batch).lost);
    }
  };
  collect(collecting, ids_of(kept), once_at(CollectStep::kCopy, write_again));
  Opened again(folder.path());
  CHECK(again.store.statistics().loose_objects == 0);
  CHECK(readable(again.store, kept) == kept.size());
  CHECK(readable(again.store, garbage) == garbage.size());
  CHECK(problems(again.store).empty());
}

TEST_CASE_METHOD(Fixture, "where too much came just before the swap, nobody waits for it") {
  Opened collecting(folder.path());
  Opened writing(folder.path());
  auto kept = write_documents(collecting, 1, 20);
  write_documents(collecting, 2, 20);
  writing.store.refresh();
  const auto write_much = [&] { kept.merge(write_documents(writing, 3, 1200)); };
  const CollectResult result =
      collect(collecting, ids_of(kept), once_at(CollectStep::kSwap, write_much));
  CHECK(result.outcome == Outcome::kDone);
  CHECK(result.swaps_put_off == 1);
  CHECK(readable(collecting.store, kept) == kept.size());
}

TEST_CASE_METHOD(Fixture, "a collection that is stopped in any step has changed nothing") {
  Opened opened(folder.path());
  const auto kept = write_documents(opened, 1, 300);
  const auto garbage = write_documents(opened, 2, 300);
  opened.store.pack_when_due(pack_everything());
  const auto files = pack_files();
  for (int looks = 0;; ++looks) {
    int left = looks;
    CollectOptions options;
    options.go_on = [&] { return left-- > 0; };
    const CollectResult result = collect(opened, ids_of(kept), options);
    if (result.outcome == Outcome::kDone) break;
    REQUIRE(result.outcome == Outcome::kStopped);
    REQUIRE(pack_files() == files);
    REQUIRE(opened.store.collection_generation() == 0);
    REQUIRE(readable(opened.store, garbage) == 300);
    REQUIRE(looks < 1000);
  }
  CHECK(readable(opened.store, kept) == 300);
  CHECK(readable(opened.store, garbage) == 0);
}

TEST_CASE_METHOD(Fixture, "a collection that is to yield does so where somebody builds a pack") {
  Opened opened(folder.path());
  const auto kept = write_documents(opened, 1, 30);
  const auto garbage = write_documents(opened, 2, 30);
  CollectOptions options;
  std::optional<objects::PackWriter> load;
  const auto begin_load = [&] {
    load.emplace(core::posix_file_system(), folder / "packs", nullptr);
  };
  const CollectStep step = GENERATE(CollectStep::kPackLoose, CollectStep::kSwap);
  if (step == CollectStep::kPackLoose) begin_load();
  if (step == CollectStep::kSwap) options = once_at(step, begin_load);
  options.yields_to_loads = true;
  CHECK(collect(opened, ids_of(kept), options).outcome == Outcome::kYielded);
  CHECK(readable(opened.store, garbage) == 30);
  CHECK(opened.store.collection_generation() == 0);
  load.reset();
  CHECK(collect(opened, ids_of(kept), options).outcome == Outcome::kDone);
  CHECK(readable(opened.store, garbage) == 0);
}

TEST_CASE_METHOD(Fixture, "with a new dictionary all is copied, but for what nothing leads to") {
  Opened opened(folder.path());
  auto kept = write_documents(opened, 1, 30);
  CollectOptions options;
  options.new_dictionary = true;
  CHECK(collect(opened, ids_of(kept), options).outcome == Outcome::kDone);
  const Id secret = std::next(kept.begin(), 10)->first;
  kept.erase(secret);
  CHECK(collect(opened, ids_of(kept), options).outcome == Outcome::kDone);
  CHECK_FALSE(opened.store.contains(secret));
  CHECK(readable(opened.store, kept) == 29);
  CHECK(problems(opened.store).empty());
}

TEST_CASE_METHOD(Fixture, "where too little would be given back nothing is copied") {
  Opened opened(folder.path());
  const auto kept = write_documents(opened, 1, 90);
  auto all = write_documents(opened, 2, 10);
  opened.store.pack_when_due(pack_everything());
  CollectOptions options;
  options.garbage_percent_min = 90;
  CHECK(collect(opened, ids_of(kept), options).outcome == Outcome::kTooLittle);
  CHECK(readable(opened.store, all) == 10);
  options.garbage_percent_min = 1;
  CHECK(collect(opened, ids_of(kept), options).outcome == Outcome::kDone);
  CHECK(readable(opened.store, all) == 0);
}

TEST_CASE_METHOD(Fixture, "where nothing is dropped no writer has to begin again") {
  Opened opened(folder.path());
  auto kept = write_documents(opened, 1, 20);
  opened.store.pack_when_due(pack_everything());
  kept.merge(write_documents(opened, 2, 20));
  std::vector<Id> all;
  opened.store.for_each([&](const Id& id) { all.push_back(id); });
  LooseBatch relying(opened.store);
  relying.put(ObjectType::kBlob, kept.begin()->second);
  relying.put(ObjectType::kBlob, "new");
  CHECK(collect(opened, all).outcome == Outcome::kDone);
  CHECK(opened.store.statistics().packs == 1);
  CHECK_FALSE(opened.database->write(batch_of(relying)).lost);
  collect(opened, all);
  const std::uint64_t transactions = opened.database->transactions();
  CHECK(collect(opened, all).outcome != Outcome::kStopped);
  CHECK(opened.database->transactions() >= transactions);
}

TEST_CASE_METHOD(Fixture, "collections beside two writers agree with a map, again and again") {
  std::mt19937 random(11);
  Opened collecting(folder.path());
  std::vector<std::unique_ptr<Opened>> writers;
  for (int i = 0; i < 2; ++i) writers.push_back(std::make_unique<Opened>(folder.path()));
  std::map<Id, Bytes> model, gone;
  for (unsigned round = 0; round < 40; ++round) {
    for (const auto& writer : writers) writer->store.refresh();
    model.merge(write_documents(*writers[round % 2], round, 12));
    for (auto object = model.begin(); object != model.end();) {
      if (random() % 5 == 0) {
        gone.insert(*object);
        object = model.erase(object);
      } else {
        ++object;
      }
    }
    KeepThese marker(ids_of(model));
    CollectOptions options;
    options.on_step = [&](CollectStep step) {
      Opened& writer = *writers[random() % 2];
      if (step == CollectStep::kClean || random() % 2 == 0) writer.store.refresh();
      if (random() % 3 == 0) {
        auto written = write_documents(writer, 1000 * round + random() % 9, 3);
        for (const auto& [id, payload] : written) marker.name(id);
        model.merge(written);
      }
      if (gone.empty() || random() % 2 == 0) return;
      // Somebody writes again what was given up.
      const auto again = std::next(gone.begin(), static_cast<long>(random() % gone.size()));
      LooseBatch objects(writer.store);
      objects.put(ObjectType::kBlob, again->second,
                  {.base = model.begin()->first, .compressed = false});
      objects.put(ObjectType::kBlob, std::to_string(random()));
      if (writer.database->write(batch_of(objects)).lost) return writer.store.refresh();
      marker.name(again->first);
      model.insert(*again);
      gone.erase(again);
    };
    collecting.store.collect(marker, options);
    REQUIRE(readable(collecting.store, model) == model.size());
    for (const auto& writer : writers) REQUIRE(readable(writer->store, model) == model.size());
  }
  CHECK(problems(collecting.store).empty());
}

}  // namespace
}  // namespace isodb::refs
