// Any bytes as what .isodb/members/ says of somebody: refused with a reason, or a member whose
// document, written anew, says the same; merged with itself it stays, and with another nobody
// gains.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "isodb/error.h"
#include "merge/members.h"
#include "tests/fuzz/three_parts.h"

namespace {

using namespace isodb;
using namespace isodb::merge;

void demand(bool holds) {
  if (!holds) std::abort();
}

bool same(const Member& a, const Member& b) {
  return a.name == b.name && a.key == b.key && a.role == b.role && a.prefixes == b.prefixes &&
         a.revoked == b.revoked;
}

std::optional<Member> read(std::string_view document) {
  try {
    const Member member = parse_member(document);
    const Bytes again = member_document(member);
    demand(again.size() > kMemberBytesMax || same(parse_member(again), member));
    demand(member_at(member_path(member.key), document).has_value());
    return member;
  } catch (const Error& error) {
    demand(error.code() == ErrorCode::kInvalid || error.code() == ErrorCode::kLimit);
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parts = fuzz::three_parts(data, size);
  const auto first = read(parts[0]), second = read(parts[1]);
  if (!first) return 0;
  demand(same(merge_members({*first, *first}), merge_members({*first})));
  if (!second) return 0;
  const Member merged = merge_members({*first, *second});
  demand(merged.role <= first->role && merged.role <= second->role);
  demand(merged.revoked == (first->revoked || second->revoked));
  return 0;
}
