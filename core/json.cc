#include "core/json.h"

#include <algorithm>
#include <atomic>
#include <new>

#include "core/json_number.h"
#include "core/utf8.h"

namespace isodb::core {

struct Json::Block {
  std::atomic<std::size_t> references{1};
};

/// The bytes of the text follow the block.
struct Json::TextBlock : Block {
  std::size_t bytes = 0;

  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  static TextBlock* make(std::string_view text) {
    void* memory = ::operator new(sizeof(TextBlock) + text.size());
    auto* block = new (memory) TextBlock;
    block->bytes = text.size();
    std::memcpy(static_cast<void*>(block + 1), text.data(), text.size());
    return block;
  }
  static void destroy(TextBlock* block) {
    block->~TextBlock();
    ::operator delete(block);
  }
};

struct Json::ArrayBlock : Block {
  std::vector<Json> items;
};

struct Json::ObjectBlock : Block {
  std::vector<JsonMember> members;
};

std::string_view json_kind_name(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBoolean:
      return "boolean";
    case JsonKind::kNumber:
      return "number";
    case JsonKind::kString:
      return "string";
    case JsonKind::kArray:
      return "array";
    case JsonKind::kObject:
      return "object";
  }
  return "unknown";
}

Json::Json(const Json& other) noexcept {
  copy_members(other);
  if (is_shared()) block()->references.fetch_add(1, std::memory_order_relaxed);
}

Json& Json::operator=(const Json& other) noexcept {
  if (this != &other) *this = Json(other);
  return *this;
}

Json& Json::operator=(Json&& other) noexcept {
  if (this != &other) {
    Json old;
    old.steal(*this);  // released last: `other` may stand inside what this value holds
    steal(other);
  }
  return *this;
}

void Json::set_block(JsonKind kind, Block* block) {
  kind_ = kind;
  size_ = kShared;
  std::memcpy(storage_ + kPointerOffset, &block, sizeof block);
}

void Json::release() noexcept {
  Block* const shared = block();
  if (shared->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (kind_ == JsonKind::kArray) {
    delete static_cast<ArrayBlock*>(shared);
  } else if (kind_ == JsonKind::kObject) {
    delete static_cast<ObjectBlock*>(shared);
  } else {
    TextBlock::destroy(static_cast<TextBlock*>(shared));
  }
}

Json Json::unchecked_text(JsonKind kind, std::string_view text) {
  Json value;
  if (text.size() <= kInlineBytesMax) {
    value.kind_ = kind;
    value.size_ = static_cast<std::uint8_t>(text.size());
    std::memcpy(value.storage_, text.data(), text.size());
  } else {
    value.set_block(kind, TextBlock::make(text));
  }
  return value;
}

std::string_view Json::text() const {
  if (!is_shared()) return {storage_, size_};
  const auto* shared = static_cast<const TextBlock*>(block());
  return {shared->data(), shared->bytes};
}

void Json::expect(JsonKind kind) const {
  if (kind_ == kind) return;
  throw Error(ErrorCode::kInvalid, "expected JSON of kind " + std::string(json_kind_name(kind)) +
                                       ", found " + std::string(json_kind_name(kind_)));
}

Json Json::boolean(bool value) {
  Json result;
  result.kind_ = JsonKind::kBoolean;
  result.size_ = value ? 1 : 0;
  return result;
}

Json Json::number(std::string_view text) {
  if (text.empty() || json_number_bytes(text) != text.size()) {
    throw Error(ErrorCode::kInvalid, "'" + replace_invalid_utf8(text) + "' is not a JSON number");
  }
  return unchecked_text(JsonKind::kNumber, text);
}

Json Json::integer(std::int64_t value) {
  return unchecked_text(JsonKind::kNumber, std::to_string(value));
}

Json Json::natural(std::uint64_t value) {
  return unchecked_text(JsonKind::kNumber, std::to_string(value));
}

Json Json::string(std::string_view text) {
  if (!is_utf8(text)) throw Error(ErrorCode::kInvalid, "a JSON string must be UTF-8");
  return unchecked_text(JsonKind::kString, text);
}

Json Json::lossy_string(ByteView bytes) {
  if (is_utf8(bytes)) return unchecked_text(JsonKind::kString, bytes);
  return unchecked_text(JsonKind::kString, replace_invalid_utf8(bytes));
}

Json Json::array() {
  return array(std::vector<Json>{});
}

Json Json::array(std::vector<Json> items) {
  auto* block = new ArrayBlock;
  block->items = std::move(items);
  Json value;
  value.set_block(JsonKind::kArray, block);
  return value;
}

Json Json::object() {
  return object(std::vector<JsonMember>{});
}

Json Json::object(std::vector<JsonMember> members) {
  auto* block = new ObjectBlock;
  block->members = std::move(members);
  Json value;
  value.set_block(JsonKind::kObject, block);
  return value;
}

bool Json::as_boolean() const {
  expect(JsonKind::kBoolean);
  return size_ != 0;
}

std::string_view Json::number_text() const {
  expect(JsonKind::kNumber);
  return text();
}

std::string_view Json::as_string() const {
  expect(JsonKind::kString);
  return text();
}

const std::vector<Json>& Json::items() const& {
  expect(JsonKind::kArray);
  return static_cast<const ArrayBlock*>(block())->items;
}

const std::vector<JsonMember>& Json::members() const& {
  expect(JsonKind::kObject);
  return static_cast<const ObjectBlock*>(block())->members;
}

std::size_t Json::size() const {
  return is_array() ? items().size() : is_object() ? members().size() : 0;
}

const Json* Json::find(std::string_view name) const {
  for (const JsonMember& member : members()) {
    if (member.key() == name) return &member.value;
  }
  return nullptr;
}

std::vector<Json>& Json::edit_items() {
  expect(JsonKind::kArray);
  if (block()->references.load(std::memory_order_acquire) != 1) *this = array(items());
  return static_cast<ArrayBlock*>(block())->items;
}

std::vector<JsonMember>& Json::edit_members() {
  expect(JsonKind::kObject);
  if (block()->references.load(std::memory_order_acquire) != 1) *this = object(members());
  return static_cast<ObjectBlock*>(block())->members;
}

void Json::append(Json item) {
  edit_items().push_back(std::move(item));
}

void Json::set(std::string_view name, Json value) {
  Json name_text = string(name);  // first: `name` may stand in a member that moves
  std::vector<JsonMember>& members = edit_members();
  const auto found = std::find_if(members.begin(), members.end(), [&](const JsonMember& member) {
    return member.key() == name_text.text();
  });
  if (found != members.end()) {
    found->value = std::move(value);
  } else {
    members.push_back({std::move(name_text), std::move(value)});
  }
}

bool Json::remove(std::string_view name) {
  std::vector<JsonMember>& members = edit_members();
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const JsonMember& member) { return member.key() == name; });
  if (found == members.end()) return false;
  members.erase(found);
  return true;
}

