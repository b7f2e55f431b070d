#pragma once

#include <zstd.h>
#include <zstd_errors.h>

#include <new>
#include <string>

#include "isodb/error.h"

namespace isodb::core {

/// For zstd calls that fail only where memory is short or zstd itself is at fault, whatever the
/// input.
inline void check_zstd(std::size_t result) {
  if (!ZSTD_isError(result)) return;
  if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
  throw Error(ErrorCode::kIo, std::string("zstd failed: ") + ZSTD_getErrorName(result));
}

}  // namespace isodb::core
