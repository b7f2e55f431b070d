#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace isodb::cli {

/// Thrown when the reader of standard output is gone (EPIPE). Ends the program without a word.
struct OutputClosed {};

enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow, kBlue, kMagenta, kCyan };

enum class ColorWhen { kAuto, kAlways, kNever };
/// "auto", "always" or "never"
ColorWhen color_when(std::string_view word);

/// Standard output: buffered, of any bytes, with colours and a pager where a terminal reads it.
/// Owns the buffer and the pager's process. One thread. Error(kIo) when the bytes cannot be
/// written, OutputClosed when nobody reads on.
class Output {
 public:
  explicit Output(ColorWhen color);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view bytes);
  Output& operator<<(std::string_view bytes) {
    write(bytes);
    return *this;
  }
  void flush();
  /// Flushes, and waits for the pager to be quit.
  void finish();

  void set_color(ColorWhen when);
  bool is_terminal() const { return terminal_; }
  /// Columns of the terminal; 80 where there is none.
  std::size_t width() const;
  /// `text` in a style, where colours are on.
  std::string paint(Style style, std::string_view text) const;

  /// From here on the output goes through `pager` (a shell command) when a terminal reads it. Once.
  void start_pager(const std::string& pager);

 private:
  void write_all(std::string_view bytes);

  std::string buffer_;
  bool terminal_ = false;
  bool color_ = false;
  pid_t pager_ = 0;
};

/// Whether `fd` is a terminal that knows colours and NO_COLOR is not set.
bool wants_color(int fd, ColorWhen when);
/// True for a terminal that only writes on, line after line: TERM is dumb or not set.
bool is_dumb_terminal();

}  // namespace isodb::cli
