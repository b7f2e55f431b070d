#include <algorithm>
#include <limits>
#include <string>

#include "merge/script/compare.h"
#include "merge/script/string_methods.h"
#include "merge/script/text.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

std::int64_t limit_of(const BuiltinSpec& spec, const Value& value) {
  const std::int64_t limit = to_int64_or(spec, value, -1);
  return limit < 0 ? kUnlimited : limit;
}

const String& separator_of(const BuiltinSpec& spec, const Value& value) {
  const String& separator = to_text(spec, value);
  if (separator.bytes == 0)
    stop(Reason::kValue, std::string(spec.name) + "(): nothing to split at");
  return separator;
}

bool is_space(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}

class Parts {
 public:
  explicit Parts(Heap& heap) : heap_(heap), list_(heap.list(0)) {}
  void add(std::string_view part) {
    heap_.meter().steps(1);
    heap_.append(*list_, heap_.string(part));
  }
  std::int64_t count() const { return list_->size; }
  Value finish() { return Value::of(list_); }
  Value finish_reversed() {
    std::reverse(list_->items, list_->items + list_->size);
    return finish();
  }

 private:
  Heap& heap_;
  List* list_;
};

Value split_at_spaces(Heap& heap, std::string_view text, std::int64_t limit) {
  Parts parts(heap);
  heap.meter().work(text.size() * 2);
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && is_space(text[at])) ++at;
    if (at == text.size()) break;
    if (parts.count() == limit) {
      parts.add(text.substr(at));
      break;
    }
    const std::size_t begin = at;
    while (at < text.size() && !is_space(text[at])) ++at;
    parts.add(text.substr(begin, at - begin));
  }
  return parts.finish();
}

Value rsplit_at_spaces(Heap& heap, std::string_view text, std::int64_t limit) {
  Parts parts(heap);
  heap.meter().work(text.size() * 2);
  std::size_t end = text.size();
  while (true) {
    while (end > 0 && is_space(text[end - 1])) --end;
    if (end == 0) break;
    if (parts.count() == limit) {
      parts.add(text.substr(0, end));
      break;
    }
    std::size_t begin = end;
    while (begin > 0 && !is_space(text[begin - 1])) --begin;
    parts.add(text.substr(begin, end - begin));
    end = begin;
  }
  return parts.finish_reversed();
}

Value triple(Heap& heap, std::string_view a, std::string_view b, std::string_view c) {
  const Value parts[] = {heap.string(a), heap.string(b), heap.string(c)};
  return Value::of(heap.tuple(parts, 3));
}

}  // namespace

Value string_split(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Heap& heap = machine.heap();
  const std::string_view text = arguments.self.string->view();
  const std::int64_t limit = limit_of(spec, bound[1]);
  if (bound[0].is_absent() || bound[0].is(Tag::kNone)) return split_at_spaces(heap, text, limit);
  const std::string_view separator = separator_of(spec, bound[0]).view();
  Parts parts(heap);
  std::size_t at = 0;
  while (parts.count() < limit) {
    const std::size_t found = find_text(heap, text, separator, at);
    if (found == kNotFound) break;
    parts.add(text.substr(at, found - at));
    at = found + separator.size();
  }
  parts.add(text.substr(at));
  return parts.finish();
}

Value string_rsplit(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Heap& heap = machine.heap();
  std::string_view text = arguments.self.string->view();
  const std::int64_t limit = limit_of(spec, bound[1]);
  if (bound[0].is_absent() || bound[0].is(Tag::kNone)) return rsplit_at_spaces(heap, text, limit);
  const std::string_view separator = separator_of(spec, bound[0]).view();
  Parts parts(heap);
  while (parts.count() < limit) {
    const std::size_t found = find_last_text(heap, text, separator);
    if (found == kNotFound) break;
    parts.add(text.substr(found + separator.size()));
    text = text.substr(0, found);
  }
  parts.add(text);
  return parts.finish_reversed();
}

Value string_splitlines(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const bool keep = !bound[0].is_absent() && is_true(bound[0]);
  const std::string_view text = arguments.self.string->view();
  machine.meter().work(text.size());
  Parts parts(machine.heap());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    std::size_t next = std::min(end + 1, text.size());
    if (text.substr(end, 2) == "\r\n") ++next;
    parts.add(text.substr(at, (keep ? next : end) - at));
    at = next;
  }
  return parts.finish();
}

Value string_partition(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  const std::string_view separator = separator_of(spec, bound[0]).view();
  const std::size_t found = find_text(machine.heap(), text, separator, 0);
  if (found == kNotFound) return triple(machine.heap(), text, "", "");
  return triple(machine.heap(), text.substr(0, found), separator,
                text.substr(found + separator.size()));
}

Value string_rpartition(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  const std::string_view separator = separator_of(spec, bound[0]).view();
  const std::size_t found = find_last_text(machine.heap(), text, separator);
  if (found == kNotFound) return triple(machine.heap(), "", "", text);
  return triple(machine.heap(), text.substr(0, found), separator,
                text.substr(found + separator.size()));
}

Value string_join(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::string_view separator = arguments.self.string->view();
  TextBuilder out(machine.heap());
  Items items(machine, bound[0]);
  bool first = true;
  for (Value item; items.next(item);) {
    if (!first) out.add(separator);
    first = false;
    out.add(to_text(spec, item).view());
  }
  return out.finish();
}

Value string_replace(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Heap& heap = machine.heap();
  const std::string_view text = arguments.self.string->view();
  const std::string_view old_part = to_text(spec, bound[0]).view();
  const std::string_view new_part = to_text(spec, bound[1]).view();
  const std::int64_t limit = limit_of(spec, bound[2]);
  TextBuilder out(heap);
  std::size_t at = 0;
  for (std::int64_t done = 0; done < limit; ++done) {
    heap.meter().steps(1);
    if (old_part.empty()) {  // between all characters, and at both ends
      out.add(new_part);
      if (at == text.size()) break;
      const std::size_t bytes = character_bytes(text[at]);
      out.add(text.substr(at, bytes));
      at += bytes;
      continue;
    }
    const std::size_t found = find_text(heap, text, old_part, at);
    if (found == kNotFound) break;
    out.add(text.substr(at, found - at));
    out.add(new_part);
    at = found + old_part.size();
  }
  out.add(text.substr(at));
  return out.finish();
}

}  // namespace isodb::script
