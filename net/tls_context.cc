#include "net/tls_context.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "core/ed25519.h"
#include "core/hex.h"
#include "net/tls_error.h"

namespace isodb::net {
namespace {

using KeyPointer = OpensslPointer<EVP_PKEY, EVP_PKEY_free>;
using CertificatePointer = OpensslPointer<X509, X509_free>;

constexpr std::string_view kProtocolName = "isodb-sync/1";
constexpr std::string_view kAlpn = "\x0cisodb-sync/1";  // its length, then the name
static_assert(kAlpn.size() == 1 + kProtocolName.size() && kAlpn[0] == kProtocolName.size());
// What is cut off with a record cannot be read: 4 KiB instead of 16 KiB are lost, for 22 bytes
// each.
constexpr int kRecordBytesMax = 4096;
// A device's certificate has about 200 bytes.
constexpr int kCertificateBytesMax = 8192;

const unsigned char* unsigned_data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

void must(int outcome, const char* doing) {
  if (outcome != 1) throw_openssl_error(doing);
}

/// OpenSSL's copy of a secret key. The copies made on the way are wiped.
KeyPointer openssl_key(const SecretKey& key) {
  std::string text = key.text();  // "... <64 hex of the seed>\n"
  std::array<std::uint8_t, 32> seed{};
  const bool valid =
      text.size() > 2 * seed.size() &&
      core::from_hex(std::string_view(text).substr(text.size() - 65, 64), seed.data(), seed.size());
  OPENSSL_cleanse(text.data(), text.size());
  KeyPointer made(
      valid ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size())
            : nullptr);
  OPENSSL_cleanse(seed.data(), seed.size());
  if (made == nullptr) throw_openssl_error("use this device's key for TLS");
  return made;
}

/// The smallest certificate that TLS carries: no names, valid always, signed by its own key. The
/// same bytes for the same key, so that it tells nothing else.
CertificatePointer certificate(EVP_PKEY* key) {
  const char* doing = "make this device's certificate";
  CertificatePointer made(X509_new());
  if (made == nullptr) throw_openssl_error(doing);
  must(X509_set_version(made.get(), X509_VERSION_3), doing);
  must(ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1), doing);
  must(ASN1_TIME_set_string(X509_getm_notBefore(made.get()), "700101000000Z"), doing);
  must(ASN1_TIME_set_string(X509_getm_notAfter(made.get()), "99991231235959Z"), doing);
  must(X509_set_pubkey(made.get(), key), doing);
  if (X509_sign(made.get(), key, nullptr) <= 0) throw_openssl_error(doing);
  return made;
}

bool speaks_our_protocol(SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl, &name, &length);
  return std::string_view(reinterpret_cast<const char*>(name), length) == kProtocolName;
}

/// The Ed25519 key in the peer's certificate; nullopt where it is none that can be trusted to
/// belong to one device.
std::optional<PublicKey> shown_key(X509_STORE_CTX* store) {
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  EVP_PKEY* key = leaf != nullptr ? X509_get0_pubkey(leaf) : nullptr;
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) return std::nullopt;
  PublicKey shown;
  std::size_t length = shown.bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, shown.bytes.data(), &length) != 1) return std::nullopt;
  if (length != shown.bytes.size() || !core::is_sound_key(shown)) return std::nullopt;
  return shown;
}

/// Judges what the peer shows. Returns the reason for the alert, X509_V_OK for acceptance.
int judge(SSL* ssl, X509_STORE_CTX* store, TlsVerdict& verdict) {
  if (verdict.role == TlsRole::kInitiator && !speaks_our_protocol(ssl)) {
    verdict.refusal = Error(ErrorCode::kUnsupported, "the peer does not speak isodb-sync/1",
                            "check host and port: something else answers there");
    return X509_V_ERR_APPLICATION_VERIFICATION;
  }
  verdict.peer_key = shown_key(store);
  if (!verdict.peer_key) {
    verdict.refusal = Error(ErrorCode::kUnverified, "the peer showed no sound Ed25519 key",
                            "it is no isodb device");
    return X509_V_ERR_INVALID_PURPOSE;  // alert: unsupported_certificate
  }
  // A responder judges the key when it is proved (TlsChannel): until then it may be anybody's.
  if (verdict.role == TlsRole::kResponder) return X509_V_OK;
  if (!verdict.accept || !verdict.accept(*verdict.peer_key)) {
    verdict.refusal = key_refused(*verdict.peer_key, verdict.role);
    return X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;  // alert: unknown_ca
  }
  return X509_V_OK;
}

