#include "exchange/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "core/file.h"
#include "core/utf8.h"

namespace isodb::exchange {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

/// Closes the descriptor when the last copy of the read function goes; standard input stays open.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ > STDERR_FILENO) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

ByteSource::ByteSource(Read read, std::string name, std::optional<std::uint64_t> size)
    : read_(std::move(read)), name_(std::move(name)), size_(size), buffer_(kBufferBytes) {}

ByteSource ByteSource::open(const std::filesystem::path& path) {
  const bool standard_input = path == "-";
  const int number =
      standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (number < 0 && errno == ENOENT) {
    throw Error(ErrorCode::kNotFound, "there is no file " + path.string());
  }
  if (number < 0) core::throw_io_error("open", path, errno);
  auto descriptor = std::make_shared<Descriptor>(number);
  struct stat status;
  std::optional<std::uint64_t> size;
  if (::fstat(number, &status) == 0) {
    if (S_ISDIR(status.st_mode)) core::throw_io_error("read", path, EISDIR);
    if (S_ISREG(status.st_mode)) size = static_cast<std::uint64_t>(status.st_size);
  }
  auto read = [descriptor, path](char* buffer, std::size_t count) -> std::size_t {
    for (;;) {
      const ssize_t got = ::read(descriptor->number(), buffer, count);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) core::throw_io_error("read", path, errno);
    }
  };
  return ByteSource(read, standard_input ? "standard input" : path.string(), size);
}

ByteSource ByteSource::over(ByteView bytes, std::string name) {
  auto read = [rest = bytes](char* buffer, std::size_t count) mutable {
    const std::size_t take = std::min(count, rest.size());
    std::memcpy(buffer, rest.data(), take);
    rest.remove_prefix(take);
    return take;
  };
  return ByteSource(read, std::move(name), bytes.size());
}

bool ByteSource::fill() {
  if (ended_) return false;
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else {
      buffer_.resize(buffer_.size() * 2);
    }
  }
  const std::size_t got = read_(buffer_.data() + end_, buffer_.size() - end_);
  end_ += got;
  ended_ = got == 0;
  return got > 0;
}

std::optional<ByteView> ByteSource::line(std::size_t bytes_max, LastLine last) {
  std::size_t searched = 0;
  for (;;) {
    const char* at = buffer_.data() + begin_;
    const std::size_t held = end_ - begin_;
    const void* newline = std::memchr(at + searched, '\n', held - searched);
    const std::size_t length =
        newline != nullptr ? static_cast<std::size_t>(static_cast<const char*>(newline) - at)
                           : held;
    if (length > bytes_max) {
      fail_at(line_, offset_, "the line is longer than " + std::to_string(bytes_max) + " bytes", {},
              ErrorCode::kLimit);
    }
    if (newline != nullptr) {
      begin_ += length + 1;
      offset_ += length + 1;
      ++line_;
      return ByteView(at, length);
    }
    searched = held;
    if (!fill()) break;
  }
  if (begin_ == end_) return std::nullopt;
  if (last == LastLine::kNeedsNewline) fail("the stream ends inside a line");
  const ByteView rest(buffer_.data() + begin_, end_ - begin_);
  offset_ += rest.size();
  begin_ = end_;
  return rest;
}

ByteView ByteSource::buffered() {
  if (begin_ == end_) fill();
  return ByteView(buffer_.data() + begin_, end_ - begin_);
}

void ByteSource::skip_bytes(std::size_t count) {
  const char* at = buffer_.data() + begin_;
  line_ += static_cast<std::uint64_t>(std::count(at, at + count, '\n'));
  begin_ += count;
  offset_ += count;
}

std::size_t ByteSource::read(char* out, std::size_t count) {
  const ByteView held = buffered();
  const std::size_t take = std::min(count, held.size());
  std::memcpy(out, held.data(), take);
  skip_bytes(take);
  return take;
}

std::optional<char> ByteSource::peek() {
  const ByteView held = buffered();
  if (held.empty()) return std::nullopt;
  return held.front();
}

bool ByteSource::skip(char expected) {
  if (peek() != expected) return false;
  skip_bytes(1);
  return true;
}

void ByteSource::fail(const std::string& problem, const std::string& hint) const {
  fail_at(line_, offset_, problem, hint);
}

void ByteSource::fail_at(std::uint64_t line, std::uint64_t offset, const std::string& problem,
                         const std::string& hint, ErrorCode code) const {
  throw Error(code,
              name_ + ": line " + std::to_string(line) + ", byte " + std::to_string(offset) + ": " +
                  problem,
              hint);
}

std::string printable(ByteView text, std::size_t bytes_max) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() >= bytes_max) return out + "…";
    const std::size_t length = core::utf8_sequence_bytes(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control =
        byte < 0x20 || byte == 0x7f ||
        (length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0);
    if (length == 0 || control) {
      out += {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
              static_cast<char>('0' + (byte & 7))};
      ++i;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out;
}

}  // namespace isodb::exchange
