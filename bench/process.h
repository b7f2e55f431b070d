#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace isodb::bench {

/// A program that runs beside us, its input and output connected to us by pipes. Used by one
/// thread. Errors, an exit code other than 0 included, are exceptions; the destructor ends what
/// finish() did not wait for.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void write(std::string_view bytes);
  void flush();
  /// The next line without its end; false at the end of the output.
  bool read_line(std::string& line);
  void read_exactly(char* out, std::size_t bytes);
  void end_input();
  /// Closes the input, reads what is left of the output and waits for the end.
  void finish();

 private:
  std::string name_;
  pid_t id_ = -1;
  std::FILE* input_ = nullptr;
  std::FILE* output_ = nullptr;
};

/// Runs a program to its end and returns its output without the last line's end.
std::string run(const std::vector<std::string>& arguments);

}  // namespace isodb::bench
