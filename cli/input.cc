#include "cli/input.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {

Input::Input(const std::string& name) : name_(name) {
  if (name == "-") {
    name_ = "standard input";
    fd_ = STDIN_FILENO;
    return;
  }
  fd_ = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) {
    if (errno == ENOENT) throw Error(ErrorCode::kNotFound, "there is no file " + name);
    throw Error(ErrorCode::kIo, "cannot open " + name + ": " + std::strerror(errno));
  }
}

Input::~Input() {
  if (fd_ > STDIN_FILENO) ::close(fd_);
}

bool Input::is_terminal() const {
  return ::isatty(fd_) == 1;
}

std::size_t Input::read(char* buffer, std::size_t size) {
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t count = ::read(fd_, buffer + filled, size - filled);
    if (count == 0) break;
    if (count > 0) {
      filled += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      throw Error(ErrorCode::kIo, "cannot read " + name_ + ": " + std::strerror(errno),
                  errno == EISDIR ? "a folder is read with 'isodb import'" : "");
    }
  }
  return filled;
}

Bytes Input::read_up_to(std::uint64_t bytes_max) {
  constexpr std::size_t kStepBytes = 256 * 1024;
  Bytes bytes;
  while (bytes.size() < bytes_max) {
    const std::size_t before = bytes.size();
    const std::size_t step = std::min<std::uint64_t>(kStepBytes, bytes_max - before);
    bytes.resize(before + step);
    const std::size_t count = read(bytes.data() + before, step);
    bytes.resize(before + count);
    if (count < step) break;
  }
  return bytes;
}

Bytes Input::read_all(std::uint64_t bytes_max) {
  Bytes bytes = read_up_to(bytes_max);
  char more = 0;
  if (bytes.size() == bytes_max && read(&more, 1) == 1) {
    throw Error(ErrorCode::kLimit, name_ + " is larger than " + human_bytes(bytes_max));
  }
  return bytes;
}

}  // namespace isodb::cli
