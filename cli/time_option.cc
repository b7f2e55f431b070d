#include "cli/time_option.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <string>

#include "isodb/error.h"

namespace isodb::cli {
namespace {

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, number);
  if (digits.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> millis_of_unit(char unit) {
  constexpr std::uint64_t kMinute = 60'000;
  switch (unit) {
    case 'm':
      return kMinute;
    case 'h':
      return 60 * kMinute;
    case 'd':
      return 24 * 60 * kMinute;
    case 'w':
      return 7 * 24 * 60 * kMinute;
    default:
      return std::nullopt;
  }
}

std::optional<std::uint64_t> parse_age(std::string_view text, std::uint64_t now_millis) {
  constexpr std::uint64_t kNumberMax = 1'000'000;
  if (text.empty()) return std::nullopt;
  const auto unit = millis_of_unit(text.back());
  const auto number = number_of(text.substr(0, text.size() - 1));
  if (!unit || !number || *number > kNumberMax) return std::nullopt;
  return now_millis - std::min(now_millis, *number * *unit);
}

std::optional<std::uint64_t> parse_date_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.ends_with('Z')) text.remove_suffix(1);
  if (text.size() != 10 && text.size() != 16 && text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return std::nullopt;
  }
  const auto field = [&](std::size_t at, std::size_t count) -> unsigned {
    return at < text.size() ? static_cast<unsigned>(*number_of(text.substr(at, count))) : 0;
  };
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year(static_cast<int>(field(0, 4))),
                                    chrono::month(field(5, 2)), chrono::day(field(8, 2))};
  const unsigned hour = field(11, 2), minute = field(14, 2), second = field(17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto since_epoch = chrono::sys_days(date).time_since_epoch() + chrono::hours(hour) +
                           chrono::minutes(minute) + chrono::seconds(second);
  const auto millis = chrono::duration_cast<chrono::milliseconds>(since_epoch).count();
  if (millis < 0) return std::nullopt;
  return static_cast<std::uint64_t>(millis);
}

}  // namespace

std::uint64_t parse_time_option(std::string_view option, std::string_view text,
                                std::uint64_t now_millis) {
  if (const auto age = parse_age(text, now_millis)) return *age;
  if (const auto time = parse_date_time(text)) return *time;
  throw Error(ErrorCode::kInvalid,
              std::string(option) + " takes a time, not '" + std::string(text) + "'",
              "a date or time in UTC (2026-11-20, 2026-11-20T08:00) or an age (90m, 36h, 7d, 4w)");
}

}  // namespace isodb::cli
