#include "cli/passphrase.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cli/signals.h"
#include "core/file.h"
#include "core/secret_memory.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

/// Owns a file descriptor.
class Opened {
 public:
  Opened(const std::filesystem::path& path, int flags)
      : number_(::open(path.c_str(), flags | O_CLOEXEC)) {}
  ~Opened() {
    if (number_ >= 0) ::close(number_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  const int number_;
};

/// What is typed does not show while it lives.
class Unseen {
 public:
  explicit Unseen(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal, &before_) != 0) {
      core::throw_io_error("look at", "/dev/tty", errno);
    }
    restore_on_signal(terminal, &before_);
    termios unseen = before_;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    unseen.c_lflag |= ECHONL;
    ::tcsetattr(terminal, TCSAFLUSH, &unseen);
  }
  ~Unseen() {
    ::tcsetattr(terminal_, TCSADRAIN, &before_);
    restore_on_signal(terminal_, nullptr);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  const int terminal_;
  termios before_{};
};

/// Up to the first line feed or the end. One byte more than a passphrase may have is read of a line
/// that is too long.
Passphrase first_line(const Opened& file, const std::filesystem::path& path) {
  core::SecretBytes bytes(Passphrase::kBytesMax + 1);
  std::size_t had = 0;
  while (had < bytes.size()) {
    const ssize_t got = ::read(file.number(), bytes.data() + had, bytes.size() - had);
    if (got < 0 && errno == EINTR) {
      end_if_stopped();
      continue;
    }
    if (got < 0) core::throw_io_error("read", path, errno);
    if (got == 0) break;
    std::uint8_t* const end = bytes.data() + had + got;
    std::uint8_t* const feed = std::find(bytes.data() + had, end, '\n');
    had = static_cast<std::size_t>(feed - bytes.data());
    if (feed != end) break;
  }
  try {
    return Passphrase(bytes.view().substr(0, had));
  } catch (const Error& error) {
    throw error.within(path.string());
  }
}

void write_prompt(const Opened& terminal, std::string_view prompt) {
  // A prompt that cannot be shown keeps nobody from typing.
  [[maybe_unused]] const ssize_t ignored = ::write(terminal.number(), prompt.data(), prompt.size());
}

}  // namespace

Passphrase passphrase_in_file(Context& context, const std::filesystem::path& file) {
  const Opened opened(file, O_RDONLY);
  if (!opened.is_open()) core::throw_io_error("open", file, errno);
  struct stat status {};
  if (::fstat(opened.number(), &status) == 0 && S_ISREG(status.st_mode) &&
      (status.st_mode & (S_IRGRP | S_IROTH)) != 0) {
    context.note(file.string() + " holds a passphrase and can be read by others: chmod 600");
  }
  return first_line(opened, file);
}

Passphrase typed_passphrase(std::string_view prompt) {
  const std::filesystem::path path = "/dev/tty";
  const Opened terminal(path, O_RDWR | O_NOCTTY);
  if (!terminal.is_open()) {
    throw Error(ErrorCode::kDenied,
                "a passphrase is needed, and there is no terminal to ask for it",
                "--passphrase-file FILE or the variable ISODB_PASSPHRASE_FILE names a file whose "
                "first line it is");
  }
  const Unseen unseen(terminal.number());
  write_prompt(terminal, prompt);
  return first_line(terminal, path);
}

Passphrase typed_new_passphrase() {
  Passphrase first = typed_passphrase("New passphrase for this device's key: ");
  if (typed_passphrase("Again: ").bytes() == first.bytes()) return first;
  throw Error(ErrorCode::kInvalid, "the two passphrases differ", "nothing was changed; try again");
}

}  // namespace isodb::cli
