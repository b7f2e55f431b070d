#pragma once

#include <string>
#include <string_view>

#include "isodb/bytes.h"
#include "isodb/error.h"

namespace isodb::cli {

/// A document in a temporary file of its own, for an editor. Removed at the end of its life unless
/// it was kept.
class EditFile {
 public:
  /// `name` gives the file its ending, by which editors know what it is.
  EditFile(std::string_view name, ByteView document);
  ~EditFile();
  EditFile(const EditFile&) = delete;
  EditFile& operator=(const EditFile&) = delete;

  /// Runs the editor (a shell command) until it is left. Error(kIo) when it fails.
  void edit(const std::string& editor);
  Bytes read() const;
  bool changed() const { return read() != before_; }
  /// Keeps the file and throws `error` again with a hint that says where the file is and how its
  /// text becomes the document `path`.
  [[noreturn]] void keep_and_throw(const Error& error, const std::string& path);

 private:
  std::string folder_, file_;
  Bytes before_;
  bool kept_ = false;
};

}  // namespace isodb::cli
