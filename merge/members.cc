#include "merge/members.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/json.h"
#include "core/json_writer.h"
#include "isodb/error.h"

namespace isodb::merge {
namespace {

constexpr std::array<std::pair<std::string_view, Role>, 3> kRoleNames{
    {{"reader", Role::kReader}, {"writer", Role::kWriter}, {"admin", Role::kAdmin}}};

[[noreturn]] void fail(std::string_view problem) {
  throw Error(ErrorCode::kInvalid, "a member document " + std::string(problem));
}

std::string_view string_member(const core::Json& object, std::string_view name) {
  const core::Json* value = object.find(name);
  if (value == nullptr || !value->is_string()) fail("has no string '" + std::string(name) + "'");
  return value->as_string();
}

}  // namespace

std::string_view role_name(Role role) {
  for (const auto& [name, value] : kRoleNames) {
    if (value == role) return name;
  }
  return "reader";
}

Role parse_role(std::string_view text) {
  for (const auto& [name, value] : kRoleNames) {
    if (name == text) return value;
  }
  fail("has the unknown role '" + std::string(text) + "'");
}

std::string member_path(const PublicKey& key) {
  return std::string(kMembersPrefix) + key.fingerprint() + ".json";
}

Bytes member_document(const Member& member) {
  core::Json object = core::Json::object();
  object.set("name", core::Json::string(member.name));
  object.set("key", core::Json::string(member.key.text()));
  object.set("role", core::Json::string(role_name(member.role)));
  if (!member.prefixes.empty()) {
    core::Json prefixes = core::Json::array();
    for (const std::string& prefix : member.prefixes) prefixes.append(core::Json::string(prefix));
    object.set("prefixes", std::move(prefixes));
  }
  if (member.revoked) object.set("revoked", core::Json::boolean(true));
  if (member.replaces) object.set("replaces", core::Json::string(member.replaces->text()));
  return core::write_json(object) + "\n";
}

Member parse_member(ByteView document) {
  if (document.size() > kMemberBytesMax) fail("is longer than 64 KiB");
  const core::Json object = core::parse_json(document);
  if (!object.is_object()) fail("is not a JSON object");
  Member member;
  member.name = string_member(object, "name");
  const std::optional<PublicKey> key = PublicKey::parse(string_member(object, "key"));
  if (!key) fail("has a key that is not 'ed25519:' and 64 hexadecimal digits");
  member.key = *key;
  member.role = parse_role(string_member(object, "role"));
  if (const core::Json* prefixes = object.find("prefixes")) {
    if (!prefixes->is_array()) fail("has 'prefixes' that are not an array");
    for (const core::Json& prefix : prefixes->items()) {
      if (!prefix.is_string()) fail("has a prefix that is not a string");
      member.prefixes.emplace_back(prefix.as_string());
    }
  }
  if (const core::Json* revoked = object.find("revoked")) {
    member.revoked = !revoked->is_boolean() || revoked->as_boolean();
  }
  // Whatever stands there, the document is a member's, as it is for who knows nothing of rotation.
  if (const core::Json* replaces = object.find("replaces"); replaces && replaces->is_string()) {
    member.replaces = PublicKey::parse(replaces->as_string());
  }
  return member;
}

std::optional<Member> member_at(std::string_view path, ByteView document) {
  try {
    Member member = parse_member(document);
    if (member_path(member.key) == path) return member;
  } catch (const Error&) {  // it says nothing about anybody
  }
  return std::nullopt;
}

namespace {

using Prefixes = std::vector<std::string>;

/// The prefixes of the paths that begin with one of `a` and one of `b`.
Prefixes intersection(const Prefixes& a, const Prefixes& b) {
  Prefixes both;
  for (const std::string& left : a) {
    for (const std::string& right : b) {
      if (left.starts_with(right)) {
        both.push_back(left);
      } else if (right.starts_with(left)) {
        both.push_back(right);
      }
    }
  }
  std::sort(both.begin(), both.end());
  both.erase(std::unique(both.begin(), both.end()), both.end());
  return both;
}

}  // namespace

Member merge_members(const std::vector<Member>& versions) {
  Member merged = versions.back();
  merged.replaces.reset();  // the bytes of a merge are frozen (docs/merge.md)
  const Prefixes everything{""};
  Prefixes prefixes = everything;
  for (const Member& version : versions) {
    merged.revoked = merged.revoked || version.revoked;
    merged.role = std::min(merged.role, version.role);
    prefixes = intersection(prefixes, version.prefixes.empty() ? everything : version.prefixes);
  }
  if (prefixes.empty()) merged.role = Role::kReader;
  merged.prefixes = prefixes == everything ? Prefixes{} : std::move(prefixes);
  return merged;
}

}  // namespace isodb::merge
