#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/key.h"
#include "isodb/repository.h"

namespace isodb::sync {

/// Another repository that this one meets, under a name. A plain value.
struct Remote {
  std::string name;  ///< "": none was given to it; its refs are called as those of "origin"
  /// isodb://host[:port], ssh://[user@]host[:port]/path, a folder's path or file:///path.
  std::string url;
  /// Whom one talks to there, over a network: the key, once it is known, else the fingerprint that
  /// somebody compared. Both missing: the first contact asks. Of a folder: whose it was last.
  std::optional<PublicKey> key;
  std::string fingerprint;
  std::map<std::string, std::string> labels;  ///< of your own: where it stands, what it is for

  /// What its branches are called here: remotes/<ref_name()>/<branch>.
  std::string ref_name() const { return name.empty() ? "origin" : name; }
};

/// The remotes of this clone, sorted by name: settings "remote.<name>", which do not travel.
/// Error(kCorrupt) for one that cannot be read.
std::vector<Remote> remotes(const Repository& repository);
/// nullopt where there is none of this name.
std::optional<Remote> find_remote(const Repository& repository, std::string_view name);
/// Puts in the place of what was known of the remote's key what somebody compared: a key, or its
/// fingerprint. Error(kInvalid) for what is neither.
void expect_key(Remote& remote, const std::string& key_or_fingerprint);
/// Error(kInvalid) for a name that no remote can have, nor the refs below remotes/.
void check_remote_name(const std::string& name);
/// Writes the remote, new or changed. A folder's path is made absolute. Error(kInvalid) for a name
/// that is no segment of a ref's name, a URL that is none, a fingerprint or label that breaks a
/// rule.
void set_remote(Repository& repository, Remote remote);
/// With its refs below remotes/; false when there is no such remote.
bool remove_remote(Repository& repository, const std::string& name);

/// The remote that a word on a command line means: its name, else its URL, which may be that of
/// none. Error(kInvalid) for a word that is no URL and no folder; Error(kNotFound) for what looks
/// like a name.
Remote remote_of(const Repository& repository, const std::string& word);
/// A remote without a name. Error(kInvalid) as above.
Remote remote_at(const std::string& url);

}  // namespace isodb::sync
