#pragma once

#include <string>

#include "cli/context.h"
#include "core/json.h"
#include "isodb/bytes.h"

namespace isodb::cli {

/// JSON documents are checked, patched and searched up to this size; larger ones are stored and
/// printed as they are.
inline constexpr std::uint64_t kJsonBytesMax = 64 << 20;

/// Error(kInvalid) with line and column when `document` is no JSON; a note on standard error when
/// readers would disagree about it (two members of one name). `name` is how messages call it.
void check_json(Context& context, const std::string& name, ByteView document);

/// The document's value; Error(kInvalid) with line and column otherwise.
core::Json json_of(const std::string& name, ByteView document);

/// The text of `value` laid out as `document` is: with its indentation and last line feed.
Bytes laid_out_as(ByteView document, const core::Json& value);

/// What a JSON Pointer names in `document`; Error(kNotFound) with the nearest names otherwise.
core::Json field_of(const std::string& name, const core::Json& document,
                    const std::string& pointer);

}  // namespace isodb::cli
