#include "sync/hub.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "isodb/error.h"
#include "merge/authority.h"
#include "sync/session.h"

namespace isodb::sync {
namespace {

constexpr const char* kMainBranch = "heads/main";

template <typename Item>
std::vector<Item> after(const std::vector<Item>& items, std::size_t count) {
  return {items.begin() + static_cast<std::ptrdiff_t>(std::min(count, items.size())), items.end()};
}

/// Not by their number: what was refused before the session is put before what is refused in it.
std::vector<RefusedCommit> without(const std::vector<RefusedCommit>& before,
                                   std::vector<RefusedCommit> now) {
  std::erase_if(now, [&](const RefusedCommit& one) {
    return std::ranges::find(before, one.commit, &RefusedCommit::commit) != before.end();
  });
  return now;
}

/// What `now` has that `before`, of the same session, had not.
Report since(const Report& before, const Report& now) {
  Report news;
  news.commits_sent = now.commits_sent - before.commits_sent;
  news.commits_received = now.commits_received - before.commits_received;
  news.operations_sent = now.operations_sent - before.operations_sent;
  news.operations_received = now.operations_received - before.operations_received;
  news.moved = after(now.moved, before.moved.size());
  news.refused = without(before.refused, now.refused);
  news.refused_there = without(before.refused_there, now.refused_there);
  news.peeled = after(now.peeled, before.peeled.size());
  news.tags_differ = now.tags_differ;
  if (now.refs_refused != before.refs_refused) news.refs_refused = now.refs_refused;
  news.agreed = now.agreed;
  return news;
}

/// Whose members decide who may connect.
std::string governing_branch(RepositoryState& repository, const ServeOptions& options) {
  if (options.members_of.empty()) {
    const bool has_main = repository.database->ref(kMainBranch).has_value();
    return has_main ? kMainBranch : repository.branch();
  }
  if (!repository.database->ref(options.members_of)) {
    throw Error(ErrorCode::kNotFound, "there is no branch " + options.members_of,
                "'isodb branch' lists them");
  }
  return options.members_of;
}

bool is_news(const Report& report) {
  return report.commits_sent + report.commits_received > 0 || !report.moved.empty() ||
         !report.refused.empty() || !report.refused_there.empty() || !report.refs_refused.empty() ||
         !report.peeled.empty();
}

}  // namespace

/// A session of the server's side, and what it tells. One thread at a time, as a protocol.
class Hub::Served : public net::Protocol {
 public:
  /// `transactions`: when the rights were looked at.
  Served(Hub& hub, const net::Peer& peer, const Rights& rights, std::uint64_t transactions)
      : hub_(hub),
        peer_(peer),
        number_(hub.enter(peer.wake)),
        pushes_(rights.pushes),
        transactions_seen_(transactions) {
    SessionOptions options;
    options.peer = peer.key;
    options.sends = true;
    options.takes = rights.pushes;
    options.watches = true;
    options.destination = {.into_branches = true, .remote = peer.key.fingerprint()};
    options.on_moved = [this] { hub_.wake_others(number_); };
    session_.emplace(hub.repository_, options);
  }
  ~Served() override { hub_.leave(number_); }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  void receive(ByteView plaintext) override {
    check_rights();
    session_->receive(plaintext);
    tell_when_settled();
  }
  Bytes produce(std::size_t bytes_max) override {
    check_rights();
    Bytes bytes = session_->produce(bytes_max);
    if (bytes.empty()) tell_when_settled();  // the ACK of what came has left
    return bytes;
  }
  bool finished() const override { return session_->finished(); }
  bool wants_input() const override { return session_->wants_input(); }
  void closing(const Error& why) override {
    is_over_ = true;
    session_->closing(why);
  }
  void ended(const std::optional<Error>& why) override {
    session_->ended(why);
    tell();
  }

