#include <algorithm>
#include <string>
#include <utility>

#include "core/compress_stream.h"
#include "isodb/error.h"
#include "wire/columns.h"
#include "wire/element_order.h"
#include "wire/element_rules.h"
#include "wire/run.h"
#include "wire/run_format.h"

namespace isodb::wire {
namespace {

constexpr std::size_t kFlightBytes = 32 * 1024;  // packed: what a broken line costs, about
constexpr std::size_t kPackedFrom = 128;         // below, zstd is not even tried
// Of all but a commit, which may have more parents than that: two texts of 64 KiB, a path, numbers.
constexpr std::size_t kElementBytesMax = 135'168;
constexpr std::size_t kCommitBytesWithoutLists = 256;
constexpr std::size_t kParentBytesMax = 1 + Id::kSize;

[[noreturn]] void throw_invalid(const char* problem) {
  throw Error(ErrorCode::kInvalid, std::string("a stream cannot have ") + problem);
}

std::size_t element_bytes_max(const Element& element) {
  const auto* commit = std::get_if<CommitElement>(&element);
  if (commit == nullptr) return kElementBytesMax;
  return kCommitBytesWithoutLists + kParentBytesMax * commit->parents.size() +
         commit->message.size() + origin_bytes(*commit);
}

/// Of what does not pack any further.
std::size_t frame_bytes(const Element& element) {
  const auto* operation = std::get_if<OperationElement>(&element);
  const bool is_frame = operation != nullptr && operation->kind == OperationKind::kFrame;
  return is_frame ? operation->bytes.size() : 0;
}

void cut(ByteView body, std::uint8_t stream, Coding coding, std::vector<Bytes>& payloads) {
  while (!body.empty()) {
    const ByteView part = body.substr(0, kRunPartBytesMax);
    body.remove_prefix(part.size());
    Bytes payload;
    payload.reserve(kRunFrameHeaderBytes + part.size());
    core::put_u8(payload, stream);
    const int goes_on = body.empty() ? 0 : kGoesOnInNextFrame;
    core::put_u8(payload, static_cast<std::uint8_t>(static_cast<int>(coding) | goes_on));
    payloads.push_back(std::move(payload += part));
  }
}

}  // namespace

struct RunWriter::State {
  State(std::vector<CommitId> known, int zstd_level)
      : stream(std::move(known)), level(zstd_level) {}

  Coding pack(ByteView plain, std::size_t frame_bytes, Bytes& body);

  StreamState stream;
  ElementOrder order;
  Columns columns;
  std::size_t frame_bytes = 0;  // of the columns: packed already
  std::optional<Bytes> closed;  // a run that the next element did not fit into
  std::size_t closed_frame_bytes = 0;
  Bytes run, body;  // while a run is taken; kept for their memory
  int level;
  std::unique_ptr<core::CompressStream> zstd;
  bool window_is_open = false;
  // Of the runs so far, the last ones weighing more: what to expect of the next. At first: a half.
  std::size_t plain_seen = 2, packed_seen = 1;
};

/// The body of the run's frames, where they are not to have the plain run.
Coding RunWriter::State::pack(ByteView plain, std::size_t frame_bytes, Bytes& body) {
  if (level == kPlain || frame_bytes > plain.size() / 2) return Coding::kPlain;
  if (!window_is_open && plain.size() < kPackedFrom) return Coding::kPlain;
  if (!zstd) {
    zstd = std::make_unique<core::CompressStream>(level);
  } else if (!window_is_open) {
    zstd->restart(level);
  }
  core::put_varint(body, plain.size());
  zstd->add(body, plain);
  if (window_is_open) return Coding::kZstdGoesOn;
  if (body.size() >= plain.size()) return Coding::kPlain;  // the window stays closed
  window_is_open = true;
  return Coding::kZstdBegins;
}

RunWriter::RunWriter(std::vector<CommitId> known, int level)
    : state_(std::make_unique<State>(std::move(known), level)) {}
RunWriter::~RunWriter() = default;
RunWriter::RunWriter(RunWriter&&) noexcept = default;
RunWriter& RunWriter::operator=(RunWriter&&) noexcept = default;

void RunWriter::add(const Element& element) {
  if (const char* problem = element_problem(element)) throw_invalid(problem);
  if (const char* problem = state_->order.problem(element)) throw_invalid(problem);
  if (state_->columns.bytes() + element_bytes_max(element) > kRunBytesMax) {
    if (state_->closed) throw Error(ErrorCode::kLimit, "runs were made and not taken");
    state_->columns.take(state_->closed.emplace());
    state_->closed_frame_bytes = std::exchange(state_->frame_bytes, 0);
  }
  put_element(state_->columns, element, state_->stream);
  state_->order.took(element);
  state_->frame_bytes += frame_bytes(element);
}

void RunWriter::commit_is(const CommitId& id) {
  if (const char* problem = state_->order.naming_problem()) throw_invalid(problem);
  state_->order.named();
  state_->stream.parents.add(id);
}

bool RunWriter::is_empty() const {
  return state_->columns.shapes.empty() && !state_->closed;
}

bool RunWriter::is_full() const {
  const std::size_t plain = plain_bytes();
  return state_->closed || plain > kRunBytesMax - kElementBytesMax ||
         plain * state_->packed_seen / state_->plain_seen >= kFlightBytes;
}

std::size_t RunWriter::plain_bytes() const {
  const std::size_t open = state_->columns.shapes.empty() ? 0 : state_->columns.bytes();
  return (state_->closed ? state_->closed->size() : 0) + open;
}

std::vector<Bytes> RunWriter::take_run(std::uint8_t stream) {
  std::vector<Bytes> payloads;
  const auto take = [&](ByteView plain, std::size_t packed_already) {
    Bytes& body = state_->body;
    body.clear();
    const Coding coding = state_->pack(plain, packed_already, body);
    const ByteView coded = coding == Coding::kPlain ? plain : ByteView(body);
    state_->plain_seen = state_->plain_seen / 2 + plain.size();
    state_->packed_seen = state_->packed_seen / 2 + coded.size();
    cut(coded, stream, coding, payloads);
  };
  if (state_->closed) take(*std::exchange(state_->closed, {}), state_->closed_frame_bytes);
  if (!is_empty()) {
    state_->columns.take(state_->run);
    take(state_->run, std::exchange(state_->frame_bytes, 0));
  }
  return payloads;
}

void RunWriter::set_level(int level) {
  if (level == state_->level) return;
  state_->level = level;
  state_->window_is_open = false;
}

void RunWriter::release() {
  state_->zstd.reset();
  Bytes().swap(state_->run);
  Bytes().swap(state_->body);
  state_->window_is_open = false;
}

std::uint64_t RunWriter::commits() const {
  return state_->order.commits();
}

std::uint64_t RunWriter::operations() const {
  return state_->order.operations();
}

}  // namespace isodb::wire
