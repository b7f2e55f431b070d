#include "cli/settings.h"

#include <algorithm>
#include <charconv>

#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {

const std::vector<Setting>& known_settings() {
  constexpr std::uint64_t kDaysMax = 36'500;
  static const std::vector<Setting> settings = {
      {"gc.auto",
       "collect garbage beside the packing in the background, where there is much of it",
       {"on", "off"}},
      {"reflog.keep-days",
       "for how many days moves of refs are remembered, and what only they lead to is kept; 90 "
       "where it is not set; of each ref the newest stays",
       {"forever"},
       kDaysMax},
      {"ui.color", "colours, where --color does not say", {"auto", "always", "never"}},
      {"ui.editor", "the editor of 'isodb edit', a shell command", {}},
      {"ui.pager", "what long output goes through, a shell command; 'cat' for none", {}},
  };
  return settings;
}

const Setting& find_setting(const std::string& key) {
  const auto& all = known_settings();
  const auto at = std::ranges::find(all, key, &Setting::key);
  if (at != all.end()) return *at;
  std::vector<std::string> keys;
  for (const Setting& setting : all) keys.emplace_back(setting.key);
  std::string hint = did_you_mean(nearest(key, keys));
  if (hint.empty()) hint = "'isodb config list' names all";
  throw Error(ErrorCode::kInvalid, "there is no setting " + key, hint);
}

void check_setting(const Setting& setting, const std::string& value) {
  if (setting.values.empty() || std::ranges::count(setting.values, value) > 0) return;
  std::string allowed;
  if (setting.number_max > 0) {
    std::uint64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto [next, problem] = std::from_chars(value.data(), end, number);
    if (problem == std::errc() && next == end && number <= setting.number_max) return;
    allowed = "a number up to " + std::to_string(setting.number_max);
  }
  for (const std::string_view one : setting.values) {
    allowed += (allowed.empty() ? "" : ", ") + std::string(one);
  }
  throw Error(ErrorCode::kInvalid,
              std::string(setting.key) + " is one of " + allowed + ", not '" + value + "'");
}

}  // namespace isodb::cli
