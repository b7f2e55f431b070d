#include "core/json_patch.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "core/json_pointer.h"
#include "core/json_writer.h"

namespace isodb::core {

namespace {

/// How deep a value is nested and, up to a bound, what it weighs.
struct Measure {
  std::size_t depth = 0, bytes = 0;
};

Measure measure(const Json& value, std::size_t bytes_max) {
  Measure sum{.depth = 0, .bytes = sizeof(Json)};
  const auto add = [&](const Json& part) {
    if (sum.bytes > bytes_max) return;
    const Measure inner = measure(part, bytes_max - sum.bytes);
    sum.depth = std::max(sum.depth, inner.depth);
    sum.bytes += inner.bytes;
  };
  if (value.is_string()) {
    sum.bytes += value.as_string().size();
  } else if (value.is_number()) {
    sum.bytes += value.number_text().size();
  } else if (value.is_array()) {
    for (const Json& item : value.items()) add(item);
    ++sum.depth;
  } else if (value.is_object()) {
    for (const JsonMember& member : value.members()) {
      sum.bytes += member.key().size();
      add(member.value);
    }
    ++sum.depth;
  }
  return sum;
}

/// One operation at work on the document.
class PatchOperation {
 public:
  PatchOperation(Json& document, const Json& operation, std::size_t index, std::size_t& bytes_left)
      : document_(document), operation_(operation), index_(index), bytes_left_(bytes_left) {}

  void run() {
    if (!operation_.is_object()) fail(ErrorCode::kInvalid, "is not an object");
    name_ = string_member("op");
    path_text_ = string_member("path");
    const JsonPointer path = pointer(path_text_);
    if (name_ == "add") {
      add(path, value());
    } else if (name_ == "remove") {
      remove(path);
    } else if (name_ == "replace") {
      check_depth(path, value());
      *edit(path) = value();
    } else if (name_ == "move") {
      move(pointer(string_member("from")), path);
    } else if (name_ == "copy") {
      copy(pointer(string_member("from")), path);
    } else if (name_ == "test") {
      if (!(*edit(path, Access::kRead) == value())) {
        fail(ErrorCode::kStale, "the value there is another");
      }
    } else {
      fail(ErrorCode::kInvalid, "is none of add, remove, replace, move, copy and test");
    }
  }

 private:
  enum class Access { kRead, kWrite };

  [[noreturn]] void fail(ErrorCode code, const std::string& problem) const {
    std::string what = "operation " + std::to_string(index_);
    if (!name_.empty()) what += " (" + name_ + " '" + path_text_ + "')";
    throw Error(code, what + ": " + problem);
  }

  const Json* member(std::string_view name) const { return operation_.find(name); }

  std::string string_member(std::string_view name) const {
    const Json* text = member(name);
    if (text == nullptr || !text->is_string()) {
      fail(ErrorCode::kInvalid, "has no string \"" + std::string(name) + "\"");
    }
    return std::string(text->as_string());
  }

  const Json& value() const {
    const Json* value = member("value");
    if (value == nullptr) fail(ErrorCode::kInvalid, "has no \"value\"");
    return *value;
  }

  JsonPointer pointer(const std::string& text) const {
    try {
      return JsonPointer::parse(text);
    } catch (const Error& error) {
      fail(error.code(), error.what());
    }
  }

  void check_depth(const JsonPointer& path, const Json& value) const {
    if (path.tokens.size() + measure(value, SIZE_MAX).depth > kJsonDepthMax) {
      fail(ErrorCode::kLimit, "the result is nested too deeply");
    }
  }

  std::size_t item_index(const Json& array, const std::string& token, std::size_t end) const {
    const auto index = pointer_index(token);
    if (!index) fail(ErrorCode::kInvalid, "'" + token + "' is not an index of an array");
    if (*index >= end) {
      fail(ErrorCode::kNotFound,
           "the array has " + std::to_string(array.size()) + " items, no " + token);
    }
    return *index;
  }

  /// The child of `parent` that `token` names.
  Json* child(Json* parent, const std::string& token, Access access) const {
    if (parent->is_array()) {
      const std::size_t index = item_index(*parent, token, parent->size());
      return access == Access::kWrite ? &parent->edit_items()[index]
                                      : const_cast<Json*>(&parent->items()[index]);
    }
    if (!parent->is_object()) {
      fail(ErrorCode::kNotFound,
           "'" + token + "' is to be in a " + std::string(json_kind_name(parent->kind())));
    }
    const auto& members = parent->members();
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const JsonMember& m) { return m.key() == token; });
    if (found == members.end()) fail(ErrorCode::kNotFound, "there is no member '" + token + "'");
    const auto index = static_cast<std::size_t>(found - members.begin());
    return access == Access::kWrite ? &parent->edit_members()[index].value
                                    : const_cast<Json*>(&found->value);
  }

