// Any bytes as a pack and as a row's record; where the first byte is 1, the bytes say which records
// stand in a pack whose checksums and index are right. Everything is read, or is corrupt.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/hash.h"
#include "isodb/error.h"
#include "objects/memory_store.h"
#include "objects/pack.h"
#include "objects/pack_format.h"
#include "objects/pack_index.h"
#include "objects/record.h"

namespace {

using namespace isodb;
using namespace isodb::objects;

/// A file system of one file.
class OneFile final : public core::FileSystem {
 public:
  explicit OneFile(Bytes bytes) : bytes_(std::move(bytes)) {}

  std::unique_ptr<core::File> open(const std::filesystem::path& /*path*/,
                                   core::OpenMode /*mode*/) override {
    return std::make_unique<Opened>(bytes_);
  }
  bool exists(const std::filesystem::path& /*path*/) override { return true; }
  void rename(const std::filesystem::path& /*from*/, const std::filesystem::path& /*to*/) override {
    std::abort();
  }
  void remove(const std::filesystem::path& /*path*/) override { std::abort(); }
  void create_directories(const std::filesystem::path& /*path*/) override { std::abort(); }
  std::vector<std::string> list(const std::filesystem::path& /*path*/) override { return {}; }
  void sync_directory(const std::filesystem::path& /*path*/) override { std::abort(); }

 private:
  struct Mapped final : core::Mapping {
    explicit Mapped(ByteView mapped) : view(mapped) {}
    ByteView bytes() const override { return view; }
    ByteView view;
  };
  struct Opened final : core::File {
    explicit Opened(ByteView bytes) : view(bytes) {}
    std::size_t read_some(std::uint64_t offset, char* out, std::size_t count) override {
      if (offset >= view.size()) return 0;
      return view.copy(out, count, static_cast<std::size_t>(offset));
    }
    void read_at(std::uint64_t offset, char* out, std::size_t count) override {
      if (read_some(offset, out, count) != count) throw Error(ErrorCode::kCorrupt, "ends early");
    }
    void append(ByteView /*data*/) override { std::abort(); }
    std::uint64_t size() override { return view.size(); }
    void sync() override {}
    std::unique_ptr<core::Mapping> map() override { return std::make_unique<Mapped>(view); }
    ByteView view;
  };
  const Bytes bytes_;
};

std::uint8_t take(ByteView& bytes) {
  if (bytes.empty()) return 0;
  const auto first = static_cast<std::uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  return first;
}

/// A record of the kind, the sizes and the data that the bytes say, with the right checksum.
void append_grown_record(Bytes& out, ByteView& bytes) {
  RecordHeader header;
  header.type = static_cast<ObjectType>(1 + take(bytes) % 6);
  header.encoding = static_cast<Encoding>(take(bytes) % 7);
  header.depth = take(bytes);
  header.distance = take(bytes);
  header.plain_bytes = take(bytes);
  const std::size_t wanted = take(bytes);
  const std::size_t count = std::min(wanted, bytes.size());
  if (is_stored(header.encoding)) header.plain_bytes = count;
  append_framed(out, header, bytes.substr(0, count));
  bytes.remove_prefix(count);
}

/// The pack of the records that the bytes say, each under an id of its own.
Bytes grown_pack(ByteView bytes) {
  Bytes file(kPackMagic);
  std::vector<std::unique_ptr<PackEntry>> entries;
  while (!bytes.empty()) {
    auto entry = std::make_unique<PackEntry>();
    entry->id = core::sha256(std::to_string(entries.size()));
    entry->set_offset(file.size());
    entries.push_back(std::move(entry));
    append_grown_record(file, bytes);
  }
  PackFooter footer;
  footer.objects = entries.size();
  footer.dictionary_offset = footer.index_offset = file.size();
  std::vector<IndexedObject> sorted;
  sorted.reserve(entries.size());
  for (const auto& entry : entries) sorted.push_back({entry->id.prefix64(), entry.get()});
  write_index(sorted, [&](ByteView part) { file.append(part); });
  ChainedChecksum checksum;
  checksum.add(file);
  footer.file_checksum = checksum.value();
  return file + encode_footer(footer);
}

/// False where it was refused, which only damage may be.
template <typename Action>
bool works(const Action& action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kUnsupported) {
      std::abort();
    }
    return false;
  }
}

void read_all(const Pack& pack) {
  static const MemoryStore nothing;
  std::vector<std::uint64_t> offsets;
  works(
      [&] { pack.for_each([&](const Id&, std::uint64_t offset) { offsets.push_back(offset); }); });
  works([&] { pack.check_file(); });
  works([&] { pack.with_prefix("0", 10); });
  for (const std::uint64_t offset : offsets) {
    works([&] { pack.packed_blob(offset); });
    std::uint64_t plain_bytes = 0;
    const bool is_summed = works([&] { plain_bytes = pack.summary(offset).plain_bytes; });
    const bool is_read = works([&] {
      if (pack.read(offset, nothing).payload.size() != plain_bytes) std::abort();
    });
    if (is_read && !is_summed) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  const bool grows = size > 0 && data[0] == 1;
  const Bytes file = grows ? grown_pack(bytes.substr(1)) : Bytes(bytes);
  OneFile files(file);
  for (const auto access : {Pack::Access::kMapped, Pack::Access::kRead}) {
    works([&] { read_all(Pack(files, "a.pack", file.size(), access)); });
  }
  static const MemoryStore nothing;
  works([&] { read_record(bytes, nothing); });
  works([&] { summarize_record(bytes); });
  return 0;
}
