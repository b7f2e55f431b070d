#pragma once

#include <string>
#include <string_view>

namespace isodb {

/// Owned bytes of any content; not necessarily text.
using Bytes = std::string;
/// Borrowed bytes of any content. The lender keeps them alive and unchanged while the view is in
/// use.
using ByteView = std::string_view;

}  // namespace isodb
