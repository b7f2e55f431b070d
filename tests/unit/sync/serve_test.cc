// A server in this process: who may talk to it, for how long, and whose turn it is.
#include "isodb/serve.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <mutex>
#include <thread>

#include "isodb/error.h"
#include "net/address.h"
#include "repo/access.h"
#include "sync/error_reason.h"
#include "sync/hub.h"
#include "tests/support/damage.h"
#include "tests/support/net_proxy.h"
#include "tests/support/pair_of_repositories.h"

using namespace isodb;
using namespace isodb::sync;
using testing::NetProxy;
using testing::Pair;

namespace {

using std::chrono::milliseconds;

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 1'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return condition();
}

/// Serves a repository until it is destroyed.
class Serving {
 public:
  explicit Serving(Repository& repository, ServeOptions options = {})
      : key_(repository.public_key()), server_(repository, with_log(std::move(options))) {
    thread_ = std::thread([this] { server_.run(); });
  }
  ~Serving() {
    server_.stop();
    thread_.join();
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  std::uint16_t port() const {
    return net::Address::parse_listen(server_.addresses().front()).port;
  }
  /// As it is reached here, or through what listens at `port`.
  Remote remote(std::uint16_t port) const {
    Remote remote = remote_at("isodb://127.0.0.1:" + std::to_string(port));
    remote.key = key_;
    return remote;
  }
  Remote remote() const { return remote(port()); }
  /// Why conversations ended, or did not begin.
  std::vector<Error> errors() const {
    const std::lock_guard lock(mutex_);
    std::vector<Error> errors;
    for (const ServeEvent& event : events_) {
      if (event.error) errors.push_back(*event.error);
    }
    return errors;
  }
  std::size_t count(ServeEvent::Kind kind) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(events_.begin(), events_.end(),
                      [&](const ServeEvent& event) { return event.kind == kind; }));
  }

 private:
  ServeOptions with_log(ServeOptions options) {
    options.listen = {"127.0.0.1:0"};
    options.on_event = [this](const ServeEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
    };
    return options;
  }

  const PublicKey key_;
  mutable std::mutex mutex_;
  std::vector<ServeEvent> events_;
  Server server_;
  std::thread thread_;
};

/// A repository that watches, in a thread of its own, until it is destroyed; again at once whenever
/// the server let it go.
class Watching {
 public:
  Watching(const std::filesystem::path& folder, Remote remote)
      : repository_(Repository::open(folder)),
        remote_(std::move(remote)),
        thread_([this] { run(); }) {}
  ~Watching() {
    stop_.request();
    thread_.join();
  }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  std::size_t ended_with(ErrorCode code) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count(ends_.begin(), ends_.end(), code));
  }
  bool is_settled() const { return settled_; }

 private:
  void run() {
    SyncOptions options;
    options.watch = true;
    options.stop = &stop_;
    options.on_settled = [this](const Report&) { settled_ = true; };
    while (!stop_.requested()) {
      const SyncResult result = sync_with(repository_, remote_, options);
      const std::lock_guard lock(mutex_);
      if (result.error) ends_.push_back(result.error->code());
      if (result.error && result.error->code() == ErrorCode::kDenied) return;
    }
  }

  Repository repository_;
  const Remote remote_;
  StopRequest stop_;
  std::atomic<bool> settled_ = false;
  mutable std::mutex mutex_;
  std::vector<ErrorCode> ends_;
  std::thread thread_;
};

void write_member(Repository& office, const Repository& device, merge::Role role, bool revoked) {
  testing::put(office, merge::member_path(device.public_key()),
               merge::member_document({"tablet", device.public_key(), role, {}, revoked}));
}

std::optional<ErrorCode> fetch_error(Repository& repository, const Remote& remote) {
  const SyncResult result = sync_with(repository, remote, {.direction = Direction::kFetch});
  return result.error ? std::optional(result.error->code()) : std::nullopt;
}

bool holds(const Repository& repository, const std::string& path) {
  return repository.snapshot().entry(path).has_value();
}

}  // namespace

TEST_CASE("who cannot be judged is not let in, and no trouble of that ends the server") {
  const testing::TemporaryFolder folder;
  TreeId tree;
  {
    Repository one = Repository::init(folder / "r");
    testing::put(one, "a.json", "1");
    tree = one.commit(CommitId(*one.ref("heads/main"))).tree;
  }
  REQUIRE(testing::damage_object(folder / "r", tree) >= 1);
  Repository one = Repository::open(folder / "r");
  int told = 0;
  ServeOptions options;
  options.on_event = [&](const ServeEvent& event) {
    ++told;
    REQUIRE(event.error);
    CHECK(event.error->code() == ErrorCode::kCorrupt);
    if (told == 1) return;
    if (told == 2) throw Error(ErrorCode::kIo, "the log is full");
    throw std::bad_alloc();
  };
  Hub hub(repo::Access::state(one), options);
  const PublicKey stranger = SecretKey::generate().public_key();
  for (int round = 1; round <= 3; ++round) {
    CHECK_FALSE(hub.accepts(stranger));
    CHECK(told == round);
  }
}

