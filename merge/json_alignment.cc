#include "merge/json_alignment.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>

#include "core/json_number.h"
#include "core/json_writer.h"

namespace isodb::merge {

using core::Json;
using core::JsonKind;
using core::JsonMember;

namespace {

/// Appends a text that two values share exactly when they are equal as data.
void append_key(std::string& key, const Json& value) {
  switch (value.kind()) {
    case JsonKind::kNumber: {
      const core::Decimal number = core::Decimal::of(value.number_text());
      if (number.negative) key += '-';
      key += number.digits + "e" + number.exponent;
      break;
    }
    case JsonKind::kArray:
      key += '[';
      for (const Json& item : value.items()) {
        append_key(key, item);
        key += ',';
      }
      key += ']';
      break;
    case JsonKind::kObject: {
      std::vector<const JsonMember*> sorted;
      for (const JsonMember& member : value.members()) sorted.push_back(&member);
      std::stable_sort(sorted.begin(), sorted.end(), [](const JsonMember* a, const JsonMember* b) {
        return a->key() < b->key();
      });
      key += '{';
      for (const JsonMember* member : sorted) {
        core::append_json_string(key, member->key());
        append_key(key, member->value);
        key += ',';
      }
      key += '}';
      break;
    }
    default:
      key += core::write_json(value);
  }
}

class ItemSymbols {
 public:
  std::vector<std::uint32_t> of(std::span<const Json> items) {
    std::vector<std::uint32_t> symbols;
    symbols.reserve(items.size());
    for (const Json& item : items) {
      std::string key;
      append_key(key, item);
      const auto number = static_cast<std::uint32_t>(numbers_.size());
      symbols.push_back(numbers_.try_emplace(std::move(key), number).first->second);
    }
    return symbols;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;  // only looked up, never walked
};

}  // namespace

std::vector<ChangedRange> align_items(const std::vector<Json>& before,
                                      const std::vector<Json>& after) {
  // align() would trim the same, but here most items need no key.
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0, tail = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  while (tail < shorter - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  const auto middle = [&](const std::vector<Json>& items) {
    return std::span(items).subspan(head, items.size() - head - tail);
  };
  if (middle(before).empty() && middle(after).empty()) return {};
  ItemSymbols symbols;
  const auto symbols_before = symbols.of(middle(before)), symbols_after = symbols.of(middle(after));
  std::vector<ChangedRange> ranges = align(symbols_before, symbols_after);
  for (ChangedRange& range : ranges) {
    range.before_begin += head, range.before_end += head;
    range.after_begin += head, range.after_end += head;
  }
  return ranges;
}

std::vector<ItemPair> pair_items(const std::vector<Json>& before, const std::vector<Json>& after) {
  std::vector<ItemPair> pairs;
  std::size_t i = 0, j = 0;
  const auto match_until = [&](std::size_t before_end) {
    while (i < before_end) pairs.push_back({i++, j++});
  };
  for (const ChangedRange& range : align_items(before, after)) {
    match_until(range.before_begin);
    match_until(range.before_begin + std::min(range.before_count(), range.after_count()));
    while (i < range.before_end) pairs.push_back({i++, std::nullopt});
    while (j < range.after_end) pairs.push_back({std::nullopt, j++});
  }
  match_until(before.size());
  return pairs;
}

std::vector<ItemPair> pair_members(const std::vector<JsonMember>& before,
                                   const std::vector<JsonMember>& after) {
  std::unordered_map<std::string_view, std::size_t> places;  // only looked up, never walked
  places.reserve(after.size());
  for (std::size_t j = 0; j < after.size(); ++j) places.emplace(after[j].key(), j);
  std::vector<ItemPair> pairs;
  std::vector<bool> paired(after.size(), false);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto place = places.find(before[i].key());
    if (place == places.end()) {
      pairs.push_back({i, std::nullopt});
    } else {
      pairs.push_back({i, place->second});
      paired[place->second] = true;
    }
  }
  for (std::size_t j = 0; j < after.size(); ++j) {
    if (!paired[j]) pairs.push_back({std::nullopt, j});
  }
  return pairs;
}

}  // namespace isodb::merge