 private:
  /// What a device may do is looked at again when anything was written, before more goes or comes.
  void check_rights() {
    if (is_over_) return;  // the last words
    const std::uint64_t transactions = hub_.repository_->database->transactions();
    if (transactions == transactions_seen_) return;
    const std::optional<Rights> rights = hub_.rights_of(peer_.key);
    if (rights && (rights->pushes || !pushes_)) {
      transactions_seen_ = transactions;
      return;
    }
    is_over_ = true;
    if (!rights) session_->end(Error(ErrorCode::kDenied, "this device is no member any more"));
    session_->end(
        Error(ErrorCode::kBusy, "this device may only read from now on", "connect again"));
  }

  void tell_when_settled() {
    if (session_->is_settled()) tell();
  }

  void tell() {
    const Report report = session_->report();
    Report news = since(std::exchange(told_, report), report);
    if (!is_news(news)) return;
    ServeEvent event;
    event.kind = ServeEvent::Kind::kSynced;
    event.peer = peer_.name;
    event.key = peer_.key;
    event.report = std::move(news);
    hub_.tell(std::move(event));
  }

  Hub& hub_;
  const net::Peer peer_;
  const std::uint64_t number_;
  const bool pushes_;
  std::uint64_t transactions_seen_;
  bool is_over_ = false;
  std::optional<Session> session_;
  Report told_;
};

Hub::Hub(std::shared_ptr<RepositoryState> repository, const ServeOptions& options)
    : repository_(std::move(repository)),
      options_(options),
      governing_branch_(governing_branch(*repository_, options)),
      transactions_seen_(repository_->database->transactions()) {}

Hub::~Hub() = default;

std::optional<Hub::Rights> Hub::rights_of(const PublicKey& key) const {
  const bool allowed = std::ranges::find(options_.allow, key) != options_.allow.end();
  const merge::Authority authority(
      repository_->nodes(), [this] { return repository_->read_commit(repository_->root).author; });
  std::optional<merge::Member> member;
  if (const std::optional<Id> head = repository_->database->ref(governing_branch_)) {
    member = authority.member(repository_->head(*head)->tree, key);
  }
  if (member && !member->revoked) {
    return Rights{member->name, allowed || member->role != merge::Role::kReader};
  }
  if (allowed) return Rights{"", true};
  return std::nullopt;
}

bool Hub::accepts(const PublicKey& key) noexcept {
  try {
    return rights_of(key).has_value();
  } catch (const std::exception&) {
    tell_trouble("who may connect cannot be told");
  }
  return false;
}

std::unique_ptr<net::Protocol> Hub::make(const net::Peer& peer) {
  const std::uint64_t transactions = repository_->database->transactions();
  const std::optional<Rights> rights = rights_of(peer.key);
  if (!rights) throw Error(ErrorCode::kDenied, "this device is no member any more");
  return std::make_unique<Served>(*this, peer, *rights, transactions);
}

void Hub::wake_when_moved() {
  const std::uint64_t now = repository_->database->transactions();
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(transactions_seen_, now) == now) return;
  }
  wake_others(0);
}

void Hub::tell(ServeEvent event) {
  if (!options_.on_event) return;
  try {
    const std::optional<Rights> rights = event.key ? rights_of(*event.key) : std::nullopt;
    if (rights) event.member = rights->member;
  } catch (const std::exception&) {
    event.member.clear();  // the event counts more than the name
  }
  const std::lock_guard lock(telling_);
  options_.on_event(event);
}

void Hub::tell_trouble(const char* trouble) noexcept {
  try {
    ServeEvent event;
    try {
      throw;
    } catch (const Error& error) {
      event.error = error.within(trouble);
    } catch (const std::exception& error) {  // no memory, say: a server outlives that
      event.error = Error(ErrorCode::kIo, std::string(trouble) + ": " + error.what());
    }
    tell(std::move(event));
  } catch (const std::exception&) {  // documented: there is nobody left to tell
  }
}

std::uint64_t Hub::enter(net::Waker waker) {
  const std::lock_guard lock(mutex_);
  wakers_.emplace(++entered_, std::move(waker));
  return entered_;
}

void Hub::leave(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  wakers_.erase(number);
}

void Hub::wake_others(std::uint64_t number) {
  std::vector<net::Waker> wakers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [other, waker] : wakers_) {
      if (other != number && waker) wakers.push_back(waker);
    }
  }
  for (const net::Waker& wake : wakers) wake();
}

}  // namespace isodb::sync
