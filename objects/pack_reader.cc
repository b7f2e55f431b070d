#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <utility>

#include "core/hash.h"
#include "core/hex.h"
#include "isodb/error.h"
#include "objects/pack.h"
#include "objects/pack_bytes.h"
#include "objects/pack_format.h"
#include "objects/pack_index.h"
#include "objects/record_chain.h"

namespace isodb::objects {
namespace {

// Shared by all packs of the process, so that many open packs cost no more memory than one.
constexpr std::size_t kCacheBytes = 32 * 1024 * 1024;

// Fetched before the header says how many there are.
constexpr std::uint64_t kUsualRecordBytes = 256;

PlainCache& shared_cache() {
  static PlainCache cache(kCacheBytes);
  return cache;
}

std::uint64_t next_file_number() {
  static std::atomic<std::uint64_t> number{0};
  return ++number;
}

PackFooter read_footer(const PackBytes& bytes) {
  if (bytes.size() < kPackHeaderBytes + kPackFooterBytes) {
    throw Error(ErrorCode::kCorrupt, "is too short for a pack");
  }
  Bytes scratch;
  const ByteView header = bytes.view(0, kPackHeaderBytes, scratch);
  const std::size_t name_bytes = kPackMagic.size() - 1;
  if (header.substr(0, name_bytes) != kPackMagic.substr(0, name_bytes)) {
    throw Error(ErrorCode::kCorrupt, "is not a pack");
  }
  if (static_cast<unsigned char>(header.back()) > static_cast<unsigned char>(kPackMagic.back())) {
    throw Error(ErrorCode::kUnsupported, "is a pack of a newer version",
                "read it with a newer isodb");
  }
  if (header != kPackMagic) throw Error(ErrorCode::kCorrupt, "is not a pack");
  return decode_footer(bytes.view(bytes.size() - kPackFooterBytes, kPackFooterBytes, scratch),
                       bytes.size());
}

/// Runs `action`; what it throws gets the place put before it.
template <typename Action>
auto located(const std::string& place, Action action) {
  try {
    return action();
  } catch (const Error& error) {
    throw error.within(place);
  }
}

Id last_id() {
  Id id;
  std::fill(id.data(), id.data() + Id::kSize, 0xff);
  return id;
}

}  // namespace

struct Pack::Impl : RecordSpace {
  Impl(core::FileSystem& files, const std::filesystem::path& file_path, std::uint64_t expected,
       Access access)
      : path(file_path.string()),
        name(file_path.filename().string()),
        bytes(files, file_path, expected, access),
        footer(located(path, [&] { return read_footer(bytes); })),
        index(bytes, footer),
        file_number(next_file_number()) {}

  ByteView view(std::uint64_t offset, std::uint64_t count, Bytes& scratch) const override {
    return bytes.view(offset, count, scratch);
  }
  std::uint64_t begin() const override { return kPackHeaderBytes; }
  std::uint64_t end() const override { return footer.dictionary_offset; }
  const core::Dictionary* dictionary() const override { return shared_dictionary().get(); }
  const std::shared_ptr<const core::Dictionary>& shared_dictionary() const;
  bool mapped() const override { return bytes.mapped(); }

  std::string at(std::uint64_t offset) const { return path + ", offset " + std::to_string(offset); }

