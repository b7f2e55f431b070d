#pragma once

#include <cstdio>
#include <exception>

namespace isodb::bench {

/// What main() returns: the program's own exit code, or 2 with the reason on standard error.
inline int run_main(const char* program, int (*run)(int, char**), int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return 2;
  }
}

}  // namespace isodb::bench
