#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "net/address.h"

namespace isodb::sync {

/// Where another repository is. A plain value.
using Place = std::variant<net::Address, net::SshAddress, std::filesystem::path>;

/// isodb://…, ssh://…, file:///… (the paths of both with %XX), or a folder's path as it is.
/// Error(kInvalid) otherwise.
Place parse_place(const std::string& url);

/// The repository in this folder or in its .isodb; those above are not searched. Error(kNotFound),
/// and Error(kInvalid) for a file, which may be a bundle.
std::filesystem::path repository_folder(const std::filesystem::path& folder);

}  // namespace isodb::sync
