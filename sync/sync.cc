#include "isodb/sync.h"

#include <utility>

#include "net/cancellation.h"
#include "repo/access.h"
#include "repo/scope.h"
#include "sync/contact.h"
#include "sync/conversation.h"
#include "sync/key_succession.h"
#include "sync/session.h"
#include "sync/shortfall.h"
#include "sync/turn.h"

namespace isodb::sync {
namespace {

SessionOptions session_options(const Remote& remote, const PublicKey& peer,
                               const SyncOptions& options) {
  const Ways ways = ways_of(options.direction);
  SessionOptions result;
  result.peer = peer;
  result.initiator = true;
  result.sends = ways.sends;
  result.takes = ways.takes;
  result.watches = options.watch;
  result.destination = {.into_branches = options.direction != Direction::kFetch,
                        .remote = options.as.empty() ? remote.ref_name() : options.as};
  return result;
}

/// Where its branches are kept without being merged, they take the place of no other device's.
void check_ref_name(const Repository& repository, const Remote& remote, const SyncOptions& options,
                    const PublicKey& peer) {
  if (options.direction != Direction::kFetch || !remote.name.empty() || !options.as.empty()) return;
  const std::optional<Remote> known = find_remote(repository, remote.ref_name());
  if (!known || known->key == peer) return;
  if (known->key && has_succeeded(*repo::Access::state(repository), *known->key, peer)) return;
  throw Error(ErrorCode::kInvalid,
              "the place is no remote, and its branches would take the place of those of '" +
                  remote.ref_name() + "'",
              "name them with --as NAME, or make it a remote with 'isodb remote add'");
}

/// nullopt: no more than it holds.
std::optional<Scope> wider_scope(RepositoryState& state, Scope scope, const Widening& widening) {
  if (widening.is_nothing()) return std::nullopt;
  if (scope.is_whole()) {
    throw Error(ErrorCode::kInvalid, "this repository holds everything already");
  }
  if (!widening.paths.empty() && scope.prefixes.empty()) {
    throw Error(ErrorCode::kInvalid, "this repository holds every path already",
                "its history is what was cut: fetch --deepen N");
  }
  if (widening.deepen > 0 && scope.boundary.empty()) {
    throw Error(ErrorCode::kInvalid, "this repository's history was not cut: there is no deeper",
                "its paths are what was chosen: fetch --add-path PREFIX");
  }
  if (!scope.prefixes.empty()) {
    scope.prefixes.insert(scope.prefixes.end(), widening.paths.begin(), widening.paths.end());
    scope.prefixes = scope_prefixes(std::move(scope.prefixes));
  }
  if (widening.deepen > 0) {
    scope.boundary = repo::boundary_at_depth(state, scope.boundary, widening.deepen);
  }
  return scope;
}

/// Says yes when another process, or a thread of this one, has written since it was last asked.
std::function<bool()> moved_here(const std::shared_ptr<RepositoryState>& state) {
  return [state, seen = state->database->transactions()]() mutable {
    return std::exchange(seen, state->database->transactions()) != seen;
  };
}

/// The key is what is held on to: a fingerprint, or a person's yes, let it in once. Of a folder it
/// is what agreements are filed under.
void remember_key(Repository& repository, const Remote& remote, const SyncResult& result) {
  if (remote.name.empty() || !result.peer || remote.key == result.peer) return;
  Remote known = remote;
  known.key = result.peer;
  known.fingerprint.clear();
  set_remote(repository, std::move(known));
}

SyncResult sync_over_network(const Place& place, const std::shared_ptr<RepositoryState>& state,
                             const Remote& remote, const SessionMaker& make,
                             const SyncOptions& options) {
  const auto succession = [&](const PublicKey& known, const PublicKey& shown) {
    return has_succeeded(*state, known, shown);
  };
  Contact contact(place, state->key(), remote, options, succession);
  if (auto failed = contact.ask()) return std::move(*failed);
  const Remote& peer = contact.remote();
  Turn turn(state->folder, peer.key ? peer.key->fingerprint() : peer.fingerprint);
  SyncResult result;
  result.error = turn.take(options);
  if (result.error) return result;
  const SessionMaker make_connected = [&](const PublicKey& key) {
    turn.connected();
    return make(key);
  };
  const auto wake = options.watch ? moved_here(state) : std::function<bool()>();
  result = talk_over_network(place, state->key(), contact.accept(), make_connected, wake, options);
  contact.explain(result);
  return result;
}

}  // namespace

StopRequest::StopRequest() : inside_(std::make_unique<net::Cancellation>()) {}
StopRequest::~StopRequest() = default;
void StopRequest::request() noexcept {
  inside_->request();
}
bool StopRequest::requested() const noexcept {
  return inside_->requested();
}

SyncResult talk_to_remote(Repository& repository, const Remote& remote, const SessionMaker& make,
                          const SyncOptions& options) {
  const Place place = parse_place(remote.url);
  if (const auto* folder = std::get_if<std::filesystem::path>(&place)) {
    const Self self{repository.public_key(), repository.folder(), repository.id()};
    SyncResult result = talk_to_folder(*folder, self, make, options);
    remember_key(repository, remote, result);
    return result;
  }
  const std::shared_ptr<RepositoryState>& state = repo::Access::state(repository);
  SyncResult result = sync_over_network(place, state, remote, make, options);
  // As long as the key that is known is not revoked, it is held on to. That another one came after
  // it may be a mistake, or an admin's key that was stolen: then the true one is still let in.
  if (!remote.key || !is_member(*state, *remote.key)) remember_key(repository, remote, result);
  return result;
}

SyncResult sync_with(Repository& repository, const Remote& remote, const SyncOptions& options) {
  const std::shared_ptr<RepositoryState> state = repo::Access::state(repository);
  if (!options.as.empty()) check_remote_name(options.as);
  const Scope held = *state->reload_scope();
  const std::optional<Scope> wider = wider_scope(*state, held, options.widening);
  const SessionMaker make = [&](const PublicKey& peer) {
    check_ref_name(repository, remote, options, peer);
    SessionOptions session = session_options(remote, peer, options);
    session.wider = wider;
    session.wider_than = held;
    return std::make_unique<Session>(state, session);
  };
  SyncResult result = talk_to_remote(repository, remote, make, options);
  explain_shortfall(result);
  return result;
}

}  // namespace isodb::sync
