#include "objects/delta.h"

#include <algorithm>
#include <cstring>

#include "core/compress.h"
#include "core/varint.h"

namespace isodb::objects {
namespace {

std::size_t shared_prefix(ByteView a, ByteView b) {
  const std::size_t limit = std::min(a.size(), b.size());
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.begin() + limit, b.begin()).first -
                                  a.begin());
}

std::size_t shared_suffix(ByteView a, ByteView b) {
  const std::size_t limit = std::min(a.size(), b.size());
  return static_cast<std::size_t>(std::mismatch(a.rbegin(), a.rbegin() + limit, b.rbegin()).first -
                                  a.rbegin());
}

}  // namespace

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
