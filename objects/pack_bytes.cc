#include "objects/pack_bytes.h"

#include <algorithm>
#include <string>

#include "isodb/error.h"

namespace isodb::objects {

PackBytes::PackBytes(core::FileSystem& files, const std::filesystem::path& path,
                     std::uint64_t bytes_expected, Pack::Access access)
    : file_(files.open(path, core::OpenMode::kRead)), size_(file_->size()) {
  const auto check_size = [&](std::uint64_t size) {
    if (size == bytes_expected) return;
    throw Error(ErrorCode::kCorrupt, path.string() + " has " + std::to_string(size) +
                                         " bytes instead of " + std::to_string(bytes_expected));
  };
  check_size(size_);
  if (access == Pack::Access::kRead) return;
  mapping_ = file_->map();
  check_size(mapping_->bytes().size());
  file_.reset();
}

ByteView PackBytes::view(std::uint64_t offset, std::uint64_t count, Bytes& scratch) const {
  if (offset > size_ || count > size_ - offset) {
    throw Error(ErrorCode::kCorrupt, "ends before byte " + std::to_string(offset + count));
  }
  const auto length = static_cast<std::size_t>(count);
  if (mapping_ != nullptr)
    return mapping_->bytes().substr(static_cast<std::size_t>(offset), length);
  scratch.resize(length);
  file_->read_at(offset, scratch.data(), length);
  return scratch;
}

void PackBytes::prefetch(std::uint64_t offset, std::uint64_t count) const {
  constexpr std::uint64_t kLineBytes = 64;
  if (mapping_ == nullptr || offset >= size_) return;
  const char* const front = mapping_->bytes().data() + offset;
  count = std::min(count, size_ - offset);
  for (std::uint64_t at = 0; at < count; at += kLineBytes) __builtin_prefetch(front + at);
}

}  // namespace isodb::objects
