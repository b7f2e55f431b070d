#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace isodb {

/// The kinds of object. The numbers are part of the pack format and are never reassigned.
enum class ObjectType : std::uint8_t {
  kBlob = 1,
  kList = 2,
  kTree = 3,
  kCommit = 4,
  kMerge = 5,
  kTag = 6
};

/// "blob", "list", "tree", "commit", "merge" or "tag": the word that is hashed before an object's
/// payload.
std::string_view object_type_name(ObjectType type);
std::optional<ObjectType> object_type_from_name(std::string_view name);

/// The name of an object: SHA-256 of its type, length and payload (docs/format.md). A plain value;
/// all zeros is "none".
class Id {
 public:
  static constexpr std::size_t kSize = 32;

  Id() = default;
  /// Exactly 32 raw bytes; Error(kInvalid) otherwise.
  static Id from_bytes(std::string_view raw);
  /// Exactly 64 lower-case hexadecimal digits; nullopt otherwise.
  static std::optional<Id> from_hex(std::string_view text);

  std::string hex() const;
  /// The first `digits` hexadecimal digits, for people.
  std::string short_hex(std::size_t digits = 12) const { return hex().substr(0, digits); }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), kSize}; }
  std::uint8_t* data() { return bytes_.data(); }
  const std::uint8_t* data() const { return bytes_.data(); }
  bool is_zero() const { return *this == Id{}; }
  /// The first eight bytes as a big-endian number: ids are uniformly distributed, so this serves as
  /// a hash.
  std::uint64_t prefix64() const;

  friend bool operator==(const Id& a, const Id& b) {
    return std::memcmp(a.data(), b.data(), kSize) == 0;
  }
  friend std::strong_ordering operator<=>(const Id& a, const Id& b) {
    return std::memcmp(a.data(), b.data(), kSize) <=> 0;
  }

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

/// An id known to name an object of one type, so that a tree's id cannot be passed for a commit's.
template <ObjectType Type>
class IdOf : public Id {
 public:
  IdOf() = default;
  explicit IdOf(const Id& id) : Id(id) {}
};
using TreeId = IdOf<ObjectType::kTree>;
using CommitId = IdOf<ObjectType::kCommit>;
using TagId = IdOf<ObjectType::kTag>;

}  // namespace isodb

template <>
struct std::hash<isodb::Id> {
  std::size_t operator()(const isodb::Id& id) const {
    return static_cast<std::size_t>(id.prefix64());
  }
};
template <isodb::ObjectType Type>
struct std::hash<isodb::IdOf<Type>> : std::hash<isodb::Id> {};
