// Devices at work for as long as one says: four writers, two readers, syncing, collections, backups
// and a second device on one repository, a hub that both meet over TLS, and every few seconds one
// of the processes is killed. Prints a line a minute; ends with 1 where anything was lost, an error
// was seen that a user would see, memory rose or storage is not what packing it anew would give.
//   ./dev soak [MINUTES]
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "isodb/backup.h"
#include "isodb/repository.h"
#include "isodb/serve.h"
#include "isodb/sync.h"
#include "merge/members.h"
#include "tests/support/child_process.h"
#include "tests/support/sync_corpus.h"

using namespace isodb;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::SyncCorpus;

namespace {

constexpr int kWriters = 5;  ///< the last one on the second device
constexpr int kOther = kWriters - 1;
constexpr milliseconds kThinking{80};
constexpr std::uint64_t kOwnDocuments = 500, kSharedDocuments = 50;

enum Role {
  kFirstWriter,
  kFirstReader = kWriters,
  kLastReader,
  kFieldSync,
  kOtherSync,
  kFieldGc,
  kHubGc,
  kBackUp,
  kHub,
  kRoles
};
constexpr std::array<const char*, kRoles> kNames = {
    "writer 0",         "writer 1", "writer 2", "writer 3",     "other's writer",
    "reader 0",         "reader 1", "sync",     "other's sync", "collection",
    "hub's collection", "backup",   "hub"};

/// Shared by the processes; outlives each.
struct Board {
  std::array<std::atomic<std::uint64_t>, kWriters> acknowledged{};
  std::array<std::atomic<std::uint64_t>, kRoles> rounds{};
  std::array<std::atomic<std::uint64_t>, kRoles> lines_broken{};
};

struct Places {
  fs::path field, other, hub, backup;
  std::uint16_t port = 0;
  Board* board = nullptr;

  sync::Remote hub_remote() const {
    return sync::remote_at("isodb://127.0.0.1:" + std::to_string(port));
  }
};

[[noreturn]] void lost(const std::string& what) {
  throw Error(ErrorCode::kCorrupt, "LOST: " + what);
}

// What the processes do, each of them again and again.

std::string folder_of(int writer) {
  return "writer" + std::to_string(writer) + "/";
}

std::uint64_t number_at(const Snapshot& snapshot, const std::string& path) {
  const std::optional<Bytes> text = snapshot.get(path);
  return text ? std::stoull(*text) : 0;
}

/// Sees that what one commit wrote is there as a whole, and what was acknowledged `before`.
void look(const Repository& repository, const std::vector<int>& writers,
          const std::array<std::uint64_t, kWriters>& before) {
  const Snapshot head = repository.snapshot();
  for (const int writer : writers) {
    const std::uint64_t first = number_at(head, folder_of(writer) + "first");
    if (first != number_at(head, folder_of(writer) + "last")) lost("half of a commit");
    if (first < before[writer]) lost("a commit of writer " + std::to_string(writer));
  }
}

std::array<std::uint64_t, kWriters> told_so_far(const Board& board) {
  std::array<std::uint64_t, kWriters> told{};
  for (int i = 0; i < kWriters; ++i) told[i] = board.acknowledged[i];
  return told;
}

const std::vector<int> kFieldWriters = {0, 1, 2, 3};

void write(Repository& repository, Board& board, int writer, std::mt19937_64& random) {
  const std::string own = folder_of(writer);
  const std::uint64_t next = number_at(repository.snapshot(), own + "first") + 1;
  Transaction transaction = repository.begin();
  transaction.put(own + "first", std::to_string(next));
  transaction.put(own + std::to_string(random() % kOwnDocuments), SyncCorpus::document(next));
  transaction.put(own + "last", std::to_string(next));
  if (random() % 8 == 0) {
    const std::uint64_t shared = random() % kSharedDocuments;
    transaction.put("shared/" + std::to_string(shared), SyncCorpus::document(shared, next));
  }
  const auto done = transaction.commit({.message = own});
  if (std::holds_alternative<CommitId>(done)) board.acknowledged[writer] = next;
}

void read(const Repository& repository, const Board& board, std::mt19937_64& random) {
  look(repository, kFieldWriters, told_so_far(board));
  const Snapshot head = repository.snapshot();
  for (int i = 0; i < 100; ++i) {
    head.get(folder_of(static_cast<int>(random() % kWriters)) +
             std::to_string(random() % kOwnDocuments));
  }
}

void meet(Repository& repository, const Places& places, Role role) {
  const sync::SyncResult result = sync::sync_with(
      repository, places.hub_remote(),
      {.time_max = seconds(120), .first_contact = [](const PublicKey&) { return true; }});
  if (!result.error) return;
  // The hub may have been killed.
  if (!result.unreachable && result.error->code() != ErrorCode::kIo) throw Error(*result.error);
  ++places.board->lines_broken[role];
}

void back_up_and_look(const Repository& repository, const Places& places, std::uint64_t round) {
  const auto told = told_so_far(*places.board);
  fs::remove(places.backup);
  back_up(repository, places.backup);
  if (round % 4 != 0) return;
  const fs::path back = places.backup.string() + ".back";
  fs::remove_all(back);
  restore(places.backup, back);
  look(Repository::open(back), kFieldWriters, told);
}

void collect(Repository& repository) {
  try {
    repository.collect();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBusy) throw;
  }
}

