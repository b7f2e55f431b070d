#include "cli/edit_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "cli/input.h"
#include "cli/output_file.h"
#include "cli/signals.h"
#include "cli/stale.h"
#include "core/file.h"

namespace isodb::cli {

EditFile::EditFile(std::string_view name, ByteView document) : before_(document) {
  std::error_code failed;
  const auto temporary = std::filesystem::temp_directory_path(failed);
  folder_ = ((failed ? std::filesystem::path("/tmp") : temporary) / "isodb-XXXXXX").string();
  if (::mkdtemp(folder_.data()) == nullptr) core::throw_io_error("make", folder_, errno);
  file_ = folder_ + "/" + std::string(name);
  OutputFile file(file_);
  file.write(document);
  file.finish();
  ::chmod(file_.c_str(), 0600);
}

EditFile::~EditFile() {
  std::error_code ignored;
  if (!kept_) std::filesystem::remove_all(folder_, ignored);
}

void EditFile::edit(const std::string& editor) {
  const int status = run_shell(editor, file_);
  if (status != 0) {
    throw Error(ErrorCode::kIo,
                "the editor '" + editor + "' ended with status " + std::to_string(status),
                "choose another with EDITOR or 'isodb config set ui.editor'");
  }
}

Bytes EditFile::read() const {
  return Input(file_).read_all(UINT64_MAX);
}

void EditFile::keep_and_throw(const Error& error, const std::string& path) {
  kept_ = true;
  std::string hint =
      "your text is kept; correct it and store it with 'isodb put " + path + " " + file_ + "'";
  if (const auto* stale = dynamic_cast<const StaleError*>(&error)) {
    throw StaleError(error.what(), hint, stale->actual(), stale->paths());
  }
  throw Error(error.code(), error.what(), hint);
}

}  // namespace isodb::cli
