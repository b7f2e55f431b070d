#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace isodb::testing {

/// Calls `take` for each line of a file that zstd packed; false when it could not be read.
inline bool each_packed_line(const std::filesystem::path& path,
                             const std::function<void(const std::string&)>& take) {
  const std::string command = "zstd -dc --long=27 '" + path.string() + "' 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return false;
  std::string line, block(1 << 16, '\0');
  bool any = false;
  while (const std::size_t bytes = std::fread(block.data(), 1, block.size(), pipe.get())) {
    for (const char c : std::string_view(block).substr(0, bytes)) {
      if (c != '\n') {
        line += c;
        continue;
      }
      take(line);
      line.clear();
      any = true;
    }
  }
  return any;
}

}  // namespace isodb::testing
