#pragma once

#include <string>

namespace isodb::cli {

/// The manual page isodb(1) in mdoc(7), from the commands' own descriptions: docs/isodb.1.
std::string man_page();

}  // namespace isodb::cli
