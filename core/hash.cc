#include "core/hash.h"

#include <openssl/evp.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <charconv>
#include <cstring>
#include <memory>

#include "isodb/error.h"

namespace isodb::core {
namespace {

[[noreturn]] void fail(const char* what) {
  throw Error(ErrorCode::kIo, std::string("OpenSSL cannot ") + what,
              "check the installation of OpenSSL (libssl3) and its configuration");
}

/// Fetched once: an implicit fetch costs more than the hash of a small document. Lives as long as
/// the process.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = [] {
    const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    if (fetched == nullptr) fail("provide SHA-256");
    return fetched;
  }();
  return method;
}

EVP_MD_CTX* new_context() {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  if (context == nullptr) throw std::bad_alloc();
  return context;
}

void start_digest(EVP_MD_CTX* context) {
  if (EVP_DigestInit_ex2(context, sha256_method(), nullptr) != 1) fail("start SHA-256");
}

void update_digest(EVP_MD_CTX* context, ByteView data) {
  if (EVP_DigestUpdate(context, data.data(), data.size()) != 1) fail("compute SHA-256");
}

Id finish_digest(EVP_MD_CTX* context) {
  Id id;
  unsigned length = 0;
  if (EVP_DigestFinal_ex(context, id.data(), &length) != 1 || length != Id::kSize) {
    fail("finish SHA-256");
  }
  return id;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

EVP_MD_CTX* thread_context() {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(new_context());
  return context.get();
}

/// "<type> <decimal length>\0", at most "commit" + 20 digits + 2.
struct ObjectHeader {
  char text[32];
  std::size_t size;

  ObjectHeader(ObjectType type, std::uint64_t payload_bytes) {
    const std::string_view name = object_type_name(type);
    std::memcpy(text, name.data(), name.size());
    char* at = text + name.size();
    *at++ = ' ';
    at = std::to_chars(at, text + sizeof text, payload_bytes).ptr;
    *at++ = '\0';
    size = static_cast<std::size_t>(at - text);
  }
  ByteView view() const { return {text, size}; }
};

}  // namespace

Id object_id(ObjectType type, ByteView payload) {
  const ObjectHeader header(type, payload.size());
  EVP_MD_CTX* context = thread_context();
  start_digest(context);
  update_digest(context, header.view());
  update_digest(context, payload);
  return finish_digest(context);
}

Id sha256(ByteView data) {
  EVP_MD_CTX* context = thread_context();
  start_digest(context);
  update_digest(context, data);
  return finish_digest(context);
}

Sha256::Sha256() : context_(new_context()) {}
Sha256::~Sha256() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Sha256::start() {
  start_digest(static_cast<EVP_MD_CTX*>(context_));
}

void Sha256::start_object(ObjectType type, std::uint64_t payload_bytes) {
  start();
  update(ObjectHeader(type, payload_bytes).view());
}

void Sha256::update(ByteView data) {
  update_digest(static_cast<EVP_MD_CTX*>(context_), data);
}
Id Sha256::finish() {
  return finish_digest(static_cast<EVP_MD_CTX*>(context_));
}

std::uint64_t xxh3(ByteView data, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

}  // namespace isodb::core
