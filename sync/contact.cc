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

net::AcceptKey Contact::accept() const {
  if (remote_.key) return net::accept_only(*remote_.key);
  return [fingerprint = remote_.fingerprint](const PublicKey& key) {
    return key.fingerprint() == fingerprint;
  };
}

void Contact::explain(SyncResult& result) const {
  if (!result.error) return;
  const Error error = *result.error;
  const std::string own = key_.public_key().text();
  if (error.code() == ErrorCode::kDenied) {
    result.error = Error(error.code(), error.what(),
                         "an admin there lets this device in: isodb member add " + own +
                             " NAME; or the server does: isodb serve --allow " + own);
  }
}

}  // namespace isodb::sync
