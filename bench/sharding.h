#pragma once

#include <string>
#include <string_view>

namespace isodb::bench {

/// The path that git and libgit2 give a document: two levels of 256 folders, so that at a million
/// documents a commit of one rewrites two trees of 256 entries and one of about 15. One folder with
/// all documents would be a tree object of 60 MB.
inline std::string sharded(std::string_view path) {
  const std::string_view name = path.substr(path.find('/') + 1);
  std::string out;
  out.append(name.substr(0, 2)).append("/").append(name.substr(2, 2)).append("/");
  return out.append(name.substr(4));
}

}  // namespace isodb::bench
