#include "core/compress.h"

// The frame without its magic number is declared under this macro only. It is a parameter's value,
// not a function, so it does not bind the program to one version of the shared library.
#define ZSTD_STATIC_LINKING_ONLY
#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <new>
#include <string>

#include "core/varint.h"
#include "core/zstd_check.h"
#include "isodb/error.h"

namespace isodb::core {
namespace {

constexpr unsigned kWindowLogMax = 27;  // 128 MiB: what every zstd decoder takes unasked
// Above this, the match finder of a low level no longer indexes a whole base (measured with 1.5.4:
// 4 MiB cost 1 MiB at level 1); long distance matching does.
constexpr std::size_t kLongBaseBytes = std::size_t{1} << 20;
constexpr std::size_t kDictionaryBytesMin = 1024;
// A dictionary is stored beside what it compresses: it is never more than this part of the samples.
constexpr std::size_t kSampleBytesPerDictionaryByte = 8;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::unique_ptr<ZSTD_CCtx, FreeContext> new_compressor() {
  std::unique_ptr<ZSTD_CCtx, FreeContext> fresh(ZSTD_createCCtx());
  if (fresh == nullptr) throw std::bad_alloc();
  return fresh;
}

/// Sets it to `level` and to frames as compress.h describes them; what it held before is gone.
void set_up(ZSTD_CCtx* raw, int level) {
  check_zstd(ZSTD_CCtx_reset(raw, ZSTD_reset_session_and_parameters));
  check_zstd(ZSTD_CCtx_setParameter(raw, ZSTD_c_format, ZSTD_f_zstd1_magicless));
  check_zstd(ZSTD_CCtx_setParameter(raw, ZSTD_c_contentSizeFlag, 0));
  check_zstd(ZSTD_CCtx_setParameter(raw, ZSTD_c_checksumFlag, 0));
  check_zstd(ZSTD_CCtx_setParameter(raw, ZSTD_c_dictIDFlag, 0));
  check_zstd(ZSTD_CCtx_setParameter(raw, ZSTD_c_compressionLevel, level));
}

/// This thread's compressor for what needs no dictionary.
ZSTD_CCtx* compressor(int level) {
  thread_local const auto context = new_compressor();
  set_up(context.get(), level);
  return context.get();
}

/// A thread's compressor that holds a dictionary, made ready: that takes as long as a hundred
/// documents, so it stays until another is needed.
struct DictionaryCompressor {
  std::unique_ptr<ZSTD_CCtx, FreeContext> context = new_compressor();
  std::uint64_t dictionary = 0;  // its number
};

/// Longer documents are not matched with the dictionary's table but with a copy of it, so that it
/// must not be large (zstd's limit for its first strategy).
constexpr std::size_t kShortDocumentBytes = 8 * 1024;
/// For short documents at level 1: with a table for all 64 KiB of a dictionary, in place of the
/// 8,192 entries of the level, documents of 600 bytes get 6 % smaller in the same time.
constexpr int kQuickLevel = 1, kQuickHashLog = 16, kQuickMatchMin = 6;

std::uint64_t next_dictionary_number() {
  static std::atomic<std::uint64_t> number{0};
  return ++number;
}

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context = [] {
    std::unique_ptr<ZSTD_DCtx, FreeContext> fresh(ZSTD_createDCtx());
    if (fresh == nullptr) throw std::bad_alloc();
    check_zstd(ZSTD_DCtx_setParameter(fresh.get(), ZSTD_d_format, ZSTD_f_zstd1_magicless));
    return fresh;
  }();
  return context.get();
}

void append_frame(Bytes& out, ZSTD_CCtx* context, ByteView plain) {
  const std::size_t before = out.size();
  out.resize(before + ZSTD_compressBound(plain.size()));
  const std::size_t packed =
      ZSTD_compress2(context, out.data() + before, out.size() - before, plain.data(), plain.size());
  out.resize(ZSTD_isError(packed) ? before : before + packed);
  check_zstd(packed);
}

/// Of a dictionary's id, 4 bytes behind the magic number (RFC 8878, 5). zstd gives ids by chance:
/// one that is like this by chance is only not sent.
constexpr std::size_t kDictionaryIdOffset = 4;
constexpr std::string_view kPrivateId = "own\x01";

[[noreturn]] void throw_corrupt(const char* why) {
  throw Error(ErrorCode::kCorrupt, std::string("a compressed record is damaged: ") + why);
}

/// Throws unless `packed` is exactly one frame of the kind written here. zstd itself would go on to
/// a second frame, skip frames that carry nothing, and hand frames with old magic numbers to its
/// old decoders.
void expect_one_frame(ByteView packed) {
  constexpr std::size_t kHeaderBytes = 2;  // descriptor (no optional field: 0), window descriptor
  constexpr std::size_t kBlockHeaderBytes = 3;
  constexpr std::uint32_t kRepeatedByte = 1;  // block type: one byte stands for all
  constexpr int kWindowExponentMax = 17;      // 128 MiB: what every zstd takes unasked
  if (packed.size() < kHeaderBytes + kBlockHeaderBytes) throw_corrupt("it is too short");
  if (packed[0] != 0) throw_corrupt("its header is not one that is written here");
  if (static_cast<std::uint8_t>(packed[1]) >> 3 > kWindowExponentMax) {
    throw_corrupt("its window is too large");
  }
  packed.remove_prefix(kHeaderBytes);
  for (bool last = false; !last;) {
    if (packed.size() < kBlockHeaderBytes) throw_corrupt("it ends too early");
    const std::uint32_t header =
        load_u16(packed.data()) | std::uint32_t{static_cast<std::uint8_t>(packed[2])} << 16;
    last = (header & 1) != 0;
    const std::size_t bytes = (header >> 1 & 3) == kRepeatedByte ? 1 : header >> 3;
    packed.remove_prefix(kBlockHeaderBytes);
    if (packed.size() < bytes) throw_corrupt("it ends too early");
    packed.remove_prefix(bytes);
  }
  if (!packed.empty()) throw_corrupt("bytes follow its end");
}

void expect_length(std::size_t result, std::size_t plain_bytes) {
  if (ZSTD_isError(result)) {
    if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
    throw_corrupt(ZSTD_getErrorName(result));
  }
  if (result != plain_bytes) throw_corrupt("it is shorter than said");
}

}  // namespace

