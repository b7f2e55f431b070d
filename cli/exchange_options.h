#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "exchange/paths.h"

namespace isodb::cli {

/// What import reads and export writes.
enum class ExchangeFormat { kGit, kFolder, kJsonLines, kCsv };

/// The words of "isodb import [FORMAT] [PLACE]": either may be left out.
struct ExchangeWords {
  std::string format, place;
};
struct Exchange {
  ExchangeFormat format;
  std::string place;  ///< a file, a folder, or "-"
};
/// Reads them; where the format is not named, the place's name has to tell it. Error(kInvalid).
Exchange exchange_of(const ExchangeWords& words);

std::string_view format_name(ExchangeFormat format);

/// Error(kInvalid) when `is_given` and the option means nothing for `format`.
void check_option(std::string_view option, bool is_given, ExchangeFormat format,
                  std::initializer_list<ExchangeFormat> formats);

/// The byte that --separator names: itself, or "tab".
char separator_of(const std::string& text);

/// Says on standard error what was left out, the first few by name.
void note_skipped(Context& context, std::uint64_t count,
                  const std::vector<exchange::Skipped>& items);
/// The same for --json: "skipped" and "skipped_items".
void add_skipped(JsonObject& object, std::uint64_t count,
                 const std::vector<exchange::Skipped>& items);

}  // namespace isodb::cli
