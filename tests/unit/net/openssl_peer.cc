#include "tests/unit/net/openssl_peer.h"

#include <algorithm>
#include <string_view>

namespace isodb::net {
namespace {

void must(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(std::string("OpenSSL in a test: ") + what);
}

EVP_PKEY* make_key(const OddCertificate& wanted) {
  if (wanted.algorithm == "RSA") return EVP_RSA_gen(2048);
  if (wanted.algorithm == "P-256") return EVP_EC_gen("P-256");
  if (wanted.algorithm == "ED25519" && !wanted.seed.empty()) {
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                        reinterpret_cast<const unsigned char*>(wanted.seed.data()),
                                        wanted.seed.size());
  }
  return EVP_PKEY_Q_keygen(nullptr, nullptr, wanted.algorithm.c_str());
}

void add_name(X509* certificate, const char* field, const std::string& text) {
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), field, MBSTRING_ASC,
                                  reinterpret_cast<const unsigned char*>(text.data()),
                                  static_cast<int>(text.size()), -1, 0) == 1,
       "a name");
}

/// In the certificate that the context has: OpenSSL takes none whose key is another one.
void show_other_key(SSL_CTX* context, const std::string& shown, EVP_PKEY* signs) {
  X509* certificate = SSL_CTX_get0_certificate(context);
  EVP_PKEY* other = EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(shown.data()),
      shown.size());
  must(other != nullptr && X509_set_pubkey(certificate, other) == 1, "another key");
  must(X509_sign(certificate, signs, nullptr) > 0, "a signature");
  EVP_PKEY_free(other);
}

void use_certificate(SSL_CTX* context, const OddCertificate& wanted) {
  EVP_PKEY* key = make_key(wanted);
  must(key != nullptr, "a key");
  X509* made = X509_new();
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), 77);
  must(ASN1_TIME_set_string(X509_getm_notBefore(made), wanted.begins.c_str()) == 1, "a date");
  must(ASN1_TIME_set_string(X509_getm_notAfter(made), wanted.ends.c_str()) == 1, "a date");
  if (!wanted.name.empty()) add_name(made, "CN", wanted.name);
  for (std::size_t done = 0; done < wanted.padding_bytes; done += 60) {
    add_name(made, "OU", std::string(60, 'x'));
  }
  X509_set_pubkey(made, key);
  const bool digestless = wanted.algorithm.starts_with("ED");
  must(X509_sign(made, key, digestless ? nullptr : EVP_sha256()) > 0, "a signature");
  must(SSL_CTX_use_certificate(context, made) == 1, "a certificate");
  must(SSL_CTX_use_PrivateKey(context, key) == 1, "its key");
  if (!wanted.shown_key.empty()) show_other_key(context, wanted.shown_key, key);
  X509_free(made);
  EVP_PKEY_free(key);
}

int believe(int /*fine*/, X509_STORE_CTX* /*store*/) {
  return 1;
}

int choose_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* length,
                const unsigned char* in, unsigned in_length, void* /*unused*/) {
  unsigned char* chosen = nullptr;
  SSL_select_next_proto(&chosen, length, reinterpret_cast<const unsigned char*>("\x0cisodb-sync/1"),
                        13, in, in_length);
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

OpensslPeer::OpensslPeer(Role role, const OddCertificate& certificate,
                         const std::function<void(SSL_CTX*)>& adjust) {
  SSL_CTX* context = SSL_CTX_new(role == Role::kClient ? TLS_client_method() : TLS_server_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, believe);
  if (role == Role::kClient) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>("\x0cisodb-sync/1"),
                            13);
  } else {
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, nullptr);
  }
  if (!certificate.algorithm.empty()) use_certificate(context, certificate);
  if (adjust) adjust(context);
  ssl_ = SSL_new(context);
  SSL_CTX_free(context);
  SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (role == Role::kClient) {
    SSL_set_connect_state(ssl_);
  } else {
    SSL_set_accept_state(ssl_);
  }
  receive({});
}

bool OpensslPeer::receive(ByteView ciphertext) {
  ERR_clear_error();
  if (!ciphertext.empty()) {
    BIO_write(SSL_get_rbio(ssl_), ciphertext.data(), static_cast<int>(ciphertext.size()));
  }
  char part[4096];
  while (true) {
    const int count = SSL_read(ssl_, part, sizeof part);
    if (count > 0) {
      plaintext_.append(part, static_cast<std::size_t>(count));
      continue;
    }
    if (SSL_get_error(ssl_, count) != SSL_ERROR_WANT_READ) failed_ = true;
    ERR_clear_error();
    return !failed_;
  }
}

Bytes OpensslPeer::take_ciphertext() {
  char* data = nullptr;
  BIO* out = SSL_get_wbio(ssl_);
  const long count = BIO_get_mem_data(out, &data);
  Bytes taken(data, static_cast<std::size_t>(std::max(count, 0L)));
  BIO_reset(out);
  return taken;
}

}  // namespace isodb::net
