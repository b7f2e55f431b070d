#include "tests/crash/faults/crash_state.h"

#include <fstream>
#include <iterator>

namespace isodb::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSectorBytes = 512;

std::string folder_of(const std::string& path) {
  return fs::path(path).parent_path().string();
}

Bytes read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void overwrite(Bytes& content, std::size_t offset, ByteView bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

CrashStates::CrashStates(const fs::path& before) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(before)) {
    if (entry.is_directory()) folders_.insert(fs::relative(entry.path(), before));
  }
  for (const fs::path& path : files_below(before)) {
    const FileNumber number = files_.size();
    files_[number].synced = read_whole(path);
    synced_names_[fs::relative(path, before).string()] = number;
  }
}

void CrashStates::follow(const DiskCall& call) {
  if (const auto* created = std::get_if<Created>(&call)) {
    files_[created->file];
    name_changes_[folder_of(created->path)].push_back({"", created->path, created->file});
  } else if (const auto* written = std::get_if<Written>(&call)) {
    files_[written->file].changes.emplace_back(*written);
  } else if (const auto* truncated = std::get_if<Truncated>(&call)) {
    files_[truncated->file].changes.emplace_back(*truncated);
  } else if (const auto* synced = std::get_if<Synced>(&call)) {
    File& file = files_[synced->file];
    std::mt19937_64 unused;
    for (const Change& change : file.changes) apply(file.synced, change, Kept::kAll, unused);
    file.changes.clear();
  } else if (const auto* renamed = std::get_if<Renamed>(&call)) {
    name_changes_[folder_of(renamed->to)].push_back(
        {renamed->from, renamed->to, file_now(renamed->from)});
  } else if (const auto* linked = std::get_if<Linked>(&call)) {
    name_changes_[folder_of(linked->to)].push_back({"", linked->to, file_now(linked->from)});
  } else if (const auto* unlinked = std::get_if<Unlinked>(&call)) {
    name_changes_[folder_of(unlinked->path)].push_back({unlinked->path, "", 0});
  } else if (const auto* folder = std::get_if<FolderSynced>(&call)) {
    for (const NameChange& change : name_changes_[folder->path]) apply(synced_names_, change);
    name_changes_.erase(folder->path);
  } else if (const auto* acknowledged = std::get_if<Acknowledged>(&call)) {
    acknowledged_ = acknowledged->number;
  }
}

FileNumber CrashStates::file_now(const std::string& path) const {
  Names now = synced_names_;
  for (const auto& [folder, changes] : name_changes_) {
    for (const NameChange& change : changes) apply(now, change);
  }
  return now.at(path);
}

void CrashStates::apply(Names& names, const NameChange& change) {
  names.erase(change.removed);
  if (!change.added.empty()) names[change.added] = change.file;
}

void CrashStates::apply(Bytes& content, const Change& change, Kept kept, std::mt19937_64& random) {
  constexpr unsigned kTorn = 8;  // one in so many
  if (kept == Kept::kNothing || (kept == Kept::kSome && random() % 2 == 0)) return;
  if (const auto* truncated = std::get_if<Truncated>(&change)) {
    content.resize(truncated->size);
    return;
  }
  const auto& written = std::get<Written>(change);
  if (kept == Kept::kAll || random() % kTorn != 0) {
    overwrite(content, written.offset, written.bytes);
    return;
  }
  for (std::size_t at = 0; at < written.bytes.size();) {
    const std::size_t size = kSectorBytes - (written.offset + at) % kSectorBytes;
    if (random() % 2 == 0) {
      overwrite(content, written.offset + at, ByteView(written.bytes).substr(at, size));
    }
    at += size;
  }
}

void CrashStates::write(const fs::path& folder, Kept kept, std::mt19937_64& random) const {
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const fs::path& below : folders_) fs::create_directories(folder / below);
  Names names = synced_names_;
  for (const auto& [below, changes] : name_changes_) {
    fs::create_directories(folder / below);
    std::size_t count = kept == Kept::kNothing ? 0 : changes.size();
    if (kept == Kept::kSome) count = random() % (count + 1);
    for (std::size_t i = 0; i < count; ++i) apply(names, changes[i]);
  }
  for (const auto& [path, number] : names) {
    const File& file = files_.at(number);
    Bytes content = file.synced;
    for (const Change& change : file.changes) apply(content, change, kept, random);
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path, std::ios::binary) << content;
  }
}

}  // namespace isodb::testing
