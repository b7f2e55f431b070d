#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>

#include "isodb/error.h"
#include "isodb/key.h"
#include "net/tls.h"

namespace isodb::net {

/// Owns an object of OpenSSL's.
template <auto kFree>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using OpensslPointer = std::unique_ptr<T, OpensslFree<kFree>>;

struct TlsContext::Inside {
  TlsRole role = TlsRole::kInitiator;
  PublicKey own_key;
  OpensslPointer<SSL_CTX, SSL_CTX_free> ssl;
};

/// What the callbacks of a context need to know of a channel, and what they found. A channel sets
/// it as the application data of its SSL.
struct TlsVerdict {
  AcceptKey accept;
  TlsRole role = TlsRole::kInitiator;
  std::optional<PublicKey> peer_key;
  std::optional<Error> refusal;  ///< why the handshake must fail, in better words than OpenSSL's
};

/// That a key is not accepted, in the words of this role.
Error key_refused(const PublicKey& key, TlsRole role);

}  // namespace isodb::net
