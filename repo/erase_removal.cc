#include "repo/erase_removal.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "core/hash.h"
#include "isodb/error.h"
#include "repo/care.h"

namespace isodb::repo {
namespace {

constexpr std::uint64_t kRestMillis = 60 * 60 * 1000;

struct Failure {
  std::uint64_t at_millis = 0;
  std::string problem;
};

std::optional<Failure> parse_failure(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  Failure failure;
  const char* const end = text->data() + text->size();
  const auto [next, problem] = std::from_chars(text->data(), end, failure.at_millis);
  if (problem != std::errc()) failure.at_millis = 0;
  failure.problem.assign(next == end ? next : next + 1, end);
  return failure;
}

std::string digest_of(const merge::Erased& erased) {
  Bytes ids;
  for (const Id& id : erased.ids()) ids += id.bytes();
  return core::sha256(ids).hex();
}

std::set<std::string> pending_packs(RepositoryState& repository) {
  std::set<std::string> names;
  std::istringstream words(repository.database->setting(kSettingErasePending).value_or(""));
  for (std::string name; words >> name;) names.insert(name);
  return names;
}

std::set<std::string> registered_packs(RepositoryState& repository) {
  std::set<std::string> names;
  repository.store->refresh();
  for (const objects::PackInfo& pack : repository.store->packs()) names.insert(pack.name);
  return names;
}

void write_setting(RepositoryState& repository, const char* name,
                   const std::optional<std::string>& value) {
  refs::WriteBatch batch;
  batch.settings.emplace_back(name, value);
  repository.database->write(batch);
}

bool is_any_here(RepositoryState& repository, const merge::Erased& erased) {
  return std::any_of(erased.ids().begin(), erased.ids().end(),
                     [&](const Id& id) { return repository.store->contains(id); });
}

/// Copies all else into new packs; false where it has to be done again, because others were writing
/// deltas to what gives way.
bool copy_the_rest(RepositoryState& repository, const ProgressFunction& progress) {
  CareOptions options;
  options.collect.new_dictionary = true;
  options.collect.on_step = [&](refs::CollectStep step) {
    // By now all that may hold erased bytes lies in packs.
    if (step == refs::CollectStep::kMark) expect_removal(repository);
  };
  if (progress) {
    options.count = [&](std::uint64_t done) { progress({"objects", done, 0}); };
  }
  return care_for(repository, options).collected.deltas_to_garbage == 0;
}

/// Of packs that gave way, those that a crash left behind.
void remove_files(RepositoryState& repository) {
  const std::set<std::string> registered = registered_packs(repository);
  const std::filesystem::path folder = repository.store->packs_folder();
  for (const std::string& name : pending_packs(repository)) {
    if (!name.ends_with(".pack") || registered.contains(name)) continue;
    if (repository.files.exists(folder / name)) repository.files.remove(folder / name);
  }
  repository.files.sync_directory(folder);
}

/// Does `work` until it does not say that others are at work; once, and then for so long.
template <typename Work>
void insist(std::chrono::milliseconds wait, const Work& work) {
  const auto end = std::chrono::steady_clock::now() + wait;
  for (;;) {
    try {
      if (work()) return;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBusy) throw;
    }
    if (std::chrono::steady_clock::now() >= end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw Error(ErrorCode::kBusy,
              "others kept the repository in use while erased bytes were to be removed",
              "the content is erased; the next command that writes, or isodb gc, removes what is "
              "left of its bytes");
}

}  // namespace

void expect_removal(RepositoryState& repository) {
  std::set<std::string> names = pending_packs(repository);
  names.merge(registered_packs(repository));
  std::string text = "1";  // no pack's name
  for (const std::string& name : names) text += " " + name;
  if (repository.database->setting(kSettingErasePending) != text) {
    write_setting(repository, kSettingErasePending, text);
  }
}

void expect_removal_of(RepositoryState& repository, const merge::Erased& erased) {
  if (erased.empty()) return;
  repository.erasures->remember(erased);
  if (repository.database->setting(kSettingEraseDone) == digest_of(erased)) return;
  if (is_any_here(repository, erased)) expect_removal(repository);
}

void expect_removal_by(RepositoryState& repository, const objects::NodeReader& nodes,
                       const TreeId& tree, refs::WriteBatch& batch) {
  const merge::Erased said = merge::Erased::in_tree(nodes, tree);
  const merge::ErasedPtr before = repository.erasures->now();
  const bool is_due = std::any_of(said.ids().begin(), said.ids().end(), [&](const Id& id) {
    return !before->has(id) && repository.store->contains(id);
  });
  if (!is_due || repository.database->setting(kSettingErasePending)) return;
  batch.settings.emplace_back(kSettingErasePending, "1");
}

bool removal_is_due(RepositoryState& repository) {
  if (repository.database->setting(kSettingErasePending)) return true;
  const merge::ErasedPtr erased = repository.erasures->now();
  if (erased->empty()) return false;
  if (repository.database->setting(kSettingEraseDone) == digest_of(*erased)) return false;
  if (is_any_here(repository, *erased)) return true;
  // What never was here has left nothing, and it is not asked about again.
  repository.erasures->remember(*erased);
  write_setting(repository, kSettingEraseDone, digest_of(*erased));
  return false;
}

namespace {

void remove_bytes(RepositoryState& repository, const ProgressFunction& progress,
                  std::chrono::milliseconds wait) {
  const std::string done = digest_of(*repository.erasures->now());
  insist(wait, [&] { return copy_the_rest(repository, progress); });
  remove_files(repository);
  insist(wait, [&] {
    repository.database->scrub();
    return true;
  });
  refs::WriteBatch batch;
  batch.settings = {{kSettingErasePending, std::nullopt},
                    {kSettingEraseFailed, std::nullopt},
                    {kSettingEraseDone, done}};
  repository.database->write(batch);
}

/// Each try may copy everything: after the second one that failed there is a rest.
bool is_to_rest(RepositoryState& repository) {
  const auto failed = parse_failure(repository.database->setting(kSettingEraseFailed));
  const std::uint64_t now = repository.environment.now_millis();
  return failed && now >= failed->at_millis && now - failed->at_millis < kRestMillis;
}

/// Where even that cannot be written, it is told by who tries next.
void note_failure(RepositoryState& repository, const Error& error) {
  try {
    const bool is_first = !repository.database->setting(kSettingEraseFailed);
    const std::uint64_t at = is_first ? 0 : repository.environment.now_millis();
    write_setting(repository, kSettingEraseFailed, std::to_string(at) + " " + error.what());
  } catch (const Error&) {
  }
}

}  // namespace

void remove_erased_bytes(RepositoryState& repository, const ProgressFunction& progress) {
  remove_bytes(repository, progress, std::chrono::milliseconds(repository.options.busy_millis));
}

void try_removal(RepositoryState& repository, RemovalPatience patience) {
  if (repository.options.read_only) return;
  const bool waits = patience == RemovalPatience::kWaits;
  try {
    if (is_to_rest(repository) || !removal_is_due(repository)) return;
    remove_bytes(repository, {},
                 std::chrono::milliseconds(waits ? repository.options.busy_millis : 0));
  } catch (const Error& error) {
    switch (error.code()) {
      case ErrorCode::kBusy:
        return;
      case ErrorCode::kIo:
      case ErrorCode::kCorrupt:
      case ErrorCode::kNotFound:
      case ErrorCode::kUnsupported:  // a pack that a newer version wrote
      case ErrorCode::kLimit:
        return note_failure(repository, error);
      default:
        throw;
    }
  }
}

std::optional<std::string> removal_failure(RepositoryState& repository) {
  if (!repository.database->setting(kSettingErasePending)) return std::nullopt;
  const auto failed = parse_failure(repository.database->setting(kSettingEraseFailed));
  return failed ? std::optional(failed->problem) : std::nullopt;
}

}  // namespace isodb::repo
