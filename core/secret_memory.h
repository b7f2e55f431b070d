#pragma once

#include <cstddef>
#include <cstdint>

#include "isodb/bytes.h"

namespace isodb::core {

/// Before any other call of libsodium. Error(kIo) where the system gives no random numbers.
void initialise_sodium();

/// Bytes in memory that is not swapped out where the system lets it be locked, between guard pages,
/// and wiped on destruction. Movable, not copyable.
class SecretBytes {
 public:
  explicit SecretBytes(std::size_t count);
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();

  std::uint8_t* data() { return data_; }
  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return count_; }
  ByteView view() const { return {reinterpret_cast<const char*>(data_), count_}; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t count_ = 0;
};

/// Overwrites a secret that had to be in ordinary memory, and empties it.
void wipe(Bytes& secret) noexcept;

}  // namespace isodb::core
