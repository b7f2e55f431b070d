#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/hash.h"
#include "refs/collection.h"
#include "refs/local_store.h"
#include "tests/unit/refs/support.h"

namespace isodb::refs::test {

/// A repository folder as one process sees it.
struct Opened {
  explicit Opened(const std::filesystem::path& folder)
      : database(Database::open(folder / "repo.db", {})),
        store(*database, core::posix_file_system(), folder / "packs") {}
  std::unique_ptr<Database> database;
  LocalStore store;
};

inline void create_repository(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "packs");
  Database::create(folder / "repo.db", {});
}

/// Puts documents one a commit: each is a text that shares most with the one before.
class Documents {
 public:
  explicit Documents(unsigned seed) : random_(seed) {}
  Bytes next() {
    if (text_.empty() || random_() % 16 == 0) {
      text_.clear();
      for (int i = 0; i < 60; ++i)
        text_ += "field" + std::to_string(random_() % 1000) + ": value\n";
    }
    text_[random_() % text_.size()] = static_cast<char>('a' + random_() % 26);
    return text_ += std::to_string(random_() % 10);
  }

 private:
  std::mt19937 random_;
  Bytes text_;
};

inline WriteBatch batch_of(LooseBatch& objects) {
  WriteBatch batch;
  batch.collection_generation = objects.collection_generation();
  batch.loose.push_back(objects.take());
  return batch;
}

enum class Adopt { kYes, kNo };

/// Makes what was put durable, as a commit does.
inline void write(Opened& opened, LooseBatch& objects, Adopt adopt = Adopt::kYes) {
  WriteBatch batch = batch_of(objects);
  const auto result = opened.database->write(batch);
  if (result.lost) throw std::runtime_error("a collection ran");
  for (std::size_t i = 0; i < batch.loose.size(); ++i) {
    batch.loose[i].number = result.loose_numbers[i];
  }
  if (adopt == Adopt::kYes) opened.store.adopt(std::move(batch.loose), result.transactions);
}

/// So many commits of a document, each based on the one before: most are long enough to become
/// deltas, every seventh is held as it is. Returns what was put.
inline std::map<Id, Bytes> write_documents(Opened& opened, unsigned seed, int count,
                                           Adopt adopt = Adopt::kYes) {
  std::map<Id, Bytes> written;
  Documents documents(seed);
  std::optional<Id> last;
  for (int i = 0; i < count; ++i) {
    LooseBatch objects(opened.store);
    const Bytes text = documents.next() + (i % 7 == 6 ? Bytes() : Bytes(4096, ' '));
    last = objects.put(ObjectType::kBlob, text, {.base = last, .compressed = false});
    objects.put(ObjectType::kCommit, "commit " + last->hex());
    written[*last] = text;
    write(opened, objects, adopt);
  }
  return written;
}

inline std::vector<Id> ids_of(const std::map<Id, Bytes>& objects) {
  std::vector<Id> ids;
  for (const auto& [id, payload] : objects) ids.push_back(id);
  return ids;
}

/// How many of `expected` the store gives back as they are.
inline std::size_t readable(const LocalStore& store, const std::map<Id, Bytes>& expected) {
  std::size_t count = 0;
  for (const auto& [id, payload] : expected) {
    const std::optional<objects::Object> object = store.get(id);
    if (object && object->type == ObjectType::kBlob && object->payload == payload) ++count;
  }
  return count;
}

inline std::vector<std::string> problems(const LocalStore& store) {
  std::vector<std::string> found;
  store.check_all(
      [&](const Damaged& damaged) {
        const std::string where = damaged.object ? damaged.object->hex() : damaged.file;
        found.push_back(where + ": " + damaged.problem);
      },
      {});
  return found;
}

/// Keeps these, what came meanwhile and stays, and what others say of it.
class KeepThese : public Marker {
 public:
  explicit KeepThese(std::vector<Id> ids) : ids_(std::move(ids)) {}
  /// From now on something leads to it.
  void name(const Id& id) { named_.push_back(id); }
  void mark(const Keep& keep) override {
    for (const Id& id : ids_) keep(id);
  }
  void mark_again(std::span<const Id> added, const Keep& keep) override {
    named_.insert(named_.end(), added.begin(), added.end());
    while (!named_.empty()) {
      const Id id = named_.back();
      named_.pop_back();
      keep(id);
    }
  }

 private:
  const std::vector<Id> ids_;
  std::vector<Id> named_;
};

inline CollectResult collect(Opened& opened, const std::vector<Id>& keep,
                             const CollectOptions& options = {}) {
  KeepThese marker(keep);
  return opened.store.collect(marker, options);
}

/// Packs whatever is loose.
inline LocalStore::PackingLimits pack_everything(unsigned packs_per_tier = 1000) {
  return {.loose_objects = 0, .loose_bytes = 0, .packs_per_tier = packs_per_tier};
}

}  // namespace isodb::refs::test
