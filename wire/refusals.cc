#include "wire/refusals.h"

#include <algorithm>

#include "isodb/error.h"
#include "wire/fields.h"

namespace isodb::wire {
namespace {

constexpr std::size_t kRefusalBytesMin = Id::kSize + 1;

bool is_sorted(const std::vector<Refusal>& refused) {
  const auto not_before = [](const Refusal& a, const Refusal& b) { return a.commit >= b.commit; };
  return std::adjacent_find(refused.begin(), refused.end(), not_before) == refused.end();
}

}  // namespace

void put_refusals(Bytes& out, const std::vector<Refusal>& refused, std::size_t count_max,
                  const char* frame) {
  const std::string begin = std::string(frame) + " of ";
  if (refused.size() > count_max) {
    throw Error(ErrorCode::kLimit,
                begin + "more than " + std::to_string(count_max) + " refused commits");
  }
  if (!is_sorted(refused)) {
    throw Error(ErrorCode::kInvalid,
                begin + "refused commits that are not sorted, or with one twice");
  }
  core::put_varint(out, refused.size());
  for (const Refusal& refusal : refused) {
    out += refusal.commit.bytes();
    put_text(out, cut_text(refusal.rule, Refusal::kRuleBytesMax));
  }
}

std::vector<Refusal> read_refusals(FieldReader& in, std::size_t count_max) {
  std::vector<Refusal> refused(in.count(count_max, kRefusalBytesMin));
  for (Refusal& refusal : refused) {
    refusal.commit = CommitId(in.id());
    refusal.rule = in.text(Refusal::kRuleBytesMax);
  }
  if (!is_sorted(refused)) in.fail("commits are not sorted, or one stands twice,");
  return refused;
}

}  // namespace isodb::wire
