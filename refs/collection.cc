#include "refs/collection.h"

#include <algorithm>
#include <exception>
#include <set>
#include <thread>
#include <unordered_set>
#include <utility>

#include "isodb/error.h"
#include "objects/pack_format.h"
#include "refs/database_impl.h"
#include "refs/local_store_impl.h"
#include "refs/pack_copy.h"

namespace isodb::refs {
namespace {

using Clock = std::chrono::steady_clock;
using Outcome = CollectResult::Outcome;

/// Between two questions whether to go on, and looks whether much came meanwhile.
constexpr std::uint64_t kObjectsBetweenLooks = 256;
/// A round that found no more may be followed by the swap. Counted, for a clock would tell how busy
/// the processor is.
constexpr std::size_t kAddedMax = 512;
/// What may come between it and the last round: some milliseconds' work.
constexpr std::size_t kLastAddedMax = 2048;
/// What the last round, with the database locked, may come upon, and write as a loose row.
constexpr std::size_t kLastObjectsMax = 128;
constexpr std::uint64_t kLastBytesMax = 512 * 1024;
/// After so many rounds it is swapped whatever the last one takes: it has to end.
constexpr unsigned kRoundsMax = 60;
/// So that a commit's own sync never waits for a whole pack.
constexpr std::uint64_t kSyncBytes = 4 << 20;

std::unique_ptr<core::File> wait_for(const std::function<std::unique_ptr<core::File>()>& try_lock,
                                     std::chrono::milliseconds wait) {
  constexpr auto kStep = std::chrono::milliseconds(5);
  for (const auto end = Clock::now() + wait; Clock::now() < end;) {
    if (std::unique_ptr<core::File> taken = try_lock()) return taken;
    std::this_thread::sleep_for(kStep);
  }
  return nullptr;
}

struct Stopped {};
/// The last round would take too long.
struct TooMuch {};

}  // namespace

class LocalStore::Collection {
 public:
  Collection(LocalStore& store, Marker& marker, const CollectOptions& options)
      : store_(store),
        impl_(*store.impl_),
        options_(options),
        lock_(take_lock()),
        marker_(marker) {}
  ~Collection() { forget_made(); }
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;

  CollectResult run();

 private:
  void begin(CollectStep step) {
    if (options_.on_step) options_.on_step(step);
  }
  std::unique_ptr<core::File> take_lock() {
    std::unique_ptr<core::File> taken =
        wait_for([this] { return impl_.try_lock(); }, options_.lock_wait);
    return taken ? std::move(taken) : impl_.lock();
  }
  void look_up_now_and_then();
  void pack_what_came();
  bool is_old(const PackFile& file) const { return old_names_.contains(file.info().name); }
  bool is_kept(const Id& id) const {
    return std::binary_search(kept_.begin(), kept_.end(), id) || late_.contains(id);
  }
  bool holds_outside(const Id& id) const;
  bool others_load() const;

  void pack_loose();
  void mark();
  Outcome judge();
  void copy();
  objects::PackWriter::Options writer_options() const;
  bool follow();
  std::vector<Id> take_added();
  void keep_late(const Id& id);
  void pack_found();
  bool swap();
  std::optional<WriteBatch> last_batch();
  std::vector<LooseRow> found_rows() const;
  void record_settings(std::uint64_t bytes_left);
  void clean();
  void forget_made() noexcept;

  LocalStore& store_;
  LocalStore::Impl& impl_;
  const CollectOptions& options_;
  const std::unique_ptr<core::File> lock_;
  Marker& marker_;
  CollectResult result_;

  PackFiles old_;  // that give way
  std::set<std::string> old_names_;
  std::vector<Id> kept_;           // as marked at first; sorted
  std::unordered_set<Id> late_;    // found to be kept since
  std::vector<Id> found_;          // of these, in the old packs alone, and in no new one yet
  std::uint64_t found_bytes_ = 0;  // their payloads
  std::vector<objects::PackInfo> made_;
  bool is_swapped_ = false;

