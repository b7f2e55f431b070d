#include "isodb/id.h"

#include "core/hex.h"
#include "isodb/error.h"

namespace isodb {
namespace {

constexpr std::array<std::string_view, 6> kTypeNames = {"blob",   "list",  "tree",
                                                        "commit", "merge", "tag"};

}  // namespace

std::string_view object_type_name(ObjectType type) {
  const auto number = static_cast<std::size_t>(type);
  if (number < 1 || number > kTypeNames.size()) {
    throw Error(ErrorCode::kInvalid, "no object type has the number " + std::to_string(number));
  }
  return kTypeNames[number - 1];
}

std::optional<ObjectType> object_type_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kTypeNames.size(); ++i) {
    if (kTypeNames[i] == name) return static_cast<ObjectType>(i + 1);
  }
  return std::nullopt;
}

Id Id::from_bytes(std::string_view raw) {
  if (raw.size() != kSize) {
    throw Error(ErrorCode::kInvalid, "an id has 32 bytes, not " + std::to_string(raw.size()));
  }
  Id id;
  std::memcpy(id.bytes_.data(), raw.data(), kSize);
  return id;
}

std::optional<Id> Id::from_hex(std::string_view text) {
  Id id;
  if (!core::from_hex(text, id.bytes_.data(), kSize)) return std::nullopt;
  return id;
}

std::string Id::hex() const {
  return core::to_hex(bytes_.data(), kSize);
}

std::uint64_t Id::prefix64() const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | bytes_[i];
  return value;
}

}  // namespace isodb
