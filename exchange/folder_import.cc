#include <algorithm>
#include <set>

#include "exchange/batched_writer.h"
#include "exchange/byte_source.h"
#include "exchange/folder.h"

namespace isodb::exchange {
namespace {

namespace fs = std::filesystem;

/// Larger files are stored while they are read.
constexpr std::uint64_t kHeldFileBytesMax = 8 << 20;

/// One run of import_folder().
class FolderImporter {
 public:
  FolderImporter(Repository& repository, const FolderImportOptions& options)
      : repository_(repository),
        options_(options),
        prefix_(folder_prefix(options.prefix)),
        writer_(repository, {.batch = options.batch, .message = options.message}) {}

  FolderReport run(const fs::path& folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      throw Error(ErrorCode::kNotFound, "there is no folder " + folder.string());
    }
    if (options_.mirror) note_present();
    visit(folder, prefix_);
    for (const std::string& path : absent_) writer_.remove(path);
    report_.removed = absent_.size();
    writer_.finish();
    report_.documents = writer_.documents();
    report_.commits = writer_.commits();
    return std::move(report_);
  }

 private:
  void note_present() {
    const Snapshot snapshot = repository_.snapshot();
    for (DocumentCursor cursor = snapshot.documents(prefix_); cursor.valid(); cursor.next()) {
      if (!is_governed(cursor.path())) absent_.insert(cursor.path());
    }
  }

  void skip(const std::string& what, const std::string& problem) {
    ++report_.skipped_count;
    if (report_.skipped.size() < kSkippedReported) {
      report_.skipped.push_back({printable(what, 4096), problem});
    }
  }

  /// `prefix` is the folder's path here, "" or ending in "/". The folder is closed before those in
  /// it are opened.
  void visit(const fs::path& folder, const std::string& prefix) {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      names.push_back(at->path().filename().string());
    }
    if (error) {
      // What is in there is not known to be gone.
      const auto first = absent_.lower_bound(prefix);
      auto last = first;
      while (last != absent_.end() && last->starts_with(prefix)) ++last;
      absent_.erase(first, last);
      return skip(folder.string(), "cannot be read: " + error.message());
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      const fs::path file = folder / name;
      const fs::file_status status = fs::symlink_status(file, error);
      if (fs::is_symlink(status)) {
        skip(file.string(), "is a symbolic link");
      } else if (fs::is_directory(status)) {
        if (fs::equivalent(file, repository_.folder(), error)) {
          skip(file.string(), "is the repository");
        } else {
          visit(file, prefix + name + "/");
        }
      } else if (!fs::is_regular_file(status)) {
        skip(file.string(), "is no regular file");
      } else if (holds(file, prefix + name)) {
        put(file, prefix + name);
      }
    }
  }

  bool holds(const fs::path& file, const std::string& path) {
    const std::string problem = imported_path_problem(path);
    if (problem.empty()) return true;
    if (!options_.skip_unsupported) {
      throw Error(ErrorCode::kUnsupported,
                  "the file " + printable(file.string(), 4096) + " cannot be held: its path here " +
                      problem,
                  "with --skip-unsupported such files are left out");
    }
    skip(file.string(), "cannot be held: its path here " + problem);
    return false;
  }

  void put(const fs::path& file, const std::string& path) {
    absent_.erase(path);
    std::optional<ByteSource> source;
    try {
      source = ByteSource::open(file);
    } catch (const Error& error) {
      return skip(file.string(), error.what());
    }
    const std::string type(media_type_for_path(path));
    const auto more = [&](char* buffer, std::size_t size) { return source->read(buffer, size); };
    if (source->size().value_or(UINT64_MAX) > kHeldFileBytesMax) {
      writer_.put_stream(path, more, type);
    } else {
      Bytes content;
      // The file may have grown since it was looked at.
      for (ByteView part = source->buffered(); !part.empty(); part = source->buffered()) {
        content.append(part);
        source->skip_bytes(part.size());
      }
      writer_.put(path, content, type);
    }
    report_.bytes += source->offset();
    if (options_.progress) options_.progress({"reading", writer_.documents(), 0});
  }

  Repository& repository_;
  const FolderImportOptions& options_;
  std::string prefix_;
  BatchedWriter writer_;
  std::set<std::string> absent_;  // mirror: documents whose file was not seen yet
  FolderReport report_;
};

}  // namespace

FolderReport import_folder(Repository& repository, const fs::path& folder,
                           const FolderImportOptions& options) {
  return FolderImporter(repository, options).run(folder);
}

}  // namespace isodb::exchange
