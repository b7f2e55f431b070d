#include "merge/script/table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "core/hash.h"
#include "merge/script/compare.h"
#include "merge/script/integer.h"

namespace isodb::script {

namespace {

constexpr std::uint32_t kUnindexed = 8;  // entries that are looked through one by one

std::uint64_t mix(std::uint64_t hash, std::uint64_t more) {
  hash = (hash ^ more) * 0x9fb21c651e98df25u;
  return hash ^ hash >> 32;
}

std::uint64_t hash_double(Heap& heap, double value) {
  if (std::isfinite(value) && std::trunc(value) == value) {
    return integer_hash(integer_from_double(heap, value));
  }
  // One hash for every not-a-number, because all of them are equal.
  return mix(7, std::isnan(value) ? 1 : std::bit_cast<std::uint64_t>(value));
}

std::uint64_t hash_tuple(Heap& heap, const Tuple& tuple, int depth) {
  std::uint64_t hash = 0x51afd7ed558ccd25u + tuple.size;
  for (std::uint32_t i = 0; i < tuple.size; ++i) {
    heap.meter().steps(1);
    hash = mix(hash, hash_key(heap, tuple.items[i], depth + 1));
  }
  return hash;
}

void put_index(Table& table, std::uint32_t entry) {
  std::uint32_t at = static_cast<std::uint32_t>(table.entries[entry].hash) & table.index_mask;
  while (table.index[at] != 0) at = (at + 1) & table.index_mask;
  table.index[at] = entry + 1;
}

/// Moves the live entries together and indexes them anew.
void rebuild(Table& table, Entry* target) {
  std::uint32_t count = 0;
  for (std::uint32_t i = table.first; i < table.used; ++i) {
    if (!table.entries[i].key.is_absent()) target[count++] = table.entries[i];
  }
  table.entries = target;
  table.first = 0;
  table.used = count;
  if (table.index == nullptr) return;
  std::fill(table.index, table.index + table.index_mask + 1, 0);
  for (std::uint32_t i = 0; i < count; ++i) put_index(table, i);
}

void make_room(Heap& heap, Table& table) {
  if (table.used < table.capacity) return;
  heap.meter().work(std::uint64_t{table.used} * 4);
  if (table.capacity > 0 && table.live <= table.capacity / 2) {
    rebuild(table, table.entries);
    return;
  }
  const std::uint32_t capacity = std::max(kUnindexed / 2, table.capacity * 2);
  heap.meter().cells(std::uint64_t{capacity} * 4);
  if (capacity > kUnindexed) {
    table.index_mask = capacity * 2 - 1;
    table.index = heap.arena().array<std::uint32_t>(std::size_t{capacity} * 2);
  }
  table.capacity = capacity;
  rebuild(table, heap.arena().array<Entry>(capacity));
}

/// The entry for which `is_key` holds among those of this hash.
template <typename IsKey>
Entry* find(Heap& heap, const Table& table, std::uint64_t hash, const IsKey& is_key) {
  if (table.index == nullptr) {
    for (std::uint32_t i = table.first; i < table.used; ++i) {
      Entry& entry = table.entries[i];
      if (entry.hash == hash && !entry.key.is_absent() && is_key(entry.key)) return &entry;
    }
    return nullptr;
  }
  std::uint32_t at = static_cast<std::uint32_t>(hash) & table.index_mask;
  Entry* found = nullptr;
  std::uint64_t probes = 0;
  for (; table.index[at] != 0; at = (at + 1) & table.index_mask) {
    Entry& entry = table.entries[table.index[at] - 1];
    ++probes;
    if (entry.hash == hash && !entry.key.is_absent() && is_key(entry.key)) {
      found = &entry;
      break;
    }
  }
  heap.meter().steps(probes / 8);
  return found;
}

}  // namespace

std::uint64_t hash_text(const String& text) {
  if (text.hash == 0) text.hash = std::max<std::uint64_t>(core::xxh3(text.view()), 1);
  return text.hash;
}

std::uint64_t hash_key(Heap& heap, const Value& key, int depth) {
  check_depth(depth);
  switch (key.tag) {
    case Tag::kNone:
      return 0x6eed0e9da4d94a4fu;
    case Tag::kBool:
      return key.boolean ? 0xd6e8feb86659fd93u : 0xa5cb9243f0aaebb1u;
    case Tag::kInt:
    case Tag::kBig:
      if (key.is(Tag::kBig)) heap.meter().work(key.big->size);
      return integer_hash(key);
    case Tag::kFloat:
    case Tag::kDecimal:
      return hash_double(heap, key.as_double());
    case Tag::kString:
      heap.meter().work(key.string->hash == 0 ? key.string->bytes : 0);
      return hash_text(*key.string);
    case Tag::kTuple:
      return hash_tuple(heap, *key.tuple, depth);
    case Tag::kRange:
      return mix(mix(3, static_cast<std::uint64_t>(key.range->size)),
                 key.range->size == 0 ? 0 : static_cast<std::uint64_t>(key.range->start));
    case Tag::kFunction:
      return mix(5, key.function->number);
    case Tag::kList:
    case Tag::kDict:
    case Tag::kSet:
      stop(Reason::kType,
           "a value of type " + std::string(type_name(key)) + " can change: it is no key");
    default:
      // Builtin functions: few in one table, and where they lie in memory must not show.
      return 11;
  }
}

Entry* table_find(Heap& heap, const Table& table, const Value& key) {
  const std::uint64_t hash = hash_key(heap, key);
  return find(heap, table, hash,
              [&](const Value& other) { return equal_values(heap, other, key); });
}

Entry* table_find(Heap& heap, const Table& table, const String& key) {
  return table_find(heap, table, Value::of(&key));
}

bool table_set(Heap& heap, Table& table, const Value& key, const Value& value) {
  const std::uint64_t hash = hash_key(heap, key);
  Entry* const found =
      find(heap, table, hash, [&](const Value& other) { return equal_values(heap, other, key); });
  if (found != nullptr) {
    found->value = value;
    return false;
  }
  const Entry entry{key, value, hash};  // first: they may stand in the table
  make_room(heap, table);
  table.entries[table.used] = entry;
  if (table.index != nullptr) put_index(table, table.used);
  ++table.used;
  ++table.live;
  return true;
}

void table_remove(Table& table, Entry& entry) {
  entry.key = Value();
  entry.value = Value();
  --table.live;
  while (table.first < table.used && table.entries[table.first].key.is_absent()) ++table.first;
}

Value table_remove(Heap& heap, Table& table, const Value& key) {
  Entry* const found = table_find(heap, table, key);
  if (found == nullptr) return {};
  const Value value = found->value;
  table_remove(table, *found);
  return value;
}

void table_clear(Table& table) {
  table.first = table.used = table.live = 0;
  if (table.index != nullptr) std::fill(table.index, table.index + table.index_mask + 1, 0);
}

void check_mutable(const Table& table) {
  if (table.iterators > 0) {
    stop(Reason::kMutation, "a dict or set is changed while it is iterated over");
  }
}

}  // namespace isodb::script
