// Any bytes as JSON: refused with a place in the text, or written again as a text that says the
// same; the canonical text is its own canonical text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/json.h"
#include "core/json_canonical.h"
#include "core/json_writer.h"

namespace {

using namespace isodb;
using namespace isodb::core;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check(const Json& value) {
  const std::string text = write_json(value);
  demand(parse_json(text) == value);
  demand(write_json(parse_json(text)) == text);
  const std::string laid_out =
      write_json(value, {.indent = "  ", .escapes = JsonEscapes::kTerminal});
  demand(write_json(parse_json(laid_out)) == text);
  try {
    const std::string canonical = canonical_json(value);
    demand(canonical_json(parse_json(canonical)) == canonical);
  } catch (const Error& error) {
    demand(error.code() == ErrorCode::kInvalid);  // a number beyond doubles
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  bool is_strict = false;
  try {
    check(parse_json(bytes));
    is_strict = true;
  } catch (const JsonError& error) {
    demand(error.position().offset <= size && error.position().line > 0);
  }
  try {
    const ExaminedJson examined = examine_json(bytes);
    demand(examined.defect.has_value() != is_strict);
    // What merging keeps as bytes is shown to people all the same.
    demand(!write_json(examined.value).empty());
  } catch (const JsonError&) {
    demand(!is_strict);
  }
  return 0;
}
