#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/hybrid_time.h"
#include "isodb/id.h"

namespace isodb::cli {

/// "2026-11-20T08:00:00.123Z": UTC, ISO 8601, whatever the locale and time zone.
std::string iso_time(std::uint64_t millis);
inline std::string iso_time(const HybridTime& time) {
  return iso_time(time.millis());
}

/// Their hexadecimal digits, for --json.
std::vector<std::string> hex_of(const std::vector<CommitId>& ids);

/// "1,234,567"
std::string grouped(std::uint64_t number);
/// "12 B", "3.4 KiB", "1.2 GiB"
std::string human_bytes(std::uint64_t bytes);
/// "1 document", "2 documents"
std::string counted(std::uint64_t number, std::string_view noun);

/// Text of unknown origin made fit for a terminal: control characters and bytes that are not UTF-8
/// become \xNN, so that no message can move the cursor or change colours. Newlines and tabs stay.
std::string printable(std::string_view text);

/// The same for what has to stay on one line, as a name: newlines and tabs too become \xNN.
std::string printable_line(std::string_view text);

/// The Unicode code points of UTF-8 text; an estimate of the columns it takes.
std::size_t columns(std::string_view text);

/// The candidates that `word` was probably meant for, best first, at most `limit`.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates,
                                 std::size_t limit = 3);
/// A hint from them: "did you mean 'put' or 'get'?"; "" when there are none.
std::string did_you_mean(const std::vector<std::string>& names);

/// Words broken into lines of at most `width` columns, each led by `indent` spaces but the first.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace isodb::cli
