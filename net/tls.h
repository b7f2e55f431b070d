#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "isodb/bytes.h"
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
///   kUnverified   the peer's key is not accepted, or is none of a device
///   kDenied       the peer does not accept this device's key
///   kUnsupported  the peer speaks another version of TLS, or not this protocol
///   kInvalid      what came is not TLS
///   kCorrupt      a record was changed on its way
///   kIo           the line ended without a farewell (receive_end())
/// After an error take_ciphertext() still has the alert for the peer; the rest throws the same.
class TlsChannel {
 public:
  /// `accept` is asked once, for the key in the peer's certificate; an initiator has not shown its
  /// own key then, and peer_key() tells whom it refused. Before the peer proved that it holds the
  /// key, handshake_done() is false.
  TlsChannel(const TlsContext& context, AcceptKey accept);
  ~TlsChannel();
  TlsChannel(TlsChannel&&) noexcept;
  TlsChannel& operator=(TlsChannel&&) noexcept;

  /// The next bytes from the line. Takes all of them, except what follows the peer's farewell.
  void receive(ByteView ciphertext);
  /// The line ended: Error(kIo) unless the peer said farewell before.
  void receive_end();
  /// Encrypts for the peer. Only after handshake_done() and before close_notify().
  void send(ByteView plaintext);
  /// Says farewell: nothing will be sent after this. Before the handshake is done it does nothing.
  void close_notify();

  /// What has to be carried to the peer, in this order; empty: nothing.
  Bytes take_ciphertext();
  std::size_t ciphertext_bytes() const;
  /// What the peer sent; only what an accepted and proved peer sent is ever given.
  Bytes take_plaintext();

  /// The peer is accepted and has proved its key. An initiator may still hear that the responder
  /// refuses it: with the first bytes that it receives, or Error(kDenied).
  bool handshake_done() const;
  /// The peer said farewell: nothing comes after what take_plaintext() gives.
  bool peer_closed() const;
  /// The key in the peer's certificate, as soon as that came; proved once handshake_done().
  const std::optional<PublicKey>& peer_key() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace isodb::net
