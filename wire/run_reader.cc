#include <algorithm>
#include <string>
#include <utility>

#include "core/compress_stream.h"
#include "isodb/error.h"
#include "wire/columns.h"
#include "wire/element_order.h"
#include "wire/run.h"
#include "wire/run_format.h"

namespace isodb::wire {
namespace {

[[noreturn]] void throw_corrupt(const char* problem) {
  throw Error(ErrorCode::kCorrupt, std::string("a stream with ") + problem);
}

}  // namespace

std::uint8_t run_stream(ByteView payload) {
  return FieldReader(payload, "RUN").u8();
}

struct RunReader::State {
  explicit State(std::vector<CommitId> known) : stream(std::move(known)) {}

  void begin_run(FieldReader& in, Coding how);
  void add_part(FieldReader& in);
  void end_run();

  StreamState stream;
  ElementOrder order;
  std::optional<std::uint8_t> number;
  // The run whose frames are coming.
  std::size_t frames = 0;
  Coding coding = Coding::kPlain;
  Bytes plain;
  std::unique_ptr<core::DecompressStream> zstd;
  bool window_is_open = false;
  // The run whose elements are being read.
  std::optional<ColumnReaders> columns;
};

void RunReader::State::begin_run(FieldReader& in, Coding how) {
  coding = how;
  plain.clear();
  if (coding == Coding::kPlain) return;
  if (coding == Coding::kZstdGoesOn && !window_is_open) in.fail("it goes on with no window");
  const std::uint64_t size = in.varint();
  if (size == 0 || size > kRunBytesMax) in.fail("a run that is not 1 to 262,144 bytes");
  if (!zstd) {
    zstd = std::make_unique<core::DecompressStream>();
  } else if (coding == Coding::kZstdBegins) {
    zstd->restart();
  }
  window_is_open = true;
  plain.resize(static_cast<std::size_t>(size));
  zstd->begin(plain.data(), plain.size());
}

void RunReader::State::add_part(FieldReader& in) {
  const ByteView part = in.bytes(in.remaining());
  if (part.empty()) in.fail("a part of no bytes");
  if (coding != Coding::kPlain) {
    zstd->add(part);
    return;
  }
  if (part.size() > kRunBytesMax - plain.size()) in.fail("a run above 262,144 bytes");
  plain += part;
}

void RunReader::State::end_run() {
  frames = 0;
  if (coding != Coding::kPlain) zstd->finish();
  columns = ColumnReaders::open(plain);
}

RunReader::RunReader(std::vector<CommitId> known)
    : state_(std::make_unique<State>(std::move(known))) {}
RunReader::~RunReader() = default;
RunReader::RunReader(RunReader&&) noexcept = default;
RunReader& RunReader::operator=(RunReader&&) noexcept = default;

void RunReader::add_frame(ByteView payload) {
  if (state_->columns) {
    throw Error(ErrorCode::kInvalid, "the elements of the run before were not all taken");
  }
  FieldReader in(payload, "RUN");
  const std::uint8_t number = in.u8();
  const int head = in.u8();
  const int coding = head & ~kGoesOnInNextFrame;
  if (state_->number && *state_->number != number) in.fail("it is of another stream");
  if (coding > static_cast<int>(Coding::kZstdGoesOn)) in.fail("an unknown coding");
  state_->number = number;
  if (state_->frames == 0) {
    state_->begin_run(in, static_cast<Coding>(coding));
  } else if (coding != static_cast<int>(state_->coding)) {
    in.fail("another coding within a run");
  }
  if (++state_->frames > kRunFramesMax) in.fail("a run of more than 8 frames");
  state_->add_part(in);
  if ((head & kGoesOnInNextFrame) == 0) state_->end_run();
}

std::optional<Element> RunReader::next() {
  if (!state_->columns) return std::nullopt;
  ColumnReaders& columns = *state_->columns;
  if (columns.shapes.at_end()) {
    columns.expect_end();
    state_->columns.reset();
    return std::nullopt;
  }
  Element element = take_element(columns, state_->stream);
  if (const char* problem = state_->order.problem(element)) columns.shapes.fail(problem);
  state_->order.took(element);
  return element;
}

void RunReader::commit_is(const CommitId& id, bool is_stand_in) {
  if (const char* problem = state_->order.naming_problem()) {
    throw Error(ErrorCode::kInvalid, std::string("a commit cannot be named: ") + problem);
  }
  state_->order.named();
  state_->stream.parents.add(id, is_stand_in);
}

void RunReader::expect_end() const {
  if (state_->columns || state_->frames > 0) throw_corrupt("a run that is cut off");
  if (const char* problem = state_->order.end_problem()) throw_corrupt(problem);
}

void RunReader::release() {
  state_->zstd.reset();
  state_->window_is_open = false;
  if (!state_->columns && state_->frames == 0) Bytes().swap(state_->plain);
}

std::uint64_t RunReader::commits() const {
  return state_->order.commits();
}

std::uint64_t RunReader::operations() const {
  return state_->order.operations();
}

}  // namespace isodb::wire
