#include <cstring>

#include "core/varint.h"
#include "isodb/error.h"
#include "objects/node_format.h"

namespace isodb::objects {
namespace {

[[noreturn]] void fail(const std::string& problem) {
  throw Error(ErrorCode::kCorrupt, "tree node: " + problem,
              "run fsck; fetch the object again from a peer that has it");
}

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

/// High bits where a byte of `word` is `byte`, and perhaps in bytes above such a one.
std::uint64_t bytes_equal(std::uint64_t word, unsigned byte) {
  const std::uint64_t zeros = word ^ (kOnes * byte);
  return (zeros - kOnes) & ~zeros & kHighs;
}

/// True when no byte of `text` can make a path invalid by itself or with the byte behind it:
/// printable ASCII, and no '/' before '/' or '.'. Most paths are like that, and one pass over all
/// suffixes, eight bytes at a time, is cheaper than checking each path.
bool is_plain(ByteView text) {
  const auto is_odd_pair = [&](std::size_t i) {
    return text[i] == '/' && i + 1 < text.size() && (text[i + 1] == '/' || text[i + 1] == '.');
  };
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof word);
    const std::uint64_t below_space = (word - kOnes * 0x20) & ~word & kHighs;
    if ((word & kHighs) != 0 || below_space != 0 || bytes_equal(word, 0x7f) != 0) return false;
    if (bytes_equal(word, '/') == 0) continue;
    for (std::size_t k = i; k < i + 8; ++k) {
      if (is_odd_pair(k)) return false;
    }
  }
  for (; i < text.size(); ++i) {
    if (text[i] < 0x20 || text[i] > 0x7e || is_odd_pair(i)) return false;
  }
  return true;
}

bool is_plain_path(ByteView prefix, ByteView suffix) {
  const char first = prefix.empty() ? suffix.front() : prefix.front();
  if (first == '/' || first == '.') return false;
  if (suffix.empty()) return prefix.back() != '/';
  if (suffix.back() == '/') return false;
  return prefix.empty() || prefix.back() != '/' || (suffix[0] != '/' && suffix[0] != '.');
}

/// Finds the parts of one node's bytes, checking as it goes.
class Checker {
 public:
  explicit Checker(ByteView payload) : payload_(payload) {}

  NodeLayout check() {
    check_header();
    if (layout_.count == 0) return check_empty();
    check_keys();
    if (layout_.level == 0) {
      check_attributes();
    } else {
      check_children();
    }
    return layout_;
  }

 private:
  const char* at(std::size_t offset) const { return payload_.data() + offset; }

  /// The next `bytes` bytes; nothing is read before it was made sure that it is there.
  std::uint32_t take(std::size_t bytes) {
    if (bytes > payload_.size() - taken_) fail("it ends too early");
    const std::size_t begin = taken_;
    taken_ += bytes;
    return static_cast<std::uint32_t>(begin);
  }

  void check_header() {
    take(kNodeHeaderBytes);
    if (static_cast<std::uint8_t>(payload_[0]) != kNodeVersion) {
      throw Error(ErrorCode::kUnsupported,
                  "tree node: version " + std::to_string(static_cast<std::uint8_t>(payload_[0])) +
                      " is not known",
                  "use a newer isodb");
    }
    layout_.level = static_cast<std::uint8_t>(payload_[1]);
    layout_.count = static_cast<std::uint32_t>(load_key_offset(at(2)));
    layout_.prefix_bytes = static_cast<std::uint32_t>(load_key_offset(at(4)));
    if (layout_.level > Node::kLevelMax) fail("its level is too high");
    if (layout_.count > kNodeKeysMax) fail("it has too many keys");
    if (layout_.prefix_bytes > kPathBytesMax) fail("its prefix is too long");
  }

  NodeLayout check_empty() {
    if (layout_.level != 0) fail("an inner node has no children");
    if (layout_.prefix_bytes != 0) fail("it has a prefix but no keys");
    if (payload_.size() != taken_) fail("bytes follow its end");
    layout_.key_ends_at = layout_.suffixes_at = layout_.ids_at = layout_.numbers_at =
        layout_.attribute_ends_at = layout_.attributes_at = static_cast<std::uint32_t>(taken_);
    return layout_;
  }

