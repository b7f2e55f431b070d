#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "isodb/bytes.h"

namespace isodb {

namespace core {
class SecretBytes;
}

/// What a secret key on disk is kept under. Its bytes lie in locked memory, which is wiped when the
/// last copy goes; they are never printed or logged. A plain value.
class Passphrase {
 public:
  static constexpr std::size_t kBytesMax = 1024;

  /// The bytes as they are: no spelling of a letter is taken for another. Error(kInvalid) for none
  /// and for more than kBytesMax. The caller wipes its own copy.
  explicit Passphrase(ByteView bytes);

  ByteView bytes() const;

 private:
  std::shared_ptr<const core::SecretBytes> bytes_;
};

/// Asks for the passphrase of a key. Throws what the caller of the operation is to see. Must not
/// use the repository it is asked for.
using PassphraseFunction = std::function<Passphrase()>;

}  // namespace isodb
