#pragma once

#include <filesystem>
#include <memory>

#include "core/file.h"
#include "objects/pack.h"

namespace isodb::objects {

/// The bytes of a finished file: mapped, or read piece by piece. Immutable; thread-safe.
class PackBytes {
 public:
  /// Error(kCorrupt) when the file is not `bytes_expected` long.
  PackBytes(core::FileSystem& files, const std::filesystem::path& path,
            std::uint64_t bytes_expected, Pack::Access access);

  std::uint64_t size() const { return size_; }
  /// The bytes from `offset` on, which must lie in the file: in the mapping, else in `scratch`.
  ByteView view(std::uint64_t offset, std::uint64_t count, Bytes& scratch) const;
  bool mapped() const { return mapping_ != nullptr; }
  /// Begins to fetch bytes into the processor's cache, where they are mapped and in memory. Any
  /// numbers: what lies outside of the file is left out.
  void prefetch(std::uint64_t offset, std::uint64_t count) const;

 private:
  std::unique_ptr<core::File> file_;
  std::unique_ptr<core::Mapping> mapping_;
  std::uint64_t size_;
};

}  // namespace isodb::objects
