#include "sync/disk_room.h"

#include <system_error>

namespace isodb::sync {
namespace {

/// What a pack's writer holds back in memory, and some for the database.
constexpr std::uint64_t kReserveBytes = 32 << 20;
constexpr std::uint64_t kIndexBytesAnObject = 64;

}  // namespace

bool is_short_of_room(const std::filesystem::path& folder, std::uint64_t objects) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  return !error && space.available < kReserveBytes + objects * kIndexBytesAnObject;
}

}  // namespace isodb::sync