void serve(const Places& places) {
  Repository repository = Repository::open(places.hub);
  sync::ServeOptions options;
  options.listen = {"127.0.0.1:" + std::to_string(places.port)};
  options.on_event = [&](const sync::ServeEvent& event) {
    if (event.kind == sync::ServeEvent::Kind::kSynced) ++places.board->rounds[kHub];
  };
  sync::Server(repository, options).run();
}

void work_on(Role role, const Places& places) {
  if (role == kHub) return serve(places);
  const bool is_other = role == kOther || role == kOtherSync;
  Repository repository = Repository::open(is_other         ? places.other
                                           : role == kHubGc ? places.hub
                                                            : places.field);
  std::mt19937_64 random(::getpid());
  for (std::uint64_t round = 0;; ++round, ++places.board->rounds[role]) {
    switch (role) {
      case kFirstReader:
      case kLastReader:
        read(repository, *places.board, random);
        std::this_thread::sleep_for(kThinking);
        break;
      case kFieldSync:
      case kOtherSync:
        meet(repository, places, role);
        std::this_thread::sleep_for(seconds(2));
        break;
      case kFieldGc:
      case kHubGc:
        std::this_thread::sleep_for(seconds(20));
        collect(repository);
        break;
      case kBackUp:
        back_up_and_look(repository, places, round);
        std::this_thread::sleep_for(seconds(20));
        break;
      default:
        write(repository, *places.board, role, random);
        std::this_thread::sleep_for(kThinking * (is_other ? 4 : 1));
    }
  }
}

// What the one does that watches them.

