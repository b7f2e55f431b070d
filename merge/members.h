#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/key.h"

namespace isodb::merge {

/// A longer document says nothing about anybody.
inline constexpr std::size_t kMemberBytesMax = std::size_t{64} << 10;
inline constexpr std::string_view kMembersPrefix = ".isodb/members/";

enum class Role { kReader, kWriter, kAdmin };
std::string_view role_name(Role role);  ///< "reader", "writer", "admin"
/// Error(kInvalid) for any other word.
Role parse_role(std::string_view text);

/// Who a key belongs to and what it may do: a document below .isodb/members/. A plain value.
struct Member {
  std::string name;
  PublicKey key;
  Role role = Role::kReader;
  std::vector<std::string> prefixes;  ///< what a writer may change; empty: everything
  bool revoked = false;
  /// The key that this one came after when it was rotated: no right, and never part of a merge of
  /// versions.
  std::optional<PublicKey> replaces = std::nullopt;
};

std::string member_path(const PublicKey& key);
/// The document's JSON text.
Bytes member_document(const Member& member);
/// Error(kInvalid) that names the member of the JSON object that is missing or wrong.
Member parse_member(ByteView document);
/// The member that the document under a path is about; nullopt where it is none, or about a key
/// that the path does not name.
std::optional<Member> member_at(std::string_view path, ByteView document);

/// What concurrent versions of one member's document say together, oldest first: revoked if one of
/// them says so, the least role, the prefixes that all allow, the name of the last. At least one.
Member merge_members(const std::vector<Member>& versions);

}  // namespace isodb::merge
