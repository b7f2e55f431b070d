#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <utility>

#include "isodb/error.h"
#include "net/tls_context.h"
#include "net/tls_error.h"

namespace isodb::net {
namespace {

// What TLS itself may say between two take_ciphertext(): a flight, alerts, key updates. A peer that
// has keys updated for ever without reading is cut off.
constexpr std::size_t kUnaskedBytesMax = 65'536;

/// The two ends of the line as OpenSSL sees them.
struct Line {
  ByteView input;
  Bytes output;
};

// OpenSSL's own memory BIO keeps the memory of the largest flight that it ever held; this one keeps
// nothing.
int line_read(BIO* bio, char* out, std::size_t count, std::size_t* read) {
  ByteView& input = static_cast<Line*>(BIO_get_data(bio))->input;
  BIO_clear_retry_flags(bio);
  *read = std::min(count, input.size());
  if (*read == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::copy_n(input.data(), *read, out);
  input.remove_prefix(*read);
  return 1;
}

int line_write(BIO* bio, const char* data, std::size_t count, std::size_t* written) {
  static_cast<Line*>(BIO_get_data(bio))->output.append(data, count);
  BIO_clear_retry_flags(bio);
  *written = count;
  return 1;
}

long line_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int line_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* line_method() {
  static const OpensslPointer<BIO_METHOD, BIO_meth_free> method = [] {
    OpensslPointer<BIO_METHOD, BIO_meth_free> made(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "isodb line"));
    if (made == nullptr || BIO_meth_set_read_ex(made.get(), line_read) != 1 ||
        BIO_meth_set_write_ex(made.get(), line_write) != 1 ||
        BIO_meth_set_ctrl(made.get(), line_control) != 1 ||
        BIO_meth_set_create(made.get(), line_create) != 1) {
      throw_openssl_error("set up TLS");
    }
    return made;
  }();
  return method.get();
}

}  // namespace

AcceptKey accept_only(const PublicKey& key) {
  return [key](const PublicKey& shown) { return shown == key; };
}

/// Stays where it is: OpenSSL's callbacks point to it.
struct TlsChannel::Inside {
  std::shared_ptr<const TlsContext::Inside> context;
  TlsVerdict verdict;
  Line line;
  Bytes plaintext;
  bool handshake_done = false, peer_closed = false, closed = false;
  std::optional<Error> failure, refusal;
  OpensslPointer<SSL, SSL_free> ssl;  // last: freed first, while what it points to is there

