#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>

#include "core/file.h"
#include "core/hash.h"
#include "objects/pack_format.h"
#include "objects/record_chain.h"

namespace isodb::objects {

/// The file of a pack under construction: buffered, checksummed as it grows, readable at once,
/// locked so that others see its builder live. One thread appends; any may read. Destroyed before
/// commit(), it removes the file.
class PackOutput : public RecordSpace {
 public:
  /// `sync_bytes`: PackWriter::Options.
  PackOutput(core::FileSystem& files, const std::filesystem::path& folder,
             std::uint64_t sync_bytes = 0);
  ~PackOutput() override;

  /// Appends and returns the offset.
  std::uint64_t append(ByteView bytes);
  /// The offset of what is appended next.
  std::uint64_t size() const;
  /// Ends what the file's checksum covers and returns it.
  std::uint64_t finish_checksum();
  /// Syncs, renames to `name` and syncs the folder.
  void commit(const std::string& name);

  void set_dictionary(const core::Dictionary* dictionary) { dictionary_ = dictionary; }

  ByteView view(std::uint64_t offset, std::uint64_t count, Bytes& scratch) const override;
  std::uint64_t begin() const override { return kPackHeaderBytes; }
  std::uint64_t end() const override { return size(); }
  const core::Dictionary* dictionary() const override { return dictionary_; }
  bool mapped() const override { return false; }

 private:
  void flush(std::size_t count);

  core::FileSystem& files_;
  const std::filesystem::path folder_;
  const std::uint64_t sync_bytes_;
  std::filesystem::path path_;  // empty once the file has its name
  std::unique_ptr<core::File> file_;
  const core::Dictionary* dictionary_ = nullptr;
  ChainedChecksum checksum_;

  mutable std::mutex mutex_;  // of what follows
  std::uint64_t flushed_ = 0, synced_ = 0;
  Bytes buffer_;
};

}  // namespace isodb::objects
