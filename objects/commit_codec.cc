#include "objects/commit_codec.h"

#include <algorithm>

#include "isodb/entry.h"
#include "isodb/error.h"
#include "objects/deleted_paths.h"
#include "objects/header_lines.h"

namespace isodb::objects {
namespace {

void encode_origin(Bytes& out, const std::vector<OriginField>& origin) {
  if (origin.size() > kOriginFieldsMax) {
    throw Error(ErrorCode::kLimit, "a commit has more than 4096 origin fields");
  }
  for (const OriginField& field : origin) {
    check_origin_field(field);
    out.append("origin ").append(field.name).append(" ").append(field.value).append("\n");
  }
}

std::vector<OriginField> decode_origin(HeaderReader& headers) {
  std::vector<OriginField> origin;
  while (std::optional<ByteView> line = headers.optional("origin")) {
    const std::size_t space = line->find(' ');
    if (space == ByteView::npos) headers.fail("an origin header without a value");
    OriginField field{std::string(line->substr(0, space)), Bytes(line->substr(space + 1))};
    if (!origin_field_problem(field).empty()) headers.fail("a malformed origin header");
    if (origin.size() == kOriginFieldsMax) headers.fail("too many origin headers");
    origin.push_back(std::move(field));
  }
  return origin;
}

void append_message(Bytes& out, const Bytes& message) {
  if (message.size() > kMessageBytesMax) {
    throw Error(ErrorCode::kLimit, "the message is longer than 1 MiB");
  }
  out.append("\n").append(message).append("\n\n");
}

void append_signature(Bytes& out, const Signature& signature) {
  out.append(kSignatureWord).append(signature.hex()).append("\n");
}

void check_commit(const Commit& commit) {
  if (commit.parents.size() > kParentsMax) {
    throw Error(ErrorCode::kLimit, "a commit has more than 4096 parents");
  }
  if (!std::is_sorted(commit.parents.begin(), commit.parents.end()) ||
      std::adjacent_find(commit.parents.begin(), commit.parents.end()) != commit.parents.end()) {
    throw Error(ErrorCode::kInvalid, "a commit's parents are not sorted, or one stands twice");
  }
  const bool several = commit.parents.size() > 1;
  if (several && !commit.base) {
    throw Error(ErrorCode::kInvalid, "a commit with several parents has no base");
  }
  // Else its author could say what the only parent's tree is, members and all.
  if (!several && commit.base) {
    throw Error(ErrorCode::kInvalid, "a commit without several parents has a base");
  }
  if (commit.sequence == 0) throw Error(ErrorCode::kInvalid, "a commit's seq is 0");
}

}  // namespace

Bytes encode_commit_unsigned(const Commit& commit) {
  check_commit(commit);
  Bytes out;
  out.reserve(512 + commit.message.size());
  append_header(out, "tree", commit.tree.hex());
  if (commit.base) append_header(out, "base", commit.base->hex());
  if (commit.deleted) append_header(out, "deleted", commit.deleted->hex());
  for (const CommitId& parent : commit.parents) append_header(out, "parent", parent.hex());
  append_header(out, "author", commit.author.text());
  append_header(out, "writer", commit.writer.hex());
  append_header(out, "seq", std::to_string(commit.sequence));
  append_header(out, "clock", commit.clock.text());
  encode_origin(out, commit.origin);
  append_message(out, commit.message);
  return out;
}

Bytes encode_commit(const Commit& commit) {
  Bytes out = encode_commit_unsigned(commit);
  append_signature(out, commit.signature);
  return out;
}

Commit decode_commit(ByteView payload) {
  HeaderReader headers(payload, "commit");
  Commit commit;
  commit.tree = TreeId(headers.id("tree"));
  if (auto line = headers.optional("base")) commit.base = TreeId(headers.id_value(*line));
  if (auto line = headers.optional("deleted")) commit.deleted = headers.id_value(*line);
  while (auto line = headers.optional("parent")) {
    commit.parents.emplace_back(headers.id_value(*line));
    if (commit.parents.size() > kParentsMax) headers.fail("too many parents");
  }
  commit.author = headers.author();
  const std::optional<WriterId> writer = WriterId::from_hex(headers.required("writer"));
  if (!writer) headers.fail("a malformed writer header");
  commit.writer = *writer;
  commit.sequence = headers.number("seq");
  commit.clock = headers.clock();
  commit.origin = decode_origin(headers);
  headers.body(&commit.message, &commit.signature);
  try {
    check_commit(commit);
  } catch (const Error& error) {
    headers.fail(error.what());
  }
  return commit;
}

void sign_commit(Commit& commit, const SecretKey& key, const Id& repository) {
  commit.author = key.public_key();
  commit.signature = key.sign(SignatureDomain::kCommit, repository, encode_commit_unsigned(commit));
}

bool commit_signature_holds(const Commit& commit, const Id& repository) {
  return verify_signature(commit.author, commit.signature, SignatureDomain::kCommit, repository,
                          encode_commit_unsigned(commit));
}

Bytes encode_tag_unsigned(const Tag& tag) {
  if (const std::string problem = tag_name_problem(tag.name); !problem.empty()) {
    throw Error(ErrorCode::kInvalid, "the tag name '" + tag.name + "' " + problem);
  }
  Bytes out;
  append_header(out, "object", tag.object.hex());
  append_header(out, "type", object_type_name(tag.type));
  append_header(out, "tag", tag.name);
  append_header(out, "author", tag.author.text());
  append_header(out, "clock", tag.clock.text());
  encode_origin(out, tag.origin);
  append_message(out, tag.message);
  return out;
}

Bytes encode_tag(const Tag& tag) {
  Bytes out = encode_tag_unsigned(tag);
  append_signature(out, tag.signature);
  return out;
}

Tag decode_tag(ByteView payload) {
  HeaderReader headers(payload, "tag");
  Tag tag;
  tag.object = headers.id("object");
  const std::optional<ObjectType> type = object_type_from_name(headers.required("type"));
  if (!type) headers.fail("an unknown type");
  tag.type = *type;
  tag.name = headers.required("tag");
  if (!tag_name_problem(tag.name).empty()) headers.fail("a malformed tag name");
  tag.author = headers.author();
  tag.clock = headers.clock();
  tag.origin = decode_origin(headers);
  headers.body(&tag.message, &tag.signature);
  return tag;
}

void sign_tag(Tag& tag, const SecretKey& key, const Id& repository) {
  tag.author = key.public_key();
  tag.signature = key.sign(SignatureDomain::kTag, repository, encode_tag_unsigned(tag));
}

bool tag_signature_holds(const Tag& tag, const Id& repository) {
  return verify_signature(tag.author, tag.signature, SignatureDomain::kTag, repository,
                          encode_tag_unsigned(tag));
}

Bytes encode_deleted_paths(const std::vector<std::string>& paths) {
  Bytes out;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    check_path(paths[i]);
    if (i > 0 && paths[i - 1] >= paths[i]) {
      throw Error(ErrorCode::kInvalid, "the deleted paths are not sorted at '" + paths[i] + "'");
    }
    out.append(paths[i]).append("\n");
    if (out.size() > kDeletedListBytesMax) {
      throw Error(ErrorCode::kLimit, "the paths that one commit deletes take more than 64 MiB",
                  "delete them in several commits");
    }
  }
  return out;
}

std::vector<std::string> decode_deleted_paths(ByteView document) {
  DeletedPathsDecoder decoder;
  decoder.add(document);
  return decoder.finish();
}

}  // namespace isodb::objects

namespace isodb {

std::optional<ByteView> Commit::origin_field(std::string_view name) const {
  for (const OriginField& field : origin) {
    if (field.name == name) return ByteView(field.value);
  }
  return std::nullopt;
}

}  // namespace isodb
