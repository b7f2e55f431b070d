#include "wire/erased.h"

#include <algorithm>
#include <utility>

#include "isodb/error.h"
#include "wire/fields.h"

namespace isodb::wire {
namespace {

constexpr std::size_t kInFrame = 2'000;

}  // namespace

void write_erased(FrameWriter& out, const std::vector<Id>& contents) {
  if (contents.size() > kErasedMax) {
    throw Error(ErrorCode::kLimit, "more than 262,144 erased contents to be told of");
  }
  std::size_t done = 0;
  do {
    const std::size_t count = std::min(kInFrame, contents.size() - done);
    const auto begin = contents.begin() + static_cast<std::ptrdiff_t>(done);
    done += count;
    Bytes payload;
    core::put_u8(payload, done < contents.size() ? 1 : 0);
    put_ids(payload, std::vector<Id>(begin, begin + static_cast<std::ptrdiff_t>(count)));
    out.add(FrameType::kErased, payload);
  } while (done < contents.size());
}

bool ErasedReader::add(ByteView payload) {
  FieldReader in(payload, "ERASED");
  const bool more = in.flag();
  const std::vector<Id> ids = in.ids<Id>(kErasedMax - contents_.size());
  in.expect_end();
  if (more && ids.empty()) in.fail("no contents, and more to follow");
  if (!ids.empty() && !contents_.empty() && !(contents_.back() < ids.front())) {
    in.fail("contents are not sorted");
  }
  contents_.insert(contents_.end(), ids.begin(), ids.end());
  return !more;
}

std::vector<Id> ErasedReader::take() {
  return std::exchange(contents_, {});
}

}  // namespace isodb::wire
