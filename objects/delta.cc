#include "objects/delta.h"

#include <algorithm>
#include <cstring>

#include "core/compress.h"
#include "core/varint.h"

namespace isodb::objects {
namespace {

// What is compared is mostly equal and has kilobytes: eight bytes at a time, then the last ones.
constexpr std::size_t kWord = 8;

std::size_t shared_prefix(ByteView a, ByteView b) {
  const std::size_t limit = std::min(a.size(), b.size());
  std::size_t shared = 0;
  while (limit - shared >= kWord && std::memcmp(a.data() + shared, b.data() + shared, kWord) == 0) {
    shared += kWord;
  }
  while (shared < limit && a[shared] == b[shared]) ++shared;
  return shared;
}

std::size_t shared_suffix(ByteView a, ByteView b) {
  const std::size_t limit = std::min(a.size(), b.size());
  const char* const a_end = a.data() + a.size();
  const char* const b_end = b.data() + b.size();
  std::size_t shared = 0;
  while (limit - shared >= kWord &&
         std::memcmp(a_end - shared - kWord, b_end - shared - kWord, kWord) == 0) {
    shared += kWord;
  }
  while (shared < limit && a_end[-1 - static_cast<std::ptrdiff_t>(shared)] ==
                               b_end[-1 - static_cast<std::ptrdiff_t>(shared)]) {
    ++shared;
  }
  return shared;
}

/// Where the stretch of differing bytes that begins at `at` ends: before kGapBytes equal ones, or
/// at the end. A stretch costs two numbers of a byte or two, so shorter gaps are not worth one.
std::size_t stretch_end(ByteView plain, ByteView base, std::size_t at) {
  constexpr std::size_t kGapBytes = 4;
  std::size_t end = at + 1;
  for (std::size_t equal = 0; at < plain.size() && equal < kGapBytes; ++at) {
    equal = plain[at] == base[at] ? equal + 1 : 0;
    if (equal == 0) end = at + 1;
  }
  return end;
}

}  // namespace

bool append_patch(Bytes& out, ByteView plain, ByteView base) {
  if (plain.size() != base.size()) return false;
  for (std::size_t at = 0;;) {
    const std::size_t same = shared_prefix(plain.substr(at), base.substr(at));
    const std::size_t begin = at + same;
    if (begin == plain.size()) return true;
    at = stretch_end(plain, base, begin);
    core::put_varint(out, same);
    core::put_varint(out, at - begin);
    out.append(plain.substr(begin, at - begin));
  }
}

Bytes apply_patch(ByteView patch, ByteView base, std::size_t plain_bytes) {
  core::ByteReader reader(patch, "patch");
  if (base.size() != plain_bytes) reader.fail("is of a base of another length");
  Bytes plain(base);
  for (std::size_t at = 0; reader.remaining() > 0;) {
    const std::uint64_t same = reader.varint();
    const std::uint64_t count = reader.varint();
    if (same > plain_bytes - at || count == 0 || count > plain_bytes - at - same) {
      reader.fail("a stretch is empty or reaches past its base");
    }
    at += static_cast<std::size_t>(same);
    const ByteView bytes = reader.bytes(static_cast<std::size_t>(count));
    std::memcpy(plain.data() + at, bytes.data(), bytes.size());
    at += bytes.size();
  }
  return plain;
}

void append_delta(Bytes& out, ByteView plain, ByteView base, int level) {
  const std::size_t prefix = shared_prefix(plain, base);
  const std::size_t suffix = shared_suffix(plain.substr(prefix), base.substr(prefix));
  core::put_varint(out, prefix);
  core::put_varint(out, suffix);
  const ByteView middle = plain.substr(prefix, plain.size() - prefix - suffix);
  if (middle.empty()) return;
  const std::size_t before = out.size();
  core::compress_delta(out, middle, base, level);
  if (out.size() - before < middle.size()) return;
  out.resize(before);
  out.append(middle);
}

Bytes apply_delta(ByteView delta, ByteView base, std::size_t plain_bytes) {
  core::ByteReader reader(delta, "delta");
  const std::uint64_t prefix = reader.varint();
  const std::uint64_t suffix = reader.varint();
  if (prefix > base.size() || suffix > base.size() - prefix) reader.fail("reaches past its base");
  if (prefix > plain_bytes || suffix > plain_bytes - prefix) reader.fail("copies too much");
  const std::size_t middle = plain_bytes - prefix - suffix;
  const ByteView body = reader.bytes(reader.remaining());
  if (body.size() > middle) reader.fail("bytes follow its end");
  Bytes plain(plain_bytes, '\0');
  std::memcpy(plain.data(), base.data(), prefix);
  std::memcpy(plain.data() + plain_bytes - suffix, base.data() + base.size() - suffix, suffix);
  if (body.size() == middle) {
    std::memcpy(plain.data() + prefix, body.data(), middle);
  } else {
    core::decompress_delta(plain.data() + prefix, middle, body, base);
  }
  return plain;
}

}  // namespace isodb::objects