  Json* edit(const JsonPointer& path, Access access = Access::kWrite) const {
    Json* value = &document_;
    for (const std::string& token : path.tokens) value = child(value, token, access);
    return value;
  }

  Json* edit_parent(const JsonPointer& path) const {
    Json* value = &document_;
    for (std::size_t i = 0; i + 1 < path.tokens.size(); ++i) {
      value = child(value, path.tokens[i], Access::kWrite);
    }
    return value;
  }

  void add(const JsonPointer& path, const Json& value) {
    check_depth(path, value);
    if (path.tokens.empty()) {
      document_ = value;
      return;
    }
    Json* parent = edit_parent(path);
    const std::string& token = path.tokens.back();
    if (parent->is_object()) {
      parent->set(token, value);
    } else if (parent->is_array()) {
      const std::size_t at =
          token == "-" ? parent->size() : item_index(*parent, token, parent->size() + 1);
      auto& items = parent->edit_items();
      items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), value);
    } else {
      fail(ErrorCode::kNotFound,
           "'" + token + "' is to be in a " + std::string(json_kind_name(parent->kind())));
    }
  }

  void remove(const JsonPointer& path) {
    if (path.tokens.empty()) fail(ErrorCode::kInvalid, "the whole document cannot be removed");
    Json* parent = edit_parent(path);
    const Json* gone = child(parent, path.tokens.back(), Access::kRead);
    if (parent->is_object()) {
      parent->remove(path.tokens.back());
    } else {
      const auto at = gone - parent->items().data();
      auto& items = parent->edit_items();
      items.erase(items.begin() + at);
    }
  }

  void copy(const JsonPointer& from, const JsonPointer& path) {
    const Json value = *edit(from, Access::kRead);
    const std::size_t bytes = measure(value, bytes_left_).bytes;
    if (bytes > bytes_left_) fail(ErrorCode::kLimit, "the patch copies too much");
    bytes_left_ -= bytes;
    add(path, value);
  }

  void move(const JsonPointer& from, const JsonPointer& path) {
    const Json value = *edit(from, Access::kRead);
    if (from == path) return;
    if (from.is_prefix_of(path)) {
      fail(ErrorCode::kInvalid, "a value cannot be moved into itself");
    }
    remove(from);
    add(path, value);
  }

  Json& document_;
  const Json& operation_;
  const std::size_t index_;
  std::size_t& bytes_left_;
  std::string name_, path_text_;
};

Json merge_patch(const Json& target, const Json& patch);

Json merge_members(const Json& target, const Json& patch) {
  std::vector<JsonMember> members;
  if (target.is_object()) members = target.members();
  std::unordered_map<std::string_view, std::size_t> places;  // only looked up, never walked
  if (target.is_object()) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      places.emplace(target.members()[i].key(), i);
    }
  }
  std::vector<bool> removed(members.size(), false);
  for (const JsonMember& change : patch.members()) {
    const auto place = places.find(change.key());
    if (place != places.end()) {
      Json& value = members[place->second].value;
      removed[place->second] = change.value.is_null();
      value = merge_patch(value, change.value);
    } else if (!change.value.is_null()) {
      members.push_back({change.name, merge_patch(Json(), change.value)});
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i < removed.size() && removed[i]) continue;
    if (kept != i) members[kept] = std::move(members[i]);
    ++kept;
  }
  members.resize(kept);
  return Json::object(std::move(members));
}

Json merge_patch(const Json& target, const Json& patch) {
  return patch.is_object() ? merge_members(target, patch) : patch;
}

}  // namespace

Json apply_json_patch(const Json& document, const Json& patch) {
  if (!patch.is_array()) {
    throw Error(ErrorCode::kInvalid, "a JSON Patch must be an array of operations (RFC 6902)");
  }
  Json result = document;
  std::size_t bytes_left = kPatchCopiedBytesMax;
  for (std::size_t i = 0; i < patch.size(); ++i) {
    PatchOperation(result, patch.items()[i], i, bytes_left).run();
  }
  return result;
}

Json apply_merge_patch(const Json& document, const Json& patch) {
  return merge_patch(document, patch);
}

}  // namespace isodb::core
