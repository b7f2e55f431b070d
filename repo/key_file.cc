#include "repo/key_file.h"

namespace isodb::repo {

SecretKey read_secret_key(core::FileSystem& files, const std::filesystem::path& path,
                          ErrorCode bad) {
  constexpr std::uint64_t kBytesMax = 4096;
  if (!files.exists(path)) {
    throw Error(ErrorCode::kNotFound, "there is no key file " + path.string());
  }
  const Bytes text = core::read_file(files, path, kBytesMax);
  try {
    return SecretKey::parse(text);
  } catch (const Error& error) {
    throw Error(bad, path.string() + ": " + error.what(), error.hint());
  }
}

}  // namespace isodb::repo
