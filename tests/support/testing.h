#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "isodb/error.h"
#include "tests/support/places.h"

namespace isodb::testing {

/// A new empty folder below the system's temporary folder, removed with all it holds on
/// destruction.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "isodb-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// The whole file; throws where it cannot be read.
inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

inline void spill(const std::filesystem::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

/// A file or folder of the shared test data, or nullopt, said with a visible "SKIPPED: ...", where
/// this machine does not have it:
///   const auto path = shared_data("jcs/input");
///   if (!path) return;
inline std::optional<std::filesystem::path> shared_data(const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(kSharedData) / name;
  if (std::filesystem::exists(path)) return path;
  WARN("SKIPPED: no " << path.string());
  return std::nullopt;
}

/// The error that `action` throws; nullopt where it throws none, so that a test can look at all of
/// it.
template <typename Action>
std::optional<Error> error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

template <typename Action>
std::optional<ErrorCode> error_code_of(Action&& action) {
  const auto error = error_of(action);
  if (!error) return std::nullopt;
  return error->code();
}

/// Deterministic random bytes, for content that must not compress.
inline std::string random_bytes(std::mt19937_64& random, std::size_t count) {
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() & 0xff);
  return bytes;
}

}  // namespace isodb::testing
