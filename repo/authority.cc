#include "repo/authority.h"

#include <string>

#include "core/json.h"
#include "isodb/error.h"
#include "merge/erased.h"

namespace isodb::repo {
namespace {

/// Error(kInvalid) unless the document is that of the member whom its path names.
void check_member_document(std::string_view path, ByteView document) {
  const std::string subject = "'" + std::string(path) + "' says who may write here, and ";
  std::string expected;
  try {
    expected = merge::member_path(merge::parse_member(document).key);
  } catch (const Error& error) {
    throw Error(ErrorCode::kInvalid, subject + "cannot be read: " + error.what());
  }
  if (expected == path) return;
  throw Error(ErrorCode::kInvalid, subject + "holds another member's key",
              "the document of that member is " + expected);
}

/// Nobody may, whoever it is.
void check_keeps_erasures(const StagedChanges& changes) {
  for (const StagedChanges::Change* change : changes.sorted(merge::kErasedPrefix)) {
    if (!change->removed) continue;
    throw Error(ErrorCode::kDenied, "'" + std::string(change->path) +
                                        "' cannot be removed: what is erased stays erased");
  }
}

}  // namespace

void Authority::check_may_write(const TreeId& tree, const PublicKey& key,
                                const StagedChanges& changes) const {
  const std::optional<merge::Member> writer = member(tree, key);
  check_keeps_erasures(changes);
  if (writer && writer->role == merge::Role::kAdmin && !writer->revoked) return;
  for (const StagedChanges::Change* change : changes.sorted()) {
    const std::string problem = merge::write_problem(writer, change->path, merge::Deed::kPut);
    if (problem.empty()) continue;
    throw Error(ErrorCode::kDenied,
                "the key " + key.fingerprint() + " may not write '" + std::string(change->path) +
                    "': " + problem,
                "an admin can change that in " + merge::member_path(key));
  }
}

void Authority::check_stays_governed(const TreeId& after, const StagedChanges& changes) const {
  const auto governed = changes.sorted(kGovernedPrefix);
  if (governed.empty()) return;
  for (const StagedChanges::Change* change : governed) {
    const std::string path(change->path);
    const std::optional<Bytes> text = document(after, path);
    if (!text && !change->removed) {
      throw Error(ErrorCode::kLimit, "'" + path + "' is longer than what governs may be, 64 KiB");
    }
    if (text && path.starts_with(merge::kMembersPrefix)) check_member_document(path, *text);
    if (path != merge::kRepositoryDocument) continue;
    if (!text) {
      throw Error(ErrorCode::kDenied, "'" + path + "' says what this repository is and must stay");
    }
    if (!core::parse_json(*text).is_object()) {
      throw Error(ErrorCode::kInvalid, "'" + path + "' is not a JSON object");
    }
  }
  if (has_admin(after)) return;
  throw Error(ErrorCode::kDenied,
              "after this no admin would be left below " + std::string(merge::kMembersPrefix) +
                  ", and nobody could ever let anybody in again",
              "make another member admin first");
}

}  // namespace isodb::repo
