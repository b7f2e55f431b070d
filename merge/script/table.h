#pragma once

#include <cstdint>

#include "merge/script/heap.h"
#include "merge/script/value.h"

namespace isodb::script {

struct Entry {
  Value key;  // absent once it was removed
  Value value;
  std::uint64_t hash;
};

/// A dict or a set: entries in the order of their insertion and, from nine on, an index by hash
/// with linear probing. Hashes and probing are fixed, so that what a look-up costs is the same
/// everywhere: keys made to collide use up the steps of whoever looks them up.
struct Table {
  Entry* entries = nullptr;
  std::uint32_t first = 0;  // no entry before it is live
  std::uint32_t used = 0;   // entries, removed ones too
  std::uint32_t live = 0;
  std::uint32_t capacity = 0;
  std::uint32_t* index = nullptr;  // entry + 1; 0 where empty
  std::uint32_t index_mask = 0;
  std::uint32_t iterators = 0;
  bool visited = false;
};

/// The hash of a key; equal keys have equal hashes. Throws Stop(kType) for what can be no key.
std::uint64_t hash_key(Heap& heap, const Value& key, int depth = 0);
std::uint64_t hash_text(const String& text);

/// The entry with this key, or nullptr.
Entry* table_find(Heap& heap, const Table& table, const Value& key);
/// As above for text that is no value.
Entry* table_find(Heap& heap, const Table& table, const String& key);
/// Sets the value of a key, new or not. True when it is new.
bool table_set(Heap& heap, Table& table, const Value& key, const Value& value);
/// The value removed; absent when there was none.
Value table_remove(Heap& heap, Table& table, const Value& key);
void table_remove(Table& table, Entry& entry);
void table_clear(Table& table);

/// Throws kMutation while a loop runs over the table.
void check_mutable(const Table& table);

/// for (const Entry& entry : live_entries(table)): in the order of insertion. A table that grows
/// meanwhile is seen as it was.
class LiveEntries {
 public:
  class Cursor {
   public:
    Cursor(Entry* at, Entry* end) : at_(at), end_(end) { skip(); }
    Entry& operator*() const { return *at_; }
    Cursor& operator++() {
      ++at_;
      skip();
      return *this;
    }
    bool operator!=(const Cursor& other) const { return at_ != other.at_; }

   private:
    void skip() {
      while (at_ != end_ && at_->key.is_absent()) ++at_;
    }
    Entry* at_;
    Entry* end_;
  };

  explicit LiveEntries(const Table& table)
      : begin_(table.entries + table.first), end_(table.entries + table.used) {}
  Cursor begin() const { return {begin_, end_}; }
  Cursor end() const { return {end_, end_}; }

 private:
  Entry* begin_;
  Entry* end_;
};

inline LiveEntries live_entries(const Table& table) {
  return LiveEntries(table);
}

}  // namespace isodb::script
