#include "tests/reference/fold.h"

#include <algorithm>
#include <map>

#include "tests/reference/alignment.h"

namespace isodb::reference {
namespace {

using Items = std::vector<Node>;
constexpr std::size_t kUnmatched = static_cast<std::size_t>(-1);

/// Where each item of `before` stands in `after`; kUnmatched where it does not.
std::vector<std::size_t> matches(const Symbols& before, const Symbols& after) {
  std::vector<std::size_t> places(before.size(), kUnmatched);
  for (const auto& [i, j] : align(before, after)) places[i] = j;
  return places;
}

/// A stretch of all three: items that both sides left alone, or what lies between such.
struct Stretch {
  bool kept = false;
  std::size_t base_begin, base_end, left_begin, left_end, right_begin, right_end;
};

std::vector<Stretch> stretches(const Symbols& base, const Symbols& left, const Symbols& right) {
  const auto in_left = matches(base, left), in_right = matches(base, right);
  std::vector<Stretch> result;
  std::size_t b = 0, l = 0, r = 0;
  const auto hunk_until = [&](std::size_t b_end, std::size_t l_end, std::size_t r_end) {
    if (b < b_end || l < l_end || r < r_end) {
      result.push_back({false, b, b_end, l, l_end, r, r_end});
    }
    b = b_end, l = l_end, r = r_end;
  };
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (in_left[i] == kUnmatched || in_right[i] == kUnmatched) continue;
    hunk_until(i, in_left[i], in_right[i]);
    result.push_back({true, b, b + 1, l, l + 1, r, r + 1});
    ++b, ++l, ++r;
  }
  hunk_until(base.size(), left.size(), right.size());
  return result;
}

/// Equal items get equal numbers: found by comparing each with all before it.
class ItemNumbers {
 public:
  Symbols of(const Items& items) {
    Symbols symbols;
    for (const Node& item : items) {
      const auto known = std::find(known_.begin(), known_.end(), item->value);
      symbols.push_back(static_cast<std::uint32_t>(known - known_.begin()));
      if (known == known_.end()) known_.push_back(item->value);
    }
    return symbols;
  }

 private:
  std::vector<Json> known_;
};

bool has(const Items& items, const Node& item) {
  return std::any_of(items.begin(), items.end(),
                     [&](const Node& other) { return equal(other, item); });
}

bool same(const Items& a, const Items& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Node& x, const Node& y) { return equal(x, y); });
}

template <typename T>
std::vector<T> part(const std::vector<T>& all, std::size_t begin, std::size_t end) {
  return {all.begin() + static_cast<std::ptrdiff_t>(begin),
          all.begin() + static_cast<std::ptrdiff_t>(end)};
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& items) {
  to.insert(to.end(), items.begin(), items.end());
}

/// What one side did with an array: what became of each item, and what it put in before each and
/// behind the last.
struct Edits {
  Items items;  // nullptr: removed
  std::vector<Items> put_in;
  std::vector<bool> within_range;  // the place lies between two items of one changed range
};

Edits edits_of(const Items& base, const Items& side, ItemNumbers& numbers, ArrayMode mode) {
  Edits edits;
  edits.put_in.resize(base.size() + 1);
  edits.within_range.resize(base.size() + 1, false);
  std::size_t j = 0;
  const auto keep_until = [&](std::size_t end) {
    while (edits.items.size() < end) edits.items.push_back(side[j++]);
  };
  const Matches matched = align(numbers.of(base), numbers.of(side));
  for (const Changed& range : changed_between(matched, base.size(), side.size())) {
    keep_until(range.before_begin);
    const std::size_t changed =
        mode == ArrayMode::kList
            ? 0
            : std::min(range.before_end - range.before_begin, range.after_end - range.after_begin);
    keep_until(range.before_begin + changed);
    edits.put_in[range.before_begin + changed] = part(side, j, range.after_end);
    j = range.after_end;
    edits.items.resize(range.before_end);
    for (std::size_t i = range.before_begin + 1; i < range.before_end; ++i) {
      edits.within_range[i] = true;
    }
  }
  keep_until(base.size());
  return edits;
}

/// Lines with their line feeds.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t feed = text.find('\n', at);
    const std::size_t end = feed == std::string::npos ? text.size() : feed + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  return lines;
}

Step<std::vector<std::string>> text_hunk(const std::vector<std::string>& base,
                                         const std::vector<std::string>& left,
                                         const std::vector<std::string>& right) {
  if (left == base) return {right};
  if (right == base || right == left) return {left};
  if (!base.empty()) return {right, true};
  std::vector<std::string> result = left;
  append(result, right);
  return {result, true};
}

/// The item with a key; nullptr where there is none.
Node item_with_key(const Items& list, const core::JsonPointer& pointer, const Node& key) {
  for (const Node& item : list) {
    if (equal(key_of(item, pointer), key)) return item;
  }
  return nullptr;
}

Items keys_of(const Items& list, const core::JsonPointer& pointer) {
  Items keys;
  for (const Node& item : list) keys.push_back(key_of(item, pointer));
  return keys;
}

Step<Items> merge_items(const Items& base, const Items& left, const Items& right, ArrayMode mode) {
  ItemNumbers numbers;
  const Edits l = edits_of(base, left, numbers, mode), r = edits_of(base, right, numbers, mode);
  Items merged;
  bool conflict = false;
  for (std::size_t i = 0; i <= base.size(); ++i) {
    if (!same(l.put_in[i], r.put_in[i])) {
      conflict = conflict || (!l.put_in[i].empty() && !r.put_in[i].empty());
      append(merged, l.put_in[i]);
    }
    append(merged, r.put_in[i]);
    conflict = conflict || (!l.put_in[i].empty() && r.within_range[i]);
    conflict = conflict || (!r.put_in[i].empty() && l.within_range[i]);
    if (i == base.size()) break;
    const auto item = three_way(base[i], l.items[i], r.items[i]);
    conflict = conflict || item.conflict;
    if (item.value != nullptr) merged.push_back(item.value);
  }
  return {merged, conflict && mode != ArrayMode::kList};
}

