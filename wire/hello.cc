#include "wire/hello.h"

#include <utility>

#include "core/hash.h"
#include "isodb/entry.h"
#include "isodb/error.h"
#include "wire/fields.h"
#include "wire/refs_list.h"

namespace isodb::wire {
namespace {

enum Flag : std::uint8_t {
  kSends = 1,
  kTakes = 2,
  kWatches = 4,
  kAny = 8,
  kMore = 16,
  kUnknown = 32,
  kWholeId = 64,
  kRefuses = 128,
};

constexpr std::size_t kHalfIdBytes = Id::kSize / 2;
constexpr std::size_t kHintBytesMin = 8 + 1 + 4;
constexpr std::uint8_t kResumesInCommit = 1, kResumesAmongObjects = 2;

[[noreturn]] void throw_invalid(const char* problem) {
  throw Error(ErrorCode::kInvalid, std::string("a HELLO with ") + problem);
}

bool repository_is_good(const Hello& hello) {
  const std::size_t size = hello.repository.size();
  return size == 0 || size == kHalfIdBytes || size == Id::kSize;
}

using Boundary = ScopeClaim::Boundary;

/// nullptr, or what is wrong with a scope.
const char* scope_problem(const ScopeClaim& scope) {
  std::size_t bytes = 0;
  for (const std::string& prefix : scope.prefixes) {
    if (prefix.empty()) return "an empty path prefix";
    if (prefix.size() > kPathBytesMax) return "a path prefix above 1,024 bytes";
    bytes += prefix.size();
  }
  if (scope.prefixes.size() > kScopePrefixesMax) return "more than 64 path prefixes";
  if (bytes > kScopePrefixBytesMax) return "path prefixes of more than 8,192 bytes";
  if (!is_strictly_sorted(scope.prefixes)) return "path prefixes not sorted, or one twice";
  if (scope.boundary == Boundary::kNone && scope.prefixes.empty()) return "a scope of everything";
  if ((scope.boundary == Boundary::kCommits) == scope.commits.empty()) {
    return "a boundary without commits, or commits that are none";
  }
  if (scope.commits.size() > kScopeBoundaryMax) return "a boundary of more than 512 commits";
  if (!is_strictly_sorted(scope.commits)) return "a boundary not sorted, or a commit twice";
  if (scope.boundary == Boundary::kDepth && scope.number == 0) return "a depth of 0";
  return nullptr;
}

void check(const Hello& hello) {
  if (hello.version_lowest == 0 || hello.version_lowest > hello.version_highest) {
    throw_invalid("a lowest version that is 0 or above the highest");
  }
  if (!repository_is_good(hello)) throw_invalid("a repository's id that is not 0, 16 or 32 bytes");
  if (hello.extra_heads.size() > kExtraHeadsMax) throw_invalid("more than 1,024 extra heads");
  if (!is_strictly_sorted(hello.extra_heads)) throw_invalid("extra heads that are not sorted");
  if (hello.objects_taken && (hello.resume || hello.objects_taken->count == 0)) {
    throw_invalid("a commit and objects to go on with, or no objects");
  }
  if (hello.scope) {
    if (const char* problem = scope_problem(*hello.scope)) throw_invalid(problem);
  }
  check_refs(hello.refs);
}

std::uint8_t flags_of(const Hello& hello) {
  int flags = 0;
  if (hello.sends) flags |= kSends;
  if (hello.takes) flags |= kTakes;
  if (hello.watches) flags |= kWatches;
  if (hello.unknown) flags |= kUnknown;
  if (hello.repository.empty()) flags |= kAny;
  if (hello.repository.size() == Id::kSize) flags |= kWholeId;
  if (!hello.refused.empty()) flags |= kRefuses;
  return static_cast<std::uint8_t>(flags);
}

/// What stands before the list of refs.
Bytes encode_before_refs(const Hello& hello, std::uint8_t flags) {
  Bytes out;
  core::put_u8(out, hello.version_lowest);
  core::put_u8(out, hello.version_highest);
  core::put_varint(out, hello.features);
  core::put_u8(out, flags);
  out += hello.repository;
  core::put_u8(out, hello.agreement ? 1 : 0);
  if (hello.agreement) put_fixed(out, hello.agreement->bytes);
  return out;
}

Bytes encode_hint(const Hint& hint) {
  Bytes out;
  core::put_u64(out, hint.writer.value);
  core::put_varint(out, hint.sequence);
  put_fixed(out, hint.prefix);
  return out;
}

/// As many as take at most `room` bytes, sorted.
Bytes encode_hints(std::vector<Hint> hints, std::size_t room) {
  constexpr std::size_t kCountBytesMax = 2;  // of kHintsMax
  if (hints.size() > kHintsMax) hints.resize(kHintsMax);
  std::size_t bytes = kCountBytesMax;
  for (std::size_t i = 0; i < hints.size(); ++i) {
    bytes += encode_hint(hints[i]).size();
    if (bytes > room) hints.resize(i);
  }
  const auto by_writer = [](const Hint& a, const Hint& b) { return a.writer < b.writer; };
  std::sort(hints.begin(), hints.end(), by_writer);
  Bytes out;
  core::put_varint(out, hints.size());
  for (std::size_t i = 0; i < hints.size(); ++i) {
    if (hints[i].sequence == 0) throw_invalid("a hint of the sequence 0");
    if (i > 0 && !by_writer(hints[i - 1], hints[i])) throw_invalid("two hints of one writer");
    out += encode_hint(hints[i]);
  }
  return out;
}

void put_scope(Bytes& out, const ScopeClaim& scope) {
  core::put_varint(out, scope.prefixes.size());
  for (const std::string& prefix : scope.prefixes) put_text(out, prefix);
  core::put_u8(out, static_cast<std::uint8_t>(scope.boundary));
  if (scope.boundary == Boundary::kCommits) put_ids(out, scope.commits);
  if (scope.boundary >= Boundary::kDepth) core::put_varint(out, scope.number);
}

std::uint8_t resume_kind(const Hello& hello) {
  if (hello.objects_taken) return kResumesAmongObjects;
  return hello.resume ? kResumesInCommit : 0;
}

/// What stands behind the hints.
Bytes encode_end(const Hello& hello) {
  Bytes out;
  core::put_u8(out, resume_kind(hello));
  if (hello.objects_taken) {
    core::put_varint(out, hello.objects_taken->count);
    put_fixed(out, hello.objects_taken->chain_prefix);
  }
  if (hello.resume) {
    core::put_u64(out, hello.resume->stamp.clock.value);
    core::put_u64(out, hello.resume->stamp.writer.value);
    put_fixed(out, hello.resume->signature_prefix);
    core::put_varint(out, hello.resume->operations);
    core::put_varint(out, hello.resume->document_bytes);
  }
  core::put_u8(out, hello.scope ? 1 : 0);
  if (hello.scope) put_scope(out, *hello.scope);
  if (!hello.refused.empty()) put_refusals(out, hello.refused, kRefusedToldMax, "a HELLO");
  return out;
}

std::vector<Hint> read_hints(FieldReader& in) {
  std::vector<Hint> hints(in.count(kHintsMax, kHintBytesMin));
  for (std::size_t i = 0; i < hints.size(); ++i) {
    hints[i].writer.value = in.u64();
    hints[i].sequence = in.varint();
    hints[i].prefix = in.fixed<4>();
    if (hints[i].sequence == 0) in.fail("a hint has the sequence 0");
    if (i > 0 && hints[i].writer <= hints[i - 1].writer) in.fail("hints are not sorted");
  }
  return hints;
}

ResumePoint read_resume_point(FieldReader& in) {
  ResumePoint resume;
  resume.stamp.clock.value = in.u64();
  resume.stamp.writer.value = in.u64();
  resume.signature_prefix = in.fixed<16>();
  resume.operations = in.varint();
  resume.document_bytes = in.varint();
  return resume;
}

void read_resume(FieldReader& in, Hello& hello) {
  const std::uint8_t kind = in.u8();
  if (kind == kResumesInCommit) {
    hello.resume = read_resume_point(in);
  } else if (kind == kResumesAmongObjects) {
    ObjectsTaken& taken = hello.objects_taken.emplace();
    taken.count = in.varint();
    taken.chain_prefix = in.fixed<16>();
    if (taken.count == 0) in.fail("no objects to go on behind");
  } else if (kind != 0) {
    in.fail("an unknown way to go on");
  }
}

ScopeClaim read_scope(FieldReader& in) {
  ScopeClaim scope;
  scope.prefixes.resize(in.count(kScopePrefixesMax, 2));
  for (std::string& prefix : scope.prefixes) prefix = in.text(kPathBytesMax);
  const std::uint8_t boundary = in.u8();
  if (boundary > static_cast<std::uint8_t>(Boundary::kSince)) in.fail("an unknown boundary");
  scope.boundary = static_cast<Boundary>(boundary);
  if (scope.boundary == Boundary::kCommits) scope.commits = in.ids<CommitId>(kScopeBoundaryMax);
  if (scope.boundary >= Boundary::kDepth) scope.number = in.varint();
  if (const char* problem = scope_problem(scope)) in.fail(problem);
  return scope;
}

void read_versions(FieldReader& in, Hello& hello) {
  hello.version_lowest = in.u8();
  hello.version_highest = in.u8();
  if (hello.version_lowest == 0 || hello.version_lowest > hello.version_highest) {
    in.fail("the lowest version is 0 or above the highest");
  }
  if (hello.version_lowest > kProtocolVersion) {
    throw Error(ErrorCode::kUnsupported,
                "the peer speaks versions " + std::to_string(hello.version_lowest) + " to " +
                    std::to_string(hello.version_highest) +
                    " of the sync protocol, this side 1 to " + std::to_string(kProtocolVersion),
                "bring the older of the two programs up to date");
  }
}

}  // namespace

AgreementDigest agreement_digest(const Agreement& agreement) {
  using namespace std::string_view_literals;
  core::Sha256 hash;
  hash.start();
  hash.update("isodb-agreement-v1\0"sv);
  for (const auto& [name, ids] : agreement) {
    Bytes part;
    put_text(part, name);
    put_ids(part, ids);
    hash.update(part);
  }
  const Id whole = hash.finish();
  AgreementDigest digest;
  std::copy_n(whole.data(), digest.bytes.size(), digest.bytes.begin());
  return digest;
}

void write_hello(FrameWriter& out, Hello hello) {
  check(hello);
  hello.features &= ~kFeatureErases;  // says what follows
  if (!hello.erased.empty()) hello.features |= kFeatureErases;
  const std::uint8_t flags = flags_of(hello);
  Bytes payload = encode_before_refs(hello, flags);
  Bytes heads;
  put_ids(heads, hello.extra_heads);
  const Bytes end = encode_end(hello);
  const std::size_t taken = payload.size() + kRefsListBytesMin + heads.size() + end.size();
  const Bytes hints = encode_hints(std::move(hello.hints), kPayloadBytesMax - taken);

  RefsCutter refs(hello.refs);
  const std::size_t others = payload.size() + heads.size() + hints.size() + end.size();
  const Bytes list = refs.next(kPayloadBytesMax - others);
  if (!refs.at_end()) payload = encode_before_refs(hello, flags | kMore);
  payload.append(list).append(heads).append(hints).append(end);
  out.add(FrameType::kHello, payload);
  if (!refs.at_end()) write_rest(out, refs);
  if (!hello.erased.empty()) write_erased(out, hello.erased);
}

bool HelloReader::add(const Frame& frame) {
  if (state_ == State::kRefs && frame.type == FrameType::kRefs) {
    if (refs_.add(frame.payload)) state_ = after_refs();
    return state_ == State::kWhole;
  }
  if (state_ == State::kErased && frame.type == FrameType::kErased) {
    if (erased_.add(frame.payload)) state_ = State::kWhole;
    return state_ == State::kWhole;
  }
  if (state_ != State::kFirst || frame.type != FrameType::kHello) {
    throw Error(ErrorCode::kCorrupt, "a frame of type " +
                                         std::to_string(static_cast<unsigned>(frame.type)) +
                                         " stands where a HELLO, its REFS or ERASED have to");
  }
  FieldReader in(frame.payload, "HELLO");
  read_versions(in, hello_);
  hello_.features = in.varint();
  const std::uint8_t flags = in.u8();
  hello_.sends = (flags & kSends) != 0;
  hello_.takes = (flags & kTakes) != 0;
  hello_.watches = (flags & kWatches) != 0;
  hello_.unknown = (flags & kUnknown) != 0;
  if ((flags & kAny) != 0 && (flags & kWholeId) != 0) in.fail("any repository, and a whole id");
  if ((flags & kAny) == 0) {
    hello_.repository = in.bytes((flags & kWholeId) != 0 ? Id::kSize : kHalfIdBytes);
  }
  if (in.flag()) hello_.agreement = AgreementDigest{in.fixed<8>()};
  refs_.add_list(in);
  hello_.extra_heads = in.ids<Id>(kExtraHeadsMax);
  hello_.hints = read_hints(in);
  read_resume(in, hello_);
  if (in.flag()) hello_.scope = read_scope(in);
  if ((flags & kRefuses) != 0) {
    hello_.refused = read_refusals(in, kRefusedToldMax);
    if (hello_.refused.empty()) in.fail("a list of no refused commits");
  }
  in.expect_end();
  state_ = (flags & kMore) != 0 ? State::kRefs : after_refs();
  return state_ == State::kWhole;
}

Hello HelloReader::take() {
  hello_.refs = refs_.take();
  hello_.erased = erased_.take();
  return std::move(hello_);
}

}  // namespace isodb::wire
