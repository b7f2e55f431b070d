#pragma once

#include <filesystem>
#include <string>

#include "core/file.h"
#include "core/protected_key.h"
#include "isodb/error.h"
#include "isodb/key.h"
#include "isodb/passphrase.h"

namespace isodb::repo {

inline constexpr unsigned kKeyFileMode = 0600;

/// What a key file holds: a secret key, plain or under a passphrase. The public half is known
/// either way. Wiped on destruction. Movable, not copyable.
class KeyFile {
 public:
  /// Errors name the file: kNotFound when it is not there, `bad` when what it holds is no key.
  static KeyFile read(core::FileSystem& files, const std::filesystem::path& path,
                      ErrorCode bad = ErrorCode::kInvalid);
  /// Error(kInvalid) for text that is none; takes the text and wipes it.
  static KeyFile parse(Bytes text);
  static KeyFile plain(const SecretKey& key);
  static KeyFile sealed(const SecretKey& key, const Passphrase& passphrase,
                        const core::KeyCost& cost = {});

  KeyFile(KeyFile&&) noexcept = default;
  KeyFile& operator=(KeyFile&& other) noexcept;
  ~KeyFile();

  const PublicKey& public_key() const { return public_; }
  bool is_protected() const { return is_protected_; }
  /// As it lies in the file: a secret, unless it is protected.
  const Bytes& text() const { return text_; }
  /// Durable and atomic, readable by the owner alone.
  void write(const std::filesystem::path& path) const;
  /// Asks only where the key is protected. Error(kDenied) where there is nobody to ask, and for
  /// another passphrase; else as core::ProtectedKey::open(), and what `ask` throws.
  SecretKey open(const PassphraseFunction& ask) const;

 private:
  KeyFile(Bytes text, const PublicKey& key, bool is_protected)
      : text_(std::move(text)), public_(key), is_protected_(is_protected) {}

  Bytes text_;
  PublicKey public_;
  bool is_protected_ = false;
};

/// Asks `ask` when it is asked first, and then gives the same answer; none where `ask` is none.
PassphraseFunction asked_once(PassphraseFunction ask);

}  // namespace isodb::repo
