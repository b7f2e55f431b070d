#include "merge/three_way.h"

#include <algorithm>
#include <iterator>
#include <list>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "merge/alignment.h"

namespace isodb::merge {

using core::Json;

namespace {

/// The usual case: all have the names of the first, in its order.
bool have_same_names(const std::vector<const Json*>& objects) {
  const auto& first = objects.front()->members();
  return std::all_of(objects.begin() + 1, objects.end(), [&](const Json* object) {
    const auto& members = object->members();
    return std::equal(
        first.begin(), first.end(), members.begin(), members.end(),
        [](const core::JsonMember& a, const core::JsonMember& b) { return a.key() == b.key(); });
  });
}

}  // namespace

std::vector<NamePlace> merged_names(const std::vector<const Json*>& objects) {
  if (have_same_names(objects)) {
    std::vector<NamePlace> places(objects.front()->size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = {0, i};
    return places;
  }
  std::list<NamePlace> order;
  std::unordered_map<std::string_view, std::list<NamePlace>::iterator> known;  // only looked up
  for (std::size_t v = 0; v < objects.size(); ++v) {
    const auto& members = objects[v]->members();
    auto after = order.begin();  // where a new name goes
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto [place, is_new] = known.try_emplace(members[i].key());
      if (is_new) place->second = order.insert(v == 0 ? order.end() : after, {v, i});
      after = std::next(place->second);
    }
  }
  return {order.begin(), order.end()};
}

MaybeValue ThreeWay::choose(const MaybeValue& value) {
  conflict_ = true;
  return value;
}

MaybeValue ThreeWay::merge(const MaybeValue& base, const MaybeValue& left,
                           const MaybeValue& right) {
  if (equality_.equal(left, right) || equality_.equal(left, base)) return right;
  if (equality_.equal(right, base)) return left;
  if (!left) return choose(right);
  if (!right) return choose(left);
  const auto all = [&](auto is_kind) { return is_kind(left->data()) && is_kind(right->data()); };
  if (all([](const Json& v) { return v.is_object(); }) && (!base || base->data().is_object())) {
    return merge_objects(base, *left, *right);
  }
  if (all([](const Json& v) { return v.is_array(); }) && base && base->data().is_array()) {
    return merge_arrays(*base, *left, *right);
  }
  return choose(right);
}

MergedValue ThreeWay::merge_objects(const MaybeValue& base, const MergedValue& left,
                                    const MergedValue& right) {
  const auto value_of = [&](const MaybeValue& object, std::string_view name, std::size_t hint) {
    const std::size_t place = finder_.find(object ? &object->data() : nullptr, name, hint);
    return place == MemberFinder::kNone ? MaybeValue() : object->part(place);
  };
  std::vector<MergedValue::Member> members;
  for (const NamePlace& place : merged_names({&right.data(), &left.data()})) {
    const MergedValue& first = place.object == 0 ? right : left;
    const MergedValue name = first.name(place.member);
    const std::string_view text = name.data().as_string();
    MaybeValue value = merge(value_of(base, text, place.member), value_of(left, text, place.member),
                             value_of(right, text, place.member));
    if (value) members.push_back({name, *std::move(value)});
  }
  MergedValue merged = MergedValue::object(std::move(members), &right);
  equality_.keep(merged.data());
  return merged;
}

namespace {

/// What one side made of an array: for each item of the base what became of it, and what was put
/// in before each, and behind the last.
class SideScript {
 public:
  SideScript(const MergedValue& base, const MergedValue& side, ArrayMode mode,
             ValueEquality& equality)
      : side_(side), places_(base.data().size() + 1) {
    const auto& before = base.data().items();
    std::size_t b = 0, s = 0;
    const auto keep_until = [&](std::size_t end) {
      while (b < end) places_[b++].item = s++;
    };
    for (const ChangedRange& range : align_items(before, side.data().items(), equality.symbols())) {
      keep_until(range.before_begin);
      const std::size_t paired =
          mode == ArrayMode::kList ? 0 : std::min(range.before_count(), range.after_count());
      keep_until(range.before_begin + paired);
      places_[b].put_begin = s;
      places_[b].put_end = s = range.after_end;
      for (std::size_t i = range.before_begin + 1; i < range.before_end; ++i) {
        places_[i].within_change = true;
      }
      b = range.before_end;
    }
    keep_until(before.size());
  }

  MaybeValue item(std::size_t i) const {
    if (!places_[i].item) return {};
    return side_.part(*places_[i].item);
  }
  std::vector<MergedValue> put_in(std::size_t i) const {
    std::vector<MergedValue> items;
    for (std::size_t s = places_[i].put_begin; s < places_[i].put_end; ++s) {
      items.push_back(side_.part(s));
    }
    return items;
  }
  bool puts_in(std::size_t i) const { return places_[i].put_begin < places_[i].put_end; }
  /// Is there an item of one changed range on either side of this place?
  bool within_change(std::size_t i) const { return places_[i].within_change; }

 private:
  struct Place {
    std::optional<std::size_t> item;
    std::size_t put_begin = 0, put_end = 0;
    bool within_change = false;
  };
  const MergedValue& side_;
  std::vector<Place> places_;
};

bool same(ValueEquality& equality, const std::vector<MergedValue>& a,
          const std::vector<MergedValue>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const MergedValue& x, const MergedValue& y) {
                      return equality.equal(x.data(), y.data());
                    });
}

}  // namespace

MergedValue ThreeWay::merge_items(const MergedValue& base, const MergedValue& left,
                                  const MergedValue& right, ArrayMode mode) {
  const SideScript in_left(base, left, mode, equality_), in_right(base, right, mode, equality_);
  const bool flags = mode == ArrayMode::kItems;
  std::vector<MergedValue> items;
  const auto append = [&items](std::vector<MergedValue> more) {
    std::move(more.begin(), more.end(), std::back_inserter(items));
  };
  for (std::size_t i = 0; i <= base.data().size(); ++i) {
    const bool both = in_left.puts_in(i) && in_right.puts_in(i);
    const bool once = both && same(equality_, in_left.put_in(i), in_right.put_in(i));
    if (!once) append(in_left.put_in(i));
    append(in_right.put_in(i));
    if (flags && ((both && !once) || (in_left.puts_in(i) && in_right.within_change(i)) ||
                  (in_right.puts_in(i) && in_left.within_change(i)))) {
      conflict_ = true;
    }
    if (i == base.data().size()) break;
    MaybeValue item = merge(base.part(i), in_left.item(i), in_right.item(i));
    if (item) items.push_back(*std::move(item));
  }
  MergedValue merged = MergedValue::array(std::move(items), &right);
  equality_.keep(merged.data());
  return merged;
}

MergedValue ThreeWay::merge_arrays(const MergedValue& base, const MergedValue& left,
                                   const MergedValue& right) {
  return merge_items(base, left, right, ArrayMode::kItems);
}

MergedValue ThreeWay::merge_lists(const MergedValue& base, const MergedValue& left,
                                  const MergedValue& right) {
  return merge_items(base, left, right, ArrayMode::kList);
}

}  // namespace isodb::merge
