#include "tests/crash/faults/system_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace isodb::testing {
namespace {

namespace fs = std::filesystem;

struct Watch {
  std::string root;  // with '/' at its end
  CallFault fault;
  std::mutex mutex;
  std::vector<DiskCall> calls;
  std::uint64_t numbered = 0;
  bool has_failed = false;
  FileNumber files = 0;
  std::map<std::pair<dev_t, ino_t>, FileNumber> known;
};

std::atomic<Watch*> watch = nullptr;

/// The function of the C library that one of those below stands before.
template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

/// nullopt: not below the folder, or without meaning.
std::optional<std::string> watched_path(const Watch& seen, const char* path) {
  const std::string_view whole(path);
  if (!whole.starts_with(seen.root) || !outlives_power_cut(whole)) return std::nullopt;
  return std::string(whole.substr(seen.root.size()));
}

std::optional<std::string> watched_path(const Watch& seen, int descriptor) {
  char name[64], path[4096];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
  const ssize_t size = ::readlink(name, path, sizeof path - 1);
  if (size <= 0) return std::nullopt;
  path[size] = '\0';
  if (std::string(path) + "/" == seen.root) return "";
  return watched_path(seen, path);
}

FileNumber number_of(Watch& seen, int descriptor, bool is_new = false) {
  struct stat status {};
  ::fstat(descriptor, &status);
  const auto [at, is_first] = seen.known.try_emplace({status.st_dev, status.st_ino}, seen.files);
  if (is_first) ++seen.files;
  if (!is_first && is_new) at->second = seen.files++;  // the number of one that is gone
  return at->second;
}

/// Whether this call fails; sets errno then.
bool fails(Watch& seen) {
  const std::uint64_t number = seen.numbered++;
  const CallFault& fault = seen.fault;
  if (number != fault.at && !(fault.for_ever && number > fault.at)) return false;
  seen.has_failed = true;
  errno = fault.error_number;
  return true;
}

template <typename Open>
int watched_open(const char* path, int flags, Open&& open) {
  Watch* const seen = watch;
  const auto name = seen != nullptr ? watched_path(*seen, path) : std::nullopt;
  if (!name || (flags & (O_CREAT | O_TRUNC)) == 0) return open();
  const std::lock_guard lock(seen->mutex);
  const bool is_new = ::access(path, F_OK) != 0;
  if (is_new && fails(*seen)) return -1;
  const int descriptor = open();
  if (descriptor < 0) return descriptor;
  const FileNumber file = number_of(*seen, descriptor, is_new);
  if (is_new) {
    seen->calls.emplace_back(Created{*name, file});
  } else if ((flags & O_TRUNC) != 0) {
    seen->calls.emplace_back(Truncated{file, 0});
  }
  return descriptor;
}

template <typename Write>
ssize_t watched_write(int descriptor, const void* data, size_t count, std::optional<off_t> offset,
                      Write&& write) {
  Watch* const seen = watch;
  if (seen == nullptr || !watched_path(*seen, descriptor)) return write(count);
  const std::lock_guard lock(seen->mutex);
  size_t part = count;
  if (fails(*seen)) {
    // What has no space any more, or fails, has often begun.
    if (count < 2) return -1;
    part = count / 2;
  }
  struct stat status {};
  ::fstat(descriptor, &status);
  const bool appends = (::fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
  const off_t at = offset ? *offset : appends ? status.st_size : ::lseek(descriptor, 0, SEEK_CUR);
  const ssize_t written = write(part);
  if (written > 0) {
    seen->calls.emplace_back(
        Written{number_of(*seen, descriptor), static_cast<std::uint64_t>(at),
                Bytes(static_cast<const char*>(data), static_cast<std::size_t>(written))});
  }
  if (part == count) return written;
  errno = seen->fault.error_number;
  return -1;
}

template <typename Sync>
int watched_sync(int descriptor, Sync&& sync) {
  Watch* const seen = watch;
  const auto name = seen != nullptr ? watched_path(*seen, descriptor) : std::nullopt;
  if (!name) return sync();
  const std::lock_guard lock(seen->mutex);
  if (fails(*seen)) return -1;
  struct stat status {};
  ::fstat(descriptor, &status);
  if (S_ISDIR(status.st_mode)) {
    seen->calls.emplace_back(FolderSynced{*name});
  } else {
    seen->calls.emplace_back(Synced{number_of(*seen, descriptor)});
  }
  return 0;  // the test's disk need not be waited for
}

template <typename Truncate>
int watched_truncate(int descriptor, off_t size, Truncate&& truncate) {
  Watch* const seen = watch;
  if (seen == nullptr || !watched_path(*seen, descriptor)) return truncate();
  const std::lock_guard lock(seen->mutex);
  if (fails(*seen)) return -1;
  const int done = truncate();
  if (done == 0) {
    seen->calls.emplace_back(
        Truncated{number_of(*seen, descriptor), static_cast<std::uint64_t>(size)});
  }
  return done;
}

template <typename Unlink>
int watched_unlink(const char* path, Unlink&& unlink) {
  Watch* const seen = watch;
  const auto name = seen != nullptr ? watched_path(*seen, path) : std::nullopt;
  if (!name) return unlink();
  const std::lock_guard lock(seen->mutex);
  if (::access(path, F_OK) == 0 && fails(*seen)) return -1;
  const int done = unlink();
  if (done == 0) seen->calls.emplace_back(Unlinked{*name});
  return done;
}

/// `Call`: Renamed or Linked.
template <typename Call, typename Naming>
int watched_naming(const char* from, const char* to, Naming&& naming) {
  Watch* const seen = watch;
  const auto name = seen != nullptr ? watched_path(*seen, from) : std::nullopt;
  const auto new_name = seen != nullptr ? watched_path(*seen, to) : std::nullopt;
  if (!name || !new_name) return naming();
  const std::lock_guard lock(seen->mutex);
  if (fails(*seen)) return -1;
  const int done = naming();
  if (done == 0) seen->calls.emplace_back(Call{*name, *new_name});
  return done;
}

}  // namespace

bool outlives_power_cut(const fs::path& path) {
  return !path.string().ends_with("-shm");
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && outlives_power_cut(entry.path())) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

WatchedCalls::WatchedCalls(const fs::path& folder, CallFault fault) {
  auto* const seen = new Watch();
  for (const fs::path& file : files_below(folder)) {
    struct stat status {};
    ::stat(file.c_str(), &status);
    seen->known[{status.st_dev, status.st_ino}] = seen->files++;
  }
  seen->root = folder.string() + "/";
  seen->fault = fault;
  watch = seen;
}
WatchedCalls::~WatchedCalls() {
  delete watch.exchange(nullptr);
}
const std::vector<DiskCall>& WatchedCalls::calls() const {
  return watch.load()->calls;
}
bool WatchedCalls::has_failed() const {
  return watch.load()->has_failed;
}
void WatchedCalls::acknowledge(std::uint64_t number) {
  Watch& seen = *watch.load();
  const std::lock_guard lock(seen.mutex);
  seen.calls.emplace_back(Acknowledged{number});
}

}  // namespace isodb::testing

