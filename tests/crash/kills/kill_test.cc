// Processes that work on one repository at once, of which one after another is killed in the midst
// of whatever it does. What a process was told to be done has to be there for all that come later.

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <thread>

#include "isodb/backup.h"
#include "isodb/import_session.h"
#include "isodb/sync.h"
#include "tests/support/child_process.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::kill_process;
using isodb::testing::start_process;
using isodb::testing::TemporaryFolder;
using isodb::testing::wait_for;

namespace {

constexpr int kWriters = 3;
constexpr int kImporter = kWriters, kDrafter = kWriters + 1, kCounters = kWriters + 2;
constexpr const char* kImports = "heads/imports";
constexpr int kExitLost = 8;

int kills_wanted() {
  const char* text = std::getenv("ISODB_KILLS");
  return text != nullptr ? std::atoi(text) : 1000;
}

/// What is shared by the processes: it outlives each of them.
struct Board {
  /// The highest number that each who counts was told to be durable.
  std::array<std::atomic<std::uint64_t>, kCounters> acknowledged{};
  std::array<std::atomic<std::uint64_t>, 16> rounds{};  ///< done, by role
};

struct Places {
  std::filesystem::path one, other, backup;
  Board* board;
};

[[noreturn]] void lost(const std::string& what) {
  std::fprintf(stderr, "lost: %s\n", what.c_str());
  ::_exit(kExitLost);
}

std::uint64_t number_at(const Snapshot& snapshot, const std::string& path) {
  const std::optional<Bytes> text = snapshot.get(path);
  return text ? std::stoull(*text) : 0;
}

std::string own_folder(int writer) {
  return "writer" + std::to_string(writer) + "/";
}

/// Sees that nothing is missing that was acknowledged before, and that what one commit wrote is
/// there as a whole.
void look(const Repository& repository, const std::array<std::uint64_t, kCounters>& told) {
  const Snapshot head = repository.snapshot();
  for (int writer = 0; writer < kWriters; ++writer) {
    const std::uint64_t first = number_at(head, own_folder(writer) + "first");
    const std::uint64_t last = number_at(head, own_folder(writer) + "last");
    if (first != last) lost("half a commit of writer " + std::to_string(writer));
    if (first < told[writer]) lost("a commit of writer " + std::to_string(writer));
  }
  if (number_at(head, "draft") < told[kDrafter]) lost("a draft");
  if (told[kImporter] == 0) return;
  const Snapshot imports = repository.snapshot(kImports);
  if (number_at(imports, "imported/0") < told[kImporter]) lost("an import");
  if (imports.count("imported/") % 300 != 0) lost("half an import");
}

std::array<std::uint64_t, kCounters> told_so_far(const Board& board) {
  std::array<std::uint64_t, kCounters> told{};
  for (int i = 0; i < kCounters; ++i) told[i] = board.acknowledged[i];
  return told;
}

// What the processes do, again and again. Each returns when it has done it once.

void write(Repository& repository, Board& board, int writer, std::mt19937_64& random) {
  const std::string own = own_folder(writer);
  const std::uint64_t next = number_at(repository.snapshot(), own + "first") + 1;
  Transaction transaction = repository.begin();
  transaction.put(own + "first", std::to_string(next));
  transaction.put(own + "some/" + std::to_string(next % 40),
                  Bytes(random() % 3000, static_cast<char>('a' + next % 26)));
  transaction.put(own + "last", std::to_string(next));
  const auto done = transaction.commit({.message = own});
  if (std::holds_alternative<CommitId>(done)) board.acknowledged[writer] = next;
}

void import(Repository& repository, Board& board) {
  const std::optional<Id> tip = repository.ref(kImports);
  const std::uint64_t next = tip ? number_at(repository.snapshot(kImports), "imported/0") + 1 : 1;
  ImportSession session(repository);
  ImportSession::CommitInput input;
  input.parents = {tip ? CommitId(*tip) : repository.id()};
  for (int i = 0; i < 300; ++i) {
    const std::string document = i == 0 ? std::to_string(next) : std::to_string(next * i);
    input.changes.push_back(
        {"imported/" + std::to_string(i), session.write_document(document, "text/plain")});
  }
  const CommitId commit = session.commit(std::move(input));
  if (!session.finish({{kImports, commit}}, "import")) board.acknowledged[kImporter] = next;
}

void draft(Repository& repository, Board& board) {
  if (!repository.draft()) repository.begin_draft();
  const std::uint64_t next = number_at(repository.snapshot(), "draft") + 1;
  {
    Transaction transaction = repository.draft_transaction();
    transaction.put("draft", std::to_string(next));
    repository.save_draft(transaction);
  }
  const auto done = repository.commit_draft({.message = "draft"});
  if (std::holds_alternative<CommitId>(done)) {
    board.acknowledged[kDrafter] = next;
  } else {
    repository.drop_draft();
  }
}

void meet(Repository& repository, const Places& places) {
  const auto told = told_so_far(*places.board);
  sync::SyncOptions options;
  options.time_max = std::chrono::seconds(60);
  const auto result = sync::sync_with(repository, sync::remote_at(places.other.string()), options);
  if (!result.error) return look(Repository::open(places.other), told);
  const ErrorCode code = result.error->code();
  if (code != ErrorCode::kBusy && code != ErrorCode::kStale) throw *result.error;
}

void back_up_and_look(const Repository& repository, const Places& places, std::uint64_t round) {
  const auto told = told_so_far(*places.board);
  std::filesystem::remove(places.backup);
  back_up(repository, places.backup);
  if (round % 4 != 0) return;
  const std::filesystem::path back = places.backup.string() + ".back";
  std::filesystem::remove_all(back);
  restore(places.backup, back);
  look(Repository::open(back), told);
}

void collect(Repository& repository) {
  try {
    repository.collect();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBusy) throw;
  }
}

