#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "isodb/bytes.h"
#include "isodb/error.h"
#include "isodb/key.h"

namespace isodb::net {

enum class TlsRole {
  kInitiator,  ///< the side that connected: TLS's client
  kResponder,  ///< TLS's server
};

/// Decides by its key whether a peer is let in. Must not block: others' lines wait for it.
using AcceptKey = std::function<bool(const PublicKey&)>;

/// Accepts exactly `key`.
AcceptKey accept_only(const PublicKey& key);

/// What the channels of one device and role share: its certificate, made in memory and signed by
/// its own key, and the rules of docs/protocol.md, "TLS". Owns a copy of the secret, which is
/// wiped when the last channel and the context are gone. Immutable: threads may share it.
/// Error(kIo) where OpenSSL fails.
class TlsContext {
 public:
  TlsContext(const SecretKey& key, TlsRole role);
  ~TlsContext();
  TlsContext(TlsContext&&) noexcept;
  TlsContext& operator=(TlsContext&&) noexcept;

  TlsRole role() const;

 private:
  friend class TlsChannel;
  struct Inside;
  std::shared_ptr<const Inside> inside_;
};

/// TLS 1.3 between two devices, without any I/O of its own: bytes that came go into receive(), what
/// take_ciphertext() gives has to be carried to the peer. A peer is known by its Ed25519 key alone;
/// both sides prove theirs.
///
/// Owns its state and what waits to be taken: no more plain text than was received, no more
/// ciphertext than was sent, and what TLS itself says. One thread at a time.
///
/// Errors: receive() throws
///   kUnverified   the peer's key is not accepted by an initiator, or is none of a device
///   kDenied       the peer does not accept this device's key
///   kUnsupported  the peer speaks another version of TLS, or not this protocol
///   kInvalid      what came is not TLS
///   kCorrupt      a record was changed on its way
///   kIo           the line ended without a farewell (receive_end())
/// After an error take_ciphertext() still has the alert for the peer; the rest throws the same.
class TlsChannel {
 public:
  /// `accept` is asked once. By an initiator for the key in the peer's certificate, before it shows
  /// its own, and peer_key() tells whom it refused. By a responder when the peer has proved that it
  /// holds its key, see refusal(): whoever only shows a device's key gets the same answers for
  /// every key, and learns nothing about it.
  TlsChannel(const TlsContext& context, AcceptKey accept);
  ~TlsChannel();
  TlsChannel(TlsChannel&&) noexcept;
  TlsChannel& operator=(TlsChannel&&) noexcept;

  /// The next bytes from the line. Takes all of them, except what follows the peer's farewell.
  void receive(ByteView ciphertext);
  /// The line ended: Error(kIo) unless the peer said farewell before.
  void receive_end();
  /// Encrypts for the peer. Only where can_send(), and before close_notify().
  void send(ByteView plaintext);
  /// Says farewell: nothing will be sent after this. Before the handshake is done it does nothing.
  void close_notify();

  /// What has to be carried to the peer, in this order; empty: nothing.
  Bytes take_ciphertext();
  std::size_t ciphertext_bytes() const;
  /// What the peer sent; only what an accepted and proved peer sent is ever given.
  Bytes take_plaintext();

  /// The peer is accepted and has proved its key. An initiator may still hear that the responder
  /// refuses it: with the first bytes that it receives.
  bool handshake_done() const;
  /// Of a responder: the peer has proved its key, and is not accepted; why. What it sends is not
  /// read any more.
  const std::optional<Error>& refusal() const;
  /// Both have proved their keys; true also with a refusal(), so that the peer can be told.
  bool can_send() const;
  /// The peer said farewell: nothing comes after what take_plaintext() gives.
  bool peer_closed() const;
  /// The key in the peer's certificate, as soon as that came; proved once handshake_done().
  const std::optional<PublicKey>& peer_key() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace isodb::net