/// Instead of OpenSSL's verification of chains. Called by C: does not throw.
int verify_peer(X509_STORE_CTX* store, void* /*unused*/) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& verdict = *static_cast<TlsVerdict*>(SSL_get_app_data(ssl));
  int reason = X509_V_ERR_UNSPECIFIED;
  try {
    reason = judge(ssl, store, verdict);
  } catch (const Error& error) {
    verdict.refusal = error;
  } catch (const std::exception& error) {
    verdict.refusal =
        Error(ErrorCode::kIo, std::string("cannot judge a peer's key: ") + error.what());
  }
  X509_STORE_CTX_set_error(store, reason);
  return reason == X509_V_OK ? 1 : 0;
}

/// A responder's: a ClientHello without ALPN never gets to select_protocol().
int require_alpn(SSL* ssl, int* alert, void* /*unused*/) {
  const unsigned char* extension = nullptr;
  std::size_t length = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension,
                                &length) == 1) {
    return SSL_CLIENT_HELLO_SUCCESS;
  }
  // A peer of an older TLS is told about that first.
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &extension, &length) != 1) {
    return SSL_CLIENT_HELLO_SUCCESS;
  }
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  ERR_raise(ERR_LIB_SSL, SSL_R_NO_APPLICATION_PROTOCOL);
  return SSL_CLIENT_HELLO_ERROR;
}

int select_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned in_length, void* /*unused*/) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, unsigned_data(kAlpn), kAlpn.size(), in,
                            in_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void set_rules(SSL_CTX* context) {
  const char* doing = "set up TLS 1.3";
  must(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION), doing);
  must(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION), doing);
  must(SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"),
       doing);
  must(static_cast<int>(SSL_CTX_set1_groups_list(context, "X25519")), doing);
  must(static_cast<int>(SSL_CTX_set1_sigalgs_list(context, "ed25519")), doing);
  must(static_cast<int>(SSL_CTX_set_max_send_fragment(context, kRecordBytesMax)), doing);
  SSL_CTX_set_max_cert_list(context, kCertificateBytesMax);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  must(SSL_CTX_set_num_tickets(context, 0), doing);
  must(SSL_CTX_set_max_early_data(context, 0), doing);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_peer, nullptr);
}

}  // namespace

Error key_refused(const PublicKey& key, TlsRole role) {
  if (role == TlsRole::kInitiator) {
    return Error(ErrorCode::kUnverified,
                 "the peer's key is " + key.fingerprint() + ", not the one known for this remote",
                 "somebody may stand between; if the other device was set up anew, compare its "
                 "fingerprint there, and expect that one");
  }
  return Error(ErrorCode::kUnverified, "the peer's key " + key.fingerprint() + " is not let in",
               "make that device a member, or allow its key: " + key.text());
}

TlsContext::TlsContext(const SecretKey& key, TlsRole role) {
  auto inside = std::make_shared<Inside>();
  inside->role = role;
  inside->own_key = key.public_key();
  inside->ssl.reset(
      SSL_CTX_new(role == TlsRole::kInitiator ? TLS_client_method() : TLS_server_method()));
  SSL_CTX* context = inside->ssl.get();
  if (context == nullptr) throw_openssl_error("set up TLS");
  set_rules(context);
  const KeyPointer pair = openssl_key(key);
  const CertificatePointer shown = certificate(pair.get());
  must(SSL_CTX_use_certificate(context, shown.get()), "use this device's certificate");
  must(SSL_CTX_use_PrivateKey(context, pair.get()), "use this device's key");
  if (role == TlsRole::kInitiator) {
    if (SSL_CTX_set_alpn_protos(context, unsigned_data(kAlpn), kAlpn.size()) != 0) {
      throw_openssl_error("name the protocol for TLS");
    }
  } else {
    SSL_CTX_set_client_hello_cb(context, require_alpn, nullptr);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  }
  inside_ = std::move(inside);
}

TlsContext::~TlsContext() = default;
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext& TlsContext::operator=(TlsContext&&) noexcept = default;

TlsRole TlsContext::role() const {
  return inside_->role;
}

}  // namespace isodb::net
