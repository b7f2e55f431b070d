#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "isodb/bytes.h"

namespace isodb::net {

/// What an odd peer's certificate is like.
struct OddCertificate {
  std::string algorithm = "ED25519";  ///< "RSA", "P-256", "ED448", "": none
  std::string seed;                   ///< ED25519: 32 bytes; "": a new key
  std::string shown_key;              ///< with ED25519: another's key, shown without holding it
  std::string begins = "20200101000000Z", ends = "20400101000000Z";
  std::string name;               ///< common name; "": none
  std::size_t padding_bytes = 0;  /// in the name, in pieces
};

/// A TLS peer made with plain OpenSSL calls, as somebody else would: to be wrong in every way.
/// Believes every certificate.
class OpensslPeer {
 public:
  enum class Role { kClient, kServer };
  /// `adjust` may change what it speaks before it begins.
  OpensslPeer(Role role, const OddCertificate& certificate,
              const std::function<void(SSL_CTX*)>& adjust = {});
  ~OpensslPeer() { SSL_free(ssl_); }
  OpensslPeer(const OpensslPeer&) = delete;
  OpensslPeer& operator=(const OpensslPeer&) = delete;

  /// Takes bytes, goes on; false once it failed.
  bool receive(ByteView ciphertext);
  Bytes take_ciphertext();
  void send(ByteView plaintext) {
    SSL_write(ssl_, plaintext.data(), static_cast<int>(plaintext.size()));
  }
  bool done() const { return SSL_is_init_finished(ssl_) == 1; }
  const Bytes& plaintext() const { return plaintext_; }
  SSL* ssl() { return ssl_; }

 private:
  SSL* ssl_ = nullptr;
  Bytes plaintext_;
  bool failed_ = false;
};

}  // namespace isodb::net
