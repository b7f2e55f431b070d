#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/json.h"
#include "isodb/bytes.h"
#include "merge/json_alignment.h"

namespace isodb::merge {

/// A JSON text and its tree: where the parts of a merged value come from, so that they can be
/// written as they stood there. Borrows both.
struct JsonSource {
  ByteView text;
  const core::Json* root = nullptr;
};

/// A value on its way through a merge: one that stands in a source, one put together of such, or a
/// new one. Cheap to copy; borrows the sources.
class MergedValue {
 public:
  /// One that stands in `source` at `at`.
  MergedValue(const core::Json& at, const JsonSource& source)
      : data_(at), at_(&at), source_(&source) {}
  /// One that is in no document, such as the sum of a counter.
  explicit MergedValue(core::Json data) : data_(std::move(data)) {}

  /// Laid out like `model`, the container in whose place it stands.
  static MergedValue array(std::vector<MergedValue> items, const MergedValue* model);
  struct Member;
  static MergedValue object(std::vector<Member> members, const MergedValue* model);

  const core::Json& data() const { return data_; }
  /// The place in the source; nullptr for one put together or new.
  const core::Json* at() const { return at_; }
  const JsonSource* source() const { return source_; }
  /// A container put together: the one that it is laid out like, and where it stands.
  const core::Json* model() const { return model_; }
  const JsonSource* model_source() const { return model_source_; }

  /// Item i of an array, value i of an object.
  MergedValue part(std::size_t i) const;
  /// Where the name of member i stands; nullptr where it is new. With its source.
  MergedValue name(std::size_t i) const;

 private:
  struct Parts;

  void follow(const MergedValue* model);

  core::Json data_;
  const core::Json* at_ = nullptr;
  const JsonSource* source_ = nullptr;
  const core::Json* model_ = nullptr;
  const JsonSource* model_source_ = nullptr;
  std::shared_ptr<const Parts> parts_;  // of one put together, as data_ has them
};

struct MergedValue::Member {
  MergedValue name, value;
};

struct MergedValue::Parts {
  std::vector<MergedValue> names;  // of an object
  std::vector<MergedValue> values;
};

/// A value, or none.
using MaybeValue = std::optional<MergedValue>;

/// Equality and numbering of values during one merge. In large documents each part is looked at
/// once, however often it is compared. One thread at a time.
class ValueEquality {
 public:
  enum class Documents { kSmall, kLarge };
  explicit ValueEquality(Documents size) : size_(size) {}

  /// Both stay where and as they are while this lives, or were given to keep().
  bool equal(const core::Json& a, const core::Json& b);
  bool equal(const core::Json* a, const core::Json* b);  ///< nullptr: none
  bool equal(const MaybeValue& a, const MaybeValue& b);
  /// Sees to it that a value's containers outlive their numbers.
  void keep(const core::Json& value) { kept_.push_back(value); }
  ValueSymbols& symbols() { return symbols_; }

 private:
  Documents size_;
  ValueSymbols symbols_;
  std::vector<core::Json> kept_;
};

/// Finds members by name, in large objects through an index made once. Borrows the objects. One
/// thread at a time.
class MemberFinder {
 public:
  static constexpr std::size_t kNone = SIZE_MAX;

  /// The place of the member called `name`, or kNone; also where `value` is no object or nullptr.
  /// `hint`: a place to look first.
  std::size_t find(const core::Json* value, std::string_view name, std::size_t hint = kNone);
  /// Its value, or nullptr.
  const core::Json* value(const core::Json* object, std::string_view name,
                          std::size_t hint = kNone);

 private:
  using Places = std::unordered_map<std::string_view, std::size_t>;  // only looked up
  std::unordered_map<const void*, Places> indexes_;                  // only looked up
};

}  // namespace isodb::merge
