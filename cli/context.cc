#include "cli/context.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>

#include "cli/parser.h"
#include "cli/passphrase.h"
#include "isodb/device_key.h"
#include "isodb/erase.h"
#include "isodb/sync.h"

namespace isodb::cli {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string first_of(std::initializer_list<std::optional<std::string>> choices,
                     const std::string& fallback) {
  for (const auto& choice : choices) {
    if (choice) return *choice;
  }
  return fallback;
}

bool has_packs(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "packs", ignored)) {
    if (entry.path().extension() == ".pack") return true;
  }
  return false;
}

[[noreturn]] void throw_no_repository(const std::filesystem::path& directory) {
  for (const auto& folder : {directory, directory / ".isodb"}) {
    if (!has_packs(folder)) continue;
    throw Error(ErrorCode::kNotFound,
                folder.string() + " holds packs of a repository whose repo.db is lost",
                "isodb recover " + folder.string() + " makes it anew");
  }
  std::error_code ignored;
  if (std::filesystem::exists(directory / "keys" / "device.key", ignored)) {
    throw Error(ErrorCode::kNotFound,
                directory.string() +
                    " has a key and no repository yet: a clone was not let in, or "
                    "what made the folder was interrupted",
                "run the same 'isodb clone' or 'isodb init' again, which goes on with this key");
  }
  throw Error(ErrorCode::kNotFound, "no repository in " + directory.string(),
              "make one with 'isodb init " + directory.string() + "'");
}

/// The repository that `directory` names: itself or its .isodb; never one further up.
std::filesystem::path named_folder(const std::filesystem::path& directory) {
  for (const auto& folder : {directory, directory / ".isodb"}) {
    std::error_code error;
    if (std::filesystem::exists(folder / "repo.db", error)) return folder;
    if (error == std::errc::permission_denied) {
      throw Error(ErrorCode::kIo, "cannot look into " + folder.string() + ": " + error.message(),
                  "check the rights of this folder and of those above it");
    }
  }
  throw_no_repository(directory);
}

}  // namespace

Context::Context(const GlobalOptions& global, Output& out)
    : out_(out),
      json_(global.json),
      quiet_(global.quiet),
      no_pager_(global.no_pager),
      color_by_setting_(global.color == "auto") {
  if (global.passphrase_file) {
    passphrase_file_ = *global.passphrase_file;
  } else if (const auto named = variable("ISODB_PASSPHRASE_FILE")) {
    passphrase_file_ = *named;
  }
  if (global.directory) {
    // An empty variable in a script must not lead to the repository around the working folder.
    if (global.directory->empty()) {
      throw Error(ErrorCode::kInvalid, "-C names a folder, and '' is none");
    }
    directory_ = *global.directory;
  } else if (const auto named = variable("ISODB_DIR")) {
    directory_ = *named;
  }
}

std::filesystem::path Context::folder() const {
  if (directory_) return named_folder(*directory_);
  std::error_code gone;
  const auto here = std::filesystem::current_path(gone);
  if (gone) throw Error(ErrorCode::kIo, "the working folder cannot be found: " + gone.message());
  if (auto found = Repository::discover(here)) return *found;
  if (has_packs(here / ".isodb")) throw_no_repository(here);
  throw Error(ErrorCode::kNotFound, "no repository in " + here.string() + " or above it",
              "make one with 'isodb init', or name one with -C DIR or ISODB_DIR");
}

Repository& Context::repository(Access access) {
  if (!repository_ || (access == Access::kWrite && access_ == Access::kRead)) {
    repository_.reset();
    repository_ = Repository::open(folder(), open_options(access));
    access_ = access;
    if (const auto color = setting("ui.color"); color && color_by_setting_) {
      out_.set_color(color_when(*color));
    }
  }
  return *repository_;
}

OpenOptions Context::open_options(Access access) {
  return {.read_only = access == Access::kRead, .passphrase = [this] { return passphrase(); }};
}

Passphrase Context::passphrase() {
  if (!passphrase_) {
    passphrase_ = passphrase_file_ ? passphrase_in_file(*this, *passphrase_file_)
                                   : typed_passphrase("Passphrase of this device's key: ");
  }
  return *passphrase_;
}

Passphrase Context::new_passphrase() {
  if (!passphrase_ && !passphrase_file_) passphrase_ = typed_new_passphrase();
  return passphrase();
}

std::optional<std::string> Context::setting(const std::string& key) const {
  return repository_ ? repository_->setting(key) : std::nullopt;
}

void Context::page() {
  if (json_ || no_pager_ || !out_.is_terminal()) return;
  // On a terminal that cannot move its cursor, less only warns and waits.
  const std::string fallback = is_dumb_terminal() ? "cat" : "less";
  out_.start_pager(
      first_of({variable("ISODB_PAGER"), setting("ui.pager"), variable("PAGER")}, fallback));
}

std::string Context::editor() {
  return first_of({setting("ui.editor"), variable("VISUAL"), variable("EDITOR")}, "vi");
}

std::string Context::unfinished_clone() const noexcept {
  try {
    const auto url = repository_ ? sync::unfinished_clone(*repository_) : std::nullopt;
    if (!url) return {};
    return "this clone is not finished: 'isodb clone " + *url + " " +
           repository_->folder().string() + "' goes on, and so it does from another address";
  } catch (const std::exception&) {  // what failed before is told all the same
    return {};
  }
}

std::string Context::waiting_key() const noexcept {
  try {
    if (!repository_ || !device_key(*repository_).next) return {};
    return "a new key of this device waits: 'isodb key rotate' goes on with it";
  } catch (const std::exception&) {  // what failed before is told all the same
    return {};
  }
}

std::string Context::removal_failure() const noexcept {
  try {
    if (!repository_ || access_ == Access::kRead) return {};
    const auto failure = isodb::removal_failure(*repository_);
    return failure
               ? "erased contents are still in the files here, for they could not be removed: " +
                     *failure
               : "";
  } catch (const std::exception&) {  // it is told by the next command
    return {};
  }
}

void Context::note(std::string_view sentence) {
  if (json_ || quiet_) return;
  if (const auto meter = meter_.lock()) meter->hide();
  out_.flush();
  std::cerr << "isodb: " << sentence << "\n";
}

ProgressFunction Context::progress(std::string_view unit, Total total) {
  if (json_ || quiet_ || ::isatty(STDERR_FILENO) != 1) return {};
  const auto meter = std::make_shared<ProgressMeter>(unit, total);
  meter_ = meter;
  return [meter](const Progress& progress) { meter->update(progress); };
}

}  // namespace isodb::cli
