#include "core/secret_memory.h"

#include <sodium.h>

#include <cstring>
#include <new>
#include <utility>

#include "isodb/error.h"
#include "isodb/passphrase.h"

namespace isodb {
namespace core {

void initialise_sodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) {
    throw Error(ErrorCode::kIo, "cannot initialise libsodium",
                "the operating system gives no random numbers: check /dev/urandom");
  }
}

SecretBytes::SecretBytes(std::size_t count) : count_(count) {
  initialise_sodium();
  data_ = static_cast<std::uint8_t*>(sodium_malloc(count));
  if (data_ == nullptr) throw std::bad_alloc();
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(count_, other.count_);
  return *this;
}

SecretBytes::~SecretBytes() {
  sodium_free(data_);
}  // wipes; takes nullptr

void wipe(Bytes& secret) noexcept {
  sodium_memzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace core

namespace {

std::shared_ptr<const core::SecretBytes> locked(ByteView bytes) {
  if (bytes.empty()) throw Error(ErrorCode::kInvalid, "the passphrase is empty");
  if (bytes.size() > Passphrase::kBytesMax) {
    throw Error(ErrorCode::kInvalid, "a passphrase has at most " +
                                         std::to_string(Passphrase::kBytesMax) + " bytes, not " +
                                         std::to_string(bytes.size()));
  }
  auto copy = std::make_shared<core::SecretBytes>(bytes.size());
  std::memcpy(copy->data(), bytes.data(), bytes.size());
  return copy;
}

}  // namespace

Passphrase::Passphrase(ByteView bytes) : bytes_(locked(bytes)) {}

ByteView Passphrase::bytes() const {
  return bytes_->view();
}

}  // namespace isodb
