#pragma once

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>

#include "core/hash.h"
#include "isodb/error.h"
#include "refs/database.h"

namespace isodb::refs::test {

/// A folder that is gone at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "isodb-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Id id_of(std::uint64_t number) {
  return core::sha256(std::to_string(number));
}

/// A row with one item for each record.
inline LooseRow row_of(const std::vector<std::pair<Id, Bytes>>& records) {
  LooseRow row;
  for (const auto& [id, record] : records) {
    row.items.push_back({id, static_cast<std::uint32_t>(row.records.size())});
    row.records += record;
  }
  return row;
}

inline WriteBatch move_batch(const std::string& name, std::optional<Id> expected,
                             std::optional<Id> next) {
  WriteBatch batch;
  batch.moves.push_back({name, expected, next, "test"});
  batch.writer = "writer";
  batch.at_millis = 1000;
  return batch;
}

/// Runs `work` in another process. What it throws ends that process with 99; SQLite connections
/// must be opened inside.
inline pid_t in_child(const std::function<int()>& work) {
  std::cout.flush();
  std::cerr.flush();
  const pid_t child = ::fork();
  if (child != 0) return child;
  int code = 99;
  try {
    code = work();
  } catch (const std::exception& error) {
    std::cerr << "in a child: " << error.what() << std::endl;
  }
  ::_exit(code);
}

/// The exit code of a child, or 1000 + the signal that ended it.
inline int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// The code and hint of what `work` throws.
struct Caught {
  std::optional<ErrorCode> code;
  std::string message, hint;
};
inline Caught caught(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return {error.code(), error.what(), error.hint()};
  }
  return {};
}

}  // namespace isodb::refs::test
