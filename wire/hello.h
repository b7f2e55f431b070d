#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/hybrid_time.h"
#include "isodb/id.h"
#include "wire/erased.h"
#include "wire/frame.h"
#include "wire/refusals.h"

namespace isodb::wire {

class FieldReader;

// docs/protocol.md, "HELLO". Everything read here is refused with Error(kCorrupt), naming the
// frame, what is wrong and the offset, unless it is exactly what would be written; what is to be
// written and breaks a rule is Error(kInvalid), and Error(kLimit) where it is too much.

inline constexpr std::uint8_t kProtocolVersion = 1;
inline constexpr std::uint64_t kFeaturePartial = 1;
inline constexpr std::uint64_t kFeatureFrames = 2;
inline constexpr std::uint64_t kFeatureObjects = 4;  ///< answers a WANT of objects
/// Initiator, without commits of its own to tell: wants objects alone, and no commits.
inline constexpr std::uint64_t kFeatureMends = 8;
inline constexpr std::uint64_t kFeatureErases = 16;  ///< ERASED frames follow: set by write_hello()

inline constexpr std::size_t kRefsMax = 65'536;
inline constexpr std::size_t kRefHeadsMax = 4'096;
/// Of all refs of one HELLO together, so that what a peer can make us keep is bounded.
inline constexpr std::size_t kRefIdsMax = 131'072;
inline constexpr std::size_t kRefNameBytesMax = 255;
inline constexpr std::size_t kExtraHeadsMax = 1'024;
inline constexpr std::size_t kHintsMax = 4'096;
inline constexpr std::size_t kScopePrefixesMax = 64;
inline constexpr std::size_t kScopePrefixBytesMax = 8'192;  ///< of all together
inline constexpr std::size_t kScopeBoundaryMax = 512;
inline constexpr std::size_t kRefusedToldMax = 24;

/// Where a ref stands.
struct RefHeads {
  std::string name;  ///< "heads/…" or "tags/…"; what else makes a good name is not checked here
  std::vector<Id> ids;  ///< sorted, none twice; a tag: one; empty: the ref is gone
  friend bool operator==(const RefHeads&, const RefHeads&) = default;
};

/// From ref to its ids, none of them empty.
using Agreement = std::map<std::string, std::vector<Id>>;

struct AgreementDigest {
  std::array<std::uint8_t, 8> bytes{};
  friend bool operator==(const AgreementDigest&, const AgreementDigest&) = default;
};

/// Thread-safe; throws nothing but std::bad_alloc.
AgreementDigest agreement_digest(const Agreement& agreement);

/// The newest commit of a writer.
struct Hint {
  WriterId writer;
  std::uint64_t sequence = 0;
  std::array<std::uint8_t, 4> prefix{};  ///< of the commit's id
  friend bool operator==(const Hint&, const Hint&) = default;
};

/// Where in a commit an earlier session broke off.
struct ResumePoint {
  Stamp stamp;
  std::array<std::uint8_t, 16> signature_prefix{};
  std::uint64_t operations = 0;      ///< taken whole
  std::uint64_t document_bytes = 0;  ///< taken of the document after them
  friend bool operator==(const ResumePoint&, const ResumePoint&) = default;
};

/// How many objects an earlier session brought whole behind its last whole commit, or content that
/// was asked for.
struct ObjectsTaken {
  std::uint64_t count = 0;                      ///< at least 1
  std::array<std::uint8_t, 16> chain_prefix{};  ///< of what their ids come to, one after the other
  friend bool operator==(const ObjectsTaken&, const ObjectsTaken&) = default;
};

/// Which contents of documents a side takes (docs/protocol.md, "Partial repositories").
struct ScopeClaim {
  enum class Boundary : std::uint8_t {
    kNone = 0,
    kCommits,  ///< `commits`
    kDepth,    ///< `number` commits back from the heads: to be resolved by who answers
    kSince,    ///< what is older than `number` milliseconds: the same
  };
  std::vector<std::string> prefixes;  ///< sorted, none twice; empty: every path
  Boundary boundary = Boundary::kNone;
  std::vector<CommitId> commits;  ///< sorted, none twice, at least one
  std::uint64_t number = 0;
  friend bool operator==(const ScopeClaim&, const ScopeClaim&) = default;
};

struct Hello {
  std::uint8_t version_lowest = kProtocolVersion;
  std::uint8_t version_highest = kProtocolVersion;
  std::uint64_t features = 0;
  bool sends = false;
  bool takes = false;
  bool watches = false;
  bool unknown = false;  ///< responder: I do not know your digest, send all refs
  /// Nothing: any (a clone). 16 bytes: the first half of the id. 32: all of it, the answer to any.
  Bytes repository;
  std::optional<AgreementDigest> agreement;
  std::vector<RefHeads> refs;   ///< sorted by name, none twice
  std::vector<Id> extra_heads;  ///< sorted, none twice
  std::vector<Hint> hints;      ///< read: sorted by writer; to be written: any order
  std::optional<ResumePoint> resume;
  std::optional<ObjectsTaken> objects_taken;  ///< not with `resume`
  std::optional<ScopeClaim> scope;            ///< nullopt: everything
  /// What this side refused in earlier sessions and still would: sorted by commit, none twice.
  std::vector<Refusal> refused;
  /// Contents that are erased, and not by commits that both sides agreed on: sorted, none twice.
  std::vector<Id> erased;
  friend bool operator==(const Hello&, const Hello&) = default;
};

/// Appends a HELLO and as many REFS and ERASED as it takes. Hints are put where they belong; the
/// last ones given are left out where they do not fit (at most kHintsMax, and all but the refs in
/// one frame).
void write_hello(FrameWriter& out, Hello hello);

/// Appends REFS frames, at least one, the last of them marked as the last.
void write_refs(FrameWriter& out, const std::vector<RefHeads>& refs);

/// Collects the refs of several frames, within the limits. One thread at a time.
class RefsReader {
 public:
  /// The payload of a REFS frame; true when it was the last.
  bool add(ByteView payload);
  std::vector<RefHeads> take();

 private:
  friend class HelloReader;
  friend class BundleReader;
  void add_list(FieldReader& in);
  void add_ids(FieldReader& in, const RefHeads& more);

  std::vector<RefHeads> refs_;
  std::size_t ids_ = 0;
};

/// Collects a HELLO and the REFS and ERASED that go with it. One thread at a time.
class HelloReader {
 public:
  /// True when the HELLO is whole. Error(kCorrupt) for a frame that must not come here.
  bool add(const Frame& frame);
  /// Once, after that.
  Hello take();

 private:
  enum class State { kFirst, kRefs, kErased, kWhole };

  Hello hello_;
  State after_refs() const {
    return (hello_.features & kFeatureErases) != 0 ? State::kErased : State::kWhole;
  }

  RefsReader refs_;
  ErasedReader erased_;
  State state_ = State::kFirst;
};

}  // namespace isodb::wire
