#include "tests/reference/enumeration.h"

#include "isodb/entry.h"
#include "tests/reference/members.h"

namespace isodb::reference {
namespace {

PlannedWrite put(const std::string& path, const std::string& bytes) {
  return {path, PlannedDocument{bytes, std::string(media_type_for_path(path)), std::nullopt}};
}

/// Which commits each sees, as bits.
using Shape = std::vector<unsigned>;

/// The commits of `shape` that the set `parents` brings along, itself included.
unsigned closure(const Shape& shape, unsigned parents) {
  unsigned all = parents;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (parents >> i & 1) all |= shape[i];
  }
  return all;
}

/// All ways in which `commits` can see those before them: one closed set each.
void extend_shape(Shape& shape, std::size_t commits,
                  const std::function<void(const Shape&)>& visit) {
  if (shape.size() == commits) {
    visit(shape);
    return;
  }
  for (unsigned seen = 0; seen < 1u << shape.size(); ++seen) {
    if (closure(shape, seen) != seen) continue;
    shape.push_back(seen);
    extend_shape(shape, commits, visit);
    shape.pop_back();
  }
}

Plan plan_of(const Shape& shape, const std::vector<std::size_t>& writes) {
  Plan plan(1);
  const auto key = test_key(0).public_key();
  plan[0].writes = {put(member_path(key), member_text({"m", key, MemberRole::kAdmin, {}, {}}))};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    PlannedCommit planned;
    planned.writer = i + 1;
    planned.millis = i + 1;
    planned.after = {0};
    for (std::size_t j = 0; j < i; ++j) {
      if (shape[i] >> j & 1) planned.after.push_back(j + 1);
    }
    planned.writes = {enumerated_writes()[writes[i]]};
    plan.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace

const std::vector<PlannedWrite>& enumerated_writes() {
  static const std::vector<PlannedWrite> kWrites = {
      put("d.json", R"({"a":1})"),   put("d.json", R"({"a":2,"b":[1]})"),
      put("d.json", R"({"b":[2]})"), {"d.json", std::nullopt},
      put("t.txt", "x\n"),           put("t.txt", "y\nx\n")};
  return kWrites;
}

std::size_t enumerate_histories(std::size_t commits, std::size_t part, std::size_t parts,
                                const std::function<void(const Plan&)>& visit) {
  std::size_t number = 0, count = 0;
  Shape shape;
  extend_shape(shape, commits, [&](const Shape& complete) {
    std::vector<std::size_t> writes(commits, 0);
    for (;;) {
      if (number++ % parts == part) {
        visit(plan_of(complete, writes));
        ++count;
      }
      std::size_t digit = 0;
      while (digit < commits && ++writes[digit] == enumerated_writes().size()) writes[digit++] = 0;
      if (digit == commits) break;
    }
  });
  return count;
}

}  // namespace isodb::reference
