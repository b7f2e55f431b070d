// Any bytes, as the frames of a HELLO or of a bundle's head: refused, or written again as frames
// that say the same; a HELLO in one frame as the very bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "isodb/error.h"
#include "wire/messages.h"

namespace {

using isodb::Bytes;
using isodb::ByteView;
using isodb::Error;
using isodb::ErrorCode;
using namespace isodb::wire;

void write(FrameWriter& out, const Hello& hello) {
  write_hello(out, hello);
}
void write(FrameWriter& out, const BundleHeader& bundle) {
  write_bundle(out, bundle);
}

/// Throws where the frames are none; the bytes that `Reader` did not take are left.
template <typename Reader>
auto read(ByteView& bytes, std::size_t& frames) {
  FrameReader in;
  Reader reader;
  while (const auto frame = in.next(bytes)) {
    ++frames;
    if (reader.add(*frame)) return reader.take();
  }
  throw Error(ErrorCode::kCorrupt, "cut off");
}

template <typename Reader>
void check(ByteView bytes) {
  try {
    ByteView rest = bytes;
    std::size_t frames = 0;
    const auto message = read<Reader>(rest, frames);
    Bytes again;
    FrameWriter out(again);
    write(out, message);
    // Frames of unknown types may stand between; then the bytes are not the same.
    const Bytes taken(bytes.substr(0, bytes.size() - rest.size()));
    if (frames == 1 && taken.size() == again.size() && taken != again) std::abort();
    ByteView input = again;
    std::size_t ignored = 0;
    if (read<Reader>(input, ignored) != message || !input.empty()) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kUnsupported)
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  check<HelloReader>(bytes);
  check<BundleReader>(bytes);
  return 0;
}
