#include "sync/place.h"

#include <string_view>
#include <system_error>

#include "isodb/error.h"
#include "repo/state.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTcp = "isodb://", kSsh = "ssh://", kFile = "file://";

/// The letters before "://"; "" for a path.
std::string_view scheme_of(std::string_view url) {
  const std::size_t end = url.find("://");
  if (end == std::string_view::npos) return {};
  return url.find_first_of("/.") < end ? std::string_view{} : url.substr(0, end);
}

}  // namespace

Place parse_place(const std::string& url) {
  if (url.empty()) throw Error(ErrorCode::kInvalid, "a URL may not be empty");
  if (url.starts_with(kTcp)) {
    net::Address address = net::Address::parse(url);
    if (address.path.size() > 1) {
      throw Error(ErrorCode::kInvalid, "isodb:// names a server, which has one repository: no '" +
                                           address.path + "' after it");
    }
    return address;
  }
  if (url.starts_with(kSsh)) return net::SshAddress::parse(url);
  if (url.starts_with(kFile)) {
    const std::string path = net::percent_decoded(std::string_view(url).substr(kFile.size()));
    if (!path.starts_with('/')) {
      throw Error(ErrorCode::kInvalid, "file:// needs a path from / on: file:///path");
    }
    return fs::path(path);
  }
  if (const std::string_view scheme = scheme_of(url); !scheme.empty()) {
    throw Error(ErrorCode::kInvalid, "isodb does not speak '" + std::string(scheme) + "://'",
                "isodb://host, ssh://host/path, file:///path, or a folder");
  }
  return fs::path(url);
}

fs::path repository_folder(const fs::path& folder) {
  for (const fs::path& candidate : {folder, folder / ".isodb"}) {
    std::error_code error;
    if (fs::exists(candidate / RepositoryState::kDatabaseName, error)) return candidate;
    if (error == std::errc::permission_denied) {
      throw Error(ErrorCode::kIo, "cannot look into " + folder.string() + ": " + error.message(),
                  "check the rights of this folder and of those above it");
    }
  }
  std::error_code ignored;
  if (fs::is_regular_file(folder, ignored)) {
    throw Error(ErrorCode::kInvalid, folder.string() + " is a file, not a repository's folder",
                "'isodb bundle apply' takes in a bundle, in a clone that was made before; for the "
                "first clone, clone onto the stick, and from the folder there");
  }
  throw Error(ErrorCode::kNotFound, "there is no repository in " + folder.string());
}

}  // namespace isodb::sync
