#include "net/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>

namespace isodb::net {
namespace {

/// "reason (0x...)" of the first error in the queue, which is emptied.
std::string openssl_reason(unsigned long code) {
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "code " + std::to_string(ERR_GET_REASON(code));
}

Error own_key_refused(const PublicKey& own_key, TlsRole role) {
  if (role == TlsRole::kResponder) {
    return Error(ErrorCode::kDenied,
                 "whoever connected did not take this device's key: it only asked for it, or "
                 "expects another",
                 "this device's fingerprint is " + own_key.fingerprint());
  }
  return Error(ErrorCode::kDenied,
               "the peer does not let in this device's key " + own_key.fingerprint(),
               "make this device a member there, or have its key allowed: " + own_key.text());
}

Error not_tls(const std::string& reason) {
  return Error(ErrorCode::kInvalid, "what the peer sent is not isodb's TLS: " + reason,
               "check host and port: something else answers there");
}

Error other_version() {
  return Error(ErrorCode::kUnsupported, "the peer does not speak TLS 1.3 as isodb does",
               "check host and port, and whether one side has to be updated");
}

Error other_protocol() {
  return Error(ErrorCode::kUnsupported, "the peer does not speak isodb-sync/1",
               "check host and port, and whether one side has to be updated");
}

Error no_key() {
  return Error(ErrorCode::kUnverified, "the peer showed no Ed25519 key",
               "it is no isodb device, or its key file is missing");
}

Error changed() {
  return Error(ErrorCode::kCorrupt, "a TLS record was changed on its way",
               "try again; something between the two devices tampers with the line");
}

/// Alerts that the peer sent; OpenSSL numbers them from 1000.
Error explain_alert(int alert, const PublicKey& own_key, TlsRole role, const std::string& reason) {
  switch (alert) {
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return own_key_refused(own_key, role);
    case SSL_AD_PROTOCOL_VERSION:
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_INSUFFICIENT_SECURITY:
      return other_version();
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return other_protocol();
    case SSL_AD_BAD_RECORD_MAC:
    case SSL_AD_DECRYPT_ERROR:
      return changed();
    default:
      return Error(ErrorCode::kIo, "the peer broke off TLS: " + reason);
  }
}

}  // namespace

void throw_openssl_error(const std::string& doing) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  throw Error(ErrorCode::kIo, "cannot " + doing + ": OpenSSL: " + openssl_reason(code),
              "check the installation of OpenSSL 3.0");
}

Error explain_tls_failure(const PublicKey& own_key, TlsRole role, bool handshake_done) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const std::string reason = openssl_reason(code);
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return handshake_done ? changed() : not_tls(reason);
  const int number = ERR_GET_REASON(code);
  if (number >= SSL_AD_REASON_OFFSET) {
    return explain_alert(number - SSL_AD_REASON_OFFSET, own_key, role, reason);
  }
  switch (number) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_WRONG_CERTIFICATE_TYPE:
    case SSL_R_UNKNOWN_CERTIFICATE_TYPE:
      return no_key();
    case SSL_R_BAD_SIGNATURE:
      return Error(ErrorCode::kUnverified, "the peer does not hold the key that it showed",
                   "somebody pretends to be another device");
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
      return other_version();
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return other_protocol();
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_DIGEST_CHECK_FAILED:
    case SSL_R_BAD_RECORD_TYPE:
      return changed();
    default:
      return handshake_done ? changed().within(reason) : not_tls(reason);
  }
}

}  // namespace isodb::net
