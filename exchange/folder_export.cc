#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/file.h"
#include "exchange/byte_source.h"
#include "exchange/folder.h"

namespace isodb::exchange {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kProgressDocuments = 100;

/// One run of export_folder().
class FolderExporter {
 public:
  FolderExporter(const Snapshot& snapshot, fs::path folder, const FolderExportOptions& options)
      : snapshot_(snapshot), folder_(std::move(folder)), options_(options) {}

  FolderReport run() {
    check_target();
    const std::string prefix = folder_prefix(options_.prefix);
    const std::uint64_t all = options_.progress ? snapshot_.count(prefix) : 0;
    for (DocumentCursor cursor = snapshot_.documents(prefix); cursor.valid(); cursor.next()) {
      const std::string& path = cursor.path();
      if (is_governed(path)) continue;
      if (snapshot_.documents(path + "/").valid()) {
        if (!options_.skip_unsupported) {
          throw Error(ErrorCode::kUnsupported,
                      "'" + path + "' is a document and has documents below it",
                      "with --skip-unsupported the document is left out");
        }
        skip(path, "is a document and has documents below it");
        continue;
      }
      try {
        write(path, path.substr(prefix.size()));
        ++report_.documents;
      } catch (const Error& error) {
        const bool is_left_out = error.code() == ErrorCode::kErased ||
                                 (error.code() == ErrorCode::kNotHeld && options_.skip_unsupported);
        if (!is_left_out) throw;
        skip(path, error.what());
      }
      if (options_.progress && report_.documents % kProgressDocuments == 0) {
        options_.progress({"writing", report_.documents, all});
      }
    }
    return std::move(report_);
  }

 private:
  void skip(const std::string& path, const std::string& reason) {
    ++report_.skipped_count;
    if (report_.skipped.size() < kSkippedReported) report_.skipped.push_back({path, reason});
  }

  void check_target() {
    std::error_code error;
    fs::create_directories(folder_, error);
    const bool is_empty = !error && fs::is_empty(folder_, error);
    if (error) core::throw_io_error("write into the folder", folder_, error.value());
    if (!options_.overwrite && !is_empty) {
      throw Error(ErrorCode::kInvalid, "the folder " + folder_.string() + " is not empty",
                  "choose another one, or --force to write into it");
    }
  }

  /// Makes the folders above a file. A path's rules keep it below the target; a link would not.
  void make_folders(const std::string& name) {
    const std::size_t last = name.rfind('/');
    const std::string above = last == std::string::npos ? "" : name.substr(0, last);
    if (above == made_) return;
    for (std::size_t end = 0; end != std::string::npos && !above.empty();) {
      end = above.find('/', end + 1);
      const fs::path part = folder_ / above.substr(0, end);
      if (::mkdir(part.c_str(), 0777) == 0) continue;
      const int reason = errno;
      if (reason != EEXIST || !fs::is_directory(fs::symlink_status(part))) {
        core::throw_io_error("create the folder", part, reason == EEXIST ? ENOTDIR : reason);
      }
    }
    made_ = above;
  }

  void write(const std::string& path, const std::string& name) {
    make_folders(name);
    const fs::path file = folder_ / name;
    const int descriptor =
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor < 0) core::throw_io_error("create", file, errno);
    int reason = 0;
    const auto take = [&](ByteView part) {
      while (!part.empty() && reason == 0) {
        const ssize_t written = ::write(descriptor, part.data(), part.size());
        if (written < 0 && errno != EINTR) reason = errno;
        if (written < 0) continue;
        part.remove_prefix(static_cast<std::size_t>(written));
        report_.bytes += static_cast<std::uint64_t>(written);
      }
    };
    try {
      snapshot_.stream(path, take);
    } catch (...) {
      ::close(descriptor);
      ::unlink(file.c_str());
      throw;
    }
    if (::close(descriptor) != 0 && reason == 0) reason = errno;
    if (reason != 0) {
      ::unlink(file.c_str());
      core::throw_io_error("write", file, reason);
    }
  }

  const Snapshot& snapshot_;
  fs::path folder_;
  const FolderExportOptions& options_;
  std::string made_;  // the folder below folder_ that was made last
  FolderReport report_;
};

}  // namespace

FolderReport export_folder(const Snapshot& snapshot, const fs::path& folder,
                           const FolderExportOptions& options) {
  return FolderExporter(snapshot, folder, options).run();
}

}  // namespace isodb::exchange
