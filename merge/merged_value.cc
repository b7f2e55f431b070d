#include "merge/merged_value.h"

namespace isodb::merge {

using core::Json;
using core::JsonMember;

void MergedValue::follow(const MergedValue* model) {
  if (model == nullptr) return;
  model_ = model->at_ != nullptr ? model->at_ : model->model_;
  model_source_ = model->at_ != nullptr ? model->source_ : model->model_source_;
}

MergedValue MergedValue::array(std::vector<MergedValue> items, const MergedValue* model) {
  std::vector<Json> data;
  data.reserve(items.size());
  for (const MergedValue& item : items) data.push_back(item.data_);
  MergedValue array(Json::array(std::move(data)));
  array.follow(model);
  array.parts_ = std::make_shared<const Parts>(Parts{{}, std::move(items)});
  return array;
}

MergedValue MergedValue::object(std::vector<Member> members, const MergedValue* model) {
  std::vector<JsonMember> data;
  data.reserve(members.size());
  Parts parts;
  for (Member& member : members) {
    data.push_back({member.name.data_, member.value.data_});
    parts.names.push_back(std::move(member.name));
    parts.values.push_back(std::move(member.value));
  }
  MergedValue object(Json::object(std::move(data)));
  object.follow(model);
  object.parts_ = std::make_shared<const Parts>(std::move(parts));
  return object;
}

MergedValue MergedValue::part(std::size_t i) const {
  if (parts_) return parts_->values[i];
  if (at_ != nullptr) {
    return {at_->is_array() ? at_->items()[i] : at_->members()[i].value, *source_};
  }
  return MergedValue(data_.is_array() ? data_.items()[i] : data_.members()[i].value);
}

MergedValue MergedValue::name(std::size_t i) const {
  if (parts_) return parts_->names[i];
  if (at_ != nullptr) return {at_->members()[i].name, *source_};
  return MergedValue(data_.members()[i].name);
}

bool ValueEquality::equal(const Json& a, const Json& b) {
  if (a.kind() != b.kind()) return false;
  if (!a.is_container() || size_ == Documents::kSmall) return a == b;
  return symbols_.of(a) == symbols_.of(b);
}

bool ValueEquality::equal(const Json* a, const Json* b) {
  return a == b || (a != nullptr && b != nullptr && equal(*a, *b));
}

bool ValueEquality::equal(const MaybeValue& a, const MaybeValue& b) {
  return equal(a ? &a->data() : nullptr, b ? &b->data() : nullptr);
}

std::size_t MemberFinder::find(const Json* value, std::string_view name, std::size_t hint) {
  constexpr std::size_t kIndexed = 24;  // members, from where on an index pays
  if (value == nullptr || !value->is_object()) return kNone;
  const auto& members = value->members();
  if (hint < members.size() && members[hint].key() == name) return hint;
  if (members.size() < kIndexed) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].key() == name) return i;
    }
    return kNone;
  }
  const auto [index, is_new] = indexes_.try_emplace(&members);
  Places& places = index->second;
  if (is_new) {
    places.reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) places.emplace(members[i].key(), i);
  }
  const auto found = places.find(name);
  return found == places.end() ? kNone : found->second;
}

const Json* MemberFinder::value(const Json* object, std::string_view name, std::size_t hint) {
  const std::size_t place = find(object, name, hint);
  return place == kNone ? nullptr : &object->members()[place].value;
}

}  // namespace isodb::merge
