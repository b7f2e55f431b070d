#include "cli/peer_options.h"

#include <unistd.h>

#include <iostream>

#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {

void PeerOptions::declare(Options& options) {
  options.option("--fingerprint KEY", &fingerprint,
                 "the peer's key or its fingerprint, where it is not known yet");
  options.option("--timeout SECONDS", &timeout,
                 "end after so long, and a moment to part; what came by then stays");
}

void PeerOptions::apply(sync::Remote& remote) const {
  if (fingerprint) sync::expect_key(remote, *fingerprint);
}

sync::SyncOptions PeerOptions::sync_options(sync::Direction direction) const {
  sync::SyncOptions result;
  result.direction = direction;
  if (timeout) result.time_max = std::chrono::seconds(*timeout);
  return result;
}

sync::Remote chosen_remote(const Repository& repository, const std::optional<std::string>& word) {
  if (word) return sync::remote_of(repository, *word);
  if (auto origin = sync::find_remote(repository, "origin")) return std::move(*origin);
  std::vector<sync::Remote> all = sync::remotes(repository);
  if (all.size() == 1) return std::move(all.front());
  if (all.empty()) {
    throw Error(ErrorCode::kNotFound, "no remote is known",
                "isodb remote add NAME URL, or name a folder or URL here");
  }
  throw Error(ErrorCode::kInvalid, "there are several remotes, and none is called origin",
              "name one: 'isodb remote list' shows them");
}

bool ask_about_peer(const std::string& url, const PublicKey& key) {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) return false;
  std::cerr << "The peer at " << printable(url)
            << " is not known yet. Its key has the fingerprint\n  " << key.fingerprint()
            << "\nCompare it with what 'isodb key fingerprint' prints there. "
            << "Is it the right one? [yes/no] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes" || answer == "y";
}

}  // namespace isodb::cli
