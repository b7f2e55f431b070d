#include "wire/refs_list.h"

#include <algorithm>
#include <string>
#include <utility>

#include "isodb/error.h"
#include "wire/fields.h"

namespace isodb::wire {
namespace {

constexpr std::string_view kHeads = "heads/", kTags = "tags/";
constexpr std::size_t kRefBytesMin = 1 + kTags.size() + 1 + 1;

/// nullptr or what is wrong with a ref's name.
const char* name_problem(ByteView name) {
  if (name.size() > kRefNameBytesMax) return "a ref's name is longer than 255 bytes";
  const bool is_head = name.size() > kHeads.size() && name.starts_with(kHeads);
  const bool is_tag = name.size() > kTags.size() && name.starts_with(kTags);
  if (!is_head && !is_tag) return "a ref is neither heads/… nor tags/…";
  return nullptr;
}

const char* ref_problem(const RefHeads& ref) {
  if (const char* problem = name_problem(ref.name)) return problem;
  if (ref.name.starts_with(kTags) && ref.ids.size() > 1) return "a tag has more than one id";
  if (!is_strictly_sorted(ref.ids)) return "a ref's ids are not sorted, or one stands twice";
  return nullptr;
}

}  // namespace

void check_refs(const std::vector<RefHeads>& refs) {
  std::size_t ids = 0;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const RefHeads& ref = refs[i];
    if (const char* problem = ref_problem(ref)) {
      throw Error(ErrorCode::kInvalid, "the ref '" + ref.name + "': " + problem);
    }
    if (i > 0 && refs[i - 1].name >= ref.name) {
      throw Error(ErrorCode::kInvalid, "the refs are not sorted at '" + ref.name + "'");
    }
    ids += ref.ids.size();
    if (ref.ids.size() > kRefHeadsMax) {
      throw Error(ErrorCode::kLimit, "the ref '" + ref.name + "' has more than 4,096 heads");
    }
  }
  if (refs.size() > kRefsMax || ids > kRefIdsMax) {
    throw Error(ErrorCode::kLimit, "more than 65,536 refs, or 131,072 heads of theirs",
                "sync fewer branches and tags at a time");
  }
}

Bytes RefsCutter::next(std::size_t bytes_max) {
  Bytes items;
  std::size_t count = 0;
  std::size_t room = bytes_max - kRefsListBytesMin;
  while (!at_end()) {
    const RefHeads& ref = (*refs_)[ref_];
    const std::size_t left = ref.ids.size() - id_;
    const std::size_t head = varint_bytes(ref.name.size()) + ref.name.size() + varint_bytes(left);
    const std::size_t ids_room = room < head ? 0 : (room - head) / Id::kSize;
    const std::size_t ids = std::min(left, ids_room);
    if (room < head || (ids == 0 && left > 0)) break;
    put_text(items, ref.name);
    core::put_varint(items, ids);
    for (std::size_t i = 0; i < ids; ++i) items += ref.ids[id_ + i].bytes();
    ++count;
    room -= head + ids * Id::kSize;
    id_ += ids;
    if (ids < left) break;
    id_ = 0;
    ++ref_;
  }
  Bytes out;
  core::put_varint(out, count);
  return out += items;
}

void write_rest(FrameWriter& out, RefsCutter& refs) {
  do {
    const Bytes list = refs.next(kPayloadBytesMax - 1);
    Bytes payload;
    core::put_u8(payload, refs.at_end() ? 0 : 1);
    out.add(FrameType::kRefs, payload += list);
  } while (!refs.at_end());
}

void write_refs(FrameWriter& out, const std::vector<RefHeads>& refs) {
  check_refs(refs);
  RefsCutter cutter(refs);
  write_rest(out, cutter);
}

void RefsReader::add_list(FieldReader& in) {
  const std::size_t count = in.count(kRefsMax, kRefBytesMin);
  for (std::size_t i = 0; i < count; ++i) {
    RefHeads ref;
    ref.name = in.text(kRefNameBytesMax);
    ref.ids = in.ids<Id>(kRefHeadsMax);
    if (const char* problem = ref_problem(ref)) in.fail(problem);
    ids_ += ref.ids.size();
    if (ids_ > kRefIdsMax) in.fail("more than 131,072 heads");
    const bool goes_on = i == 0 && !refs_.empty() && refs_.back().name == ref.name;
    if (goes_on) {
      add_ids(in, ref);
      continue;
    }
    if (!refs_.empty() && refs_.back().name >= ref.name) in.fail("refs are not sorted");
    if (refs_.size() == kRefsMax) in.fail("more than 65,536 refs");
    refs_.push_back(std::move(ref));
  }
}

void RefsReader::add_ids(FieldReader& in, const RefHeads& more) {
  std::vector<Id>& ids = refs_.back().ids;
  if (ids.empty() || more.ids.empty() || more.ids.front() <= ids.back()) {
    in.fail("a ref goes on with ids that are not sorted, or none");
  }
  ids.insert(ids.end(), more.ids.begin(), more.ids.end());
  if (ids.size() > kRefHeadsMax) in.fail("a ref has more than 4,096 heads");
  if (ref_problem(refs_.back()) != nullptr) in.fail("a tag has more than one id");
}

bool RefsReader::add(ByteView payload) {
  FieldReader in(payload, "REFS");
  const bool more = in.flag();
  const std::size_t before = refs_.size(), ids_before = ids_;
  add_list(in);
  in.expect_end();
  if (more && refs_.size() == before && ids_ == ids_before) in.fail("no refs, and more to follow");
  return !more;
}

std::vector<RefHeads> RefsReader::take() {
  ids_ = 0;
  return std::exchange(refs_, {});
}

}  // namespace isodb::wire
