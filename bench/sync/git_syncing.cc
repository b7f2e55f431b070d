#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "bench/process.h"
#include "bench/sync/side.h"
#include "bench/sync/syncing.h"

namespace isodb::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFirstTime = 1'700'000'000;

bool answers(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const bool connected =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

std::string data(const std::string& bytes) {
  return "data " + std::to_string(bytes.size()) + "\n" + bytes + "\n";
}

/// `git daemon` and a clone without a worktree: what is in files is not sync's matter. The hub is
/// packed by `git gc` before it is asked, and has no bitmaps, for with them git makes no deltas to
/// what the other side has: one field took 12,030 bytes.
class GitSyncing : public Syncing {
 public:
  GitSyncing(const fs::path& folder, const std::string& format)
      : hub_(folder / "hub.git"), device_(folder / "device.git"), port_(free_port()) {
    fs::create_directories(folder);
    run({"git", "init", "--quiet", "--bare", "--initial-branch=main", "--object-format=" + format,
         hub_.string()});
    run({"git", "-C", hub_.string(), "config", "repack.writeBitmaps", "false"});
    // Not by way of `git`, whose end would not be the daemon's.
    const std::string program = run({"git", "--exec-path"}) + "/git-daemon";
    daemon_ = std::make_unique<Side>("daemon", [&](const Channel&) {
      const std::string base = "--base-path=" + folder.string();
      const std::string port = "--port=" + std::to_string(port_);
      // It starts itself again for each connection, by the name that it was given.
      ::execl(program.c_str(), program.c_str(), "--reuseaddr", "--export-all",
              "--enable=receive-pack", base.c_str(), "--listen=127.0.0.1", port.c_str(), nullptr);
    });
    for (int i = 0; !answers(port_); ++i) {
      if (i == 100) throw std::runtime_error("git daemon does not answer");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  std::uint16_t port() const override { return port_; }

  void clone(std::uint16_t through) override {
    run({"git", "clone", "--quiet", "--no-checkout", url(through), device_.string()});
  }
  void commit_to_hub(const std::vector<Change>& commits) override {
    import(hub_, commits);
    run({"git", "-C", hub_.string(), "gc", "--quiet"});
  }
  void commit_to_device(const std::vector<Change>& commits) override { import(device_, commits); }
  void take(std::uint16_t through) override {
    fetch(through);
    in_device({"update-ref", "refs/heads/main", "refs/remotes/origin/main"});
  }
  void meet(std::uint16_t through) override {
    fetch(through);
    const std::string tree = in_device({"merge-tree", "--write-tree", "main", "origin/main"});
    const std::string merge =
        in_device({"commit-tree", "-m", "merge", "-p", "main", "-p", "origin/main", tree});
    in_device({"update-ref", "refs/heads/main", merge});
    in_device({"push", "--quiet", url(through), "main:main"});
  }
  void check_equal() override {
    const std::string there = run({"git", "-C", hub_.string(), "rev-parse", "refs/heads/main"});
    if (there != in_device({"rev-parse", "refs/heads/main"})) {
      throw std::runtime_error("git: hub and device differ");
    }
  }

 private:
  static std::string url(std::uint16_t through) {
    return "git://127.0.0.1:" + std::to_string(through) + "/hub.git";
  }
  std::string in_device(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"git", "-C", device_.string()});
    return run(arguments);
  }
  void fetch(std::uint16_t through) const {
    in_device({"fetch", "--quiet", url(through), "+main:refs/remotes/origin/main"});
  }
  void import(const fs::path& repository, const std::vector<Change>& commits) {
    const std::string git_dir =
        fs::exists(repository / ".git") ? (repository / ".git").string() : repository.string();
    const bool is_first = !fs::exists(fs::path(git_dir) / "refs/heads/main") &&
                          !fs::exists(fs::path(git_dir) / "packed-refs");
    Process importer({"git", "--git-dir=" + git_dir, "fast-import", "--quiet"});
    bool needs_parent = !is_first;
    for (const Change& change : commits) {
      importer.write("commit refs/heads/main\ncommitter Vet <vet@example.org> " +
                     std::to_string(kFirstTime + ++time_) + " +0000\n" + data(""));
      if (std::exchange(needs_parent, false)) importer.write("from refs/heads/main^0\n");
      for (const auto& [path, document] : change) {
        importer.write("M 100644 inline " + path + "\n" + data(document));
      }
    }
    importer.finish();
  }

  const fs::path hub_, device_;
  const std::uint16_t port_;
  std::unique_ptr<Side> daemon_;
  std::uint64_t time_ = 0;
};

}  // namespace

std::unique_ptr<Syncing> git_syncing(const fs::path& folder, const std::string& format) {
  // Nobody's own settings.
  ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
  ::setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
  for (const char* who : {"AUTHOR", "COMMITTER"}) {
    ::setenv(("GIT_" + std::string(who) + "_NAME").c_str(), "Vet", 1);
    ::setenv(("GIT_" + std::string(who) + "_EMAIL").c_str(), "vet@example.org", 1);
  }
  return std::make_unique<GitSyncing>(folder, format);
}

}  // namespace isodb::bench
