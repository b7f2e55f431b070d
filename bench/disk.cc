#include "bench/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

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

void read_into_memory(const std::filesystem::path& folder) {
  std::vector<char> buffer(1 << 20);
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    const int fd = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;  // what cannot be read the engine will tell
    for (off_t at = 0; (at = ::lseek(fd, at, SEEK_DATA)) >= 0;) {  // LMDB's file is mostly holes
      const off_t end = ::lseek(fd, at, SEEK_HOLE);
      if (end < 0) break;
      while (at < end) {
        const auto most = std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(end - at));
        const ssize_t count = ::pread(fd, buffer.data(), most, at);
        if (count <= 0) break;
        at += count;
      }
      if (at < end) break;
    }
    ::close(fd);
  }
}

}  // namespace isodb::bench
