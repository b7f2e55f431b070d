#pragma once

#include "isodb/commit.h"

namespace isodb::objects {

/// The canonical payload of a commit with its signature. Error(kInvalid) when a field breaks a rule
/// of docs/format.md.
Bytes encode_commit(const Commit& commit);
/// The bytes that the signature covers: everything before the signature line.
Bytes encode_commit_unsigned(const Commit& commit);
/// Strict inverse of encode_commit(): Error(kCorrupt), naming the header, for any other bytes.
Commit decode_commit(ByteView payload);
/// Sets author and signature. `repository` is the root's id; zeros for the root itself.
void sign_commit(Commit& commit, const SecretKey& key, const Id& repository);
bool commit_signature_holds(const Commit& commit, const Id& repository);

/// The canonical payload of a merge; Error(kInvalid) and, for more than 4,096 heads, Error(kLimit).
Bytes encode_merge(const Merge& merge);
/// Strict inverse of encode_merge(): Error(kCorrupt) for any other bytes.
Merge decode_merge(ByteView payload);

Bytes encode_tag(const Tag& tag);
Bytes encode_tag_unsigned(const Tag& tag);
Tag decode_tag(ByteView payload);
void sign_tag(Tag& tag, const SecretKey& key, const Id& repository);
bool tag_signature_holds(const Tag& tag, const Id& repository);

/// The sorted paths a commit deletes, as the bytes of its `deleted` document, and back (strict).
Bytes encode_deleted_paths(const std::vector<std::string>& paths);
std::vector<std::string> decode_deleted_paths(ByteView document);

}  // namespace isodb::objects
