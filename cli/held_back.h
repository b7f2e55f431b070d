#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "isodb/sync.h"

namespace isodb::cli {

/// What keeps commits of this device from others, as far as it can tell (docs/cli.md, "A clock that
/// was ahead"). A plain value.
struct HeldBack {
  /// Milliseconds since 1970: others whose clocks are right take them from then on, and not before;
  /// 0: their time is none to come.
  std::uint64_t until_millis = 0;
  std::uint64_t ahead_millis = 0;  ///< with it: of this device's clock
  /// One of them, or a commit before them, that another device refused.
  std::optional<sync::RefusedRecord> refused;

  bool is_nothing() const { return until_millis == 0 && !refused; }
};

HeldBack held_back(const Repository& repository, const std::vector<CommitId>& commits);
/// Of the newest of the current branch; nothing where it has none.
HeldBack held_back(const Repository& repository);

/// For people. `what`: "this commit".
std::vector<std::string> held_back_sentences(const Repository& repository, const HeldBack& held,
                                             const std::string& what);
/// The same, on standard error.
void note_held_back(Context& context, const HeldBack& held, const std::string& what);
/// For --json: "waits_until" and "builds_on_refused", where there is such.
void add_held_back(JsonObject& object, const HeldBack& held);

}  // namespace isodb::cli
