#include "bench/disk.h"

#include <sys/stat.h>

namespace isodb::bench {

double occupied_bytes(const std::filesystem::path& folder) {
  double bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    struct stat status;
    if (::lstat(file.path().c_str(), &status) == 0) {
      bytes += static_cast<double>(status.st_blocks) * 512;
    }
  }
  return bytes;
}

}  // namespace isodb::bench
