#include "merge/json_diff.h"

#include <algorithm>
#include <unordered_map>

#include "core/json_pointer.h"
#include "core/json_writer.h"
#include "merge/json_alignment.h"

namespace isodb::merge {

using core::Json;
using core::JsonMember;

namespace {

/// A JSON Pointer that grows and shrinks with a walk.
class Place {
 public:
  class Step {
   public:
    Step(Place& place, std::string_view token) : place_(place), bytes_(place.text_.size()) {
      core::append_pointer_token(place.text_, token);
    }
    ~Step() { place_.text_.resize(bytes_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Place& place_;
    const std::size_t bytes_;
  };
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

bool same_containers(const Json& a, const Json& b) {
  return a.kind() == b.kind() && a.is_container() && !a.shares_block_with(b);
}

class Differ {
 public:
  std::vector<JsonChange> run(const Json& before, const Json& after) {
    compare(before, after);
    return std::move(changes_);
  }

 private:
  void compare(const Json& before, const Json& after) {
    if (!same_containers(before, after)) {
      if (!(before == after)) note(&before, &after);
    } else if (before.is_array()) {
      for (const ItemPair& pair : pair_items(before.items(), after.items(), symbols_)) {
        const Json* const item_before = pair.before ? &before.items()[*pair.before] : nullptr;
        const Json* const item_after = pair.after ? &after.items()[*pair.after] : nullptr;
        visit(std::to_string(pair.after ? *pair.after : *pair.before), item_before, item_after);
      }
    } else {
      for (const ItemPair& pair : pair_members(before.members(), after.members())) {
        const JsonMember* const old = pair.before ? &before.members()[*pair.before] : nullptr;
        const JsonMember* const now = pair.after ? &after.members()[*pair.after] : nullptr;
        visit((old != nullptr ? old : now)->key(), old != nullptr ? &old->value : nullptr,
              now != nullptr ? &now->value : nullptr);
      }
    }
  }

  void visit(std::string_view token, const Json* before, const Json* after) {
    const Place::Step step(place_, token);
    if (before != nullptr && after != nullptr) {
      compare(*before, *after);
    } else {
      note(before, after);
    }
  }

  void note(const Json* before, const Json* after) {
    JsonChange change;
    change.pointer = place_.text();
    if (before != nullptr) change.before = *before;
    if (after != nullptr) change.after = *after;
    changes_.push_back(std::move(change));
  }

  Place place_;
  ValueSymbols symbols_;
  std::vector<JsonChange> changes_;
};

class PatchMaker {
 public:
  Json run(const Json& before, const Json& after) {
    compare(before, after);
    return Json::array(std::move(operations_));
  }

 private:
  void compare(const Json& before, const Json& after) {
    if (!same_containers(before, after)) {
      if (!(before == after)) note("replace", &after);
    } else if (before.is_array()) {
      compare_arrays(before, after);
    } else {
      compare_objects(before, after);
    }
  }

  void compare_objects(const Json& before, const Json& after) {
    for (const ItemPair& pair : pair_members(before.members(), after.members())) {
      const JsonMember* const old = pair.before ? &before.members()[*pair.before] : nullptr;
      const JsonMember* const now = pair.after ? &after.members()[*pair.after] : nullptr;
      const Place::Step step(place_, (old != nullptr ? old : now)->key());
      if (old != nullptr && now != nullptr) {
        compare(old->value, now->value);
      } else {
        note(now != nullptr ? "add" : "remove", now != nullptr ? &now->value : nullptr);
      }
    }
  }

  void compare_arrays(const Json& before, const Json& after) {
    const std::size_t first_operation = operations_.size(), first_byte = bytes_;
    const auto ranges = align_items(before.items(), after.items(), symbols_);
    if (ranges.empty()) return;
    // From the back, so that the indexes of what is still to be changed stay as they are.
    for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
      compare_range(before.items(), after.items(), *range);
    }
    const std::size_t bytes = operation_bytes("replace", &after);
    if (bytes_ - first_byte > bytes) {
      operations_.resize(first_operation);
      bytes_ = first_byte;
      note("replace", &after);
    }
  }

  void compare_range(const std::vector<Json>& before, const std::vector<Json>& after,
                     const ChangedRange& range) {
    const std::size_t paired = std::min(range.before_count(), range.after_count());
    const std::size_t end = range.before_begin + paired;
    for (std::size_t i = range.after_begin + paired; i < range.after_end; ++i) {
      const Place::Step step(place_, std::to_string(end + (i - range.after_begin - paired)));
      note("add", &after[i]);
    }
    for (std::size_t i = range.before_end; i > end; --i) {
      const Place::Step step(place_, std::to_string(i - 1));
      note("remove", nullptr);
    }
    for (std::size_t i = paired; i-- > 0;) {
      const Place::Step step(place_, std::to_string(range.before_begin + i));
      compare(before[range.before_begin + i], after[range.after_begin + i]);
    }
  }

  /// About what one operation takes in the patch's text.
  std::size_t operation_bytes(std::string_view name, const Json* value) {
    constexpr std::size_t kFrame = std::string_view(R"({"op":"","path":"","value":},)").size();
    return kFrame + name.size() + place_.text().size() +
           (value != nullptr ? text_bytes(*value) : 0);
  }

  /// The bytes of a value's text. Each container is measured once.
  std::size_t text_bytes(const Json& value) {
    if (!value.is_container()) return core::write_json(value).size();
    const void* const contents = value.is_array() ? static_cast<const void*>(&value.items())
                                                  : static_cast<const void*>(&value.members());
    const auto known = bytes_of_contents_.find(contents);
    if (known != bytes_of_contents_.end()) return known->second;
    std::size_t bytes = 2 + (value.size() > 0 ? value.size() - 1 : 0);  // brackets and commas
    if (value.is_array()) {
      for (const Json& item : value.items()) bytes += text_bytes(item);
    } else {
      for (const JsonMember& member : value.members()) {
        bytes += text_bytes(member.name) + 1 + text_bytes(member.value);
      }
    }
    bytes_of_contents_.emplace(contents, bytes);
    return bytes;
  }

  void note(std::string_view name, const Json* value) {
    Json operation = Json::object();
    operation.set("op", Json::string(name));
    operation.set("path", Json::string(place_.text()));
    if (value != nullptr) operation.set("value", *value);
    operations_.push_back(std::move(operation));
    bytes_ += operation_bytes(name, value);
  }

  Place place_;
  ValueSymbols symbols_;
  std::vector<Json> operations_;
  std::size_t bytes_ = 0;                                           // of operations_, about
  std::unordered_map<const void*, std::size_t> bytes_of_contents_;  // only looked up, never walked
};

}  // namespace

std::vector<JsonChange> diff_json(const Json& before, const Json& after) {
  return Differ().run(before, after);
}

Json make_json_patch(const Json& before, const Json& after) {
  return PatchMaker().run(before, after);
}

}  // namespace isodb::merge
