#pragma once

#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/key.h"

namespace isodb::repo {

inline constexpr std::string_view kMembersPrefix = ".isodb/members/";

enum class Role { kReader, kWriter, kAdmin };

/// Who a key belongs to and what it may do: a document below .isodb/members/. A plain value.
struct Member {
  std::string name;
  PublicKey key;
  Role role = Role::kReader;
  std::vector<std::string> prefixes;  ///< what a writer may change; empty: everything
  bool revoked = false;
};

std::string member_path(const PublicKey& key);
/// The document's JSON text.
Bytes member_document(const Member& member);
/// Error(kInvalid) that names the member of the JSON object that is missing or wrong.
Member parse_member(ByteView document);

}  // namespace isodb::repo
