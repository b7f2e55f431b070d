// Any bytes, as the bytes of a session: the same frames come out whatever portions they come in,
// and each small message is refused or is the encoding of what it says.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "isodb/error.h"
#include "wire/messages.h"

namespace {

using isodb::Bytes;
using isodb::ByteView;
using isodb::Error;
using isodb::wire::Frame;
using isodb::wire::FrameReader;
using isodb::wire::FrameType;

struct Session {
  std::vector<std::pair<FrameType, Bytes>> frames;
  bool is_refused = false;
};

Session read(ByteView bytes, std::size_t portion_bytes) {
  Session session;
  FrameReader reader;
  try {
    while (!bytes.empty()) {
      const Bytes portion(bytes.substr(0, portion_bytes));
      bytes.remove_prefix(portion.size());
      ByteView input = portion;
      while (const auto frame = reader.next(input)) {
        session.frames.emplace_back(frame->type, frame->payload);
      }
    }
  } catch (const Error&) {
    session.is_refused = true;
  }
  return session;
}

template <typename Decode>
void check_one_encoding(ByteView payload, Decode decode) {
  try {
    if (encode(decode(payload)) != payload) std::abort();
  } catch (const Error& error) {
    if (error.code() != isodb::ErrorCode::kCorrupt) std::abort();
  }
}

void check_message(FrameType type, ByteView payload) {
  using namespace isodb::wire;
  if (type == FrameType::kEnd) check_one_encoding(payload, decode_end);
  if (type == FrameType::kNeed) check_one_encoding(payload, decode_need);
  if (type == FrameType::kAck) check_one_encoding(payload, decode_ack);
  if (type == FrameType::kWant) check_one_encoding(payload, decode_want);
  if (type == FrameType::kExpect) check_one_encoding(payload, decode_expect);
  if (type == FrameType::kError) check_one_encoding(payload, decode_error);
  if (type == FrameType::kSignature) check_one_encoding(payload, decode_bundle_signature);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  const Session whole = read(bytes, std::max<std::size_t>(size, 1));
  const Session cut = read(bytes, 1 + size % 7);
  if (whole.frames != cut.frames || whole.is_refused != cut.is_refused) std::abort();
  for (const auto& [type, payload] : whole.frames) check_message(type, payload);
  return 0;
}
