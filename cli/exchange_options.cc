#include "cli/exchange_options.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Format {
  ExchangeFormat format;
  std::string_view name;
  std::vector<std::string_view> extensions;
};

const std::vector<Format>& formats() {
  static const std::vector<Format> known = {
      {ExchangeFormat::kGit, "git", {".fe", ".fi", ".fast-export", ".git-stream"}},
      {ExchangeFormat::kFolder, "folder", {}},
      {ExchangeFormat::kJsonLines, "jsonl", {".jsonl", ".ndjson"}},
      {ExchangeFormat::kCsv, "csv", {".csv"}},
  };
  return known;
}

std::optional<ExchangeFormat> format_of_place(const std::string& place) {
  std::error_code ignored;
  if (place.ends_with('/') || std::filesystem::is_directory(place, ignored)) {
    return ExchangeFormat::kFolder;
  }
  for (const Format& format : formats()) {
    for (const std::string_view extension : format.extensions) {
      if (place.ends_with(extension)) return format.format;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view format_name(ExchangeFormat format) {
  const auto found = std::find_if(formats().begin(), formats().end(),
                                  [&](const Format& one) { return one.format == format; });
  return found->name;
}

Exchange exchange_of(const ExchangeWords& words) {
  for (const Format& format : formats()) {
    if (words.format != format.name) continue;
    return {format.format, words.place.empty() ? "-" : words.place};
  }
  if (!words.place.empty()) {
    throw Error(ErrorCode::kInvalid, "'" + printable(words.format) + "' is not a format",
                "the formats are git, folder, jsonl and csv");
  }
  if (const auto guessed = format_of_place(words.format)) return {*guessed, words.format};
  throw Error(ErrorCode::kInvalid,
              words.format.empty() ? "no format is named"
                                   : "the name '" + printable(words.format) + "' tells no format",
              "name it before the file: git, folder, jsonl or csv");
}

void check_option(std::string_view option, bool is_given, ExchangeFormat format,
                  std::initializer_list<ExchangeFormat> formats) {
  if (!is_given || std::find(formats.begin(), formats.end(), format) != formats.end()) return;
  std::string names;
  for (const ExchangeFormat one : formats) {
    names += (names.empty() ? "" : ", ") + std::string(format_name(one));
  }
  throw Error(ErrorCode::kInvalid,
              std::string(option) + " means nothing for " + std::string(format_name(format)),
              "it goes with: " + names);
}

char separator_of(const std::string& text) {
  if (text == "tab") return '\t';
  const bool is_good = text.size() == 1 && text != "\"" && text != "\n" && text != "\r" &&
                       static_cast<unsigned char>(text[0]) < 0x80;
  if (!is_good) {
    throw Error(ErrorCode::kInvalid, "--separator takes one character, or 'tab'");
  }
  return text[0];
}

void note_skipped(Context& context, std::uint64_t count,
                  const std::vector<exchange::Skipped>& items) {
  constexpr std::size_t kShown = 10;
  if (count == 0) return;
  for (std::size_t i = 0; i < std::min(items.size(), kShown); ++i) {
    context.note("left out: " + printable(items[i].what) + ": " + printable(items[i].problem));
  }
  if (count > kShown) context.note(grouped(count) + " left out in all");
}

void add_skipped(JsonObject& object, std::uint64_t count,
                 const std::vector<exchange::Skipped>& items) {
  std::vector<JsonObject> listed;
  for (const exchange::Skipped& item : items) {
    listed.emplace_back().bytes("what", item.what).bytes("problem", item.problem);
  }
  object.number("skipped", count).objects("skipped_items", listed);
}

}  // namespace isodb::cli
