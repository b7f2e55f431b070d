#include "core/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include "core/clock.h"
#include "core/hex.h"
#include "isodb/error.h"

namespace isodb::core {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIoBytesMax = std::size_t{1} << 30;  // Linux moves less than 2 GiB a call

/// Repeats a system call that a signal interrupted.
template <typename Call>
auto retrying(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return number_; }

 private:
  int number_;
};

void write_all(const Descriptor& file, const fs::path& path, ByteView data) {
  while (!data.empty()) {
    const std::size_t part = std::min(data.size(), kIoBytesMax);
    const ssize_t written = retrying([&] { return ::write(file.get(), data.data(), part); });
    if (written < 0) throw_io_error("write to", path, errno);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync_folder(const fs::path& path) {
  const fs::path folder = path.empty() ? fs::path(".") : path;
  const Descriptor descriptor(
      retrying([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (descriptor.get() < 0) throw_io_error("open the folder", folder, errno);
  // Some file systems (FUSE, CIFS) cannot sync a folder; they say EINVAL.
  if (retrying([&] { return ::fsync(descriptor.get()); }) != 0 && errno != EINVAL) {
    throw_io_error("sync the folder", folder, errno);
  }
}

std::uint64_t file_size(const Descriptor& file, const fs::path& path) {
  struct stat status;
  if (::fstat(file.get(), &status) != 0) throw_io_error("look at", path, errno);
  if (S_ISDIR(status.st_mode)) throw_io_error("read", path, EISDIR);
  return static_cast<std::uint64_t>(status.st_size);
}

class PosixMapping final : public Mapping {
 public:
  PosixMapping(void* memory, std::size_t count) : memory_(memory), count_(count) {}
  ~PosixMapping() override {
    if (count_ > 0) ::munmap(memory_, count_);
  }
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;

  ByteView bytes() const override { return {static_cast<const char*>(memory_), count_}; }

 private:
  void* memory_;
  std::size_t count_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, fs::path path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  void read_at(std::uint64_t offset, char* out, std::size_t count) override {
    const std::size_t had = read_some(offset, out, count);
    if (had == count) return;
    throw Error(ErrorCode::kCorrupt, path_.string() + " ends at byte " +
                                         std::to_string(offset + had) + ", before byte " +
                                         std::to_string(offset + count));
  }

  std::size_t read_some(std::uint64_t offset, char* out, std::size_t count) override {
    constexpr auto kOffsetMax = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
    if (offset > kOffsetMax - std::min<std::uint64_t>(count, kOffsetMax)) return 0;
    std::size_t done = 0;
    while (done < count) {
      const std::size_t part = std::min(count - done, kIoBytesMax);
      const auto at = static_cast<off_t>(offset + done);
      const ssize_t got =
          retrying([&] { return ::pread(descriptor_.get(), out + done, part, at); });
      if (got < 0) throw_io_error("read", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  void append(ByteView data) override { write_all(descriptor_, path_, data); }

  std::uint64_t size() override { return file_size(descriptor_, path_); }

  void sync() override {
    if (retrying([&] { return ::fdatasync(descriptor_.get()); }) != 0) {
      throw_io_error("sync", path_, errno);
    }
  }

  std::unique_ptr<Mapping> map() override {
    const std::uint64_t bytes = size();
    if (bytes == 0) return std::make_unique<PosixMapping>(nullptr, 0);
    const auto count = static_cast<std::size_t>(bytes);
    void* memory = ::mmap(nullptr, count, PROT_READ, MAP_SHARED, descriptor_.get(), 0);
    if (memory == MAP_FAILED) throw_io_error("map", path_, errno);
    return std::make_unique<PosixMapping>(memory, count);
  }

  bool try_lock() override {
    if (retrying([&] { return ::flock(descriptor_.get(), LOCK_EX | LOCK_NB); }) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    throw_io_error("lock", path_, errno);
  }

 private:
  const Descriptor descriptor_;
  const fs::path path_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kCreateNew:
      return O_RDWR | O_APPEND | O_CREAT | O_EXCL;
    case OpenMode::kReadAppend:
      return O_RDWR | O_APPEND;
  }
  throw Error(ErrorCode::kInvalid, "no such mode of opening a file");
}

class PosixFileSystem final : public FileSystem {
 public:
  std::unique_ptr<File> open(const fs::path& path, OpenMode mode) override {
    const int flags = open_flags(mode) | O_CLOEXEC;
    Descriptor descriptor(retrying([&] { return ::open(path.c_str(), flags, 0644); }));
    if (descriptor.get() < 0) {
      throw_io_error(mode == OpenMode::kCreateNew ? "create" : "open", path, errno);
    }
    return std::make_unique<PosixFile>(std::move(descriptor), path);
  }

  bool exists(const fs::path& path) override {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw_io_error("look for", path, errno);
  }

  void rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      throw_io_error("rename " + from.string() + " to", to, errno);
    }
  }

  void remove(const fs::path& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_io_error("remove", path, errno);
  }

  void create_directories(const fs::path& path) override {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) throw_io_error("create the folder", path, error.value());
  }

  std::vector<std::string> list(const fs::path& path) override {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator entries(path, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      names.push_back(entries->path().filename().string());
    }
    if (error == std::errc::no_such_file_or_directory) return {};
    if (error) throw_io_error("list the folder", path, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  void sync_directory(const fs::path& path) override { sync_folder(path); }
};

const char* io_hint(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "the disk is full: free space and try again; nothing that was stored is lost";
    case EFBIG:
      return "files may not grow larger here: raise the limit (ulimit -f) or use another file "
             "system";
    case EACCES:
    case EPERM:
      return "check the rights of the file and of the folders above it";
    case EROFS:
      return "the file system is mounted read-only: work on a copy, or mount it for writing";
    case EMFILE:
    case ENFILE:
      return "too many files are open: raise the limit (ulimit -n)";
    case EIO:
      return "the disk or its cable may be failing: make a copy and check it";
    default:
      return "";
  }
}

/// Creates a file that no one else has, beside `path`.
std::pair<fs::path, int> create_temporary(const fs::path& path, unsigned mode) {
  for (;;) {
    std::uint8_t random[8];
    system_environment().random_bytes(random, sizeof random);
    fs::path name = path;
    name += ".tmp-" + to_hex(random, sizeof random);
    const int descriptor = retrying(
        [&] { return ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode); });
    if (descriptor >= 0) return {std::move(name), descriptor};
    if (errno != EEXIST) throw_io_error("create", name, errno);
  }
}

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem files;
  return files;
}

Bytes read_file(FileSystem& files, const fs::path& path, std::uint64_t bytes_max) {
  const std::unique_ptr<File> file = files.open(path, OpenMode::kRead);
  const auto refuse_above = [&](std::uint64_t count) {
    if (count <= bytes_max) return;
    throw Error(ErrorCode::kLimit,
                path.string() + " is larger than " + std::to_string(bytes_max) + " bytes");
  };
  // The size is a first guess only: it is 0 for what the system makes up on reading, and the file
  // may grow while it is read.
  const std::uint64_t guess = file->size();
  refuse_above(guess);
  Bytes content;
  std::size_t had = 0;
  std::size_t room = static_cast<std::size_t>(guess) + 1;
  for (;;) {
    content.resize(room);
    had += file->read_some(had, content.data() + had, room - had);
    refuse_above(had);
    if (had < room) break;
    room *= 2;
  }
  content.resize(had);
  return content;
}

std::unique_ptr<File> try_lock_file(FileSystem& files, const fs::path& path) {
  if (!files.exists(path)) {
    try {
      files.open(path, OpenMode::kCreateNew);
    } catch (const Error&) {
      if (!files.exists(path)) throw;
    }
  }
  std::unique_ptr<File> file = files.open(path, OpenMode::kReadAppend);
  return file->try_lock() ? std::move(file) : nullptr;
}

void write_file(const fs::path& path, ByteView data, unsigned mode) {
  const auto [temporary, number] = create_temporary(path, mode);
  try {
    const Descriptor descriptor(number);
    write_all(descriptor, temporary, data);
    if (retrying([&] { return ::fsync(descriptor.get()); }) != 0) {
      throw_io_error("sync", temporary, errno);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw_io_error("replace", path, errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(path.parent_path());
}

void throw_io_error(std::string_view operation, const fs::path& path, int error_number) {
  throw Error(ErrorCode::kIo,
              "cannot " + std::string(operation) + " " + path.string() + ": " +
                  std::generic_category().message(error_number),
              io_hint(error_number));
}

}  // namespace isodb::core
