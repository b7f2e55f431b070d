#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/error.h"

namespace isodb::core {

enum class JsonKind : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

/// "null", "boolean", "number", "string", "array" or "object".
std::string_view json_kind_name(JsonKind kind);

struct JsonMember;

/// A JSON value that keeps what a document says: the exact text of a number and the order of
/// members. Sixteen bytes; short texts stand in the value itself, longer ones and containers in
/// counted blocks that copies share, so copying is O(1) and changing a shared container copies that
/// container alone. Any number of threads may read and copy one value; changing it needs it alone.
/// A function for one kind called on another throws Error(kInvalid) that names both kinds.
class Json {
 public:
  Json() noexcept = default;  ///< null
  Json(const Json& other) noexcept;
  Json(Json&& other) noexcept { steal(other); }
  Json& operator=(const Json& other) noexcept;
  Json& operator=(Json&& other) noexcept;
  ~Json() {
    if (is_shared()) release();
  }

  static Json boolean(bool value);
  /// Error(kInvalid) unless `text` is a number as RFC 8259 spells it. The text is kept.
  static Json number(std::string_view text);
  static Json integer(std::int64_t value);
  static Json natural(std::uint64_t value);
  /// Error(kInvalid) unless `text` is UTF-8.
  static Json string(std::string_view text);
  /// Any bytes, with what is not UTF-8 replaced by U+FFFD: for messages to people and programs.
  static Json lossy_string(ByteView bytes);
  static Json array();
  static Json array(std::vector<Json> items);
  static Json object();
  /// The caller sees to it that no name comes twice.
  static Json object(std::vector<JsonMember> members);

  JsonKind kind() const { return kind_; }
  bool is_null() const { return kind_ == JsonKind::kNull; }
  bool is_boolean() const { return kind_ == JsonKind::kBoolean; }
  bool is_number() const { return kind_ == JsonKind::kNumber; }
  bool is_string() const { return kind_ == JsonKind::kString; }
  bool is_array() const { return kind_ == JsonKind::kArray; }
  bool is_object() const { return kind_ == JsonKind::kObject; }
  bool is_container() const { return is_array() || is_object(); }

  bool as_boolean() const;
  /// The number as the document spells it. Valid while this value stays where and as it is.
  std::string_view number_text() const;
  /// The decoded string: UTF-8, but that a lone surrogate, which only examine_json() lets pass, has
  /// its three-byte form. Valid while this value stays where and as it is.
  std::string_view as_string() const;
  const std::vector<Json>& items() const&;
  const std::vector<JsonMember>& members() const&;
  void items() const&& = delete;  // a loop over what is gone already
  void members() const&& = delete;
  /// Items or members; 0 for any other kind.
  std::size_t size() const;

  /// The first member with this name; nullptr when there is none. O(members).
  const Json* find(std::string_view name) const;

  /// The items, to be changed in place. Not shared with any copy of this value.
  std::vector<Json>& edit_items();
  std::vector<JsonMember>& edit_members();
  void append(Json item);
  /// Replaces the member's value, or adds the member at the end.
  void set(std::string_view name, Json value);
  /// False when there is no such member.
  bool remove(std::string_view name);

  /// True when both are one and the same block: a cheap proof, not a test, of equality.
  bool shares_block_with(const Json& other) const;

 private:
  friend class JsonParser;
  struct Block;
  struct TextBlock;
  struct ArrayBlock;
  struct ObjectBlock;
  static constexpr std::size_t kInlineBytesMax = 14;
  static constexpr std::size_t kPointerOffset = 6;  // makes the pointer's place 8-aligned
  static constexpr std::uint8_t kShared = 0xff;

  static Json unchecked_text(JsonKind kind, std::string_view text);
  bool is_shared() const { return size_ == kShared; }
  void copy_members(const Json& other) noexcept {
    kind_ = other.kind_;
    size_ = other.size_;
    std::memcpy(storage_, other.storage_, sizeof storage_);
  }
  void steal(Json& other) noexcept {
    copy_members(other);
    other.kind_ = JsonKind::kNull;
    other.size_ = 0;
  }
  Block* block() const {
    Block* pointer;
    std::memcpy(&pointer, storage_ + kPointerOffset, sizeof pointer);
    return pointer;
  }
  void set_block(JsonKind kind, Block* block);
  void release() noexcept;
  std::string_view text() const;
  void expect(JsonKind kind) const;

  JsonKind kind_ = JsonKind::kNull;
  std::uint8_t size_ = 0;  // of the text in storage_, or kShared; a boolean's value
  char storage_[kInlineBytesMax] = {};
};

/// One member of an object. A plain value.
struct JsonMember {
  Json name;  ///< a string
  Json value;

  std::string_view key() const { return name.as_string(); }
};

/// Equal as data: numbers by exact decimal value (1.0 equals 1), members in any order, everything
/// else literally. O(n log n).
bool operator==(const Json& a, const Json& b);

/// A place in a JSON text. Lines end at line feeds; columns count characters. A plain value.
struct JsonPosition {
  std::size_t offset = 0;  ///< bytes before it
  std::size_t line = 1, column = 1;

  std::string text() const;  ///< "line 3, column 14"
};
JsonPosition json_position(ByteView text, std::size_t offset);

/// A text that is not JSON, or JSON that breaks a rule of ours: "line L, column C: …". Code
/// kInvalid, or kLimit when it is nested too deeply.
class JsonError : public Error {
 public:
  JsonError(ErrorCode code, const JsonPosition& position, const std::string& problem);
  const JsonPosition& position() const { return position_; }
  const std::string& problem() const { return problem_; }

 private:
  JsonPosition position_;
  std::string problem_;
};

/// Arrays and objects may be nested this deep: [[]] is 2 deep.
inline constexpr std::size_t kJsonDepthMax = 512;

/// Reads one JSON text, RFC 8259 strictly: UTF-8 without byte order mark, nothing after the value.
/// Also refused, because readers disagree about what they mean: an object with two members of one
/// name and a lone surrogate (an \ud800 without its partner). JsonError otherwise. O(n log n) for
/// objects with n members, else O(n). Thread-safe.
Json parse_json(ByteView text, std::size_t depth_max = kJsonDepthMax);

/// As parse_json(), but duplicate members and lone surrogates are kept and the first of them is
/// reported. Merging treats such a document as opaque bytes.
struct ExaminedJson {
  Json value;
  struct Defect {
    JsonPosition position;
    std::string problem;
  };
  std::optional<Defect> defect;
};
ExaminedJson examine_json(ByteView text, std::size_t depth_max = kJsonDepthMax);

}  // namespace isodb::core
