#include "merge/authority.h"

#include <algorithm>

#include "core/json.h"
#include "isodb/error.h"
#include "merge/erased.h"
#include "objects/content.h"

namespace isodb::merge {
namespace {

constexpr std::uint64_t kGovernedBytesMax = 64 * 1024;

bool is_valid_admin(const std::optional<Member>& member) {
  return member && member->role == Role::kAdmin && !member->revoked;
}

}  // namespace

std::optional<Member> MemberMemo::member(const std::string& path, const Entry& entry,
                                         const std::function<std::optional<Bytes>()>& read) {
  const std::lock_guard lock(mutex_);
  const bool is_known = path_ == path && entry_.content == entry.content &&
                        entry_.kind == entry.kind && entry_.size == entry.size;
  if (is_known) return member_;
  const std::optional<Bytes> document = read();
  if (!document) return std::nullopt;
  member_ = member_at(path, *document);
  path_ = path;
  entry_ = entry;
  return member_;
}

/// nullopt for a document that is too large to be about a member.
std::optional<Bytes> Authority::content(const Entry& entry) const {
  if (entry.size > kGovernedBytesMax) return std::nullopt;
  return objects::read_content(nodes_.source(), {entry.content, entry.kind, entry.size});
}

std::optional<Bytes> Authority::document(const TreeId& tree, std::string_view path) const {
  const std::optional<Entry> entry = objects::find_entry(nodes_, tree, path);
  return entry ? content(*entry) : std::nullopt;
}

std::optional<Member> Authority::member(const TreeId& tree, const PublicKey& key) const {
  std::optional<Member> member = stated(tree, key);
  if (is_valid_admin(member) || root_author_() != key || has_admin(tree)) return member;
  return Member{member ? member->name : key.fingerprint(), key, Role::kAdmin, {}, false};
}

std::optional<Member> Authority::stated(const TreeId& tree, const PublicKey& key) const {
  const std::string path = member_path(key);
  if (const std::optional<Entry> entry = objects::find_entry(nodes_, tree, path)) {
    if (memo_ != nullptr) return memo_->member(path, *entry, [&] { return content(*entry); });
    const std::optional<Bytes> document = content(*entry);
    return document ? member_at(path, *document) : std::nullopt;
  }
  if (!open_to_anyone(tree)) return std::nullopt;
  return Member{key.fingerprint(), key, Role::kWriter, {}, false};
}

bool Authority::has_admin(const TreeId& tree) const {
  objects::Cursor cursor(nodes_, tree);
  for (cursor.seek(kMembersPrefix); cursor.valid(); cursor.next()) {
    if (!cursor.path().starts_with(kMembersPrefix)) break;
    const std::optional<Bytes> document = content(cursor.entry());
    if (document && is_valid_admin(member_at(cursor.path(), *document))) return true;
  }
  return false;
}

bool Authority::open_to_anyone(const TreeId& tree) const {
  const std::optional<Bytes> text = document(tree, kRepositoryDocument);
  if (!text) return false;
  try {
    const core::Json about = core::parse_json(*text);
    const core::Json* anyone = about.find("anyone");
    return anyone != nullptr && anyone->is_string() && anyone->as_string() == "writer";
  } catch (const Error&) {  // it says nothing
    return false;
  }
}

std::string write_problem(const std::optional<Member>& member, std::string_view path, Deed deed) {
  if (deed == Deed::kDelete && path.starts_with(kErasedPrefix)) {
    return "what is erased stays erased";
  }
  if (!member) return "it belongs to no member";
  if (member->revoked) return "it is revoked";
  if (member->role == Role::kAdmin) return {};
  if (member->role == Role::kReader) return "it belongs to a reader";
  if (path.starts_with(kGovernedPrefix))
    return "only admins change " + std::string(kGovernedPrefix);
  const bool allowed =
      member->prefixes.empty() ||
      std::any_of(member->prefixes.begin(), member->prefixes.end(),
                  [&](const std::string& prefix) { return path.starts_with(prefix); });
  return allowed ? std::string() : "it is outside the member's prefixes";
}

}  // namespace isodb::merge
