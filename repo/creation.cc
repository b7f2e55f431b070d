#include "repo/creation.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/file.h"
#include "isodb/error.h"
#include "repo/state.h"

namespace isodb::repo {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kKeyFolderMode = 0700;

/// True for a folder with nothing but what a creation leaves that was interrupted or had no space.
bool is_unfinished(const fs::path& folder) {
  if (fs::exists(folder / kUnfinishedDatabase) || fs::exists(folder / RepositoryState::kKeyPath)) {
    return true;
  }
  const fs::path key = RepositoryState::kKeyPath;
  return std::ranges::all_of(fs::directory_iterator(folder), [&](const fs::directory_entry& entry) {
    const fs::path name = entry.path().filename();
    if (name == RepositoryState::kPacksName) return fs::is_empty(entry.path());
    if (name != key.parent_path() || !entry.is_directory()) return false;
    // What a key is called until it is whole.
    return std::ranges::all_of(fs::directory_iterator(entry.path()), [&](const auto& file) {
      return file.path().filename().string().starts_with(key.filename().string() + ".tmp-");
    });
  });
}

bool has_packs(const fs::path& folder) {
  const fs::path packs = folder / RepositoryState::kPacksName;
  if (!fs::is_directory(packs)) return false;
  return std::ranges::any_of(fs::directory_iterator(packs), [](const fs::directory_entry& entry) {
    return entry.path().extension() == ".pack";
  });
}

void check_free_folder(const fs::path& folder, Leftovers leftovers) {
  if (!fs::exists(folder)) return;
  if (!fs::is_directory(folder)) {
    throw Error(ErrorCode::kInvalid, folder.string() + " is not a folder");
  }
  if (fs::exists(folder / RepositoryState::kDatabaseName)) {
    throw Error(ErrorCode::kInvalid, folder.string() + " holds a repository already",
                "isodb -C " + folder.string() + " status shows it");
  }
  const bool is_own = leftovers == Leftovers::kPacks && fs::exists(folder / kUnfinishedDatabase);
  // A new database would not know them, and they would be collected as garbage.
  if (!is_own && has_packs(folder)) {
    throw Error(ErrorCode::kInvalid,
                folder.string() + " holds packs of a repository whose repo.db is lost",
                "isodb recover " + folder.string() + " makes it anew");
  }
  if (!is_unfinished(folder)) {
    throw Error(ErrorCode::kInvalid, folder.string() + " is not empty",
                "choose a folder that is empty or not there yet");
  }
}

/// The folder, made where it is missing, for this one alone until it is closed.
std::unique_ptr<core::File> take_folder(const fs::path& folder, Leftovers leftovers) {
  if (folder.empty()) throw Error(ErrorCode::kInvalid, "the repository's folder has an empty name");
  check_free_folder(folder, leftovers);
  core::FileSystem& files = core::posix_file_system();
  files.create_directories(folder);
  std::unique_ptr<core::File> taken = files.open(folder, core::OpenMode::kRead);
  if (!taken->try_lock()) {
    throw Error(ErrorCode::kBusy, "another program is making a repository in " + folder.string(),
                "wait for it, or choose another folder");
  }
  check_free_folder(folder, leftovers);  // it may have been done meanwhile
  return taken;
}

}  // namespace

KeyFile make_key(const fs::path& folder, NewKey wanted) {
  core::FileSystem& files = core::posix_file_system();
  const fs::path path = folder / RepositoryState::kKeyPath;
  if (files.exists(path)) {
    KeyFile there = KeyFile::read(files, path);
    if (wanted.given && wanted.given->public_key() != there.public_key()) {
      throw Error(ErrorCode::kInvalid, path.string() + " is another key already",
                  "there is no other copy of it perhaps: choose another folder, or move it away");
    }
    if (there.is_protected() || !wanted.protect) return there;
    wanted.given = std::move(there);
  }
  KeyFile key = wanted.given ? std::move(*wanted.given) : KeyFile::plain(SecretKey::generate());
  if (wanted.protect && !key.is_protected()) {
    key = KeyFile::sealed(key.open({}), wanted.protect());
  }
  files.create_directories(path.parent_path());
  if (::chmod(path.parent_path().c_str(), kKeyFolderMode) != 0) {
    core::throw_io_error("protect", path.parent_path(), errno);
  }
  key.write(path);
  return key;
}

KeyFile make_folder(const fs::path& folder, NewKey key) {
  const std::unique_ptr<core::File> taken = take_folder(folder, Leftovers::kNoPacks);
  return make_key(folder, std::move(key));
}

WriterId make_writer(core::Environment& environment) {
  WriterId writer;
  environment.random_bytes(reinterpret_cast<std::uint8_t*>(&writer.value), sizeof writer.value);
  return writer;
}

void make_repository(const fs::path& folder, NewKey wanted,
                     const std::function<void(refs::Database&, const KeyFile&)>& fill,
                     Leftovers leftovers) {
  const std::unique_ptr<core::File> taken = take_folder(folder, leftovers);
  const KeyFile key = make_key(folder, std::move(wanted));
  core::FileSystem& files = core::posix_file_system();
  files.create_directories(folder / RepositoryState::kPacksName);
  const fs::path unfinished = folder / kUnfinishedDatabase;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    files.remove(unfinished.string() + suffix);
  }
  {
    const auto database = refs::Database::create(unfinished, {});
    files.sync_directory(folder);  // before any pack: with it, these are known for leftovers
    fill(*database, key);
    database->empty_log();  // which is not renamed
  }
  const fs::path database = folder / RepositoryState::kDatabaseName;
  // Of one that was there before and was removed: SQLite would take them for the new one's.
  for (const char* suffix : {"-wal", "-shm", "-journal"}) files.remove(database.string() + suffix);
  files.rename(unfinished, database);
  files.sync_directory(folder);
}

void make_empty_repository(const fs::path& folder, const CommitId& root, const std::string& branch,
                           NewKey key,
                           const std::vector<std::pair<std::string, std::string>>& settings) {
  make_repository(folder, std::move(key), [&](refs::Database& database, const KeyFile&) {
    refs::WriteBatch write;
    write.settings = {{kSettingRoot, root.hex()},
                      {kSettingWriter, make_writer(core::system_environment()).hex()},
                      {kSettingBranch, branch}};
    write.settings.insert(write.settings.end(), settings.begin(), settings.end());
    database.write(write);
  });
}

}  // namespace isodb::repo