std::uint64_t private_bytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == "RssAnon:" && status >> kib) return kib * 1024;
  }
  return 0;
}

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code gone;  // files come and go
  for (fs::recursive_directory_iterator at(folder, gone), end; at != end; at.increment(gone)) {
    const std::uint64_t size = at->is_regular_file(gone) ? at->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

std::string mib(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", static_cast<double>(bytes) / (1 << 20));
  return text;
}

/// The processes at work.
class Workers {
 public:
  explicit Workers(const Places& places) : places_(places) {}
  ~Workers() {
    for (const auto& [role, process] : running_) testing::kill_process(process);
  }

  void start_missing() {
    for (int role = 0; role < kRoles; ++role) {
      if (running_.contains(role)) continue;
      running_[role] = testing::start_process([&] { work_on(static_cast<Role>(role), places_); });
    }
  }
  void kill(int role) {
    testing::kill_process(running_.at(role));
    running_.erase(role);
    ++kills;
  }
  /// Counts who ended by itself: it has told why.
  void look_for_ended() {
    for (auto at = running_.begin(); at != running_.end();) {
      int status = 0;
      if (::waitpid(at->second, &status, WNOHANG) == 0) {
        ++at;
        continue;
      }
      std::printf("FAULT: %s ended\n", kNames[at->first]);
      ++faults;
      at = running_.erase(at);
    }
  }
  void measure(std::array<std::uint64_t, kRoles>& most) const {
    for (const auto& [role, process] : running_) {
      most[role] = std::max(most[role], private_bytes(process));
    }
  }

  int kills = 0, faults = 0;

 private:
  const Places& places_;
  std::map<int, pid_t> running_;
};

/// In a process of its own, so that this one has no thread.
bool holds(const std::function<void()>& check) {
  return testing::wait_for(testing::start_process(check)) == 0;
}

void let_in(Repository& hub, const Repository& device, const std::string& name) {
  merge::Member member;
  member.name = name;
  member.key = device.public_key();
  member.role = merge::Role::kWriter;
  Transaction transaction = hub.begin();
  transaction.put(merge::member_path(member.key), merge::member_document(member));
  transaction.commit({.message = name});
}

void make_all(const Places& places) {
  Repository hub = Repository::init(places.hub);
  for (const fs::path& folder : {places.field, places.other}) {
    sync::clone(sync::remote_at(places.hub.string()), folder);
    let_in(hub, Repository::open(folder), folder.filename().string());
  }
  for (const fs::path& folder : {places.field, places.other}) {
    Repository device = Repository::open(folder);
    sync::sync_with(device, sync::remote_at(places.hub.string()));
  }
}

/// Everybody has everything, and nothing is damaged.
void check_end(const Places& places) {
  Repository field = Repository::open(places.field), other = Repository::open(places.other);
  for (int round = 0; round < 2; ++round) {
    for (Repository* device : {&field, &other}) {
      const auto result = sync::sync_with(*device, sync::remote_at(places.hub.string()));
      if (result.error) throw Error(*result.error);
    }
  }
  const Repository hub = Repository::open(places.hub);
  const std::vector<int> all = {0, 1, 2, 3, kOther};
  for (const Repository* device :
       {&hub, static_cast<const Repository*>(&field), static_cast<const Repository*>(&other)}) {
    if (device->ref("heads/main") != hub.ref("heads/main")) lost("the devices differ");
    look(*device, all, told_so_far(*places.board));
    for (const Finding& finding : device->fsck()) lost(finding.where + ": " + finding.problem);
    for (const Finding& finding : device->verify()) lost(finding.where + ": " + finding.problem);
  }
}

/// Whether a repository takes little more than it does packed anew.
bool is_bounded(const fs::path& folder) {
  constexpr std::uint64_t kTimes = 150, kSlack = 16 << 20;  // what is not packed yet, and its log
  const fs::path copy = folder.string() + ".copy";
  fs::copy(folder, copy, fs::copy_options::recursive);
  const std::uint64_t before = bytes_below(folder);
  if (!holds([&] { Repository::open(copy).collect(); })) return false;
  const std::uint64_t fresh = bytes_below(copy);
  fs::remove_all(copy);
  std::printf("%s: %s MiB; packed anew %s MiB\n", folder.filename().c_str(), mib(before).c_str(),
              mib(fresh).c_str());
  return before <= fresh * kTimes / 100 + kSlack;
}

class Soak {
 public:
  Soak(const Places& places, double minutes) : places_(places), length_(minutes * 60) {}

  void run() {
    Workers workers(places_);
    const auto begun = Clock::now();
    double next_line = 60, next_kill = 5;
    for (double now = 0; now < length_; now = since(begun)) {
      workers.start_missing();
      std::this_thread::sleep_for(milliseconds(500));
      workers.look_for_ended();
      workers.measure(now < length_ / 3 ? first_ : now < length_ * 2 / 3 ? middle_ : last_);
      if (now >= next_kill) {
        workers.kill(whom(now));
        next_kill = now + 1 + static_cast<double>(random_() % 7000) / 1000;
      }
      if (now < next_line) continue;
      print_line(now, workers);
      next_line += 60;
    }
    is_good_ = workers.faults == 0;
    kills_ = workers.kills;
  }

  /// With nobody at work any more: whether nothing was wrong.
  bool judge() {
    is_good_ = holds([&] { check_end(places_); }) && is_good_;
    for (const int role : {int{kFirstWriter}, int{kFirstReader}, int{kHub}}) {
      std::printf("%s: at most %s MiB of its own in the second third, %s in the last\n",
                  kNames[role], mib(middle_[role]).c_str(), mib(last_[role]).c_str());
      is_good_ = is_good_ && last_[role] <= middle_[role] * 5 / 4 + kMemorySlack;
    }
    for (const fs::path& folder : {places_.field, places_.other, places_.hub}) {
      is_good_ = is_bounded(folder) && is_good_;
    }
    std::printf("%d kills; commits acknowledged:", kills_);
    for (const auto& number : places_.board->acknowledged) {
      std::printf(" %llu", static_cast<unsigned long long>(number));
      is_good_ = is_good_ && number > 0;
    }
    std::printf("\n%s\n", is_good_ ? "good: nothing lost, no error, memory and storage bounded"
                                   : "NOT GOOD: see above");
    return is_good_;
  }

 private:
  static constexpr std::uint64_t kMemorySlack = 8 << 20;

  static double since(Clock::time_point begun) {
    return std::chrono::duration<double>(Clock::now() - begun).count();
  }
  /// Some live on, so that one sees what their memory does; the hub from the first third on.
  int whom(double now) {
    for (;;) {
      const int role = static_cast<int>(random_() % kRoles);
      const bool lives = role == kFirstWriter || role == kFirstReader;
      if (!lives && (role != kHub || now < length_ / 3)) return role;
    }
  }
  void print_line(double now, const Workers& workers) const {
    std::uint64_t commits = 0;
    for (const auto& number : places_.board->acknowledged) commits += number;
    std::printf("%3.0f min: %llu commits, %d kills, %d faults; MiB: field %s, other %s, hub %s\n",
                now / 60, static_cast<unsigned long long>(commits), workers.kills, workers.faults,
                mib(bytes_below(places_.field)).c_str(), mib(bytes_below(places_.other)).c_str(),
                mib(bytes_below(places_.hub)).c_str());
    std::printf("        rounds:");
    for (int role = 0; role < kRoles; ++role) {
      std::printf(" %s %llu,", kNames[role],
                  static_cast<unsigned long long>(places_.board->rounds[role]));
    }
    const auto& broken = places_.board->lines_broken;
    const std::uint64_t lines = broken[kFieldSync] + broken[kOtherSync];
    std::printf(" lines broken %llu\n", static_cast<unsigned long long>(lines));
    std::fflush(stdout);
  }

  const Places& places_;
  const double length_;
  std::mt19937_64 random_{20'261'122};
  std::array<std::uint64_t, kRoles> first_{}, middle_{}, last_{};
  bool is_good_ = false;
  int kills_ = 0;
};

int run(double minutes) {
  std::string pattern = (fs::temp_directory_path() / "isodb-soak-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder");
  const fs::path folder = pattern;
  void* const shared =
      ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error("no memory");
  const Places places{folder / "field",  folder / "other",     folder / "hub",
                      folder / "backup", testing::free_port(), new (shared) Board()};
  std::printf("soak of %.1f minutes in %s\n", minutes, folder.c_str());
  bool good = holds([&] { make_all(places); });
  if (good) {
    Soak soak(places, minutes);
    soak.run();
    good = soak.judge();
  }
  if (good) fs::remove_all(folder);
  return good ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const double minutes = count > 1 ? std::atof(arguments[1]) : 60;
  if (count > 2 || minutes <= 0) {
    std::fprintf(stderr, "usage: %s [MINUTES]\n", arguments[0]);
    return 2;
  }
  try {
    return run(minutes);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "soak: %s\n", error.what());
    return 1;
  }
}
