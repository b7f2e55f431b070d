// The git program. Loads and commits go through fast-import, the fastest way in; reads through one
// `cat-file --batch`, comparisons through diff-tree. core.fsync=all makes objects and refs durable;
// unpackLimit=1 keeps a small commit one pack, which is one sync instead of one an object.
#include <cctype>
#include <charconv>
#include <stdexcept>

#include "bench/engine.h"
#include "bench/process.h"
#include "bench/sharding.h"

namespace isodb::bench {
namespace {

constexpr char kBranch[] = "refs/heads/main", kLeft[] = "refs/heads/left",
               kRight[] = "refs/heads/right";
constexpr char kCommitter[] = "committer Bench <bench@isodb.example> 1780000000 +0000\n";

std::string commit_header(const std::string& branch) {
  return "commit " + branch + "\n" + kCommitter + "data 0\n";
}

void write_file(Process& git, std::string_view path, std::string_view json) {
  git.write("M 100644 inline " + sharded(path) + "\ndata " + std::to_string(json.size()) + "\n");
  git.write(json);
  git.write("\n");
}

std::vector<std::string> command(const std::filesystem::path& folder,
                                 const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {"git",
                                  "--git-dir",
                                  folder.string(),
                                  "-c",
                                  "core.fsync=all",
                                  "-c",
                                  "fastimport.unpackLimit=1"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

/// One fast-import that stays open; a checkpoint makes each commit durable and moves the branch.
class GitCommitter final : public Committer {
 public:
  GitCommitter(const std::filesystem::path& folder, const std::string& branch,
               const std::string& from)
      : git_(command(folder, {"fast-import", "--quiet", "--force"})), branch_(branch) {
    git_.write("reset " + branch + "\nfrom " + from + "^0\n\n");
  }
  ~GitCommitter() override {
    try {
      git_.finish();
    } catch (const std::exception&) {
      // What was acknowledged is durable; there is nobody to tell.
    }
  }
  void commit(const std::vector<Document>& documents) override {
    git_.write(commit_header(branch_));
    for (const Document& document : documents) write_file(git_, document.path, document.json);
    git_.write("\ncheckpoint\nprogress done\n");
    git_.flush();
    std::string line;
    if (!git_.read_line(line)) throw std::runtime_error("git fast-import ended");
  }

 private:
  Process git_;
  const std::string branch_;
};

class GitEngine final : public Engine {
 public:
  using Engine::Engine;

  void load(CorpusReader& reader, Order /*order*/) override {
    run({"git", "init", "--quiet", "--bare", "--initial-branch=main", folder().string()});
    Process git(command(folder(), {"fast-import", "--quiet", "--done"}));
    git.write(commit_header(kBranch));
    std::string_view path, json;
    while (reader.next(path, json)) write_file(git, path, json);
    git.write("\ndone\n");
    git.finish();
  }

  void open() override {}

  bool get(const std::string& path, std::string& out) override {
    if (!reader_) {
      reader_ = std::make_unique<Process>(command(folder(), {"cat-file", "--batch"}));
    }
    reader_->write("main:" + sharded(path) + "\n");
    reader_->flush();
    return read_object(*reader_, out);
  }

  std::uint64_t scan() override {
    const std::string git = "git --git-dir '" + folder().string() + "' ";
    Process pipeline(
        {"sh", "-c",
         git + "ls-tree -r --format='%(objectname)' main | " + git + "cat-file --batch --buffer"});
    pipeline.end_input();
    std::uint64_t bytes = 0;
    std::string document;
    while (read_object(pipeline, document)) bytes += document.size();
    pipeline.finish();
    return bytes;
  }

  std::unique_ptr<Committer> committer() override {
    if (committers_++ > 0) throw NotOffered();
    return std::make_unique<GitCommitter>(folder(), kBranch, kBranch);
  }

  std::string version() override { return run(command(folder(), {"rev-parse", "main"})); }

  std::uint64_t diff(const std::string& before, const std::string& after) override {
    Process git(command(folder(), {"diff-tree", "-r", "--raw", before, after}));
    std::uint64_t count = 0;
    for (std::string line; git.read_line(line);) ++count;
    git.finish();
    return count;
  }

  void fork(const std::vector<Document>& left, const std::vector<Document>& right) override {
    GitCommitter(folder(), kLeft, kBranch).commit(left);
    GitCommitter(folder(), kRight, kBranch).commit(right);
  }

  void advance(const Document& document) override {
    GitCommitter(folder(), kLeft, kLeft).commit({document});
  }

  /// Nothing is synced: the tree is written, and nobody needs it.
  void merge() override {
    Process git(
        {"git", "--git-dir", folder().string(), "merge-tree", "--write-tree", "-z", kLeft, kRight});
    std::string rest;
    if (!git.read_line(rest) || rest.size() < 40) throw std::runtime_error("git merge-tree failed");
    merged_ = rest.substr(0, 40);
    while (git.read_line(rest)) {
    }
  }

  std::uint64_t merged_changes() override { return diff(kLeft, merged_); }

 private:
  static bool read_object(Process& git, std::string& out) {
    std::string header;
    if (!git.read_line(header)) return false;
    const std::size_t space = header.rfind(' ');
    std::size_t size = 0;
    const auto parsed =
        std::from_chars(header.data() + space + 1, header.data() + header.size(), size);
    if (space == std::string::npos || parsed.ec != std::errc()) return false;
    out.resize(size + 1);
    git.read_exactly(out.data(), size + 1);
    out.pop_back();
    return true;
  }

  std::unique_ptr<Process> reader_;
  std::string merged_;
  int committers_ = 0;
};

std::string git_version() {
  const std::string text = run({"git", "--version"});
  return text.substr(text.find_first_of("0123456789"));
}

}  // namespace

EngineKind git_kind() {
  return {"git", git_version(),
          "SHA-1, two levels of 256 folders, core.fsync=all; load by fast-import, reads by one "
          "cat-file --batch, one request at a time, commits by one fast-import with a checkpoint "
          "each, diff by diff-tree and merges by merge-tree with the program's start",
          [](EngineSettings settings) -> std::unique_ptr<Engine> {
            return std::make_unique<GitEngine>(std::move(settings));
          }};
}

}  // namespace isodb::bench
