#include "objects/header_lines.h"

#include <algorithm>
#include <charconv>

#include "isodb/entry.h"
#include "isodb/error.h"

namespace isodb::objects {

void append_header(Bytes& out, std::string_view name, std::string_view value) {
  out.append(name).append(" ").append(value).append("\n");
}

std::string origin_field_problem(const OriginField& field) {
  const auto is_name = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  if (field.name.empty() || field.name.size() > 32 ||
      !std::all_of(field.name.begin(), field.name.end(), is_name)) {
    return "has a name that is not 1 to 32 lower-case letters";
  }
  if (field.value.size() > kOriginValueBytesMax) return "is longer than 64 KiB";
  if (field.value.find('\n') != Bytes::npos || field.value.find('\0') != Bytes::npos) {
    return "contains a newline or NUL";
  }
  return {};
}

void check_origin_field(const OriginField& field) {
  if (const std::string problem = origin_field_problem(field); !problem.empty()) {
    throw Error(ErrorCode::kInvalid, "the origin field '" + field.name + "' " + problem);
  }
}

std::string tag_name_problem(std::string_view name) {
  if (name.size() > 255) return "is longer than 255 bytes";
  return path_problem(name);
}

std::optional<ByteView> HeaderReader::optional(std::string_view name) {
  const bool matches =
      rest_.size() > name.size() && rest_.starts_with(name) && rest_[name.size()] == ' ';
  if (!matches) return std::nullopt;
  const std::size_t end = rest_.find('\n');
  if (end == ByteView::npos) fail("a header line without an end");
  const ByteView value = rest_.substr(name.size() + 1, end - name.size() - 1);
  rest_.remove_prefix(end + 1);
  return value;
}

ByteView HeaderReader::required(std::string_view name) {
  const std::optional<ByteView> value = optional(name);
  if (!value) fail("no " + std::string(name) + " header where one is due");
  return *value;
}

Id HeaderReader::id_value(ByteView value) const {
  const std::optional<Id> id = Id::from_hex(value);
  if (!id) fail("a malformed id");
  return *id;
}

std::uint64_t HeaderReader::number(std::string_view name) {
  const ByteView text = required(name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || std::to_string(value) != text) fail("a malformed " + std::string(name) + " header");
  return value;
}

PublicKey HeaderReader::author() {
  const std::optional<PublicKey> key = PublicKey::parse(required("author"));
  if (!key) fail("a malformed author header");
  return *key;
}

HybridTime HeaderReader::clock() {
  const std::optional<HybridTime> time = HybridTime::parse(required("clock"));
  if (!time) fail("a malformed clock header");
  return *time;
}

void HeaderReader::end() const {
  if (!rest_.empty()) fail("something behind its last header");
}

void HeaderReader::body(Bytes* message, Signature* signature) const {
  constexpr std::size_t kSignatureLine = kSignatureWord.size() + 128 + 1;
  constexpr std::size_t kTail = 2 + kSignatureLine;
  if (rest_.size() < 1 + kTail || rest_[0] != '\n') fail("an unknown header or no message");
  const ByteView text = rest_.substr(1, rest_.size() - 1 - kTail);
  const ByteView tail = rest_.substr(rest_.size() - kTail);
  const std::optional<Signature> parsed =
      Signature::from_hex(tail.substr(2 + kSignatureWord.size(), 128));
  if (!tail.starts_with("\n\n") || tail.substr(2, kSignatureWord.size()) != kSignatureWord ||
      tail.back() != '\n' || !parsed) {
    fail("no signature at the end");
  }
  if (text.size() > kMessageBytesMax) fail("a message of more than 1 MiB");
  *message = text;
  *signature = *parsed;
}

void HeaderReader::fail(std::string_view problem) const {
  throw Error(ErrorCode::kCorrupt,
              "a " + std::string(type_) + " object has " + std::string(problem));
}

}  // namespace isodb::objects
