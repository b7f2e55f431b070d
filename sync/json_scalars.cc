#include "sync/json_scalars.h"

#include <algorithm>
#include <array>

#include "isodb/error.h"

namespace isodb::sync {
namespace {

enum ByteClass : std::uint8_t { kPlain, kSpace, kMark, kQuote };

constexpr std::array<ByteClass, 256> make_classes() {
  std::array<ByteClass, 256> classes{};
  for (const char space : {' ', '\t', '\r', '\n'})
    classes[static_cast<unsigned char>(space)] = kSpace;
  for (const char mark : {',', ':', '[', ']', '{', '}'}) {
    classes[static_cast<unsigned char>(mark)] = kMark;
  }
  classes[static_cast<unsigned char>('"')] = kQuote;
  return classes;
}
constexpr std::array<ByteClass, 256> kClasses = make_classes();

ByteClass class_of(char byte) {
  return kClasses[static_cast<unsigned char>(byte)];
}

/// Where the string that begins at `begin` ends.
std::size_t string_end(ByteView text, std::size_t begin) {
  std::size_t at = begin + 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

}  // namespace

std::optional<ScalarScanner::Span> ScalarScanner::next() {
  while (at_ < text_.size()) {
    const std::size_t begin = at_;
    switch (class_of(text_[at_])) {
      case kSpace:
      case kMark:
        ++at_;
        break;
      case kPlain:
        while (at_ < text_.size() && class_of(text_[at_]) == kPlain) ++at_;
        return Span{begin, at_};
      case kQuote: {
        const std::size_t end = string_end(text_, begin);
        at_ = end;
        while (at_ < text_.size() && class_of(text_[at_]) == kSpace) ++at_;
        if (at_ == text_.size() || text_[at_] != ':') return Span{begin, end};
        break;
      }
    }
  }
  return std::nullopt;
}

std::optional<std::vector<wire::ReplacedValue>> replaced_values(ByteView base, ByteView result,
                                                                std::size_t values_max) {
  std::vector<wire::ReplacedValue> values;
  ScalarScanner old_scalars(base), new_scalars(result);
  std::size_t old_end = 0, new_end = 0;
  std::uint64_t skipped = 0;
  for (;;) {
    const auto before = old_scalars.next();
    const auto after = new_scalars.next();
    const ByteView old_gap = base.substr(old_end, (before ? before->begin : base.size()) - old_end);
    const ByteView new_gap =
        result.substr(new_end, (after ? after->begin : result.size()) - new_end);
    if (before.has_value() != after.has_value() || old_gap != new_gap) return std::nullopt;
    if (!before) return values;
    const ByteView text = result.substr(after->begin, after->end - after->begin);
    if (base.substr(before->begin, before->end - before->begin) == text) {
      ++skipped;
    } else {
      if (values.size() == values_max) return std::nullopt;
      values.push_back({skipped, Bytes(text)});
      skipped = 0;
    }
    old_end = before->end;
    new_end = after->end;
  }
}

Bytes replace_values(ByteView base, const std::vector<wire::ReplacedValue>& values,
                     std::size_t bytes_max) {
  Bytes result;
  ScalarScanner scalars(base);
  std::size_t copied = 0;  // of base
  for (const wire::ReplacedValue& value : values) {
    std::optional<ScalarScanner::Span> span = scalars.next();
    for (std::uint64_t i = 0; i < value.skipped && span; ++i) span = scalars.next();
    if (!span) {
      throw Error(ErrorCode::kCorrupt, "VALUES names a scalar that its document has not");
    }
    result.append(base, copied, span->begin - copied);
    result.append(value.text);
    copied = span->end;
    if (result.size() > bytes_max) break;
  }
  result.append(base, copied);
  if (result.size() > bytes_max) {
    throw Error(ErrorCode::kCorrupt,
                "VALUES makes a document of more than " + std::to_string(bytes_max) + " bytes");
  }
  return result;
}

}  // namespace isodb::sync
