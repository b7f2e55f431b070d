#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "isodb/bytes.h"

namespace isodb::testing {

/// A file, whatever it is called meanwhile.
using FileNumber = std::uint64_t;

/// Whether a file means anything after a power cut: SQLite's index of its log does not.
bool outlives_power_cut(const std::filesystem::path& path);
/// The files below a folder that do, sorted. Those that are there when watching begins have their
/// places in it for numbers.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder);

// What changed on the disk, call by call. Paths are relative to the watched folder.
struct Created {
  std::string path;
  FileNumber file;
};
struct Written {
  FileNumber file;
  std::uint64_t offset;
  Bytes bytes;
};
struct Truncated {
  FileNumber file;
  std::uint64_t size;
};
struct Synced {
  FileNumber file;
};
struct Renamed {
  std::string from, to;
};
/// A file has a second name.
struct Linked {
  std::string from, to;
};
struct Unlinked {
  std::string path;
};
struct FolderSynced {
  std::string path;
};
/// Not a call: whoever works said that it was told something to be durable.
struct Acknowledged {
  std::uint64_t number;
};
using DiskCall = std::variant<Created, Written, Truncated, Synced, Renamed, Linked, Unlinked,
                              FolderSynced, Acknowledged>;

/// How one call fails.
struct CallFault {
  std::uint64_t at = UINT64_MAX;  ///< number of the call, from 0
  int error_number = 0;
  bool for_ever = false;  ///< and every call after it
};

/// While it lives, the calls by which this process, SQLite in it included, changes files below a
/// folder are written down, or fail. The functions of the C library are replaced in this program,
/// so nothing that is tested knows of it. One at a time; threads may work meanwhile.
class WatchedCalls {
 public:
  explicit WatchedCalls(const std::filesystem::path& folder, CallFault fault = {});
  ~WatchedCalls();
  WatchedCalls(const WatchedCalls&) = delete;
  WatchedCalls& operator=(const WatchedCalls&) = delete;

  /// The calls so far, in their order.
  const std::vector<DiskCall>& calls() const;
  bool has_failed() const;
  void acknowledge(std::uint64_t number);
};

}  // namespace isodb::testing