TEST_CASE("one branch's members decide who may connect, whichever the server stands on") {
  Pair pair;
  const Id root = pair.office.id();
  REQUIRE(pair.office.move_ref("heads/old", std::nullopt, root, "test").done);
  pair.office.set_current_branch("heads/old");
  Serving serving(pair.office);
  CHECK_FALSE(fetch_error(*pair.tablet, serving.remote()));
  {
    const Serving by_old(pair.office, {.members_of = "heads/old"});
    CHECK(fetch_error(*pair.tablet, by_old.remote()) == ErrorCode::kDenied);
  }
  CHECK_THROWS_AS(Server(pair.office, {.listen = {"127.0.0.1:0"}, .members_of = "heads/none"}),
                  Error);

  pair.office.set_current_branch("heads/main");
  const std::optional<Id> before = pair.office.ref("heads/main");
  REQUIRE(pair.office.move_ref("heads/before", std::nullopt, before, "test").done);
  write_member(pair.office, *pair.tablet, merge::Role::kWriter, true);
  pair.office.set_current_branch("heads/before");
  CHECK(fetch_error(*pair.tablet, serving.remote()) == ErrorCode::kDenied);
}

TEST_CASE("a device that is revoked while it watches is told so, and sent nothing more") {
  Pair pair;
  const Serving serving(pair.office);
  const Watching watching(pair.folder / "tablet", serving.remote());
  REQUIRE(eventually([&] { return watching.is_settled(); }));
  testing::put(pair.office, "a/2.json", "2");
  REQUIRE(eventually([&] { return holds(*pair.tablet, "a/2.json"); }));
  write_member(pair.office, *pair.tablet, merge::Role::kWriter, true);
  testing::put(pair.office, "a/secret.json", "3");
  CHECK(eventually([&] { return watching.ended_with(ErrorCode::kDenied) == 1; }));
  CHECK_FALSE(holds(*pair.tablet, "a/secret.json"));
}

TEST_CASE("a writer that becomes a reader while it watches connects anew as one") {
  Pair pair;
  const Serving serving(pair.office);
  const Watching watching(pair.folder / "tablet", serving.remote());
  REQUIRE(eventually([&] { return watching.is_settled(); }));
  write_member(pair.office, *pair.tablet, merge::Role::kReader, false);
  CHECK(eventually([&] { return watching.ended_with(ErrorCode::kBusy) == 1; }));
  testing::put(pair.office, "a/2.json", "2");
  CHECK(eventually([&] { return holds(*pair.tablet, "a/2.json"); }));
}

TEST_CASE("what a watching device brought is told as soon as it is here") {
  Pair pair;
  const Serving serving(pair.office);
  const Watching watching(pair.folder / "tablet", serving.remote());
  REQUIRE(eventually([&] { return watching.is_settled(); }));
  const std::size_t told = serving.count(ServeEvent::Kind::kSynced);
  testing::put(*pair.tablet, "b.json", "1");
  REQUIRE(eventually([&] { return holds(pair.office, "b.json"); }));
  CHECK(eventually([&] { return serving.count(ServeEvent::Kind::kSynced) == told + 1; }));
}

TEST_CASE("a command of a device that watches takes its turn, and the watcher comes back") {
  Pair pair;
  const Serving serving(pair.office);
  NetProxy slow(serving.port(), {.delay = milliseconds(500)});
  const Watching watching(pair.folder / "tablet", serving.remote());
  REQUIRE(eventually([&] { return watching.is_settled(); }));
  std::optional<ErrorCode> error = ErrorCode::kIo;
  std::thread command([&] { error = fetch_error(*pair.tablet, serving.remote(slow.port())); });
  REQUIRE(eventually([&] { return watching.ended_with(ErrorCode::kBusy) == 1; }));
  command.join();
  CHECK_FALSE(error);
  testing::put(pair.office, "a/2.json", "2");
  CHECK(eventually([&] { return holds(*pair.tablet, "a/2.json"); }));
  CHECK(watching.ended_with(ErrorCode::kBusy) == 1);
}

