// Every file of a repository, every kind of byte in it, flipped, zeroed or cut off: what is read
// then is right, or an error; fsck says so and names what it is for; and an intact copy mends it.

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/varint.h"
#include "isodb/backup.h"
#include "isodb/bundle.h"
#include "isodb/mend.h"
#include "isodb/recover.h"
#include "repo/access.h"
#include "repo/state.h"
#include "tests/support/damage.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFooter = 56;  // of a pack

/// Some bytes of a file that mean one kind of thing.
struct Class {
  std::string name;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;  // from, to
};

using Documents = std::map<std::string, Bytes>;

Documents documents(const Repository& repository, const std::string& revision) {
  Documents all;
  const Snapshot snapshot = repository.snapshot(revision);
  for (DocumentCursor cursor = snapshot.documents(); cursor.valid(); cursor.next()) {
    all[cursor.path()] = snapshot.get(cursor.path()).value();
  }
  return all;
}

/// All packed, then again, and loose rows; a history long enough for an index.
class Scene {
 public:
  Scene() {
    {
      Repository one = Repository::init(intact());
      commit(one, [](Transaction& transaction) {
        for (int i = 0; i < 1'500; ++i) {
          transaction.put("many/" + std::to_string(i) + ".json", document(i));
        }
      });
      commit(one, [](Transaction& transaction) { transaction.put("large", large("")); });
      for (int i = 0; i < 300; ++i) {
        commit(one, [i](Transaction& transaction) {
          transaction.put("log/" + std::to_string(i % 40), std::to_string(i));
        });
      }
      one.collect();
      commit(one, [](Transaction& transaction) {
        for (int i = 0; i < 150; ++i) {
          transaction.put("many/" + std::to_string(i * 3) + ".json", document(i + 1'000'000));
        }
        transaction.put("large", large("changed"));
      });
      one.create_tag("v1", *one.ref("heads/main"), "a tag");
    }
    pack();
    Repository one = Repository::open(intact());
    for (int i = 0; i < 12; ++i) {
      commit(one, [i](Transaction& transaction) {
        transaction.put("loose/" + std::to_string(i), std::string(700, static_cast<char>('a' + i)));
      });
    }
    main = *one.ref("heads/main");
    log_before = log(one);
    back_up(one, file("backup"), {});
    sync::create_bundle(one, file("bundle"), {});
    // As a crash leaves it: with its log.
    fs::copy(intact(), with_log(), fs::copy_options::recursive);
    before = documents(one, "main");
  }

  fs::path intact() const { return folder_ / "intact"; }
  fs::path with_log() const { return folder_ / "with_log"; }
  fs::path work() const { return folder_ / "work"; }
  fs::path file(const std::string& name) const { return folder_ / name; }
  void fresh(const fs::path& from) const {
    fs::remove_all(work());
    fs::copy(from, work(), fs::copy_options::recursive);
  }

  std::vector<std::string> log(const Repository& repository) const {
    std::vector<std::string> found;
    repository.log(repository.resolve_heads(main.hex()), {.path = "log/7"},
                   [&](const LoggedCommit& logged) {
                     found.push_back(logged.id.hex());
                     return true;
                   });
    return found;
  }

  /// All that can be read is what it was. True when all of it could.
  bool reads_right(const Repository& repository, const Id& at) const {
    bool all = true;
    try {
      const Snapshot snapshot = repository.snapshot(at.hex());
      for (const auto& [path, text] : before) {
        try {
          const std::optional<Bytes> read = snapshot.get(path);
          if (!read || *read != text) FAIL_CHECK("a wrong document: " << path);
        } catch (const Error&) {
          all = false;
        }
      }
      std::size_t seen = 0;
      for (DocumentCursor cursor = snapshot.documents(); cursor.valid(); cursor.next()) ++seen;
      if (seen != before.size()) FAIL_CHECK("other documents than there were");
    } catch (const Error&) {
      all = false;
    }
    try {
      const std::vector<std::string> found = log(repository);
      CHECK(found == log_before);
    } catch (const Error&) {
      all = false;
    }
    return all;
  }

