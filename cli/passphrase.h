#pragma once

#include <filesystem>
#include <string_view>

#include "cli/context.h"
#include "isodb/passphrase.h"

namespace isodb::cli {

/// A file's first line, without its line feed; a note where others may read the file. Error(kIo),
/// Error(kInvalid) for a line that is empty or too long.
Passphrase passphrase_in_file(Context& context, const std::filesystem::path& file);

/// Typed at the terminal, unseen, even where standard input is a file. Error(kDenied), which says
/// how else to give it, where there is no terminal.
Passphrase typed_passphrase(std::string_view prompt);
/// Typed twice. Error(kInvalid) where the two differ.
Passphrase typed_new_passphrase();

}  // namespace isodb::cli