TEST_CASE("a line that died without a word keeps the same device's next one waiting no second") {
  Pair pair;
  const Serving serving(pair.office);
  NetProxy line(serving.port());
  const Watching watching(pair.folder / "tablet", serving.remote(line.port()));
  REQUIRE(eventually([&] { return watching.is_settled(); }));
  line.freeze();
  const auto begun = std::chrono::steady_clock::now();
  CHECK_FALSE(fetch_error(*pair.tablet, serving.remote()));
  CHECK(std::chrono::steady_clock::now() - begun < milliseconds(5'000));
  line.thaw();
}

TEST_CASE("two commands of one device take turns, and the one that waits says so") {
  Pair pair;
  const Serving serving(pair.office);
  NetProxy slow(serving.port(), {.delay = milliseconds(300)});
  std::optional<ErrorCode> first = ErrorCode::kIo;
  std::thread other([&] {
    Repository again = Repository::open(pair.folder / "tablet");
    first = fetch_error(again, serving.remote(slow.port()));
  });
  REQUIRE(eventually([&] { return serving.count(ServeEvent::Kind::kOpened) == 1; }));
  int waited = 0;
  SyncOptions options;
  options.direction = Direction::kFetch;
  options.on_waiting = [&] { ++waited; };
  const SyncResult second = sync_with(*pair.tablet, serving.remote(), options);
  other.join();
  CHECK_FALSE(first);
  CHECK_FALSE(second.error);
  CHECK(waited == 1);
  for (const Error& error : serving.errors()) CHECK(error.code() != ErrorCode::kStale);
}

TEST_CASE("a command that waits for another one ends when it is stopped, or its time is up") {
  Pair pair;
  const Serving serving(pair.office);
  NetProxy line(serving.port());
  line.freeze();
  std::optional<ErrorCode> first = ErrorCode::kIo;
  std::atomic<bool> is_connected = false;
  StopRequest stop_first;
  std::thread other([&] {
    Repository again = Repository::open(pair.folder / "tablet");
    SyncOptions options;
    options.stop = &stop_first;
    options.progress = [&](const Bandwidth& bandwidth) { is_connected = bandwidth.total_out > 0; };
    const SyncResult result = sync_with(again, serving.remote(line.port()), options);
    if (result.error) first = result.error->code();
  });
  REQUIRE(eventually([&] { return is_connected.load(); }));
  SyncOptions options;
  options.time_max = milliseconds(200);
  const SyncResult late = sync_with(*pair.tablet, serving.remote(), options);
  REQUIRE(late.error);
  CHECK(late.error->code() == ErrorCode::kBusy);
  StopRequest stop;
  options.time_max.reset();
  options.stop = &stop;
  options.on_waiting = [&] { stop.request(); };
  const SyncResult stopped = sync_with(*pair.tablet, serving.remote(), options);
  REQUIRE(stopped.error);
  CHECK(stopped.error->code() == ErrorCode::kStale);
  stop_first.request();
  line.thaw();
  other.join();
  CHECK(first == ErrorCode::kStale);
  CHECK_FALSE(fetch_error(*pair.tablet, serving.remote()));  // the turn ended with it
}

TEST_CASE("who is not let in is told that and nothing else, and what to do") {
  Pair pair;
  const Serving serving(pair.office);
  Repository stranger = Repository::open(pair.folder / "tablet");
  write_member(pair.office, stranger, merge::Role::kWriter, true);
  const SyncResult result = sync_with(stranger, serving.remote());
  REQUIRE(result.error);
  CHECK(result.error->code() == ErrorCode::kDenied);
  CHECK_FALSE(result.unreachable);
  CHECK(result.error->hint().find("isodb member add") != std::string::npos);
  CHECK(result.bandwidth.payload_in == refusal_message().size());
  REQUIRE(eventually([&] { return serving.count(ServeEvent::Kind::kRefused) == 1; }));
  CHECK(serving.count(ServeEvent::Kind::kOpened) == 0);
}

TEST_CASE("a peer is told what kind of trouble there is here, and nothing of this machine") {
  const Error trouble(ErrorCode::kIo, "cannot read /home/ada/farm/repo.db: disk I/O error");
  CHECK(message_of(trouble).text.find("/home") == std::string::npos);
  CHECK(message_of(trouble).code == static_cast<std::uint64_t>(wire::ErrorReason::kInternal));
  // No matter of the peer's rights, nor of which repository it is.
  for (const ErrorCode code : {ErrorCode::kDenied, ErrorCode::kNotFound}) {
    CHECK(message_of(Error(code, "/home/ada")) == message_of(trouble));
  }
  Pair pair;
  testing::put(pair.office, "b.json", R"({"n":2})");
  const Id content = pair.office.snapshot().entry("b.json")->content;
  const std::filesystem::path folder = pair.folder / "damaged";
  std::filesystem::copy(pair.folder / "office", folder, std::filesystem::copy_options::recursive);
  REQUIRE(testing::damage_object(folder, content) >= 1);
  Repository damaged = Repository::open(folder);
  const Serving serving(damaged);
  const SyncResult result = sync_with(*pair.tablet, serving.remote());
  REQUIRE(result.error);
  const std::string told = message_of(Error(ErrorCode::kCorrupt, "")).text;
  CHECK(result.error->what() == "the other side says: " + told);
  // Who runs the server is told all of it.
  REQUIRE(eventually([&] { return !serving.errors().empty(); }));
  CHECK(serving.errors().front().code() == ErrorCode::kCorrupt);
  CHECK(std::string(serving.errors().front().what()).find(told) == std::string::npos);
}