// The C library's names, which the dynamic linker finds here first, for SQLite as well.
using namespace isodb::testing;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = static_cast<mode_t>((flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0);
  va_end(rest);
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  return watched_open(path, flags, [&] { return real(path, flags, mode); });
}
int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = static_cast<mode_t>((flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0);
  va_end(rest);
  static const auto real = next<int (*)(const char*, int, ...)>("open64");
  return watched_open(path, flags, [&] { return real(path, flags, mode); });
}

ssize_t write(int descriptor, const void* data, size_t count) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return watched_write(descriptor, data, count, std::nullopt,
                       [&](size_t part) { return real(descriptor, data, part); });
}
ssize_t pwrite(int descriptor, const void* data, size_t count, off_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return watched_write(descriptor, data, count, offset,
                       [&](size_t part) { return real(descriptor, data, part, offset); });
}
ssize_t pwrite64(int descriptor, const void* data, size_t count, off64_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return watched_write(descriptor, data, count, offset,
                       [&](size_t part) { return real(descriptor, data, part, offset); });
}

int fsync(int descriptor) {
  static const auto real = next<int (*)(int)>("fsync");
  return watched_sync(descriptor, [&] { return real(descriptor); });
}
int fdatasync(int descriptor) {
  static const auto real = next<int (*)(int)>("fdatasync");
  return watched_sync(descriptor, [&] { return real(descriptor); });
}

int ftruncate(int descriptor, off_t size) noexcept {
  static const auto real = next<int (*)(int, off_t)>("ftruncate");
  return watched_truncate(descriptor, size, [&] { return real(descriptor, size); });
}
int ftruncate64(int descriptor, off64_t size) noexcept {
  static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
  return watched_truncate(descriptor, size, [&] { return real(descriptor, size); });
}

int unlink(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("unlink");
  return watched_unlink(path, [&] { return real(path); });
}
int remove(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("remove");
  return watched_unlink(path, [&] { return real(path); });
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return watched_naming<Renamed>(from, to, [&] { return real(from, to); });
}
int link(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("link");
  return watched_naming<Linked>(from, to, [&] { return real(from, to); });
}
}
