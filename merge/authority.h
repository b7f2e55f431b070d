#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "isodb/key.h"
#include "merge/members.h"
#include "objects/tree.h"

namespace isodb::merge {

/// What a repository says of itself.
inline constexpr std::string_view kRepositoryDocument = ".isodb/repository.json";

/// Remembers what the member's document that was read last says: whoever commits again and again is
/// asked about again and again. Thread-safe.
class MemberMemo {
 public:
  /// member_at(path, the entry's document), which `read` gives where it is not known.
  std::optional<Member> member(const std::string& path, const Entry& entry,
                               const std::function<std::optional<Bytes>()>& read);

 private:
  std::mutex mutex_;
  std::string path_;  // empty: nothing is known
  Entry entry_;
  std::optional<Member> member_;
};

/// Who may write what, as the members in one tree say: the state of a commit's parents, so that
/// anyone can judge the commit offline. Borrows the reader's source and cache. Thread-safe where
/// `root_author` is.
class Authority {
 public:
  /// `root_author` is asked only where the members leave a key without rights. `memo` may be null;
  /// else it is borrowed.
  Authority(objects::NodeReader nodes, std::function<PublicKey()> root_author,
            MemberMemo* memo = nullptr)
      : nodes_(nodes), root_author_(std::move(root_author)), memo_(memo) {}

  /// What `key` may do by the members in `tree`; nullopt for a stranger. A repository open to
  /// anyone gives a key without a document the right to write. Where the tree has no admin, the
  /// root's author is one.
  std::optional<Member> member(const TreeId& tree, const PublicKey& key) const;
  bool has_admin(const TreeId& tree) const;

 protected:
  /// nullopt where there is none, and for one that is too large to govern anything.
  std::optional<Bytes> document(const TreeId& tree, std::string_view path) const;

 private:
  std::optional<Member> stated(const TreeId& tree, const PublicKey& key) const;
  bool open_to_anyone(const TreeId& tree) const;
  std::optional<Bytes> content(const Entry& entry) const;

  objects::NodeReader nodes_;
  std::function<PublicKey()> root_author_;
  MemberMemo* memo_;
};

enum class Deed { kPut, kDelete };
/// "" when the member may do that to the path; otherwise why not, for people.
std::string write_problem(const std::optional<Member>& member, std::string_view path, Deed deed);

}  // namespace isodb::merge
