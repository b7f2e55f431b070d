#include "sync/partial_commit.h"

#include <algorithm>
#include <utility>

#include "core/varint.h"
#include "isodb/error.h"

namespace isodb::sync {
namespace {

constexpr std::uint8_t kVersion = 1;

void put_text(Bytes& out, ByteView text) {
  core::put_varint(out, text.size());
  out += text;
}
Bytes read_text(core::ByteReader& in) {
  return Bytes(in.bytes(in.varint()));
}

void put_content(Bytes& out, const objects::ContentRef& content) {
  out += content.id.bytes();
  core::put_u8(out, static_cast<std::uint8_t>(content.kind));
  core::put_varint(out, content.size);
}
objects::ContentRef read_content_ref(core::ByteReader& in) {
  objects::ContentRef content;
  content.id = in.id();
  const std::uint8_t kind = in.u8();
  if (kind > static_cast<std::uint8_t>(ContentKind::kList)) in.fail("has an unknown kind");
  content.kind = static_cast<ContentKind>(kind);
  content.size = in.varint();
  return content;
}

template <std::size_t Size>
void put_array(Bytes& out, const std::array<std::uint8_t, Size>& bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), Size);
}
template <std::size_t Size>
void read_array(core::ByteReader& in, std::array<std::uint8_t, Size>& bytes) {
  const ByteView read = in.bytes(Size);
  std::copy(read.begin(), read.end(), bytes.begin());
}

void put_commit(Bytes& out, const wire::CommitElement& commit) {
  put_array(out, commit.author.bytes);
  core::put_u64(out, commit.writer.value);
  core::put_varint(out, commit.sequence);
  core::put_varint(out, commit.millis);
  core::put_varint(out, commit.operations);
  core::put_varint(out, commit.parents.size());
  for (const CommitId& parent : commit.parents) out += parent.bytes();
  core::put_varint(out, commit.base_parent ? *commit.base_parent + std::uint64_t{1} : 0);
  core::put_varint(out, commit.origin.size());
  for (const OriginField& field : commit.origin) {
    put_text(out, field.name);
    put_text(out, field.value);
  }
  put_text(out, commit.message);
  put_array(out, commit.signature.bytes);
}

wire::CommitElement read_commit(core::ByteReader& in) {
  wire::CommitElement commit;
  read_array(in, commit.author.bytes);
  commit.writer.value = in.u64();
  commit.sequence = in.varint();
  commit.millis = in.varint();
  commit.operations = in.varint();
  for (std::uint64_t left = in.varint(); left > 0; --left) commit.parents.emplace_back(in.id());
  if (const std::uint64_t base = in.varint(); base > 0) {
    commit.base_parent = static_cast<std::uint32_t>(base - 1);
  }
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    Bytes name = read_text(in);
    commit.origin.push_back({std::move(name), read_text(in)});
  }
  commit.message = read_text(in);
  read_array(in, commit.signature.bytes);
  return commit;
}

}  // namespace

Stamp PartialCommit::stamp() const {
  const auto counter = static_cast<std::uint16_t>(commit.sequence);
  return {HybridTime::of(commit.millis, counter), commit.writer};
}

ResumePoint PartialCommit::resume_point() const {
  ResumePoint point;
  point.stamp = stamp();
  std::copy_n(commit.signature.bytes.begin(), point.signature.size(), point.signature.begin());
  point.operations = operations;
  for (const SavedBytes& saved : document) point.bytes += saved.content.size - saved.skipped;
  return point;
}

std::vector<Id> PartialCommit::named() const {
  std::vector<Id> ids{base, tree};
  for (const objects::ContentRef& content : deleted) ids.push_back(content.id);
  for (const SavedBytes& saved : document) ids.push_back(saved.content.id);
  return ids;
}

Bytes encode_partial_commit(const PartialCommit& partial) {
  Bytes out;
  core::put_u8(out, kVersion);
  put_commit(out, partial.commit);
  out += partial.base.bytes();
  out += partial.tree.bytes();
  core::put_varint(out, partial.operations);
  core::put_u8(out, partial.is_governed ? 1 : 0);
  core::put_u8(out, partial.last ? 1 : 0);
  if (partial.last) {
    core::put_varint(out, partial.last->rank);
    core::put_u8(out, partial.last->is_new ? 1 : 0);
    put_text(out, partial.last->path);
  }
  core::put_varint(out, partial.deleted.size());
  for (const objects::ContentRef& content : partial.deleted) put_content(out, content);
  core::put_varint(out, partial.document.size());
  for (const SavedBytes& saved : partial.document) {
    put_content(out, saved.content);
    core::put_varint(out, saved.skipped);
  }
  return out;
}

PartialCommit decode_partial_commit(ByteView bytes) {
  core::ByteReader in(bytes, "record of a commit that is not whole");
  if (in.u8() != kVersion) {
    throw Error(ErrorCode::kUnsupported, "a commit that is not whole was kept in another version");
  }
  PartialCommit partial;
  partial.commit = read_commit(in);
  partial.base = TreeId(in.id());
  partial.tree = TreeId(in.id());
  partial.operations = in.varint();
  partial.is_governed = in.u8() != 0;
  if (in.u8() != 0) {
    PathCoding::Place last;
    last.rank = in.varint();
    last.is_new = in.u8() != 0;
    last.path = read_text(in);
    partial.last = std::move(last);
  }
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    partial.deleted.push_back(read_content_ref(in));
  }
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    const objects::ContentRef content = read_content_ref(in);
    partial.document.push_back({content, in.varint()});
    if (partial.document.back().skipped > content.size) in.fail("skips more than there is");
  }
  in.expect_end();
  return partial;
}

}  // namespace isodb::sync
