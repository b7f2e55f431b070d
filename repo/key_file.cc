#include "repo/key_file.h"

#include <memory>
#include <optional>
#include <utility>

#include "core/secret_memory.h"

namespace isodb::repo {

KeyFile KeyFile::read(core::FileSystem& files, const std::filesystem::path& path, ErrorCode bad) {
  constexpr std::uint64_t kBytesMax = 4096;
  if (!files.exists(path)) {
    throw Error(ErrorCode::kNotFound, "there is no key file " + path.string());
  }
  Bytes text = core::read_file(files, path, kBytesMax);
  try {
    return parse(std::move(text));
  } catch (const Error& error) {
    const ErrorCode code = error.code() == ErrorCode::kInvalid ? bad : error.code();
    throw Error(code, path.string() + ": " + error.what(), error.hint());
  }
}

KeyFile KeyFile::parse(Bytes text) {
  KeyFile file(std::move(text), {}, false);  // which wipes it, whatever it is
  file.is_protected_ = core::ProtectedKey::is_one(file.text_);
  file.public_ = file.is_protected_ ? core::ProtectedKey::parse(file.text_).public_key()
                                    : SecretKey::parse(file.text_).public_key();
  return file;
}

KeyFile KeyFile::plain(const SecretKey& key) {
  return {key.text(), key.public_key(), false};
}

KeyFile KeyFile::sealed(const SecretKey& key, const Passphrase& passphrase,
                        const core::KeyCost& cost) {
  return {core::ProtectedKey::seal(key, passphrase, cost).text(), key.public_key(), true};
}

KeyFile& KeyFile::operator=(KeyFile&& other) noexcept {
  std::swap(text_, other.text_);
  std::swap(public_, other.public_);
  std::swap(is_protected_, other.is_protected_);
  return *this;
}

KeyFile::~KeyFile() {
  core::wipe(text_);
}

void KeyFile::write(const std::filesystem::path& path) const {
  core::write_file(path, text_, kKeyFileMode);
}

SecretKey KeyFile::open(const PassphraseFunction& ask) const {
  if (!is_protected_) return SecretKey::parse(text_);
  if (!ask) {
    throw Error(ErrorCode::kDenied,
                "the key " + public_.fingerprint() + " is under a passphrase, and none was given",
                "a program gives one in OpenOptions::passphrase");
  }
  return core::ProtectedKey::parse(text_).open(ask());
}

PassphraseFunction asked_once(PassphraseFunction ask) {
  if (!ask) return {};
  return [ask = std::move(ask), answer = std::make_shared<std::optional<Passphrase>>()] {
    if (!*answer) answer->emplace(ask());
    return **answer;
  };
}

}  // namespace isodb::repo
