#include "sync/bundle_parser.h"

#include <utility>

#include "isodb/error.h"

namespace isodb::sync {
namespace {

[[noreturn]] void fail_as_none() {
  throw Error(ErrorCode::kCorrupt, "the file is no bundle, or is damaged at its beginning",
              "name one that 'isodb bundle create' wrote; if it is that, copy it again");
}

[[noreturn]] void fail(const std::string& problem) {
  throw Error(ErrorCode::kCorrupt, "the bundle is damaged: " + problem,
              "copy it again, and apply it again");
}

}  // namespace

BundleParser::BundleParser(Events events) : events_(std::move(events)) {
  hash_.start();
}

void BundleParser::add(ByteView bytes) {
  while (!bytes.empty()) {
    const ByteView before = bytes;
    const std::optional<wire::Frame> frame = next_frame(bytes);
    unhashed_ += before.substr(0, before.size() - bytes.size());
    if (frame) take(*frame);
    hash_up_to(frames_.bytes_taken());
  }
}

std::optional<wire::Frame> BundleParser::next_frame(ByteView& bytes) {
  try {
    return frames_.next(bytes);
  } catch (const Error& error) {
    if (!header_) fail_as_none();
    fail(signer_ ? "something stands behind its signature" : error.what());
  }
}

void BundleParser::hash_up_to(std::uint64_t offset) {
  if (offset <= hashed_) return;
  const std::size_t count = static_cast<std::size_t>(offset - hashed_);
  hash_.update(ByteView(unhashed_).substr(0, count));
  unhashed_.erase(0, count);
  hashed_ = offset;
}

void BundleParser::take(const wire::Frame& frame) {
  if (signer_) fail("something stands behind its signature");
  if (!header_) {
    if (frame.type != wire::FrameType::kBundle && frame.type != wire::FrameType::kRefs) {
      fail_as_none();
    }
    if (!read_header(frame)) return;
    if (events_.header) events_.header(*header_);
    return;
  }
  switch (frame.type) {
    case wire::FrameType::kErased:
      if (end_) fail("erased contents stand behind its end");
      if (erased_.add(frame.payload) && events_.erased) events_.erased(erased_.take());
      return;
    case wire::FrameType::kRun:
      if (end_) fail("a run stands behind its end");
      if (events_.run) events_.run(frame.payload);
      return;
    case wire::FrameType::kEnd:
      if (end_) fail("it ends twice");
      end_ = wire::decode_end(frame.payload);
      return;
    case wire::FrameType::kSignature:
      return take_signature(frame);
    default:
      fail("a frame stands where it may not");
  }
}

/// False where it goes on in the next frame.
bool BundleParser::read_header(const wire::Frame& frame) {
  try {
    if (!reader_.add(frame)) return false;
    header_ = reader_.take();
    return true;
  } catch (const Error&) {
    fail_as_none();
  }
}

/// The stream's end counts only when it is signed: then branches move.
void BundleParser::take_signature(const wire::Frame& frame) {
  if (!end_ && header_->part == header_->parts) fail("it has no end");
  const wire::BundleSignature said = wire::decode_bundle_signature(frame.payload);
  hash_up_to(frame.begin);
  const Id digest = hash_.finish();
  if (!verify_signature(said.key, said.signature, SignatureDomain::kBundle, header_->repository,
                        digest.bytes())) {
    throw Error(ErrorCode::kUnverified, "the bundle is damaged: its signature does not hold",
                "copy it again, and apply it again");
  }
  signer_ = said.key;
  hash_.start();
}

void BundleParser::finish() const {
  if (signer_ && frames_.is_between_frames()) return;
  if (!header_ && frames_.bytes_taken() == 0) {
    fail_as_none();
  }
  if (signer_) fail("something stands behind its signature");
  fail("it is cut off after " + std::to_string(frames_.bytes_taken()) + " bytes");
}

}  // namespace isodb::sync
