#include "merge/json_spans.h"

#include <algorithm>
#include <functional>

namespace isodb::merge {

using core::Json;
using core::JsonMember;

JsonSpans::JsonSpans(ByteView text, const Json& root) : text_(text) {
  walk(root);
  std::sort(spans_.begin(), spans_.end(), [](const auto& a, const auto& b) {
    return std::less<const Json*>()(a.first, b.first);
  });
}

JsonSpans::Span JsonSpans::of(const Json& value) const {
  return std::lower_bound(spans_.begin(), spans_.end(), &value,
                          [](const auto& span, const Json* address) {
                            return std::less<const Json*>()(span.first, address);
                          })
      ->second;
}

ByteView JsonSpans::text_of(const Json& value) const {
  const Span span = of(value);
  return text_.substr(span.begin, span.end - span.begin);
}

void JsonSpans::skip_space() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
}

/// The text is known to be JSON and to say what the tree has, so only ends have to be found.
void JsonSpans::walk(const Json& value) {
  skip_space();
  const std::size_t begin = at_;
  const auto pass_mark = [this] {  // a comma, colon or bracket
    skip_space();
    ++at_;
  };
  if (value.is_array()) {
    ++at_;
    for (const Json& item : value.items()) {
      if (&item != value.items().data()) pass_mark();
      walk(item);
    }
    pass_mark();
  } else if (value.is_object()) {
    ++at_;
    for (const JsonMember& member : value.members()) {
      if (&member != value.members().data()) pass_mark();
      walk(member.name);
      pass_mark();
      walk(member.value);
    }
    pass_mark();
  } else if (value.is_string()) {
    for (++at_; text_[at_] != '"'; ++at_) at_ += text_[at_] == '\\' ? 1 : 0;
    ++at_;
  } else {
    at_ = std::min(text_.find_first_of(" \t\r\n,]}", at_), text_.size());
  }
  spans_.emplace_back(&value, Span{begin, at_});
}

}  // namespace isodb::merge
