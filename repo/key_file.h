#pragma once

#include <filesystem>

#include "core/file.h"
#include "isodb/error.h"
#include "isodb/key.h"

namespace isodb::repo {

/// The secret key that a file holds. Errors name the file: kNotFound when it is not there, `bad`
/// when what it holds is no key.
SecretKey read_secret_key(core::FileSystem& files, const std::filesystem::path& path,
                          ErrorCode bad = ErrorCode::kInvalid);

}  // namespace isodb::repo
