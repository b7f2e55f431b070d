#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "isodb/key.h"
#include "tests/reference/history.h"
#include "tests/reference/value.h"

namespace isodb::reference {

enum class MemberRole { kReader, kWriter, kAdmin };

/// A member document. A plain value.
struct Member {
  std::string name;
  PublicKey key;
  MemberRole role = MemberRole::kReader;
  std::vector<std::string> prefixes;
  bool revoked = false;
};

/// Longer documents do not count.
inline constexpr std::size_t kMemberBytesMax = 65'536;
std::string member_path(const PublicKey& key);
bool is_member_path(const std::string& path);
Bytes member_text(const Member& member);
/// A member document for the key that `path` names.
std::optional<Member> parse_member(const std::string& path, const Document& document);
std::uint64_t parse_epoch(const Bytes& document);

/// A document under `.isodb/` of two or more live versions, in fold order.
struct GovernedMerge {
  Bytes bytes;
  bool conflict = false;
};
GovernedMerge merge_governed(const std::string& path, const std::vector<Document>& live);

/// The member documents with `revoked` that a commit wrote.
struct Revocation {
  std::size_t commit;
  PublicKey key;
};
/// How many heads count.
struct HeadLimits {
  std::size_t forked_max = 8, author_max = 256, all_max = 4096;
};
/// What is left of `commits`, which are closed. `is_members` tells whether a commit's author stood
/// under its member path there, or is the root's.
CommitSet peel_set(const History& history, const CommitSet& commits,
                   const std::vector<Revocation>& revocations, const HeadLimits& limits,
                   const std::function<bool(std::size_t)>& is_members);

}  // namespace isodb::reference