  StatePtr now_;                      // of the round at hand
  std::int64_t seen_row_ = 0;         // rows up to this were looked through
  std::set<std::string> seen_packs_;  // as were these
  bool is_locked_ = false;            // in the last round
  bool is_forced_ = false;
  std::size_t walked_ = 0;  // objects met for the first time in this round
  std::uint64_t looks_ = 0;
  bool has_yielded_ = false;
};

CollectResult LocalStore::Collection::run() {
  impl_.remove_garbage();
  try {
    if (options_.yields_to_loads && others_load()) {
      result_.outcome = Outcome::kYielded;
      return result_;
    }
    pack_loose();
    mark();
    result_.outcome = judge();
    if (result_.outcome != Outcome::kDone) {
      result_.objects_dropped = 0;
      if (options_.is_background) record_settings(bytes_of(old_));
      return result_;
    }
    copy();
    for (;;) {
      const bool was_small = follow();
      is_forced_ = result_.rounds >= kRoundsMax;
      if (found_.size() > kLastObjectsMax / 2 || found_bytes_ > kLastBytesMax / 2) {
        pack_found();
        if (!is_forced_) continue;
      }
      if ((was_small || is_forced_) && swap()) break;
    }
  } catch (const Stopped&) {
    result_.outcome = has_yielded_ ? Outcome::kYielded : Outcome::kStopped;
    result_.objects_dropped = 0;
    return result_;
  }
  clean();
  return result_;
}

/// To be called with each object.
void LocalStore::Collection::look_up_now_and_then() {
  if (is_locked_ || ++looks_ % kObjectsBetweenLooks != 0) return;
  if (options_.go_on && !options_.go_on()) throw Stopped();
}

/// Nobody else packs meanwhile, and what writers add must not grow without end.
void LocalStore::Collection::pack_what_came() {
  const StatePtr now = impl_.refresh_now();
  if (!loose_is_due(*now, {})) return;
  // Old packs give way: what lies in them, too, is written again.
  PackFiles staying;
  for (const auto& file : *now->packs) {
    if (!is_old(*file)) staying.push_back(file);
  }
  // Made of rows that were looked through, it need not be looked through again.
  const bool is_seen = seen_row_ > 0;
  const auto made = impl_.pack_loose(store_, staying, is_seen ? seen_row_ : INT64_MAX);
  if (made && is_seen) seen_packs_.insert(made->name);
}

bool LocalStore::Collection::holds_outside(const Id& id) const {
  if (now_->loose->find(id, now_->loose_through)) return true;
  return std::any_of(now_->packs->begin(), now_->packs->end(),
                     [&](const auto& file) { return !is_old(*file) && opened(*file).find(id); });
}

/// Whoever builds a pack has its temporary file locked; one that has its name is registered soon.
bool LocalStore::Collection::others_load() const {
  std::set<std::string> known = impl_.registered_packs();
  for (const objects::PackInfo& pack : made_) known.insert(pack.name);
  for (const std::string& name : impl_.files.list(impl_.packs_folder)) {
    if (is_pack_name(name) && !known.contains(name)) return true;
    if (!name.starts_with(objects::kTemporaryPrefix)) continue;
    try {
      if (!impl_.files.open(impl_.packs_folder / name, core::OpenMode::kRead)->try_lock()) {
        return true;
      }
    } catch (const Error&) {  // finished just now: it is about to be registered
      return true;
    }
  }
  return false;
}

void LocalStore::Collection::pack_loose() {
  begin(CollectStep::kPackLoose);
  now_ = impl_.refresh_now();
  impl_.pack_loose(store_, *now_->packs);
  now_ = impl_.refresh_now();
  old_ = *now_->packs;
  for (const auto& file : old_) old_names_.insert(file->info().name);
}

void LocalStore::Collection::mark() {
  begin(CollectStep::kMark);
  marker_.mark([&](const Id& id) {
    look_up_now_and_then();
    kept_.push_back(id);
  });
  std::sort(kept_.begin(), kept_.end());
  kept_.erase(std::unique(kept_.begin(), kept_.end()), kept_.end());
}

/// What is there to be dropped, and is it worth the while?
Outcome LocalStore::Collection::judge() {
  std::uint64_t bytes = 0, dropped_bytes = 0, kept = 0;
  for (std::size_t i = 0; i < old_.size(); ++i) {
    const objects::Pack& pack = opened(*old_[i]);
    pack.for_each([&](const Id& id, std::uint64_t offset) {
      look_up_now_and_then();
      const std::uint64_t size = options_.garbage_percent_min > 0 ? pack.record_bytes(offset) : 0;
      bytes += size;
      const bool is_again = std::any_of(old_.begin(), old_.begin() + static_cast<long>(i),
                                        [&](const auto& file) { return opened(*file).find(id); });
      if (is_kept(id) && !is_again) {
        ++kept;
        return;
      }
      dropped_bytes += size;
      if (!is_again) ++result_.objects_dropped;
    });
  }
  // Something may lie in a row that came while the rest was packed: it stays where it is.
  now_ = impl_.refresh_now();
  if (kept < kept_.size()) {
    for (const Id& id : kept_) {
      const bool is_there = holds_outside(id) ||
                            std::any_of(old_.begin(), old_.end(),
                                        [&](const auto& file) { return opened(*file).find(id); });
      if (is_there) continue;
      throw Error(ErrorCode::kCorrupt, "object " + id.hex() + " is missing", "run isodb fsck");
    }
  }
  const bool is_small = old_.size() <= 1;
  if (is_small && result_.objects_dropped == 0 && !options_.new_dictionary) {
    return Outcome::kNothingToDo;
  }
  return dropped_bytes * 100 < bytes * options_.garbage_percent_min ? Outcome::kTooLittle
                                                                    : Outcome::kDone;
}

objects::PackWriter::Options LocalStore::Collection::writer_options() const {
  objects::PackWriter::Options options =
      options_.is_background ? background_options() : private_options();
  options.sync_bytes = kSyncBytes;
  return options;
}

void LocalStore::Collection::copy() {
  begin(CollectStep::kCopy);
  const PackingSource source(store_, {});
  objects::PackWriter writer(impl_.files, impl_.packs_folder, &source, writer_options());
  if (!options_.new_dictionary) keep_dictionary(writer, old_);
  const auto wanted = [&](const Id& id) {
    look_up_now_and_then();
    if (looks_ % (kObjectsBetweenLooks * 16) == 0) pack_what_came();
    return is_kept(id);
  };
  for (const auto& file : old_) copy_pack(writer, *file, store_, wanted);
  if (std::optional<objects::PackInfo> made = writer.finish()) made_.push_back(*made);
}

/// What came to the store since the round before; and, for records that are deltas to objects
/// elsewhere, these.
std::vector<Id> LocalStore::Collection::take_added() {
  now_ = impl_.refresh_now();
  std::vector<RowPtr> rows;
  std::size_t objects = 0;
  for (const RowPtr& row : impl_.rows_of(*now_)) {
    if (row->number <= seen_row_) continue;
    rows.push_back(row);
    objects += row->items.size();
  }
  PackFiles packs;
  for (const auto& file : *now_->packs) {
    if (is_old(*file) || seen_packs_.contains(file->info().name)) continue;
    packs.push_back(file);
    objects += file->info().objects;
  }
  if (is_locked_ && !is_forced_ && objects > kLastAddedMax) throw TooMuch();
  std::vector<Id> added;
  const auto add_base = [&](const Id& base) {
    if (!is_kept(base) && !holds_outside(base)) ++result_.deltas_to_garbage;
    added.push_back(base);
  };
  for (const RowPtr& row : rows) {
    const std::shared_ptr<const Bytes> records = impl_.records_of(*row);
    for (std::uint32_t item = 0; item < row->items.size(); ++item) {
      added.push_back(row->items[item].id);
      const auto summary = objects::summarize_record(record_at(*row, *records, item));
      if (summary.base) add_base(*summary.base);
    }
    seen_row_ = row->number;
  }
  for (const auto& file : packs) {
    const objects::Pack& pack = opened(*file);
    pack.for_each([&](const Id& id, std::uint64_t offset) {
      added.push_back(id);
      if (const auto base = pack.summary(offset).base) add_base(*base);
    });
    seen_packs_.insert(file->info().name);
  }
  return added;
}

void LocalStore::Collection::keep_late(const Id& id) {
  look_up_now_and_then();
  if (is_kept(id)) return;
  late_.insert(id);
  ++walked_;
  if (!holds_outside(id)) {
    found_.push_back(id);
    found_bytes_ += store_.header(id).value_or(std::pair(ObjectType::kBlob, 0)).second;
  }
  if (!is_locked_ || is_forced_) return;
  if (walked_ > kLastAddedMax || found_.size() > kLastObjectsMax || found_bytes_ > kLastBytesMax) {
    throw TooMuch();
  }
}

/// One round. True where it found so little that the last one may be next.
bool LocalStore::Collection::follow() {
  if (!is_locked_) {
    begin(CollectStep::kFollow);
    if (options_.go_on && !options_.go_on()) throw Stopped();
  }
  ++result_.rounds;
  walked_ = 0;
  const std::vector<Id> added = take_added();
  marker_.mark_again(added, [&](const Id& id) { keep_late(id); });
  if (!is_locked_) pack_what_came();
  return added.size() <= kAddedMax && walked_ <= kAddedMax;
}

/// A pack of what was found: it would be too much for the last transaction.
void LocalStore::Collection::pack_found() {
  const PackingSource source(store_, {});
  objects::PackWriter writer(impl_.files, impl_.packs_folder, &source, writer_options());
  for (const auto& file : old_) {
    const objects::Pack& pack = opened(*file);
    PackEntries entries;
    for (const Id& id : found_) {
      if (const auto offset = pack.find(id)) entries.emplace_back(*offset, id);
    }
    std::sort(entries.begin(), entries.end());
    copy_records(writer, pack, entries, store_, [&](const Id& id) {
      look_up_now_and_then();
      return is_kept(id);
    });
  }
  if (std::optional<objects::PackInfo> made = writer.finish()) made_.push_back(*made);
  found_.clear();
  found_bytes_ = 0;
}

/// False where too much came since the last round: then another one goes first.
bool LocalStore::Collection::swap() {
  Clock::time_point locked;
  bool is_too_much = false;
  const auto make = [&]() -> std::optional<WriteBatch> {
    locked = Clock::now();
    is_locked_ = true;
    try {
      return last_batch();
    } catch (const TooMuch&) {
      is_too_much = true;
      return std::nullopt;
    }
  };
  begin(CollectStep::kSwap);
  try {
    impl_.database.write_made(make);
  } catch (...) {
    // What could not be synced may come to light after a crash: then the packs are needed.
    made_.clear();
    throw;
  }
  is_locked_ = false;
  const auto held = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - locked);
  result_.held = std::max(result_.held, held);
  if (has_yielded_) throw Stopped();
  if (is_too_much) ++result_.swaps_put_off;
  is_swapped_ = !is_too_much;
  return is_swapped_;
}

