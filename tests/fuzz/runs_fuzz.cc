// Any bytes, as the RUN frames of a stream: refused, or elements that are read the same when
// written again; a plain run is the very bytes that writing it again gives.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "isodb/error.h"
#include "tests/support/streams.h"
#include "wire/frame.h"

namespace {

using isodb::Bytes;
using isodb::ByteView;
using isodb::CommitId;
using isodb::Error;
using isodb::ErrorCode;
using isodb::testing::numbered_commit;
using isodb::testing::StreamReceiver;
using isodb::wire::Element;

constexpr std::uint64_t kResumedOperations = 2;

const std::vector<CommitId>& known() {
  static const std::vector<CommitId> all = {numbered_commit(5000), numbered_commit(5001)};
  return all;
}

void check_same(const std::vector<Element>& elements, bool is_one_plain_run, ByteView payload) {
  if (is_one_plain_run) {
    const Bytes again = isodb::testing::plain_run(elements, known(), kResumedOperations);
    if (again.substr(2) != payload.substr(2)) std::abort();
  }
  StreamReceiver receiver(known(), kResumedOperations);
  for (const Bytes& each : isodb::testing::write_stream(elements, known(), kResumedOperations)) {
    receiver.add_frame(each);
  }
  if (receiver.elements() != elements) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView bytes(reinterpret_cast<const char*>(data), size);
  StreamReceiver receiver(known(), kResumedOperations);
  std::size_t frames = 0;
  Bytes last;
  try {
    isodb::wire::FrameReader reader;
    while (const auto frame = reader.next(bytes)) {
      if (frame->type != isodb::wire::FrameType::kRun) continue;
      last = frame->payload;
      ++frames;
      receiver.add_frame(last);
    }
    receiver.reader().expect_end();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) std::abort();
    return 0;
  }
  const bool is_plain = frames == 1 && last.size() > 2 && last[1] == 0;
  check_same(receiver.elements(), is_plain, last);
  return 0;
}
