#pragma once

#include "core/json.h"

namespace isodb::core {

/// What a JSON Patch may copy out of the document in all, in bytes of text and 16 a value, so that
/// a short patch cannot grow a document without bound by copying it into itself.
inline constexpr std::size_t kPatchCopiedBytesMax = std::size_t{256} << 20;

/// `document` with a JSON Patch (RFC 6902) applied: all operations, or an error and no change.
/// Replaced members stay in their place, new ones come last. The error names the operation by its
/// index from 0 and its pointer; its code is kInvalid for what is no patch, kNotFound for a place
/// that does not exist, kStale for a test that does not hold, kLimit for a result nested deeper
/// than kJsonDepthMax or beyond kPatchCopiedBytesMax. Thread-safe.
Json apply_json_patch(const Json& document, const Json& patch);

/// `document` with a JSON Merge Patch (RFC 7396) applied. Replaced members stay in their place, new
/// ones come last. Cannot fail. Thread-safe.
Json apply_merge_patch(const Json& document, const Json& patch);

}  // namespace isodb::core