Items items_of(const Node& array) {
  return array == nullptr ? Items{} : array->parts;
}

bool is_object(const Node& node) {
  return node != nullptr && node->value.is_object();
}
bool is_array(const Node& node) {
  return node != nullptr && node->value.is_array();
}

Step<Node> merge_objects(const Node& base, const Node& left, const Node& right) {
  std::vector<Name> names;
  std::vector<Node> values;
  bool conflict = false;
  for (const Name& name : order_members({right, left})) {
    const auto value = three_way(member_of(base, name.name), member_of(left, name.name),
                                 member_of(right, name.name));
    conflict = conflict || value.conflict;
    if (value.value == nullptr) continue;
    names.push_back(name);
    values.push_back(value.value);
  }
  return {make_object(names, values, right), conflict};
}

}  // namespace

Step<Node> three_way(const Node& base, const Node& left, const Node& right) {
  if (equal(left, right) || equal(left, base)) return {right};
  if (equal(right, base)) return {left};
  if (left == nullptr || right == nullptr) return {right != nullptr ? right : left, true};
  if ((base == nullptr || is_object(base)) && is_object(left) && is_object(right)) {
    return merge_objects(base, left, right);
  }
  if (is_array(base) && is_array(left) && is_array(right)) {
    return array_step(base, left, right, ArrayMode::kArray);
  }
  return {right, true};
}

Step<Node> array_step(const Node& base, const Node& left, const Node& right, ArrayMode mode) {
  const auto merged = merge_items(items_of(base), items_of(left), items_of(right), mode);
  return {make_array(merged.value, right), merged.conflict};
}

Step<std::string> text_step(const std::string& base, const std::string& left,
                            const std::string& right) {
  const auto b = lines_of(base), l = lines_of(left), r = lines_of(right);
  std::map<std::string, std::uint32_t> numbers;
  const auto symbols = [&](const std::vector<std::string>& lines) {
    Symbols result;
    for (const std::string& line : lines) {
      const auto next = static_cast<std::uint32_t>(numbers.size());
      result.push_back(numbers.emplace(line, next).first->second);
    }
    return result;
  };
  std::vector<std::string> merged;
  bool conflict = false;
  for (const Stretch& stretch : stretches(symbols(b), symbols(l), symbols(r))) {
    const auto hunk = text_hunk(part(b, stretch.base_begin, stretch.base_end),
                                part(l, stretch.left_begin, stretch.left_end),
                                part(r, stretch.right_begin, stretch.right_end));
    append(merged, hunk.value);
    conflict = conflict || hunk.conflict;
  }
  std::string text;
  for (const std::string& line : merged) {
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    text += line;
  }
  return {text, conflict};
}

Step<Node> set_step(const Node& base, const Node& left, const Node& right) {
  const Items b = items_of(base), l = items_of(left), r = items_of(right);
  Items merged;
  const auto add = [&](const Node& item) {
    if (!has(merged, item)) merged.push_back(item);
  };
  for (const Node& item : l) {
    if (!has(b, item) || has(r, item)) add(item);
  }
  for (const Node& item : r) {
    if (!has(b, item) && !has(l, item)) add(item);
  }
  return {make_array(merged, right)};
}

Step<Node> keyed_list_step(const Node& base, const Node& left, const Node& right,
                           const core::JsonPointer& key) {
  const Items b = items_of(base), l = items_of(left), r = items_of(right);
  const Items left_keys = keys_of(l, key), right_keys = keys_of(r, key);
  const Items ordered = merge_items(keys_of(b, key), left_keys, right_keys, ArrayMode::kList).value;
  Items order;
  for (const Items* keys : {&ordered, &left_keys, &right_keys}) {
    for (const Node& one : *keys) {
      if (!has(order, one)) order.push_back(one);
    }
  }
  Items merged;
  bool conflict = false;
  for (const Node& one : order) {
    const auto item = three_way(item_with_key(b, key, one), item_with_key(l, key, one),
                                item_with_key(r, key, one));
    conflict = conflict || item.conflict;
    if (item.value != nullptr) merged.push_back(item.value);
  }
  return {make_array(merged, right), conflict};
}

Node key_of(const Node& item, const core::JsonPointer& key) {
  Node place = item;
  for (const std::string& token : key.tokens) {
    if (is_array(place)) {
      const auto index = core::pointer_index(token);
      place = index && *index < place->parts.size() ? place->parts[*index] : nullptr;
    } else {
      place = member_of(place, token);
    }
  }
  return place;
}

std::vector<Name> order_members(const std::vector<Node>& objects) {
  std::vector<Name> order;
  const auto place_of = [&](const std::string& name) {
    return std::find_if(order.begin(), order.end(),
                        [&](const Name& other) { return other.name == name; });
  };
  for (const Node& object : objects) {
    const Name* before = nullptr;
    for (const Name& name : object->names) {
      if (place_of(name.name) == order.end()) {
        order.insert(before == nullptr ? order.begin() : place_of(before->name) + 1, name);
      }
      before = &name;
    }
  }
  return order;
}

}  // namespace isodb::reference
