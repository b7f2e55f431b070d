#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isodb::cli {

/// A setting of the repository that people may change (docs/cli.md, "Settings").
struct Setting {
  std::string_view key;
  std::string_view help;
  std::vector<std::string_view> values;  ///< those allowed; empty: any
  /// Or a number up to this; 0: none is allowed unless `values` is empty.
  std::uint64_t number_max = 0;
};

const std::vector<Setting>& known_settings();

/// The setting of this name; Error(kInvalid) with the nearest names for an unknown one.
const Setting& find_setting(const std::string& key);

/// Error(kInvalid) unless the setting may have this value.
void check_setting(const Setting& setting, const std::string& value);

}  // namespace isodb::cli
