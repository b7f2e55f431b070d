#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "isodb/key.h"
#include "refs/database.h"
#include "sync/incoming.h"
#include "wire/messages.h"

namespace isodb::sync {

/// How far the parts of a split bundle have been applied here: the setting "bundle.parts", of the
/// bundle whose part was applied last. A plain value.
struct BundleProgress {
  std::array<std::uint8_t, 16> bundle{};
  std::uint64_t parts_applied = 0;
  Incoming::PartEnd end;
  PublicKey signer;  ///< of each of them

  /// nullopt where no part was applied yet, of any bundle. Whether what the last one left of a
  /// commit is still here shows elsewhere.
  static std::optional<BundleProgress> read(refs::Database& database);
  void write(refs::WriteBatch& batch) const;
  /// What was applied is applied; but the bundle begins anew with its first part.
  static void forget(refs::Database& database);
};

enum class PartOrder { kNext, kApplied };

/// Is it this part's turn? The first one of a bundle that was applied whole begins it anew.
/// Error(kNotFound) where other parts have to come first.
PartOrder part_order(const std::optional<BundleProgress>& progress,
                     const wire::BundleHeader& header);

}  // namespace isodb::sync
