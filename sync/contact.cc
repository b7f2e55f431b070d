#include "sync/contact.h"

#include "isodb/error.h"
#include "sync/conversation.h"

namespace isodb::sync {

std::optional<SyncResult> Contact::ask() {
  if (remote_.key || !remote_.fingerprint.empty()) return std::nullopt;
  std::optional<PublicKey> key;
  try {
    key = ask_network_key(place_, key_, options_);
  } catch (const Error& error) {
    SyncResult result;
    result.error = error;
    result.unreachable = error.code() == ErrorCode::kIo || error.code() == ErrorCode::kNotFound;
    return result;
  }
  if (!options_.first_contact || !options_.first_contact(*key)) {
    throw Error(ErrorCode::kInvalid,
                "the peer at " + remote_.url +
                    " is not known yet; it says that its fingerprint is " + key->fingerprint(),
                "compare it with what 'isodb key fingerprint' prints there, then give it with "
                "--fingerprint");
  }
  remote_.key = key;
  return std::nullopt;
}

net::AcceptKey Contact::accept() {
  return [this](const PublicKey& key) {
    const bool is_known =
        remote_.key ? key == *remote_.key || (has_succeeded_ && has_succeeded_(*remote_.key, key))
                    : key.fingerprint() == remote_.fingerprint;
    if (!is_known) stranger_ = key;
    return is_known;
  };
}

void Contact::explain(SyncResult& result) const {
  if (!result.error) return;
  const Error error = *result.error;
  if (stranger_ && error.code() == ErrorCode::kUnverified) {
    result.error = Error(
        error.code(),
        "the peer at " + remote_.url + " has the fingerprint " + stranger_->fingerprint() +
            ", not the expected " +
            (remote_.key ? remote_.key->fingerprint() : remote_.fingerprint),
        "somebody may stand between. If that device was set up anew, compare with what 'isodb "
        "key fingerprint' prints there, and give that with --fingerprint: it is kept");
  } else if (error.code() == ErrorCode::kDenied) {
    const std::string own = key_.public_key().text();
    result.error =
        Error(error.code(), error.what(),
              "an admin there lets a new device in: isodb member add " + own +
                  " NAME; or the server does: isodb serve --allow " + own +
                  ". If the key was revoked ('isodb member list' there says so), clone anew: a "
                  "clone has a key of its own; or make a new one here with 'isodb key rotate'");
  }
}

}  // namespace isodb::sync