  const std::string path, name;
  const PackBytes bytes;
  const PackFooter footer;
  const PackIndex index;
  const std::uint64_t file_number;
  mutable std::once_flag dictionary_once;
  mutable std::shared_ptr<const core::Dictionary> dictionary_ready;
};

/// Made ready when the first record needs it: opening a pack costs the same whatever is in it.
const std::shared_ptr<const core::Dictionary>& Pack::Impl::shared_dictionary() const {
  constexpr int kLevel = 3;  // for compressing, which is not done with it here
  const std::uint64_t count = footer.index_offset - footer.dictionary_offset;
  if (count == 0) return dictionary_ready;
  std::call_once(dictionary_once, [&] {
    Bytes content;
    if (bytes.view(footer.dictionary_offset, count, content).data() != content.data()) {
      content = bytes.view(footer.dictionary_offset, count, content);
    }
    if (core::xxh3(content) != footer.dictionary_checksum) {
      throw Error(ErrorCode::kCorrupt, "the dictionary has a wrong checksum");
    }
    dictionary_ready = std::make_shared<core::Dictionary>(std::move(content), kLevel);
  });
  return dictionary_ready;
}

Pack::Pack(core::FileSystem& files, const std::filesystem::path& path, std::uint64_t bytes_expected,
           Access access)
    : impl_(std::make_unique<Impl>(files, path, bytes_expected, access)) {}
Pack::~Pack() = default;

std::uint64_t Pack::object_count() const {
  return impl_->footer.objects;
}
const std::string& Pack::name() const {
  return impl_->name;
}

std::optional<std::uint64_t> Pack::find(const Id& id) const {
  return located(impl_->path, [&] { return impl_->index.find(id); });
}

void Pack::find_many(std::span<const Id> ids,
                     std::span<std::optional<std::uint64_t>> offsets) const {
  constexpr std::size_t kAtOnce = 32;
  for (std::size_t begin = 0; begin < ids.size(); begin += kAtOnce) {
    const std::size_t end = std::min(begin + kAtOnce, ids.size());
    const auto for_missing = [&](auto&& use) {
      for (std::size_t i = begin; i < end; ++i) {
        if (!offsets[i]) use(i);
      }
    };
    for_missing([&](std::size_t i) { impl_->index.prefetch_fan_out(ids[i]); });
    for_missing([&](std::size_t i) { impl_->index.prefetch_bucket(ids[i]); });
    for_missing([&](std::size_t i) {
      offsets[i] = find(ids[i]);
      if (offsets[i]) impl_->bytes.prefetch(*offsets[i], kUsualRecordBytes);
    });
  }
}

Object Pack::read(std::uint64_t offset, const ObjectSource& others) const {
  impl_->bytes.prefetch(offset, kUsualRecordBytes);
  try {
    return read_object(*impl_, offset, others, shared_cache(), impl_->file_number);
  } catch (const Error& error) {
    throw error.within(impl_->at(offset));
  }
}

std::shared_ptr<const core::Dictionary> Pack::dictionary() const {
  return impl_->shared_dictionary();
}

std::optional<PackedBlob> Pack::packed_blob(std::uint64_t offset) const {
  try {
    std::optional<PackedFrame> found = read_frame(*impl_, offset);
    if (!found) return std::nullopt;
    const bool is_blob = found->type == ObjectType::kBlob;
    const auto& dictionary = impl_->shared_dictionary();
    if (!is_blob || dictionary == nullptr || core::is_private(dictionary->content())) {
      return std::nullopt;
    }
    return PackedBlob{found->plain_bytes, std::move(found->frame), dictionary};
  } catch (const Error& error) {
    throw error.within(impl_->at(offset));
  }
}

RecordSummary Pack::summary(std::uint64_t offset) const {
  try {
    const RecordHeader header = load_header(*impl_, offset);
    RecordSummary summary;
    summary.type = header.type;
    summary.plain_bytes = header.plain_bytes;
    summary.record_bytes = header.record_bytes();
    summary.depth = header.depth;
    if (header.encoding == Encoding::kDeltaById) summary.base = header.base;
    if (header.encoding == Encoding::kDeltaNear) {
      summary.base_offset = base_offset(*impl_, offset, header);
    }
    return summary;
  } catch (const Error& error) {
    throw error.within(impl_->at(offset));
  }
}

std::pair<ObjectType, std::uint64_t> Pack::header(std::uint64_t offset) const {
  const RecordSummary found = summary(offset);
  return {found.type, found.plain_bytes};
}

std::uint64_t Pack::record_bytes(std::uint64_t offset) const {
  return summary(offset).record_bytes;
}

void Pack::for_each(const std::function<void(const Id&, std::uint64_t offset)>& visit) const {
  struct Place {
    std::uint64_t offset;
    Id id;
  };
  std::vector<Place> places;
  places.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(object_count(), 1 << 20)));
  located(impl_->path, [&] {
    impl_->index.for_range(Id{}, last_id(), [&](const Id& id, std::uint64_t offset) {
      places.push_back({offset, id});
      return true;
    });
  });
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.offset < b.offset; });
  for (const Place& place : places) visit(place.id, place.offset);
}

std::vector<Id> Pack::with_prefix(std::string_view hex_digits, std::size_t limit) const {
  constexpr std::size_t kDigits = 2 * Id::kSize;
  std::vector<Id> ids;
  if (hex_digits.size() > kDigits || limit == 0) return ids;
  const std::size_t missing = kDigits - hex_digits.size();
  const auto first = Id::from_hex(std::string(hex_digits) + std::string(missing, '0'));
  const auto last = Id::from_hex(std::string(hex_digits) + std::string(missing, 'f'));
  if (!first || !last) return ids;
  located(impl_->path, [&] {
    impl_->index.for_range(*first, *last, [&](const Id& id, std::uint64_t) {
      ids.push_back(id);
      return ids.size() < limit;
    });
  });
  return ids;
}

void Pack::check_file() const {
  located(impl_->path, [&] {
    const auto fail = [](const char* problem) { throw Error(ErrorCode::kCorrupt, problem); };
    const std::uint64_t end = impl_->bytes.size() - kPackFooterBytes;
    ChainedChecksum checksum;
    core::Sha256 digest;
    digest.start();
    Bytes scratch;
    for (std::uint64_t at = 0; at < end;) {
      const std::uint64_t count = std::min<std::uint64_t>(end - at, ChainedChecksum::kBlockBytes);
      const ByteView block = impl_->bytes.view(at, count, scratch);
      checksum.add(block);
      const std::uint64_t index = impl_->footer.index_offset;
      if (at + count > index) {
        digest.update(block.substr(static_cast<std::size_t>(index > at ? index - at : 0)));
      }
      at += count;
    }
    if (checksum.value() != impl_->footer.file_checksum) fail("the file has a wrong checksum");
    digest.update(impl_->bytes.view(end, kPackFooterBytes, scratch));
    if (pack_name(digest.finish()) != impl_->name)
      fail("the file's name is not that of its content");
    std::optional<Id> before;
    std::uint64_t objects = 0;
    impl_->index.for_range(Id{}, last_id(), [&](const Id& id, std::uint64_t offset) {
      if (before && !(*before < id)) fail("the index is not sorted");
      if (offset < impl_->begin() || offset >= impl_->end()) fail("the index points elsewhere");
      before = id;
      ++objects;
      return true;
    });
    if (objects != impl_->footer.objects) fail("the index holds another number of objects");
  });
}

}  // namespace isodb::objects
