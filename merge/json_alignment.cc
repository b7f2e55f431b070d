#include "merge/json_alignment.h"

#include <algorithm>
#include <utility>

#include "core/json_number.h"
#include "core/json_writer.h"

namespace isodb::merge {

using core::Json;
using core::JsonKind;
using core::JsonMember;

namespace {

void append_number(std::string& key, std::uint32_t number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

/// A text that two scalars share exactly when they are equal. Its first byte tells the kind, and
/// keys of containers begin otherwise.
std::string scalar_key(const Json& value) {
  switch (value.kind()) {
    case JsonKind::kNumber: {
      const core::Decimal number = core::Decimal::of(value.number_text());
      return (number.negative ? "-" : "+") + number.digits + "e" + number.exponent;
    }
    case JsonKind::kString:
      return '"' + std::string(value.as_string());
    default:
      return core::write_json(value);
  }
}

}  // namespace

std::uint32_t ValueSymbols::number_of(std::string key) {
  const auto next = static_cast<std::uint32_t>(numbers_.size());
  return numbers_.try_emplace(std::move(key), next).first->second;
}

std::uint32_t ValueSymbols::of_container(const Json& value) {
  std::string key(1, value.is_array() ? '[' : '{');
  if (value.is_array()) {
    for (const Json& item : value.items()) append_number(key, of(item));
    return number_of(std::move(key));
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> members;
  members.reserve(value.size());
  for (const JsonMember& member : value.members()) {
    members.emplace_back(of(member.name), of(member.value));
  }
  std::sort(members.begin(), members.end());
  for (const auto& [name, part] : members) {
    append_number(key, name);
    append_number(key, part);
  }
  return number_of(std::move(key));
}

std::uint32_t ValueSymbols::of(const Json& value) {
  if (!value.is_container()) return number_of(scalar_key(value));
  const void* const contents = value.is_array() ? static_cast<const void*>(&value.items())
                                                : static_cast<const void*>(&value.members());
  const auto known = of_contents_.find(contents);
  if (known != of_contents_.end()) return known->second;
  const std::uint32_t number = of_container(value);
  of_contents_.emplace(contents, number);
  return number;
}

std::vector<std::uint32_t> ValueSymbols::of_items(const std::vector<Json>& items) {
  std::vector<std::uint32_t> symbols;
  symbols.reserve(items.size());
  for (const Json& item : items) symbols.push_back(of(item));
  return symbols;
}

std::vector<ChangedRange> align_items(const std::vector<Json>& before,
                                      const std::vector<Json>& after, ValueSymbols& symbols) {
  const auto symbols_before = symbols.of_items(before), symbols_after = symbols.of_items(after);
  return align(symbols_before, symbols_after);
}

std::vector<ItemPair> pair_items(const std::vector<Json>& before, const std::vector<Json>& after,
                                 ValueSymbols& symbols) {
  std::vector<ItemPair> pairs;
  std::size_t i = 0, j = 0;
  const auto match_until = [&](std::size_t before_end) {
    while (i < before_end) pairs.push_back({i++, j++});
  };
  for (const ChangedRange& range : align_items(before, after, symbols)) {
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
