#include "bench/limits.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>
#include <zdict.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <numeric>
#include <stdexcept>

#include "bench/corpus.h"
#include "bench/hash.h"
#include "bench/random.h"

namespace isodb::bench {
namespace {

/// Nanoseconds of one call of `work`, which takes a running number: the smallest mean of five
/// blocks, since whatever disturbs a block only makes it longer.
template <typename Work>
double nanoseconds(int calls, Work&& work) {
  double best = 1e300;
  for (int block = 0; block < 5; ++block) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) work(i);
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
    best = std::min(best, spent.count() / calls);
  }
  return best;
}

std::vector<std::string> samples(int count) {
  std::vector<std::string> documents(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    Corpus::document(static_cast<std::uint64_t>(i), 0, documents[static_cast<std::size_t>(i)]);
  }
  return documents;
}

void measure_crypto(Json& out) {
  const std::string document(609, 'x');
  char sink = 0;
  out["sha256"] = nanoseconds(20000, [&](int) { sink ^= sha256(document)[0]; });
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_key;
  std::array<unsigned char, crypto_sign_BYTES> signature;
  crypto_sign_keypair(public_key.data(), secret_key.data());
  std::array<unsigned char, 300> message{};
  out["ed25519_sign"] = nanoseconds(1000, [&](int i) {
    message[0] = static_cast<unsigned char>(i ^ sink);
    crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                         secret_key.data());
  });
  out["ed25519_verify"] = nanoseconds(500, [&](int) {
    if (crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                    public_key.data()) != 0) {
      throw std::runtime_error("libsodium refuses its own signature");
    }
  });
}

void measure_zstd(Json& out) {
  const std::vector<std::string> documents = samples(8000);
  std::string training;
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 4000; ++i) {
    training += documents[static_cast<std::size_t>(i)];
    sizes.push_back(documents[static_cast<std::size_t>(i)].size());
  }
  std::string dictionary(64 << 10, '\0');
  dictionary.resize(ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), training.data(),
                                          sizes.data(), static_cast<unsigned>(sizes.size())));
  const std::unique_ptr<ZSTD_CDict, std::size_t (*)(ZSTD_CDict*)> into(
      ZSTD_createCDict(dictionary.data(), dictionary.size(), 3), ZSTD_freeCDict);
  const std::unique_ptr<ZSTD_DDict, std::size_t (*)(ZSTD_DDict*)> from(
      ZSTD_createDDict(dictionary.data(), dictionary.size()), ZSTD_freeDDict);
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> packer(ZSTD_createCCtx(),
                                                                       ZSTD_freeCCtx);
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> unpacker(ZSTD_createDCtx(),
                                                                         ZSTD_freeDCtx);
  std::vector<std::string> packed(4000, std::string(2048, '\0'));
  std::string plain(2048, '\0');
  std::vector<std::size_t> packed_sizes(4000);
  out["zstd_in"] = nanoseconds(4000, [&](int i) {
    const std::string& document = documents[static_cast<std::size_t>(i) + 4000];
    packed_sizes[static_cast<std::size_t>(i)] =
        ZSTD_compress_usingCDict(packer.get(), packed[static_cast<std::size_t>(i)].data(), 2048,
                                 document.data(), document.size(), into.get());
  });
  out["zstd_out"] = nanoseconds(4000, [&](int i) {
    ZSTD_decompress_usingDDict(unpacker.get(), plain.data(), plain.size(),
                               packed[static_cast<std::size_t>(i)].data(),
                               packed_sizes[static_cast<std::size_t>(i)], from.get());
  });
  std::size_t plain_bytes = 0;
  for (std::size_t i = 4000; i < documents.size(); ++i) plain_bytes += documents[i].size();
  out["zstd_ratio"] = static_cast<double>(plain_bytes) /
                      static_cast<double>(std::accumulate(packed_sizes.begin(), packed_sizes.end(),
                                                          std::size_t{0}));
}

void measure_fdatasync(Json& out, const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "fdatasync";
  const int handle = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (handle < 0) throw std::runtime_error("cannot write " + file.string());
  constexpr int kPages = 256;
  std::vector<char> page(4096, 'x');
  for (int i = 0; i < kPages; ++i) {
    if (::pwrite(handle, page.data(), page.size(), i * 4096) != 4096) {
      throw std::runtime_error("cannot write " + file.string());
    }
  }
  ::fsync(handle);
  out["fdatasync"] =
      nanoseconds(kPages,
                  [&](int i) {
                    page[0] ^= 1;
                    if (::pwrite(handle, page.data(), page.size(), i * 4096) != 4096 ||
                        ::fdatasync(handle) != 0) {
                      throw std::runtime_error("cannot sync " + file.string());
                    }
                  }) /
      1e3;
  ::close(handle);
  std::filesystem::remove(file);
}

void measure_memory(Json& out) {
  constexpr std::size_t kBytes = 256 << 20;
  std::vector<char> from(kBytes, 1), to(kBytes, 2);
  out["memcpy"] =
      kBytes / nanoseconds(1, [&](int) { std::memcpy(to.data(), from.data(), kBytes); });
  from = {};
  to = {};
  // One cycle through all cells in random order (Sattolo), a cache line each: no load can begin
  // before the one before it is done.
  struct alignas(64) Cell {
    std::uint32_t next;
  };
  std::vector<Cell> cells(kBytes / sizeof(Cell));
  for (std::uint32_t i = 0; i < cells.size(); ++i) cells[i].next = i;
  Random random(1);
  for (auto i = static_cast<std::uint32_t>(cells.size() - 1); i > 0; --i) {
    std::swap(cells[i].next, cells[random.below(i)].next);
  }
  std::uint32_t at = 0;
  out["memory_latency"] = nanoseconds(1 << 20, [&](int) { at = cells[at].next; });
  out["memory_checked"] = at < cells.size();  // keeps the walk from being left out
}

}  // namespace

const std::vector<Limit>& limits() {
  static const std::vector<Limit> all = {
      {"sha256", "SHA-256 of 609 bytes", "ns"},
      {"zstd_in", "zstd 3 with a 64 KiB dictionary, one document in", "ns"},
      {"zstd_out", "the same out", "ns"},
      {"zstd_ratio", "the same, plain : packed", ""},
      {"ed25519_sign", "Ed25519 sign", "ns"},
      {"ed25519_verify", "Ed25519 verify", "ns"},
      {"fdatasync", "write and fdatasync of 4 KiB", "µs"},
      {"memcpy", "memcpy of 256 MiB", "GB/s"},
      {"memory_latency", "random access to 256 MiB", "ns"},
  };
  return all;
}

Json measure_limits(const std::filesystem::path& folder) {
  Json out;
  measure_crypto(out);
  measure_zstd(out);
  measure_fdatasync(out, folder);
  measure_memory(out);
  return out;
}

}  // namespace isodb::bench
