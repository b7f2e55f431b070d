#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "isodb/id.h"

namespace isodb::refs {

/// What a collection asks those who know what leads to what. Used in the collection's thread.
class Marker {
 public:
  using Keep = std::function<void(const Id&)>;
  virtual ~Marker() = default;

  /// Tells everything that is to be kept. Once, and first. Error where that cannot be told.
  virtual void mark(const Keep& keep) = 0;
  /// Tells what is to be kept beyond that by now: what refs and all else that keeps objects came to
  /// lead to since the call before, and `added`, which came to the store meanwhile and stays, with
  /// all that it leads to. What was told before need not be told again. A `keep` that throws ends
  /// the call; the next one goes on where it ended.
  virtual void mark_again(std::span<const Id> added, const Keep& keep) = 0;
};

/// The steps of a collection, in their order; docs/storage.md, "Collection", says what each is for.
enum class CollectStep {
  kPackLoose,  ///< so that all that there is lies in packs
  kMark,       ///< what is to be kept
  kCopy,       ///< of these packs into a new one
  kFollow,     ///< what others wrote meanwhile: round by round, until little is left
  kSwap,       ///< the last round, and the new packs in place of the old ones: one transaction
  kClean,      ///< removes the files
};

struct CollectOptions {
  /// Trains one anew, and does not go on with that of the largest pack.
  bool new_dictionary = false;
  /// Copies nothing where less than so many hundredths of the packs' bytes would be given back.
  unsigned garbage_percent_min = 0;
  /// Gives up where somebody else is writing a pack: an import, say, that would be refused if
  /// anything was dropped meanwhile.
  bool yields_to_loads = false;
  /// Nobody waits for it: packs in the calling thread alone, and remembers that it looked even
  /// where there was nothing to do.
  bool is_background = false;
  /// For how long another packing is waited for; Error(kBusy) then.
  std::chrono::milliseconds lock_wait{0};
  /// Asked every few milliseconds, and within the swap never: false ends the collection, which then
  /// has changed nothing.
  std::function<bool()> go_on = {};
  /// Told when a step begins: kFollow with each round, kSwap before the database is locked.
  std::function<void(CollectStep)> on_step = {};
  /// Settings that are written with the swap: made from the bytes that are left.
  std::function<std::vector<std::pair<std::string, std::optional<std::string>>>(std::uint64_t)>
      settings = {};
};

struct CollectResult {
  enum class Outcome {
    kDone,
    kNothingToDo,  ///< all is kept, and in one pack
    kTooLittle,    ///< garbage_percent_min
    kStopped,      ///< go_on
    kYielded,      ///< yields_to_loads
  };
  Outcome outcome = Outcome::kDone;
  std::uint64_t objects_dropped = 0;
  unsigned rounds = 0;  ///< of following what others wrote
  /// Records that others wrote meanwhile as deltas to what nothing led to when they did: that is
  /// kept for their sake, until the next collection writes them anew.
  std::uint64_t deltas_to_garbage = 0;
  unsigned swaps_put_off = 0;  ///< because too much had come just before
  /// How long nobody else could write: from when the database was locked until it was free again.
  std::chrono::microseconds held{0};
};

}  // namespace isodb::refs