Dictionary::Dictionary(Bytes content, int level)
    : content_(std::move(content)),
      level_(level),
      number_(next_dictionary_number()),
      decompress_(ZSTD_createDDict_byReference(content_.data(), content_.size())) {
  // Whoever compresses with it later could not tell damage from a want of memory.
  ZSTD_CDict* const tried =
      ZSTD_createCDict_byReference(content_.data(), content_.size(), kQuickLevel);
  ZSTD_freeCDict(tried);
  if (tried != nullptr && decompress_ != nullptr) return;
  ZSTD_freeDDict(static_cast<ZSTD_DDict*>(decompress_));
  throw Error(ErrorCode::kCorrupt, "a compression dictionary is damaged");
}

Dictionary::~Dictionary() {
  ZSTD_freeDDict(static_cast<ZSTD_DDict*>(decompress_));
}

void mark_private(Bytes& dictionary) {
  dictionary.replace(kDictionaryIdOffset, kPrivateId.size(), kPrivateId);
}

bool is_private(ByteView dictionary) {
  return dictionary.size() >= kDictionaryIdOffset + kPrivateId.size() &&
         dictionary.substr(kDictionaryIdOffset, kPrivateId.size()) == kPrivateId;
}

Bytes train_dictionary(const std::vector<ByteView>& samples, std::size_t bytes_max) {
  std::vector<std::size_t> sizes;
  Bytes joined;
  for (const ByteView sample : samples) {
    sizes.push_back(sample.size());
    joined += sample;
  }
  const std::size_t room = std::min(bytes_max, joined.size() / kSampleBytesPerDictionaryByte);
  if (room < kDictionaryBytesMin) return {};
  ZDICT_fastCover_params_t parameters{};
  parameters.k = 512;
  parameters.d = 6;
  parameters.f = 20;
  parameters.accel = 1;
  parameters.zParams.compressionLevel = 3;
  Bytes dictionary(room, '\0');
  const std::size_t bytes = ZDICT_trainFromBuffer_fastCover(
      dictionary.data(), dictionary.size(), joined.data(), sizes.data(),
      static_cast<unsigned>(sizes.size()), parameters);
  if (ZDICT_isError(bytes)) return {};  // samples too few or too much alike
  dictionary.resize(bytes);
  return dictionary;
}

void compress(Bytes& out, ByteView plain, int level) {
  append_frame(out, compressor(level), plain);
}

void compress(Bytes& out, ByteView plain, const Dictionary& dictionary) {
  thread_local DictionaryCompressor for_short, for_long;
  const bool is_short = plain.size() <= kShortDocumentBytes;
  DictionaryCompressor& own = is_short ? for_short : for_long;
  ZSTD_CCtx* context = own.context.get();
  if (own.dictionary != dictionary.number_) {
    own.dictionary = 0;
    set_up(context, dictionary.level_);
    if (is_short && dictionary.level_ == kQuickLevel) {
      check_zstd(ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, kQuickHashLog));
      check_zstd(ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, kQuickMatchMin));
    }
    const ByteView content = dictionary.content_;
    check_zstd(ZSTD_CCtx_loadDictionary(context, content.data(), content.size()));
    own.dictionary = dictionary.number_;
  }
  append_frame(out, context, plain);
}

void compress_delta(Bytes& out, ByteView plain, ByteView base, int level) {
  ZSTD_CCtx* context = compressor(level);
  // The window must reach from the end of `plain` to the start of `base`.
  const auto reach = static_cast<unsigned>(std::bit_width(plain.size() + base.size()));
  const unsigned window_log = std::clamp<unsigned>(reach, ZSTD_WINDOWLOG_MIN, kWindowLogMax);
  check_zstd(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, static_cast<int>(window_log)));
  if (base.size() >= kLongBaseBytes) {
    check_zstd(ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1));
  }
  check_zstd(ZSTD_CCtx_refPrefix(context, base.data(), base.size()));
  append_frame(out, context, plain);
}

void decompress(char* out, std::size_t plain_bytes, ByteView packed) {
  expect_one_frame(packed);
  expect_length(ZSTD_decompressDCtx(decompressor(), out, plain_bytes, packed.data(), packed.size()),
                plain_bytes);
}

void decompress(char* out, std::size_t plain_bytes, ByteView packed, const Dictionary& dictionary) {
  expect_one_frame(packed);
  expect_length(
      ZSTD_decompress_usingDDict(decompressor(), out, plain_bytes, packed.data(), packed.size(),
                                 static_cast<const ZSTD_DDict*>(dictionary.decompress_)),
      plain_bytes);
}

void decompress_delta(char* out, std::size_t plain_bytes, ByteView packed, ByteView base) {
  expect_one_frame(packed);
  ZSTD_DCtx* context = decompressor();
  check_zstd(ZSTD_DCtx_refPrefix(context, base.data(), base.size()));
  expect_length(ZSTD_decompressDCtx(context, out, plain_bytes, packed.data(), packed.size()),
                plain_bytes);
}

}  // namespace isodb::core
