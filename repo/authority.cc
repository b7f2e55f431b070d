#include "repo/authority.h"

#include <algorithm>

#include "core/json.h"
#include "isodb/error.h"
#include "objects/content.h"

namespace isodb::repo {
namespace {

constexpr std::string_view kRepositoryDocument = ".isodb/repository.json";
constexpr std::uint64_t kGovernedBytesMax = 64 * 1024;

}  // namespace

std::optional<Member> Authority::member(const TreeId& tree, const PublicKey& key) const {
  const std::optional<Entry> entry = objects::find_entry(nodes_, tree, member_path(key));
  if (entry) {
    const Member member = parse_member(objects::read_content(
        nodes_.source(), {entry->content, entry->kind, entry->size}, kGovernedBytesMax));
    if (member.key == key) return member;
  }
  if (!open_to_anyone(tree)) return std::nullopt;
  return Member{key.fingerprint(), key, Role::kWriter, {}};
}

bool Authority::open_to_anyone(const TreeId& tree) const {
  const std::optional<Entry> entry = objects::find_entry(nodes_, tree, kRepositoryDocument);
  if (!entry) return false;
  const core::Json document = core::parse_json(objects::read_content(
      nodes_.source(), {entry->content, entry->kind, entry->size}, kGovernedBytesMax));
  const core::Json* anyone = document.find("anyone");
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
