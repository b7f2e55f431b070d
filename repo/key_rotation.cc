#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "isodb/device_key.h"
#include "isodb/error.h"
#include "merge/authority.h"
#include "repo/access.h"
#include "repo/key_folder.h"

namespace isodb {
namespace {

using merge::Member;
using repo::KeyFile;

/// One step from a clone's key to the next. Which one follows from what is there: whether the next
/// key lies in its file, and what the members of the current branch say of both. So what a crash
/// interrupted is found again.
class KeyRotation {
 public:
  KeyRotation(Repository& repository, const RotationOptions& options)
      : repository_(repository),
        options_(options),
        state_(*repo::Access::state(repository)),
        ask_(repo::asked_once(state_.options.passphrase)),
        folder_(state_),
        current_(folder_.current()),
        next_(found_or_made()) {}

  Rotation run() {
    const std::optional<Member> own = member(current_.public_key());
    const bool is_let_in = member(next_.public_key()).has_value();
    const bool governs = own && !own->revoked && own->role == merge::Role::kAdmin;
    Rotation result{Rotation::Step::kWaiting, current_.public_key(), next_.public_key(),
                    own && own->revoked};
    if (!is_let_in && !governs && !options_.now) return result;
    if (governs) {
      const bool revokes = is_let_in || options_.now;
      govern(*own, is_let_in, revokes);
      result.is_revoked = revokes;
      result.step = Rotation::Step::kLetIn;
      if (!revokes) return result;
    }
    SecretKey key = next_.open(ask_);  // before it is too late to say that it cannot be
    folder_.switch_to_next();
    state_.use_key(std::move(key));
    if (!result.is_revoked) carry_on();
    result.step = Rotation::Step::kDone;
    return result;
  }

 private:
  KeyFile found_or_made() {
    if (std::optional<KeyFile> found = folder_.next()) {
      const std::optional<Member> known = member(found->public_key());
      if (!known || !known->revoked) return std::move(*found);
    }
    const SecretKey key = SecretKey::generate();
    if (!current_.is_protected()) return written(KeyFile::plain(key));
    current_.open(ask_);  // so that both are under one passphrase
    return written(KeyFile::sealed(key, ask_()));
  }

  KeyFile written(KeyFile file) const {
    folder_.write_next(file);
    return file;
  }

  std::optional<Member> member(const PublicKey& key) const {
    const std::optional<Id> head = state_.database->ref(state_.branch());
    if (!head) return std::nullopt;
    const auto root_author = [this] { return state_.read_commit(state_.root).author; };
    return merge::Authority(state_.nodes(), root_author).member(state_.head(*head)->tree, key);
  }

  /// Signed by the old key: it is as senior as any revocation that a thief of it may write.
  void govern(Member own, bool is_let_in, bool revokes) {
    if (current_.is_protected()) state_.use_key(current_.open(ask_));
    Transaction transaction = repository_.begin();
    std::string message = "key: " + own.name;
    if (!is_let_in) {
      Member heir = own;
      heir.key = next_.public_key();
      heir.replaces = own.key;
      put(transaction, heir);
      message += " lets in " + heir.key.fingerprint();
    }
    if (revokes) {
      own.revoked = true;
      put(transaction, own);
      message += std::string(is_let_in ? "" : " and") + " revokes " + own.key.fingerprint();
    }
    commit(transaction, {.message = message});
  }

  /// What the old key signed counts for ever, whoever revokes it, when a commit of the new one
  /// stands on it.
  void carry_on() {
    const std::optional<Member> own = member(next_.public_key());
    if (!own || own->revoked || own->role == merge::Role::kReader) return;
    Transaction transaction = repository_.begin();
    commit(transaction, {.message = "key: " + own->name + " goes on with " + own->key.fingerprint(),
                         .allow_empty = true});
  }

  static void put(Transaction& transaction, const Member& member) {
    const std::string path = merge::member_path(member.key);
    if (const std::optional<Entry> before = transaction.entry(path)) {
      transaction.expect_content(path, before->content);
    } else {
      transaction.expect_absent(path);
    }
    transaction.put(path, merge::member_document(member), {.media_type = "application/json"});
  }

  static void commit(Transaction& transaction, const CommitOptions& options) {
    const auto done = transaction.commit(options);
    if (std::holds_alternative<CommitId>(done)) return;
    throw Error(ErrorCode::kStale, "the members were changed meanwhile",
                "'isodb key rotate' goes on when it is run again");
  }

  Repository& repository_;
  const RotationOptions options_;
  RepositoryState& state_;
  const PassphraseFunction ask_;
  const repo::KeyFolder folder_;
  const KeyFile current_;
  const KeyFile next_;
};

}  // namespace

Rotation rotate_key(Repository& repository, const RotationOptions& options) {
  return KeyRotation(repository, options).run();
}

}  // namespace isodb
