// A document, a patch and a pointer, cut at NULs (where the first byte is 1, grown from what lies
// between them): applied, or refused and the document as it was.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "core/json.h"
#include "core/json_patch.h"
#include "core/json_pointer.h"
#include "core/json_writer.h"
#include "tests/fuzz/grown_json.h"
#include "tests/fuzz/three_parts.h"

namespace {

using namespace isodb;
using namespace isodb::core;

void demand(bool holds) {
  if (!holds) std::abort();
}

std::optional<Json> read(std::string_view text) {
  try {
    return parse_json(text);
  } catch (const JsonError&) {
    return std::nullopt;
  }
}

void check_patch(const Json& document, const Json& patch) {
  const std::string before = write_json(document);
  try {
    const Json patched = apply_json_patch(document, patch);
    demand(parse_json(write_json(patched)) == patched);
    demand(write_json(apply_json_patch(document, patch)) == write_json(patched));
  } catch (const Error& error) {
    demand(error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kIo);
  }
  demand(write_json(document) == before);
}

/// Merged twice is merged once, but for what is deeper than a document may be.
void check_merge_patch(const Json& document, const Json& patch) {
  const Json merged = apply_merge_patch(document, patch);
  demand(apply_merge_patch(merged, patch) == merged);
}

void check_pointer(const Json& document, std::string_view text) {
  try {
    const JsonPointer pointer = JsonPointer::parse(text);
    demand(JsonPointer::parse(pointer.text()) == pointer);
    const Json* found = find_at(document, pointer);
    demand(!pointer.tokens.empty() || found == &document);
  } catch (const Error& error) {
    demand(error.code() == ErrorCode::kInvalid);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bool grows = size > 0 && data[0] == 1;
  const auto parts = fuzz::three_parts(data + (grows ? 1 : 0), size - (grows ? 1 : 0));
  const auto document = grows ? read(fuzz::GrownJson::of(parts[0])) : read(parts[0]);
  const auto patch = read(parts[1]);
  if (!document) return 0;
  check_pointer(*document, parts[2]);
  if (!patch) return 0;
  check_patch(*document, *patch);
  check_merge_patch(*document, *patch);
  return 0;
}