  Id main;
  Documents before;
  std::vector<std::string> log_before;

 private:
  static std::string document(int i) {
    return "{\"animal\":\"cow " + std::to_string(i) + "\",\"weight\":" + std::to_string(i * 37) +
           ",\"note\":\"" + std::string(static_cast<std::size_t>(i % 90), 'n') + "\"}";
  }
  static std::string large(const std::string& middle) {
    std::string text;
    for (int i = 0; i < 30'000; ++i) {
      text += std::to_string(i * 7'919) + "\n";
      if (i == 15'000) text += middle;
    }
    return text;
  }
  static void commit(Repository& repository, const std::function<void(Transaction&)>& change) {
    Transaction transaction = repository.begin();
    change(transaction);
    REQUIRE(std::holds_alternative<CommitId>(transaction.commit({})));
  }
  void pack() const {
    const auto database = refs::Database::open(intact() / "repo.db", {});
    refs::LocalStore store(*database, core::posix_file_system(), intact() / "packs");
    REQUIRE(store.pack_when_due({.loose_objects = 0, .loose_bytes = 0, .packs_per_tier = 100}));
  }

  const TemporaryFolder folder_;
};

const Scene& scene() {
  static const Scene made;
  return made;
}

/// The kinds of bytes of a pack: docs/storage.md, "Packs".
std::vector<Class> classes_of_pack(const fs::path& path) {
  const std::uint64_t bytes = fs::file_size(path);
  const std::string raw = slurp(path);
  const auto number = [&](std::size_t at) { return core::load_u64(raw.data() + at); };
  const std::uint64_t objects = number(bytes - kFooter);
  const std::uint64_t records_end = number(bytes - kFooter + 8);
  const std::uint64_t index = number(bytes - kFooter + 16);
  const std::uint64_t fan_out = bytes - kFooter - index - objects * 37;
  Class headers{"headers of records", {}}, payloads{"payloads of records", {}};
  const objects::Pack pack(core::posix_file_system(), path, bytes);
  pack.for_each([&](const Id&, std::uint64_t offset) {
    const std::uint64_t end = offset + pack.record_bytes(offset);
    headers.ranges.emplace_back(offset, std::min(offset + 3, end));
    if (end > offset + 8) payloads.ranges.emplace_back(offset + 8, end);
  });
  std::vector<Class> classes{{"header", {{0, 8}}}, headers, payloads};
  if (index > records_end) classes.push_back({"dictionary", {{records_end, index}}});
  classes.push_back({"fan-out", {{index, index + fan_out}}});
  classes.push_back({"ids and offsets", {{index + fan_out, bytes - kFooter}}});
  classes.push_back({"numbers of the footer", {{bytes - kFooter, bytes - 32}}});
  classes.push_back({"checksums of the footer", {{bytes - 32, bytes - 8}}});
  classes.push_back({"magic", {{bytes - 8, bytes}}});
  return classes;
}

enum class How { kFlip, kZero, kCut };

/// False where the file is as it was.
bool damage(const fs::path& path, const Class& bytes, How how, std::mt19937_64& random) {
  const auto& [from, to] = bytes.ranges[random() % bytes.ranges.size()];
  const std::uint64_t at = from + random() % (to - from);
  std::string raw = slurp(path);
  const std::string before = raw;
  if (how == How::kFlip) {
    raw[at] = static_cast<char>(raw[at] ^ (1 << random() % 8));
  } else if (how == How::kZero) {
    const std::uint64_t count = std::min<std::uint64_t>(1 + random() % 64, raw.size() - at);
    std::fill_n(raw.begin() + static_cast<std::ptrdiff_t>(at), count, '\0');
  } else {
    raw.resize(at);
  }
  if (raw == before) return false;
  spill(path, raw);
  return true;
}

/// No damage makes memory grow without bound: of this process, with all that ran in it.
void check_memory() {
  constexpr long kKibMax = 700'000;
  rusage usage{};
  REQUIRE(::getrusage(RUSAGE_SELF, &usage) == 0);
  CHECK(usage.ru_maxrss < kKibMax);
}

void for_each_damage(const fs::path& path, const std::vector<Class>& classes, int times,
                     const std::function<void(const Class&, How)>& then,
                     const std::function<void()>& fresh) {
  std::mt19937_64 random(fs::file_size(path));
  for (const Class& bytes : classes) {
    for (int time = 0; time < times; ++time) {
      for (const How how : {How::kFlip, How::kZero, How::kCut}) {
        fresh();
        INFO(path.filename().string()
             << ", " << bytes.name << ", " << static_cast<int>(how) << ", " << time);
        if (damage(path, bytes, how, random)) then(bytes, how);
      }
    }
  }
  check_memory();
}

void expect_mended() {
  Repository one = Repository::open(scene().work());
  const sync::MendReport report = sync::mend_from(one, sync::remote_at(scene().intact().string()));
  if (report.error) FAIL_CHECK(report.error->what());
  for (const Finding& finding : report.remaining) {
    FAIL_CHECK(finding.where << ": " << finding.problem);
  }
  CHECK(scene().reads_right(one, scene().main));
  CHECK(documents(one, "main") == scene().before);
}

/// After a recovery refs may be others: what the intact one has comes back by a sync.
void expect_mended_by_sync() {
  Repository one = Repository::open(scene().work());
  const sync::Remote intact = sync::remote_at(scene().intact().string());
  const sync::MendReport report = sync::mend_from(one, intact);
  if (report.error) FAIL_CHECK(report.error->what());
  for (const Finding& finding : report.remaining) {
    FAIL_CHECK(finding.where << ": " << finding.problem);
  }
  sync::SyncOptions options;
  options.direction = sync::Direction::kPull;
  const sync::SyncResult synced = sync::sync_with(one, intact, options);
  if (synced.error) FAIL_CHECK(synced.error->what());
  CHECK(one.ref("heads/main") == scene().main);
  CHECK(scene().reads_right(one, scene().main));
  CHECK(one.fsck().empty());
}

bool names_what_it_is_for(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, [](const Finding& finding) {
    return finding.where.starts_with("commit ") || finding.where.starts_with("heads/") ||
           finding.where.starts_with("tags/");
  });
}

TEST_CASE("a damaged pack gives right documents or errors, is named, and is mended") {
  std::vector<std::string> packs;
  for (const auto& entry : fs::directory_iterator(scene().intact() / "packs")) {
    if (entry.path().extension() == ".pack") packs.push_back(entry.path().filename().string());
  }
  std::sort(packs.begin(), packs.end());
  REQUIRE(packs.size() == 2);
  bool has_dictionary = false;
  int tried = 0;
  for (const std::string& name : packs) {
    const std::vector<Class> classes = classes_of_pack(scene().intact() / "packs" / name);
    for (const Class& bytes : classes) has_dictionary |= bytes.name == "dictionary";
    const auto then = [&](const Class&, How) {
      ++tried;
      std::vector<Finding> found;
      bool all_right = false;
      {
        const Repository one = Repository::open(scene().work());
        all_right = scene().reads_right(one, scene().main);
        found = one.fsck();
      }
      REQUIRE_FALSE(found.empty());
      CHECK(std::ranges::any_of(
          found, [&](const Finding& finding) { return finding.where == "packs/" + name; }));
      if (!all_right) CHECK(names_what_it_is_for(found));
      expect_mended();
    };
    fs::create_directories(scene().work() / "packs");
    scene().fresh(scene().intact());
    for_each_damage(scene().work() / "packs" / name, classes, 1, then,
                    [] { scene().fresh(scene().intact()); });
  }
  CHECK(has_dictionary);
  CHECK(tried > 40);
}

TEST_CASE("a loose row that is damaged is named and mended") {
  std::mt19937_64 random(5);
  for (int time = 0; time < 12; ++time) {
    scene().fresh(scene().intact());
    INFO("time " << time);
    {
      const auto database = refs::Database::open(scene().work() / "repo.db", {});
      const auto rows = database->inventory(0).loose_added;
      const refs::LooseSummary& row = rows[random() % rows.size()];
      Bytes records = *database->loose_records(row.number);
      const std::size_t at = random() % records.size();
      records[at] = static_cast<char>(records[at] ^ (1 << random() % 8));
      run_sql(scene().work() / "repo.db", "UPDATE loose SET records = " + hex_literal(records) +
                                              " WHERE number = " + std::to_string(row.number));
    }
    {
      const Repository one = Repository::open(scene().work());
      scene().reads_right(one, scene().main);
      const std::vector<Finding> found = one.fsck();
      CHECK(names_what_it_is_for(found));
    }
    expect_mended();
  }
}

/// Pages of SQLite's file: its header, the pages' headers, the rest.
std::vector<Class> classes_of_database(const fs::path& path) {
  constexpr std::uint64_t kPage = 4096, kHeader = 100;
  Class heads{"headers of pages", {}}, cells{"cells", {}};
  for (std::uint64_t at = 0; at + kPage <= fs::file_size(path); at += kPage) {
    const std::uint64_t from = at == 0 ? kHeader : at;
    heads.ranges.emplace_back(from, from + 12);
    cells.ranges.emplace_back(from + 12, at + kPage);
  }
  return {{"header", {{0, kHeader}}}, heads, cells};
}

TEST_CASE("of a damaged database nothing wrong is read, and it is recovered and mended") {
  int recovered = 0;
  const auto then = [&](const Class&, How) {
    bool is_sound = false;
    try {
      const Repository one = Repository::open(scene().work());
      const std::optional<Id> main = one.ref("heads/main");
      // SQLite's pages have no checksums: a ref may name another commit, but no document is wrong.
      is_sound =
          scene().reads_right(one, scene().main) && one.fsck().empty() && main == scene().main;
    } catch (const Error& error) {
      CHECK((error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kIo ||
             error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kNotFound));
    }
    if (is_sound) return;
    ++recovered;
    recover(scene().work(), {.force = true});
    expect_mended_by_sync();
  };
  scene().fresh(scene().intact());
  fs::remove(scene().work() / "repo.db-wal");
  for_each_damage(scene().work() / "repo.db", classes_of_database(scene().intact() / "repo.db"), 6,
                  then, [] { scene().fresh(scene().intact()); });
  CHECK(recovered > 5);
}

TEST_CASE("of a damaged log an older state is read, or the same, and a sync brings the rest") {
  const fs::path log = scene().with_log() / "repo.db-wal";
  REQUIRE(fs::file_size(log) > 32);
  const std::uint64_t bytes = fs::file_size(log);
  Class frames{"headers of frames", {}}, pages{"pages", {}};
  constexpr std::uint64_t kHeader = 32, kFrame = 24 + 4096;
  for (std::uint64_t at = kHeader; at + kFrame <= bytes; at += kFrame) {
    frames.ranges.emplace_back(at, at + 24);
    pages.ranges.emplace_back(at + 24, at + kFrame);
  }
  int older = 0;
  const auto then = [&](const Class&, How) {
    {
      const Repository one = Repository::open(scene().work());
      const Id main = *one.ref("heads/main");
      // SQLite takes what it cannot prove for the end of the log.
      older += main == scene().main ? 0 : 1;
      const Repository intact = Repository::open(scene().intact());
      CHECK(intact.is_ancestor(CommitId(main), CommitId(scene().main)));
      CHECK(documents(one, "main") == documents(intact, main.hex()));
      CHECK(one.fsck().empty());
    }
    expect_mended_by_sync();
  };
  scene().fresh(scene().with_log());
  for_each_damage(scene().work() / "repo.db-wal", {{"header", {{0, kHeader}}}, frames, pages}, 2,
                  then, [] { scene().fresh(scene().with_log()); });
  CHECK(older > 0);
}

TEST_CASE("a damaged history index changes no answer") {
  std::vector<fs::path> segments;
  for (const auto& entry : fs::directory_iterator(scene().intact() / "history")) {
    if (entry.path().extension() == ".segment") segments.push_back(entry.path().filename());
  }
  REQUIRE(segments.size() == 1);
  const fs::path file = scene().work() / "history" / segments.front();
  const auto then = [&](const Class&, How) {
    const Repository one = Repository::open(scene().work());
    CHECK(scene().reads_right(one, scene().main));
    CHECK(one.fsck().empty());
  };
  scene().fresh(scene().intact());
  const std::uint64_t bytes = fs::file_size(file);
  for_each_damage(file,
                  {{"header", {{0, 56}}},
                   {"ids", {{56, 56 + 32}}},
                   {"the rest", {{88, bytes - 16}}},
                   {"checksums", {{bytes - 16, bytes}}}},
                  3, then, [] { scene().fresh(scene().intact()); });
}

TEST_CASE("a damaged key is no key, or one that may not write") {
  const fs::path key = scene().work() / "keys/device.key";
  const auto then = [&](const Class&, How) {
    Repository one = Repository::open(scene().work());
    CHECK(documents(one, "main") == scene().before);
    Transaction transaction = one.begin();
    transaction.put("new", "1");
    const auto code = error_code_of([&] { transaction.commit({}); });
    REQUIRE(code);
    CHECK(
        (code == ErrorCode::kDenied || code == ErrorCode::kCorrupt || code == ErrorCode::kInvalid));
  };
  scene().fresh(scene().intact());
  const std::uint64_t bytes = fs::file_size(key);
  for_each_damage(
      key, {{"name", {{0, 24}}}, {"digits", {{26, bytes - 1}}}, {"end", {{bytes - 1, bytes}}}}, 3,
      then, [] { scene().fresh(scene().intact()); });
}

TEST_CASE("of a damaged backup or bundle nothing wrong is taken") {
  for (const std::string name : {"backup", "bundle"}) {
    const fs::path copy = scene().file("damaged");
    const std::uint64_t bytes = fs::file_size(scene().file(name));
    int refused = 0;
    const auto then = [&](const Class&, How) {
      const fs::path into = scene().work();
      fs::remove_all(into);
      const auto error = error_of([&] {
        if (name == "backup") {
          restore(copy, into, {});
          const Repository one = Repository::open(into);
          CHECK(documents(one, "main") == scene().before);
          CHECK(one.fsck().empty());
        } else {
          const Repository intact = Repository::open(scene().intact());
          Repository one = Repository::init_empty(into, intact.id());
          sync::apply_bundle(one, copy, {.any_signer = true, .progress = {}});
        }
      });
      refused += error ? 1 : 0;
      if (!error || name == "backup") return;
      const Repository one = Repository::open(into);
      for (const Finding& finding : one.fsck()) FAIL_CHECK(finding.where << finding.problem);
    };
    const auto fresh = [&] {
      fs::copy_file(scene().file(name), copy, fs::copy_options::overwrite_existing);
    };
    fresh();
    for_each_damage(copy,
                    {{"header", {{0, 100}}},
                     {"the first page or frames", {{100, 4096}}},
                     {"middle", {{4096, bytes - 200}}},
                     {"end", {{bytes - 200, bytes}}}},
                    2, then, fresh);
    CHECK(refused > 10);
  }
}

}  // namespace