bool Json::shares_block_with(const Json& other) const {
  return is_shared() && other.is_shared() && block() == other.block();
}

namespace {

std::vector<const JsonMember*> sorted_members(const Json& object) {
  std::vector<const JsonMember*> sorted;
  sorted.reserve(object.size());
  for (const JsonMember& member : object.members()) sorted.push_back(&member);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const JsonMember* a, const JsonMember* b) { return a->key() < b->key(); });
  return sorted;
}

bool equal_members(const Json& a, const Json& b) {
  const auto same_member = [](const JsonMember& x, const JsonMember& y) {
    return x.key() == y.key() && x.value == y.value;
  };
  const auto same_key = [](const JsonMember& x, const JsonMember& y) { return x.key() == y.key(); };
  if (a.size() != b.size()) return false;
  if (std::equal(a.members().begin(), a.members().end(), b.members().begin(), same_key)) {
    return std::equal(a.members().begin(), a.members().end(), b.members().begin(), same_member);
  }
  const auto sorted_a = sorted_members(a), sorted_b = sorted_members(b);
  return std::equal(sorted_a.begin(), sorted_a.end(), sorted_b.begin(),
                    [&](const JsonMember* x, const JsonMember* y) { return same_member(*x, *y); });
}

}  // namespace

bool operator==(const Json& a, const Json& b) {
  if (a.kind() != b.kind()) return false;
  if (a.shares_block_with(b)) return true;
  switch (a.kind()) {
    case JsonKind::kNull:
      return true;
    case JsonKind::kBoolean:
      return a.as_boolean() == b.as_boolean();
    case JsonKind::kNumber:
      return equal_numbers(a.number_text(), b.number_text());
    case JsonKind::kString:
      return a.as_string() == b.as_string();
    case JsonKind::kArray:
      return a.items() == b.items();
    case JsonKind::kObject:
      return equal_members(a, b);
  }
  return false;
}

}  // namespace isodb::core
