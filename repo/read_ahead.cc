#include "repo/read_ahead.h"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "objects/content.h"

namespace isodb::repo {
namespace {

/// Enough of them that neither thread waits for the other where one is held up for a while.
constexpr std::size_t kPortionsMax = 8;
/// Enough that handing them over costs nothing beside reading them (a lock: some 50 ns).
constexpr std::size_t kPortionDocuments = 64;
constexpr std::uint64_t kPortionBytes = 256 << 10;

/// Documents that follow each other, read by one of the two threads.
struct Portion {
  enum class State { kListed, kInWork, kRead };
  State state = State::kListed;
  std::vector<objects::ContentRef> contents;
  std::vector<std::optional<Bytes>> documents;

  void read(const refs::LocalStore& store) {
    try {
      std::vector<Id> ids;
      for (const objects::ContentRef& content : contents) ids.push_back(content.id);
      std::vector<std::optional<objects::Object>> objects = store.get_many(ids);
      documents.reserve(contents.size());
      for (std::size_t i = 0; i < contents.size(); ++i) {
        documents.push_back(objects::document_of(std::move(objects[i]), contents[i]));
      }
    } catch (...) {
      // Whoever scans comes to what is left out, reads it, and is told.
    }
  }
};

}  // namespace

struct ReadAhead::Shared {
  Shared(std::shared_ptr<RepositoryState> repository, objects::Cursor start, std::string within)
      : state(std::move(repository)), cursor(std::move(start)), prefix(std::move(within)) {}

  /// Of the second thread: lists what is to come, and reads.
  void work() {
    std::unique_lock lock(mutex);
    while (!stopped) {
      if (!all_listed && portions.size() < kPortionsMax) {
        lock.unlock();
        std::list<Portion> listed = list();
        lock.lock();
        all_listed = listed.empty();
        portions.splice(portions.end(), listed);
        changed.notify_all();
      } else if (!read_one(lock)) {
        changed.wait(lock);
      }
    }
  }

  /// The next portion, none at the end. Where the tree is damaged, it ends: the scan's own cursor
  /// comes there, too. Of a document in chunks only the list is read ahead, for nothing.
  std::list<Portion> list() {
    std::list<Portion> listed;
    try {
      std::vector<objects::ContentRef> contents;
      for (std::uint64_t bytes = 0; bytes < kPortionBytes && contents.size() < kPortionDocuments;) {
        if (!cursor.valid() || !cursor.path().starts_with(prefix)) break;
        contents.push_back(cursor.content());
        bytes += std::min<std::uint64_t>(contents.back().size, kPortionBytes);
        cursor.next();
      }
      if (!contents.empty()) listed.emplace_back().contents = std::move(contents);
    } catch (...) {
      listed.clear();
    }
    return listed;
  }

  /// Reads the first portion that nobody has begun. False where there is none.
  bool read_one(std::unique_lock<std::mutex>& lock) {
    const auto found = std::ranges::find(portions, Portion::State::kListed,
                                         [](const Portion& p) { return p.state; });
    if (found == portions.end()) return false;
    found->state = Portion::State::kInWork;
    lock.unlock();
    found->read(*state->store);
    lock.lock();
    found->state = Portion::State::kRead;
    changed.notify_all();
    return true;
  }

  const std::shared_ptr<RepositoryState> state;
  objects::Cursor cursor;  // of the second thread alone
  const std::string prefix;

  std::mutex mutex;  // of what follows
  std::condition_variable changed;
  std::list<Portion> portions;  // where they stay while others come and go
  bool all_listed = false, stopped = false;

  // Of the scan's thread alone.
  std::vector<std::optional<Bytes>> current;
  std::size_t taken = 0;
  std::thread thread;
};

ReadAhead::ReadAhead(std::shared_ptr<RepositoryState> state, objects::Cursor cursor,
                     std::string prefix)
    : shared_(std::make_unique<Shared>(std::move(state), std::move(cursor), std::move(prefix))) {
  try {
    shared_->thread = std::thread([shared = shared_.get()] { shared->work(); });
  } catch (const std::system_error&) {
    shared_->all_listed = true;  // no more threads: the caller reads all
  }
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
  }
  shared_->changed.notify_all();
  if (shared_->thread.joinable()) shared_->thread.join();
}

std::optional<Bytes> ReadAhead::take() {
  Shared& shared = *shared_;
  if (shared.taken == shared.current.size()) {
    std::unique_lock lock(shared.mutex);
    for (;;) {
      if (shared.portions.empty() ? shared.all_listed
                                  : shared.portions.front().state == Portion::State::kRead) {
        break;
      }
      if (!shared.read_one(lock)) shared.changed.wait(lock);
    }
    if (shared.portions.empty()) return std::nullopt;
    shared.current = std::move(shared.portions.front().documents);
    shared.current.resize(shared.portions.front().contents.size());
    shared.taken = 0;
    shared.portions.pop_front();
    shared.changed.notify_all();
  }
  return std::move(shared.current[shared.taken++]);
}

}  // namespace isodb::repo