enum Role { kFirstWriter, kReader = kWriters, kImport, kDraft, kCollect, kMeet, kBackUp, kRoles };

void work_on(Role role, const Places& places) {
  Repository repository = Repository::open(places.one);
  std::mt19937_64 random(::getpid());
  for (std::uint64_t round = 0;; ++round, ++places.board->rounds[role]) {
    switch (role) {
      case kReader:
        look(repository, told_so_far(*places.board));
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        break;
      case kImport:
        import(repository, *places.board);
        break;
      case kDraft:
        draft(repository, *places.board);
        break;
      case kCollect:
        collect(repository);
        break;
      case kMeet:
        meet(repository, places);
        break;
      case kBackUp:
        back_up_and_look(repository, places, round);
        break;
      default:
        write(repository, *places.board, role, random);
    }
  }
}

/// The processes at work. Whoever ends by itself has found a fault.
class Workers {
 public:
  explicit Workers(const Places& places) : places_(places) {}
  ~Workers() { kill_all(); }

  void start_missing(std::mt19937_64& random) {
    for (int role = 0; role <= kReader; ++role) start_role(static_cast<Role>(role));
    if (running_.size() == kReader + 1U) {
      start_role(static_cast<Role>(kReader + 1 + random() % (kRoles - kReader - 1)));
    }
  }
  /// What takes longer lives longer, so that it comes to its end at times.
  void kill_one(std::mt19937_64& random) {
    constexpr unsigned kLongerLife = 12;
    const Role last = running_.rbegin()->first;
    const bool is_last = last > kReader && random() % (kLongerLife + kReader) == 0;
    kill(is_last ? last : static_cast<Role>(random() % (kReader + 1)));
  }
  void kill_all() {
    while (!running_.empty()) kill(running_.begin()->first);
  }

 private:
  void start_role(Role role) {
    if (running_.contains(role)) return;
    running_[role] = start_process([&] { work_on(role, places_); });
  }
  void kill(Role role) {
    const pid_t child = running_[role];
    running_.erase(role);
    INFO("role " << role << " ended by itself");
    CHECK(kill_process(child));
  }

  const Places& places_;
  std::map<Role, pid_t> running_;
};

/// With nobody else at work: every byte, every commit.
void check_all(const Places& places) {
  const pid_t child = start_process([&] {
    for (const std::filesystem::path& folder : {places.one, places.other}) {
      const Repository repository = Repository::open(folder);
      if (folder == places.one) look(repository, told_so_far(*places.board));
      for (const Finding& finding : repository.fsck()) lost(finding.where + finding.problem);
      for (const Finding& finding : repository.verify()) lost(finding.where + finding.problem);
    }
  });
  REQUIRE(wait_for(child) == 0);
}

}  // namespace

TEST_CASE("processes that are killed at any moment lose nothing and leave nothing half done") {
  const TemporaryFolder folder;
  void* const shared =
      ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  Board* const board = new (shared) Board();
  const Places places{folder / "one", folder / "other", folder / "backup", board};
  const pid_t making = start_process([&] {
    Repository::init(places.one);
    sync::clone(sync::remote_at(places.one.string()), places.other);
  });
  REQUIRE(wait_for(making) == 0);
  constexpr int kChecks = 10;
  const int wanted = kills_wanted();
  std::mt19937_64 random(20'261'122);
  Workers workers(places);
  for (int kills = 1; kills <= wanted; ++kills) {
    workers.start_missing(random);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 30'000));
    workers.kill_one(random);
    if (kills % std::max(1, wanted / kChecks) != 0) continue;
    workers.kill_all();
    check_all(places);
  }
  std::string counts;
  for (int role = 0; role < kRoles; ++role) counts += " " + std::to_string(board->rounds[role]);
  WARN(wanted << " kills; rounds of writers, reader, import, draft, collect, sync, backup:"
              << counts);
  for (const auto& number : board->acknowledged) CHECK(number > 0);
  ::munmap(shared, sizeof(Board));
}
