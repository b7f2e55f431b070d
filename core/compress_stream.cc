#include "core/compress_stream.h"

// The frame without its magic number is declared under this macro only; see core/compress.cc.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include <algorithm>
#include <new>
#include <string>

#include "core/zstd_check.h"
#include "isodb/error.h"

namespace isodb::core {
namespace {

constexpr std::size_t kHeaderBytes = 2;  // descriptor (no optional field: 0), window descriptor
constexpr std::size_t kBlockHeaderBytes = 3;
constexpr unsigned kWindowLogMin = 10;

[[noreturn]] void throw_corrupt(const char* why) {
  throw Error(ErrorCode::kCorrupt, std::string("a compressed stream is damaged: ") + why);
}

}  // namespace

struct CompressStream::Context {
  Context() : zstd(ZSTD_createCCtx()) {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~Context() { ZSTD_freeCCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ZSTD_CCtx* zstd;
};

CompressStream::CompressStream(int level) : context_(std::make_unique<Context>()) {
  restart(level);
}
CompressStream::~CompressStream() = default;
CompressStream::CompressStream(CompressStream&&) noexcept = default;
CompressStream& CompressStream::operator=(CompressStream&&) noexcept = default;

void CompressStream::restart(int level) {
  ZSTD_CCtx* zstd = context_->zstd;
  check_zstd(ZSTD_CCtx_reset(zstd, ZSTD_reset_session_and_parameters));
  check_zstd(ZSTD_CCtx_setParameter(zstd, ZSTD_c_format, ZSTD_f_zstd1_magicless));
  check_zstd(ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0));
  check_zstd(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 0));
  check_zstd(ZSTD_CCtx_setParameter(zstd, ZSTD_c_dictIDFlag, 0));
  check_zstd(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level));
  check_zstd(ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, kStreamWindowLogMax));
}

void CompressStream::add(Bytes& out, ByteView plain) {
  ZSTD_inBuffer in{plain.data(), plain.size(), 0};
  // Headers aside, what the bound says suffices; the loop is for what a later zstd may do.
  std::size_t left = 1;
  while (left != 0) {
    const std::size_t before = out.size();
    out.resize(before + ZSTD_compressBound(plain.size() - in.pos) + kHeaderBytes);
    ZSTD_outBuffer space{out.data() + before, out.size() - before, 0};
    left = ZSTD_compressStream2(context_->zstd, &space, &in, ZSTD_e_flush);
    out.resize(before + space.pos);
    check_zstd(left);
  }
}

struct DecompressStream::Context {
  Context() : zstd(ZSTD_createDCtx()) {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~Context() { ZSTD_freeDCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ZSTD_DCtx* zstd;
  char* out = nullptr;
  std::size_t plain_bytes = 0;
  std::size_t written = 0;
  // Where in the stream's headers and blocks the next packed byte is.
  std::size_t header_bytes = 0;
  std::uint32_t block_header = 0;
  std::size_t block_header_bytes = 0;
  std::size_t block_bytes_left = 0;
};

DecompressStream::DecompressStream() : context_(std::make_unique<Context>()) {
  restart();
}
DecompressStream::~DecompressStream() = default;
DecompressStream::DecompressStream(DecompressStream&&) noexcept = default;
DecompressStream& DecompressStream::operator=(DecompressStream&&) noexcept = default;

void DecompressStream::restart() {
  ZSTD_DCtx* zstd = context_->zstd;
  check_zstd(ZSTD_DCtx_reset(zstd, ZSTD_reset_session_and_parameters));
  check_zstd(ZSTD_DCtx_setParameter(zstd, ZSTD_d_format, ZSTD_f_zstd1_magicless));
  check_zstd(ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, kStreamWindowLogMax));
  context_->plain_bytes = context_->written = 0;
  context_->header_bytes = context_->block_header_bytes = context_->block_bytes_left = 0;
}

void DecompressStream::begin(char* out, std::size_t plain_bytes) {
  context_->out = out;
  context_->plain_bytes = plain_bytes;
  context_->written = 0;
}

/// Follows headers and blocks: only a stream as it is written here is let through, which has no
/// end, so that zstd sees no second frame, no dictionary and no window that was not looked at.
void DecompressStream::watch(ByteView packed) {
  constexpr std::uint32_t kRepeatedByte = 1;  // block type: one byte stands for all
  Context& context = *context_;
  while (!packed.empty()) {
    const std::uint32_t byte = static_cast<std::uint8_t>(packed[0]);
    if (context.block_bytes_left > 0) {
      const std::size_t bytes = std::min(context.block_bytes_left, packed.size());
      context.block_bytes_left -= bytes;
      packed.remove_prefix(bytes);
      continue;
    }
    packed.remove_prefix(1);
    if (context.header_bytes < kHeaderBytes) {
      const unsigned log = kWindowLogMin + (byte >> 3);
      if (context.header_bytes == 0 && byte != 0) throw_corrupt("its header is none of ours");
      const bool is_large = log > kStreamWindowLogMax || (log == kStreamWindowLogMax && byte & 7);
      if (context.header_bytes == 1 && is_large) throw_corrupt("its window is too large");
      ++context.header_bytes;
      continue;
    }
    context.block_header |= byte << (8 * context.block_header_bytes);
    if (++context.block_header_bytes < kBlockHeaderBytes) continue;
    const std::uint32_t header = context.block_header;
    context.block_header = 0;
    context.block_header_bytes = 0;
    if ((header & 1) != 0) throw_corrupt("it ends where it has to go on");
    context.block_bytes_left = (header >> 1 & 3) == kRepeatedByte ? 1 : header >> 3;
  }
}

void DecompressStream::write(ByteView& packed, char* out, std::size_t room, std::size_t& written) {
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  ZSTD_outBuffer space{out, room, 0};
  const std::size_t result = ZSTD_decompressStream(context_->zstd, &space, &in);
  if (ZSTD_isError(result)) {
    if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
    throw_corrupt(ZSTD_getErrorName(result));
  }
  packed.remove_prefix(in.pos);
  written = space.pos;
}

void DecompressStream::add(ByteView packed) {
  watch(packed);
  Context& context = *context_;
  for (;;) {
    const std::size_t before = packed.size();
    std::size_t written = 0;
    const std::size_t room = context.plain_bytes - context.written;
    char beyond = 0;  // where what is too much would go
    if (room > 0) {
      write(packed, context.out + context.written, room, written);
      context.written += written;
    } else {
      write(packed, &beyond, 1, written);
      if (written > 0) throw_corrupt("it holds more than said");
    }
    if (packed.empty() && written == 0) return;
    if (packed.size() == before && written == 0) throw_corrupt("it does not go on");
  }
}

void DecompressStream::finish() {
  const Context& context = *context_;
  const bool at_block = context.block_header_bytes == 0 && context.block_bytes_left == 0;
  if (context.written != context.plain_bytes) throw_corrupt("it is shorter than said");
  if (!at_block) throw_corrupt("it is cut within a block");
}

}  // namespace isodb::core