/// nullopt where it is to yield.
std::optional<WriteBatch> LocalStore::Collection::last_batch() {
  if (options_.yields_to_loads && others_load()) {
    has_yielded_ = true;
    return std::nullopt;
  }
  follow();
  WriteBatch batch;
  batch.packs_added = made_;
  batch.packs_removed.assign(old_names_.begin(), old_names_.end());
  batch.loose = found_rows();
  // Where nothing is dropped, nobody relies on anything that is gone.
  batch.collection = result_.objects_dropped > 0;
  std::uint64_t bytes_left = 0;
  for (const objects::PackInfo& pack : made_) bytes_left += pack.bytes;
  if (options_.settings) batch.settings = options_.settings(bytes_left);
  return batch;
}

std::vector<LooseRow> LocalStore::Collection::found_rows() const {
  std::vector<LooseRow> rows;
  if (found_.empty()) return rows;
  rows.emplace_back();
  for (const Id& id : found_) {
    const std::optional<objects::Object> object = store_.get(id);
    if (!object) {
      throw Error(ErrorCode::kCorrupt, "object " + id.hex() + " is missing", "run isodb fsck");
    }
    append_whole(rows.back(), id, *object);
  }
  return rows;
}

void LocalStore::Collection::record_settings(std::uint64_t bytes_left) {
  if (!options_.settings) return;
  WriteBatch batch;
  batch.settings = options_.settings(bytes_left);
  if (!batch.settings.empty()) impl_.database.write(batch);
}

void LocalStore::Collection::clean() {
  begin(CollectStep::kClean);
  // Some that were to be dropped were found to be needed.
  std::uint64_t saved = 0;
  for (const Id& id : late_) {
    const bool was_old = std::any_of(old_.begin(), old_.end(),
                                     [&](const auto& file) { return opened(*file).find(id); });
    if (was_old) ++saved;
  }
  result_.objects_dropped -= std::min(saved, result_.objects_dropped);
  impl_.refresh_now();
  impl_.remove_unregistered({old_names_.begin(), old_names_.end()});
}

/// Packs that were written and came to nothing.
void LocalStore::Collection::forget_made() noexcept {
  if (is_swapped_ || made_.empty()) return;
  try {
    std::vector<std::string> names;
    for (const objects::PackInfo& pack : made_) names.push_back(pack.name);
    impl_.remove_unregistered(names);
  } catch (const std::exception&) {
    // The next packing removes them when they are a day old.
  }
}

CollectResult LocalStore::collect(Marker& marker, const CollectOptions& options) {
  return Collection(*this, marker, options).run();
}

}  // namespace isodb::refs
