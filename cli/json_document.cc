#include "cli/json_document.h"

#include "cli/text.h"
#include "core/json_pointer.h"
#include "core/json_writer.h"

namespace isodb::cli {
namespace {

constexpr std::size_t kIndentMax = 8;

core::ExaminedJson examined(const std::string& name, ByteView document,
                            const std::string& hint = {}) {
  try {
    return core::examine_json(document);
  } catch (const core::JsonError& error) {
    throw Error(error.code(), name + " is no JSON: " + error.what(), hint);
  }
}

}  // namespace

void check_json(Context& context, const std::string& name, ByteView document) {
  const auto defect =
      examined(name, document, "correct it, or store it as what it is with --type text/plain")
          .defect;
  if (!defect) return;
  context.note(name + ", " + defect->position.text() + ": " + defect->problem +
               "; merging takes such a document as a whole");
}

core::Json json_of(const std::string& name, ByteView document) {
  return examined(name, document).value;
}

Bytes laid_out_as(ByteView document, const core::Json& value) {
  core::JsonStyle style;
  const std::size_t line = document.find('\n');
  if (line != ByteView::npos && line + 1 < document.size()) {
    const std::size_t text = document.find_first_not_of(" \t", line + 1);
    style.indent = std::string(document.substr(line + 1, text - line - 1));
    const bool mixed = style.indent.find_first_not_of(style.indent.front()) != std::string::npos;
    if (style.indent.size() > kIndentMax || mixed) style.indent = "  ";
  }
  Bytes text = core::write_json(value, style);
  if (document.ends_with('\n')) text += '\n';
  return text;
}

core::Json field_of(const std::string& name, const core::Json& document,
                    const std::string& pointer) {
  core::JsonPointer place = core::JsonPointer::parse(pointer);
  if (const core::Json* found = core::find_at(document, place)) return *found;
  const std::string last = place.tokens.back();
  place.tokens.pop_back();
  std::vector<std::string> names;
  const core::Json* parent = core::find_at(document, place);
  if (parent != nullptr && parent->is_object()) {
    for (const core::JsonMember& member : parent->members()) names.emplace_back(member.key());
  }
  names = nearest(last, names);
  for (std::string& one : names) {
    std::string full = place.text();
    core::append_pointer_token(full, one);
    one = full;
  }
  throw Error(ErrorCode::kNotFound, name + " has no field " + pointer, did_you_mean(names));
}

}  // namespace isodb::cli
