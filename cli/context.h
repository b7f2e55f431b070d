#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/json_object.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "isodb/passphrase.h"
#include "isodb/repository.h"

namespace isodb::cli {

struct GlobalOptions;

enum class Access { kRead, kWrite };

/// What a command runs in: the repository, standard output, and how the caller wants to be talked
/// to. One thread.
class Context {
 public:
  Context(const GlobalOptions& global, Output& out);

  /// The repository of -C, else of ISODB_DIR, else at or above the working folder; opened on the
  /// first call. Error(kNotFound) with a hint when there is none.
  Repository& repository(Access access);
  /// The folder that repository() opens.
  std::filesystem::path folder() const;
  /// What -C says, else ISODB_DIR; nullopt where neither is given.
  const std::optional<std::filesystem::path>& directory() const { return directory_; }

  /// How a repository is opened: whoever signs may have to be asked for a passphrase.
  OpenOptions open_options(Access access);
  /// The file that holds the passphrase: --passphrase-file, else ISODB_PASSPHRASE_FILE.
  const std::optional<std::filesystem::path>& passphrase_file() const { return passphrase_file_; }
  /// Of the key in use: from that file, else from a person at the terminal; once.
  Passphrase passphrase();
  /// For a key that is to be protected: from that file, else typed twice; once, and then it is that
  /// of the key in use.
  Passphrase new_passphrase();

  Output& out() { return out_; }
  /// --json: one JSON object a line instead of text for people.
  bool json() const { return json_; }
  bool quiet() const { return quiet_; }

  /// Prints one line of --json.
  void print(const JsonObject& object) { out_ << object.text() << "\n"; }
  std::string paint(Style style, std::string_view text) const { return out_.paint(style, text); }
  /// Output for people from here on goes through the pager, where there is a terminal.
  void page();
  /// The editor to start, a shell command.
  std::string editor();
  /// How to go on with the repository where it is a clone that broke off; else "". Throws nothing.
  std::string unfinished_clone() const noexcept;
  /// How to go on with the device's key where a rotation is under way; else "". Throws nothing.
  std::string waiting_key() const noexcept;
  /// A sentence, where this command opened the repository to write and the bytes of what is erased
  /// could not be removed; else "". Throws nothing.
  std::string removal_failure() const noexcept;
  /// A sentence on standard error, unless --quiet or --json.
  void note(std::string_view sentence);
  /// To be passed to what takes a while: shows rate and remaining time on standard error.
  ProgressFunction progress(std::string_view unit, Total total = Total::kKnown);

 private:
  std::optional<std::string> setting(const std::string& key) const;

  Output& out_;
  std::optional<std::filesystem::path> directory_, passphrase_file_;
  std::optional<Passphrase> passphrase_;
  bool json_ = false, quiet_ = false, no_pager_ = false, color_by_setting_ = false;
  std::optional<Repository> repository_;
  std::weak_ptr<ProgressMeter> meter_;  ///< the newest one; owned by what progress() returned
  Access access_ = Access::kRead;
};

}  // namespace isodb::cli
