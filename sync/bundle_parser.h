#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/hash.h"
#include "isodb/bytes.h"
#include "isodb/key.h"
#include "wire/erased.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace isodb::sync {

/// Reads a bundle (docs/protocol.md, "Bundles") from bytes in portions of any size, by whoever
/// wrote them: the order of frames, the signature at the end. Keeps one frame, and the header. One
/// thread at a time. Error(kCorrupt) for what is none or is damaged, Error(kUnverified) for a
/// signature that does not hold, and what the events throw.
class BundleParser {
 public:
  /// What was read, in this order. May be empty.
  struct Events {
    std::function<void(const wire::BundleHeader&)> header;
    std::function<void(ByteView run)> run;
    std::function<void(const std::vector<Id>& contents)> erased = {};  ///< before the first run
  };
  explicit BundleParser(Events events);

  void add(ByteView bytes);
  /// After the last byte: Error(kCorrupt) where the bundle is cut off.
  void finish() const;

  const std::optional<wire::BundleHeader>& header() const { return header_; }
  const std::optional<wire::EndMessage>& end() const { return end_; }
  const std::optional<PublicKey>& signer() const { return signer_; }

 private:
  std::optional<wire::Frame> next_frame(ByteView& bytes);
  void take(const wire::Frame& frame);
  bool read_header(const wire::Frame& frame);
  void take_signature(const wire::Frame& frame);
  void hash_up_to(std::uint64_t offset);

  Events events_;
  wire::FrameReader frames_;
  wire::BundleReader reader_;
  wire::ErasedReader erased_;
  std::optional<wire::BundleHeader> header_;
  std::optional<wire::EndMessage> end_;
  std::optional<PublicKey> signer_;
  core::Sha256 hash_;
  std::uint64_t hashed_ = 0;
  Bytes unhashed_;  // what was read and may belong to the signature's frame
};

}  // namespace isodb::sync
