#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/testing.h"

namespace isodb::testing {

/// A disk of its own, mounted on a folder until destruction. Only root may make one: where
/// mounted() is false, it has said a visible "SKIPPED: ...", and the test ends.
class SmallDisk {
 public:
  SmallDisk(const std::filesystem::path& at, const std::string& size) : at_(at) {
    std::filesystem::create_directories(at);
    mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!mounted_) WARN("SKIPPED: cannot mount a small disk (not root)");
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }

  /// Fills the disk, by a file of its own, until only so many bytes are free.
  void leave_free(std::uint64_t bytes) const {
    make_room();
    const std::uint64_t free = std::filesystem::space(at_).available;
    const std::string zeros(4096, '\0');
    std::ofstream file(filler(), std::ios::binary);
    for (std::uint64_t done = bytes; done < free; done += zeros.size()) file << zeros;
  }
  void make_room() const { std::filesystem::remove(filler()); }

 private:
  std::filesystem::path filler() const { return at_ / "filler"; }

  std::filesystem::path at_;
  bool mounted_;
};

}  // namespace isodb::testing
