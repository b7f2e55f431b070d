#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isodb/repository.h"
#include "repo/access.h"
#include "repo/scope.h"
#include "repo/state.h"
#include "sync/session.h"
#include "tests/support/testing.h"

namespace isodb::testing {

/// A device: a repository in a folder of its own.
class Device {
 public:
  /// The first one, in whose repository whoever has a key may write.
  Device() {
    Repository::init(folder_ / "r");
    open();
    put(".isodb/repository.json", "{\"anyone\":\"writer\",\"format\":1}\n");
  }
  /// One that has nothing yet: a clone fills it.
  struct Empty {
    std::optional<wire::ScopeClaim> scope = {};  ///< what it asks for
  };
  explicit Device(Empty empty) : asked_(std::move(empty.scope)) {}
  /// A copy of another's files, as a backup makes it.
  Device(const Device& other, int) {
    std::filesystem::copy(other.folder_.path(), folder_.path(),
                          std::filesystem::copy_options::recursive);
    open();
  }

  std::filesystem::path path() const { return folder_ / "r"; }
  Repository& repository() { return *repository_; }
  const std::shared_ptr<RepositoryState>& state() { return state_; }
  PublicKey key() const { return repository_->public_key(); }
  void open() {
    repository_.emplace(Repository::open(path()));
    state_ = repo::Access::state(*repository_);
  }

  CommitId put(const std::string& at, const std::string& document) {
    return commit([&](Transaction& transaction) { transaction.put(at, document); });
  }
  CommitId commit(const std::function<void(Transaction&)>& change) {
    Transaction transaction = repository_->begin();
    change(transaction);
    return std::get<CommitId>(transaction.commit({}));
  }
  std::optional<Id> head(const std::string& ref = "heads/main") { return repository_->ref(ref); }

  const std::optional<wire::ScopeClaim>& asked_scope() const { return asked_; }
  std::shared_ptr<RepositoryState> make(const CommitId& root, const Scope& scope) {
    Repository::init_empty(path(), root);
    open();
    if (const std::optional<std::string> text = repo::scope_text(scope)) {
      refs::WriteBatch batch;
      batch.settings = {{repo::kSettingScope, text}};
      state_->database->write(batch);
      open();
    }
    return state_;
  }

 private:
  TemporaryFolder folder_;
  std::optional<wire::ScopeClaim> asked_;
  std::optional<Repository> repository_;
  std::shared_ptr<RepositoryState> state_;
};

/// What a conversation took.
struct Conversation {
  std::uint64_t there = 0, back = 0;  ///< bytes from and to the initiator
  int turns = 0;                      ///< flights of the initiator's that were answered
  bool cut = false;
  std::optional<Error> error, error_there;

  std::uint64_t bytes() const { return there + back; }
};

struct Line {
  std::uint64_t bytes_max = UINT64_MAX;  ///< in both directions together; then it breaks
  std::size_t piece = 65'536;            ///< what arrives at once
};

/// Lets two sessions talk, one after the other, until both are silent or the line breaks.
Conversation talk(sync::Session& initiator, sync::Session& responder, const Line& line = {});

/// The corpus's first documents, in one commit.
void put_corpus(Device& device, std::uint64_t documents);

enum class Way { kFetch, kPush, kSync };
struct Meeting {
  Conversation conversation;
  sync::Report report, report_there;
};
/// Two devices meet; a device without a repository clones.
/// `wider`: what the initiator, which is partial, is to hold then.
Meeting meet(Device& initiator, Device& responder, Way way = Way::kSync, const Line& line = {},
             const std::optional<Scope>& wider = {});

}  // namespace isodb::testing