  void advance();
  void judge();
  void read();
  void check_failure() const {
    if (failure) throw Error(*failure);
  }
  [[noreturn]] void fail(Error error) {
    failure = error;
    throw error;
  }
  /// After a call of OpenSSL that gave nothing: nothing more came yet, the farewell, or a failure.
  void settle(int outcome);
};

void TlsChannel::Inside::settle(int outcome) {
  switch (SSL_get_error(ssl.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      peer_closed = true;
      return;
    default:
      break;
  }
  Error error = explain_tls_failure(context->own_key, context->role, handshake_done);
  fail(verdict.refusal ? *verdict.refusal : std::move(error));
}

void TlsChannel::Inside::read() {
  std::array<char, 16'384> part;  // a record
  while (!peer_closed) {
    ERR_clear_error();
    std::size_t count = 0;
    const int outcome = SSL_read_ex(ssl.get(), part.data(), part.size(), &count);
    if (outcome != 1) return settle(outcome);
    plaintext.append(part.data(), count);
  }
}

/// A responder's, once the peer has proved its key.
void TlsChannel::Inside::judge() {
  try {
    const PublicKey& key = verdict.peer_key.value();
    const bool is_accepted = verdict.accept && verdict.accept(key);
    if (!is_accepted) refusal = key_refused(key, context->role);
  } catch (const Error& error) {
    refusal = error;
  } catch (const std::exception& error) {
    refusal = Error(ErrorCode::kIo, std::string("cannot judge a peer's key: ") + error.what());
  }
}

void TlsChannel::Inside::advance() {
  if (!handshake_done) {
    ERR_clear_error();
    const int outcome = SSL_do_handshake(ssl.get());
    if (outcome != 1) return settle(outcome);
    handshake_done = true;
    if (context->role == TlsRole::kResponder) judge();
  }
  if (refusal) return;
  read();
  if (line.output.size() > kUnaskedBytesMax) {
    fail(Error(ErrorCode::kLimit, "the peer asks TLS for ever more answers"));
  }
}

TlsChannel::TlsChannel(const TlsContext& context, AcceptKey accept)
    : inside_(std::make_unique<Inside>()) {
  inside_->context = context.inside_;
  inside_->verdict.accept = std::move(accept);
  inside_->verdict.role = context.role();
  inside_->ssl.reset(SSL_new(context.inside_->ssl.get()));
  SSL* ssl = inside_->ssl.get();
  OpensslPointer<BIO, BIO_free> line(BIO_new(line_method()));
  if (ssl == nullptr || line == nullptr || SSL_set_app_data(ssl, &inside_->verdict) != 1) {
    throw_openssl_error("begin TLS");
  }
  BIO_set_data(line.get(), &inside_->line);
  BIO* both = line.release();
  SSL_set_bio(ssl, both, both);  // takes the one reference
  if (context.role() == TlsRole::kInitiator) {
    SSL_set_connect_state(ssl);
    inside_->advance();
  } else {
    SSL_set_accept_state(ssl);
  }
}

TlsChannel::~TlsChannel() = default;
TlsChannel::TlsChannel(TlsChannel&&) noexcept = default;
TlsChannel& TlsChannel::operator=(TlsChannel&&) noexcept = default;

void TlsChannel::receive(ByteView ciphertext) {
  inside_->check_failure();
  if (inside_->peer_closed || inside_->refusal) return;
  inside_->line.input = ciphertext;
  try {
    inside_->advance();
  } catch (...) {
    inside_->line.input = {};
    throw;
  }
  inside_->line.input = {};
}

void TlsChannel::receive_end() {
  inside_->check_failure();
  if (inside_->peer_closed) return;
  inside_->fail(inside_->handshake_done
                    ? Error(ErrorCode::kIo, "the line broke off", "try again; what came is kept")
                    : Error(ErrorCode::kIo,
                            "the line broke off before the two devices knew each other",
                            "try again; the other side may also be busy, or be no isodb"));
}

void TlsChannel::send(ByteView plaintext) {
  inside_->check_failure();
  if (!inside_->handshake_done || inside_->closed) {
    throw Error(ErrorCode::kInvalid, "TLS cannot send before its handshake or after its farewell");
  }
  if (plaintext.empty()) return;
  ERR_clear_error();
  std::size_t written = 0;
  const int outcome =
      SSL_write_ex(inside_->ssl.get(), plaintext.data(), plaintext.size(), &written);
  if (outcome != 1 || written != plaintext.size()) {
    inside_->fail(explain_tls_failure(inside_->context->own_key, inside_->context->role,
                                      inside_->handshake_done));
  }
}

void TlsChannel::close_notify() {
  if (!inside_->handshake_done || inside_->closed || inside_->failure) return;
  inside_->closed = true;
  ERR_clear_error();
  SSL_shutdown(inside_->ssl.get());  // it only writes: the line takes everything
  ERR_clear_error();
}

Bytes TlsChannel::take_ciphertext() {
  return std::exchange(inside_->line.output, {});
}

std::size_t TlsChannel::ciphertext_bytes() const {
  return inside_->line.output.size();
}

Bytes TlsChannel::take_plaintext() {
  return std::exchange(inside_->plaintext, {});
}

bool TlsChannel::handshake_done() const {
  return inside_->handshake_done && !inside_->refusal;
}

const std::optional<Error>& TlsChannel::refusal() const {
  return inside_->refusal;
}

bool TlsChannel::can_send() const {
  return inside_->handshake_done;
}

bool TlsChannel::peer_closed() const {
  return inside_->peer_closed;
}

const std::optional<PublicKey>& TlsChannel::peer_key() const {
  return inside_->verdict.peer_key;
}

}  // namespace isodb::net
