#include "repo/authority.h"

#include <algorithm>

#include "core/json.h"
#include "isodb/error.h"
#include "objects/content.h"

namespace isodb::repo {
namespace {

constexpr std::string_view kRepositoryDocument = ".isodb/repository.json";
constexpr std::uint64_t kGovernedBytesMax = 64 * 1024;

/// Error(kInvalid) unless the document is that of the member whom its path names.
void check_member_document(std::string_view path, ByteView document) {
  const std::string subject = "'" + std::string(path) + "' says who may write here, and ";
  std::string expected;
  try {
    expected = member_path(parse_member(document).key);
  } catch (const Error& error) {
    throw Error(ErrorCode::kInvalid, subject + "cannot be read: " + error.what());
  }
  if (expected == path) return;
  throw Error(ErrorCode::kInvalid, subject + "holds another member's key",
              "the document of that member is " + expected);
}

}  // namespace

std::optional<Bytes> Authority::document(const TreeId& tree, std::string_view path) const {
  const std::optional<Entry> entry = objects::find_entry(nodes_, tree, path);
  if (!entry) return std::nullopt;
  return objects::read_content(nodes_.source(), {entry->content, entry->kind, entry->size},
                               kGovernedBytesMax);
}

std::optional<Member> Authority::member(const TreeId& tree, const PublicKey& key) const {
  if (const std::optional<Bytes> text = document(tree, member_path(key))) {
    const Member member = parse_member(*text);
    if (member.key == key) return member;
  }
  if (!open_to_anyone(tree)) return std::nullopt;
  return Member{key.fingerprint(), key, Role::kWriter, {}};
}

bool Authority::open_to_anyone(const TreeId& tree) const {
  const std::optional<Bytes> text = document(tree, kRepositoryDocument);
  if (!text) return false;
  const core::Json about = core::parse_json(*text);
  const core::Json* anyone = about.find("anyone");
  return anyone != nullptr && anyone->is_string() && anyone->as_string() == "writer";
}

void Authority::check_may_write(const TreeId& tree, const PublicKey& key,
                                const StagedChanges& changes) const {
  const std::optional<Member> writer = member(tree, key);
  if (writer && writer->role == Role::kAdmin && !writer->revoked) return;
  for (const StagedChanges::Change* change : changes.sorted()) {
    const std::string problem = write_problem(writer, change->path);
    if (problem.empty()) continue;
    throw Error(ErrorCode::kDenied,
                "the key " + key.fingerprint() + " may not write '" + std::string(change->path) +
                    "': " + problem,
                "an admin can change that in " + member_path(key));
  }
}

bool Authority::has_admin(const TreeId& tree) const {
  objects::Cursor cursor(nodes_, tree);
  for (cursor.seek(kMembersPrefix); cursor.valid() && cursor.path().starts_with(kMembersPrefix);
       cursor.next()) {
    try {
      const Member member = parse_member(*document(tree, cursor.path()));
      const bool is_own = member_path(member.key) == cursor.path();
      if (is_own && member.role == Role::kAdmin && !member.revoked) return true;
    } catch (const Error& error) {
      // A document that says nothing gives no rights; one that is damaged may say anything.
      if (error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kIo) throw;
    }
  }
  return false;
}

void Authority::check_stays_governed(const TreeId& after, const StagedChanges& changes) const {
  const auto governed = changes.sorted(kGovernedPrefix);
  if (governed.empty()) return;
  for (const StagedChanges::Change* change : governed) {
    const std::string path(change->path);
    const std::optional<Bytes> text = document(after, path);
    if (text && path.starts_with(kMembersPrefix)) check_member_document(path, *text);
    if (path != kRepositoryDocument) continue;
    if (!text) {
      throw Error(ErrorCode::kDenied, "'" + path + "' says what this repository is and must stay");
    }
    if (!core::parse_json(*text).is_object()) {
      throw Error(ErrorCode::kInvalid, "'" + path + "' is not a JSON object");
    }
  }
  if (has_admin(after)) return;
  throw Error(ErrorCode::kDenied,
              "after this no admin would be left below " + std::string(kMembersPrefix) +
                  ", and nobody could ever let anybody in again",
              "make another member admin first");
}

std::string write_problem(const std::optional<Member>& member, std::string_view path) {
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

}  // namespace isodb::repo