  void check_keys() {
    const std::size_t n = layout_.count;
    const ByteView prefix = payload_.substr(take(layout_.prefix_bytes), layout_.prefix_bytes);
    layout_.key_ends_at = take(2 * n);
    const char* ends = at(layout_.key_ends_at);
    layout_.suffixes_at = take(load_key_offset(ends + 2 * (n - 1)));
    const ByteView suffixes = payload_.substr(layout_.suffixes_at, taken_ - layout_.suffixes_at);
    layout_.ids_at = take(n * Id::kSize);  // and so eight bytes from any suffix on can be read
    if (n * (kKeyWeightBase + prefix.size()) + suffixes.size() > kNodeWeightLimit) {
      fail("its keys weigh too much");
    }
    const bool plain = is_plain(prefix) && is_plain(suffixes);
    ByteView before;
    std::uint64_t head_before = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const PartRange range = part_range(ends, i);
      if (range.end < range.begin || range.end > suffixes.size()) fail("its key offsets fall");
      const ByteView suffix = suffixes.substr(range.begin, range.end - range.begin);
      check_path_of(prefix, suffix, plain);
      const std::uint64_t head = load_head(suffix.data(), suffix.size());
      const bool ascends = head != head_before ? head > head_before : before < suffix;
      if (i > 0 && !ascends) fail("its keys are out of order");
      before = suffix;
      head_before = head;
    }
    // The keys ascend, so what the first and the last share is shared by all.
    const ByteView first = suffixes.substr(0, part_range(ends, 0).end);
    const bool longest = n == 1 ? first.empty() : first.empty() || first.front() != before.front();
    if (!longest) fail("its prefix is not the longest");
  }

  static void check_path_of(ByteView prefix, ByteView suffix, bool plain) {
    const std::size_t bytes = prefix.size() + suffix.size();
    if (bytes == 0 || bytes > kPathBytesMax) fail("a path is empty or too long");
    if (plain && is_plain_path(prefix, suffix)) return;
    const std::string problem = path_problem(std::string(prefix).append(suffix));
    if (!problem.empty()) fail("a path " + problem);
  }

  void check_attributes() {
    const std::size_t n = layout_.count;
    layout_.numbers_at = take(n * kStampBytes);
    layout_.attribute_ends_at = take(2 * n);
    const char* ends = at(layout_.attribute_ends_at);
    layout_.attributes_at = take(load_key_offset(ends + 2 * (n - 1)));
    const std::size_t total = taken_ - layout_.attributes_at;
    for (std::size_t i = 0; i < n; ++i) {
      const PartRange range = part_range(ends, i);
      if (range.end <= range.begin || range.end > total) fail("its attribute offsets fall");
      check_attributes_of(
          payload_.substr(layout_.attributes_at + range.begin, range.end - range.begin));
    }
    if (taken_ != payload_.size()) fail("bytes follow its end");
    layout_.documents = n;
  }

  void check_attributes_of(ByteView bytes) {
    if (is_common(bytes)) return;
    core::ByteReader in(bytes, "tree node: an entry");
    const std::uint8_t head = in.u8();
    const auto kind = static_cast<ContentKind>(head & kKindMask);
    if (kind != ContentKind::kBlob && kind != ContentKind::kList) in.fail("the kind is unknown");
    if ((head & ~(kKindMask | kEntryFlagMask | kHasMetadata)) != 0) in.fail("a flag is unknown");
    layout_.flags |= head & kEntryFlagMask;
    if (const char* problem = size_problem(kind, in.varint())) in.fail(problem);
    const std::uint8_t media = in.u8();
    if (media == kMediaSpelledOut) {
      const ByteView text = in.bytes(in.u8());
      if (!is_media_type_text(text)) in.fail("the media type is no printable text");
      if (media_type_number(text)) in.fail("the media type has a number but is spelled out");
    } else if (!media_type_from_number(media)) {
      in.fail("the media type's number is unknown");
    }
    if ((head & kFlagMerged) != 0) in.u64();
    if ((head & kHasMetadata) != 0 && in.id().is_zero()) in.fail("the metadata id is zero");
    in.expect_end();
  }

  /// A blob of up to 16383 bytes and a media type with a number, nothing else: seen at a glance.
  static bool is_common(ByteView bytes) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const bool short_size = bytes.size() == 3 && byte(1) < 0x80;
    const bool long_size = bytes.size() == 4 && byte(1) >= 0x80 && byte(2) > 0 && byte(2) < 0x80;
    return (short_size || long_size) && byte(0) == 0 &&
           media_type_from_number(byte(bytes.size() - 1)).has_value();
  }

  void check_children() {
    const std::size_t n = layout_.count;
    layout_.numbers_at = take(n * kCountBytes);
    layout_.attribute_ends_at = layout_.attributes_at = take(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t count = load_count(at(layout_.numbers_at + i * kCountBytes));
      const auto flags = static_cast<std::uint8_t>(*at(layout_.attributes_at + i));
      if (count == 0) fail("a child holds no documents");
      if (count > UINT64_MAX - layout_.documents) fail("its counts exceed 64 bits");
      if ((flags & ~kEntryFlagMask) != 0) fail("a child has an unknown flag");
      layout_.documents += count;
      layout_.flags |= flags;
    }
    if (taken_ != payload_.size()) fail("bytes follow its end");
  }

  ByteView payload_;
  std::size_t taken_ = 0;
  NodeLayout layout_;
};

}  // namespace

NodeLayout check_node(ByteView payload) {
  return Checker(payload).check();
}

const char* size_problem(ContentKind kind, std::uint64_t size) {
  if (kind == ContentKind::kBlob && size > kBlobBytesMax) return "a blob is larger than 64 KiB";
  if (kind == ContentKind::kList && size <= kBlobBytesMax) return "a list is not above 64 KiB";
  if (size > kDocumentBytesMax) return "the size exceeds 2^62 bytes";
  return nullptr;
}

bool is_media_type_text(ByteView text) {
  if (text.empty() || text.size() > kMediaTypeBytesMax) return false;
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

const char* entry_problem(const Entry& entry) {
  if (entry.kind != ContentKind::kBlob && entry.kind != ContentKind::kList) {
    return "the kind of content is unknown";
  }
  if (const char* problem = size_problem(entry.kind, entry.size)) return problem;
  if ((entry.flags & ~kEntryFlagMask) != 0) return "a flag is unknown";
  if ((entry.flags & kFlagMerged) == 0 && entry.merge_digest_tail != 0) {
    return "a merge digest without the flag 'merged'";
  }
  if (!entry.media_type.empty() && !is_media_type_text(entry.media_type)) {
    return "the media type is not 1 to 127 bytes of printable ASCII";
  }
  if (entry.metadata && entry.metadata->is_zero()) return "the metadata id is zero";
  return nullptr;
}

}  // namespace isodb::objects
