#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/id.h"
#include "isodb/key.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/refusals.h"

namespace isodb::wire {

// The small frames of docs/protocol.md, each as a plain struct with its payload's one encoding:
// encode() is Error(kInvalid) or Error(kLimit) for what breaks a rule, decode_…() is
// Error(kCorrupt), naming the frame, what is wrong and the offset, for any other bytes.
// Thread-safe.

/// The stream is complete.
struct EndMessage {
  std::uint8_t stream = 0;
  std::uint64_t commits = 0;
  std::uint64_t operations = 0;
  friend bool operator==(const EndMessage&, const EndMessage&) = default;
};
Bytes encode(const EndMessage& end);
EndMessage decode_end(ByteView payload);

/// The stream cannot be used as it is.
struct NeedMessage {
  static constexpr std::size_t kMissingMax = 1'024;
  std::uint8_t stream = 0;
  std::uint64_t commits = 0;  ///< taken of that stream
  std::vector<Id> missing;    ///< sorted, none twice
  bool as_objects = false;    ///< the next commit is wanted as objects
  friend bool operator==(const NeedMessage&, const NeedMessage&) = default;
};
Bytes encode(const NeedMessage& need);
NeedMessage decode_need(ByteView payload);

/// What was taken is durable.
struct AckMessage {
  static constexpr std::size_t kRefusedMax = 256;
  std::uint8_t stream = 0;
  AgreementDigest agreement;
  std::vector<Refusal> refused;  ///< sorted by commit, none twice
  friend bool operator==(const AckMessage&, const AckMessage&) = default;
};
Bytes encode(const AckMessage& ack);
AckMessage decode_ack(ByteView payload);

/// Contents are wanted that were not sent: those of entries of commits' trees. Or `objects` are:
/// some of what these commits, merges and tags are and have (docs/protocol.md, "Mending").
struct WantMessage {
  static constexpr std::size_t kObjectsMax = 900;
  struct Entries {
    CommitId commit;                   ///< with `objects` also a merge or tag
    std::vector<std::uint64_t> ranks;  ///< in its tree, ascending; without `objects` at least one
    friend bool operator==(const Entries&, const Entries&) = default;
  };
  std::vector<Entries> wanted;  ///< sorted by commit, none twice; at least one
  std::vector<Id> objects;      ///< sorted, none twice; empty: contents are wanted
  friend bool operator==(const WantMessage&, const WantMessage&) = default;
};
/// Error(kLimit) for what does not fit in a frame.
Bytes encode(const WantMessage& want);
WantMessage decode_want(ByteView payload);

/// Why a session ends. Numbers unknown here are legal: the text says what they mean.
enum class ErrorReason : std::uint32_t {
  kProtocol = 1,  ///< what came is not what the protocol allows
  kVersion,       ///< no version that both speak
  kRepository,    ///< another repository, or not the one that was asked for
  kDenied,        ///< the device may not do this
  kBusy,          ///< this device has connected anew, or has to, for it may do less than before
  kLimit,         ///< more than is taken
  kTimeout,       ///< nothing came for too long
  kUnverified,    ///< a commit's signature does not hold, even as objects
  kIncomplete,    ///< something needed is on neither side
  kInternal,      ///< this side failed: disk, memory
  kClosing,       ///< this side ends what it is doing: it stops, or moves on
};

struct ErrorMessage {
  static constexpr std::size_t kTextBytesMax = 256;
  std::uint64_t code = 0;  ///< an ErrorReason, or what a later version made
  std::string text;        ///< any bytes, see Refusal::rule
  friend bool operator==(const ErrorMessage&, const ErrorMessage&) = default;
};
/// Cuts a text that is too long, at a character's begin.
Bytes encode(const ErrorMessage& error);
ErrorMessage decode_error(ByteView payload);

/// How much the next stream will bring: a hint for people who wait. Any values are legal.
struct ExpectMessage {
  std::uint64_t commits = 0;
  /// How many more the sender's largest tree has than the receiver's.
  std::uint64_t documents = 0;
  friend bool operator==(const ExpectMessage&, const ExpectMessage&) = default;
};
Bytes encode(const ExpectMessage& expect);
ExpectMessage decode_expect(ByteView payload);

/// A PING's payload means nothing; only its length is checked.
inline constexpr std::size_t kPingBytesMax = 64;
void check_ping(ByteView payload);

/// What a bundle holds.
struct BundleHeader {
  static constexpr std::uint8_t kVersion = 1;
  static constexpr std::size_t kPrerequisitesMax = 1'024;
  Id repository;
  std::uint64_t part = 1;   ///< from 1
  std::uint64_t parts = 1;  ///< at least `part`
  /// Where there are several parts: which bundle this is one of. Zeros else.
  std::array<std::uint8_t, 16> bundle{};
  std::vector<RefHeads> refs;           ///< sorted by name, none twice, none gone
  std::vector<CommitId> prerequisites;  ///< sorted, none twice; what is known in the stream
  friend bool operator==(const BundleHeader&, const BundleHeader&) = default;
};

/// Appends BUNDLE and as many REFS as it takes.
void write_bundle(FrameWriter& out, const BundleHeader& bundle);

/// Collects a BUNDLE and the REFS that go with it. One thread at a time.
class BundleReader {
 public:
  /// True when it is whole. Error(kCorrupt) for a frame that must not come here,
  /// Error(kUnsupported) for another version.
  bool add(const Frame& frame);
  /// Once, after that.
  BundleHeader take();

 private:
  BundleHeader bundle_;
  RefsReader refs_;
  enum class State { kFirst, kRefs, kWhole } state_ = State::kFirst;
};

/// Ends a bundle: over `isodb-bundle-v1\0`, the repository's id and SHA-256 of all bytes of the
/// file before this frame (Frame::begin of them).
struct BundleSignature {
  PublicKey key;
  Signature signature;
  friend bool operator==(const BundleSignature&, const BundleSignature&) = default;
};
Bytes encode(const BundleSignature& signature);
BundleSignature decode_bundle_signature(ByteView payload);

}  // namespace isodb::wire
