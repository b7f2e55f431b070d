#include "bench/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "bench/engine.h"

namespace isodb::bench {
namespace {

constexpr int kSampleMillis = 5;

void write_all(int file, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t put = ::write(file, text.data() + done, text.size() - done);
    if (put <= 0) ::_exit(2);
    done += static_cast<std::size_t>(put);
  }
}

std::uint64_t noted_anonymous = 0;  // in the child

/// Anonymous memory of a process and of those below it, in bytes; what is gone counts 0.
std::uint64_t anonymous_bytes(pid_t id) {
  const std::string folder = "/proc/" + std::to_string(id);
  std::uint64_t kibibytes = 0;
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) kibibytes = std::strtoull(line.c_str() + 8, nullptr, 10);
  }
  std::uint64_t bytes = kibibytes << 10;
  std::ifstream children(folder + "/task/" + std::to_string(id) + "/children");
  for (pid_t child = 0; children >> child;) bytes += anonymous_bytes(child);
  return bytes;
}

[[noreturn]] void do_work(const std::function<Json()>& work, int report) {
  Json answer;
  try {
    answer["value"] = work();
  } catch (const NotOffered&) {
    answer["not_offered"] = true;
  } catch (const std::exception& error) {
    answer["error"] = error.what();
  }
  answer["anonymous"] = noted_anonymous;
  write_all(report, answer.dump());
  ::_exit(0);
}

std::string collect(int report, pid_t id, std::uint64_t& peak_anonymous) {
  std::string text;
  for (;;) {
    pollfd ready = {report, POLLIN, 0};
    const int count = ::poll(&ready, 1, kSampleMillis);
    peak_anonymous = std::max(peak_anonymous, anonymous_bytes(id));
    if (count <= 0) continue;
    char buffer[4096];
    const ssize_t got = ::read(report, buffer, sizeof(buffer));
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

void note_memory() {
  noted_anonymous = std::max(noted_anonymous, anonymous_bytes(::getpid()));
}

ChildResult run_in_child(const std::function<Json()>& work) {
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  }
  const pid_t id = ::fork();
  if (id < 0) throw std::system_error(errno, std::generic_category(), "cannot fork");
  if (id == 0) do_work(work, report[1]);
  ::close(report[1]);
  ChildResult result;
  const std::string text = collect(report[0], id, result.peak_anonymous_bytes);
  ::close(report[0]);
  int status = 0;
  rusage usage{};
  ::wait4(id, &status, 0, &usage);
  result.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  result.peak_resident_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) << 10;
  const Json answer = Json::parse(text, nullptr, false);
  if (answer.is_object()) {
    result.peak_anonymous_bytes =
        std::max(result.peak_anonymous_bytes, answer.at("anonymous").get<std::uint64_t>());
  }
  if (answer.is_discarded()) {
    result.error = "the process ended with status " + std::to_string(status);
  } else if (answer.contains("error")) {
    result.error = answer["error"];
  } else if (answer.contains("not_offered")) {
    result.offered = false;
  } else {
    result.value = answer["value"];
  }
  return result;
}

}  // namespace isodb::bench
