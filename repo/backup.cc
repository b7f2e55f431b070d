#include "isodb/backup.h"

#include <memory>
#include <string>
#include <vector>

#include "core/file.h"
#include "isodb/error.h"
#include "objects/pack.h"
#include "refs/backup_file.h"
#include "repo/access.h"
#include "repo/creation.h"
#include "repo/erase_removal.h"
#include "repo/state.h"

namespace isodb {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_there_already(const fs::path& file) {
  throw Error(ErrorCode::kInvalid, file.string() + " is there already",
              "a backup takes the place of no other: choose another name");
}

/// Under another name until it is whole, which one at a time has.
class UnfinishedBackup {
 public:
  explicit UnfinishedBackup(const fs::path& file)
      : file_(file), path_(file.string() + ".unfinished"), lock_path_(path_.string() + ".lock") {
    lock_ = core::try_lock_file(core::posix_file_system(), lock_path_);
    if (!lock_) {
      throw Error(ErrorCode::kBusy, "another backup is being written to " + file.string(),
                  "choose another name, or wait for it");
    }
    remove();  // of a run that was killed
  }
  ~UnfinishedBackup() {
    remove();
    std::error_code ignored;
    fs::remove(lock_path_, ignored);
  }
  UnfinishedBackup(const UnfinishedBackup&) = delete;
  UnfinishedBackup& operator=(const UnfinishedBackup&) = delete;

  const fs::path& path() const { return path_; }
  void remove() noexcept {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      std::error_code ignored;
      fs::remove(path_.string() + suffix, ignored);
    }
  }
  void finish() {
    core::FileSystem& files = core::posix_file_system();
    if (files.exists(file_)) throw_there_already(file_);
    files.rename(path_, file_);
    files.sync_directory(fs::absolute(file_).parent_path());
  }

 private:
  const fs::path file_, path_, lock_path_;
  std::unique_ptr<core::File> lock_;
};

struct OpenPack {
  objects::PackInfo info;
  std::unique_ptr<core::File> file;
};

/// Once open, a pack stays readable though others replace it. nullopt: some were replaced since the
/// database was copied.
std::optional<std::vector<OpenPack>> open_packs(RepositoryState& state,
                                                const std::vector<objects::PackInfo>& packs) {
  std::vector<OpenPack> open;
  for (const objects::PackInfo& pack : packs) {
    const fs::path path = state.store->packs_folder() / pack.name;
    try {
      open.push_back({pack, state.files.open(path, core::OpenMode::kRead)});
      // A damaged one is worth nothing in a backup; it is to be known now.
      objects::Pack(state.files, path, pack.bytes).check_file();
    } catch (const Error&) {
      if (state.files.exists(path)) throw;
      return std::nullopt;
    }
  }
  return open;
}

bool are_registered(RepositoryState& state, const std::vector<objects::PackInfo>& packs) {
  state.store->refresh();
  std::size_t found = 0;
  for (const objects::PackInfo& registered : state.store->packs()) {
    for (const objects::PackInfo& pack : packs) found += registered.name == pack.name ? 1 : 0;
  }
  return found == packs.size();
}

/// Counts the bytes of packs.
class Meter {
 public:
  Meter(const ProgressFunction& progress, const std::vector<objects::PackInfo>& packs)
      : progress_(progress) {
    for (const objects::PackInfo& pack : packs) all_ += pack.bytes;
  }
  refs::BackupFile::Counted counted() {
    return [this](std::uint64_t bytes) {
      done_ += bytes;
      if (progress_) progress_({"bytes", done_, all_});
    };
  }

 private:
  const ProgressFunction& progress_;
  std::uint64_t done_ = 0, all_ = 0;
};

}  // namespace

BackupInfo back_up(const Repository& repository, const fs::path& file,
                   const BackupOptions& options) {
  constexpr int kAttempts = 10;
  if (fs::exists(file)) throw_there_already(file);
  RepositoryState& state = *repo::Access::state(repository);
  if (!state.options.read_only && repo::removal_is_due(state)) {
    repo::remove_erased_bytes(state, options.progress);
  }
  UnfinishedBackup unfinished(file);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    unfinished.remove();
    refs::BackupFile backup = refs::BackupFile::create(*state.database, unfinished.path());
    const std::vector<objects::PackInfo> packs = backup.packs();
    const std::optional<std::vector<OpenPack>> open = open_packs(state, packs);
    if (!open) {
      if (!are_registered(state, packs)) continue;
      throw Error(ErrorCode::kCorrupt, "a pack of this repository is missing",
                  "isodb fsck names it");
    }
    Meter meter(options.progress, packs);
    for (const OpenPack& pack : *open) backup.add_pack(pack.info, *pack.file, meter.counted());
    const std::uint64_t now = state.environment.now_millis();
    backup.seal(options.with_key ? state.read_key_file().text() : Bytes(), now);
    BackupInfo info{file,       fs::file_size(unfinished.path()), now,
                    state.root, repository.public_key(),          options.with_key};
    unfinished.finish();
    return info;
  }
  throw Error(ErrorCode::kBusy, "others kept replacing packs while they were to be copied",
              "run it again when less is written");
}

BackupInfo restore(const fs::path& file, const fs::path& folder, const ProgressFunction& progress) {
  refs::BackupFile backup = refs::BackupFile::open(file);
  BackupInfo info{file, fs::file_size(file), backup.at_millis(), {}, {}, false};
  Bytes secret = backup.secret_key();
  info.with_key = !secret.empty();
  repo::NewKey key;
  if (info.with_key) key.given = repo::KeyFile::parse(std::move(secret));
  const auto fill = [&](refs::Database& database, const repo::KeyFile& own) {
    core::FileSystem& files = core::posix_file_system();
    const fs::path packs_folder = folder / RepositoryState::kPacksName;
    const std::vector<objects::PackInfo> packs = backup.packs();
    Meter meter(progress, packs);
    for (const objects::PackInfo& pack : packs) {
      const fs::path path = packs_folder / pack.name;
      files.remove(path);  // of a run that was interrupted
      const std::unique_ptr<core::File> copy = files.open(path, core::OpenMode::kCreateNew);
      backup.copy_pack(pack, *copy, meter.counted());
      copy->sync();
      objects::Pack(files, path, pack.bytes).check_file();
    }
    files.sync_directory(packs_folder);
    backup.copy_database(folder / repo::kUnfinishedDatabase);
    refs::WriteBatch write;
    write.settings = {{repo::kSettingWriter, repo::make_writer(core::system_environment()).hex()}};
    database.write(write);
    info.key = own.public_key();
    const auto root = Id::from_hex(database.setting(repo::kSettingRoot).value_or(""));
    if (!root) throw Error(ErrorCode::kCorrupt, file.string() + " names no repository");
    info.repository = CommitId(*root);
  };
  try {
    repo::make_repository(folder, std::move(key), fill, repo::Leftovers::kPacks);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) throw;
    throw Error(ErrorCode::kCorrupt, file.string() + " is damaged: " + error.what(),
                "another backup can be restored into the same folder");
  }
  return info;
}

}  // namespace isodb
