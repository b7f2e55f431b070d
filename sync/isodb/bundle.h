#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isodb/id.h"
#include "isodb/key.h"
#include "isodb/repository.h"
#include "isodb/sync_report.h"

namespace isodb::sync {

/// What a bundle file says of itself. A plain value.
struct BundleInfo {
  std::filesystem::path file;
  Id repository;
  std::uint64_t part = 1, parts = 1;                          ///< from 1
  std::vector<std::pair<std::string, std::vector<Id>>> refs;  ///< "heads/main" and its heads
  /// Commits that the receiver has to hold already.
  std::vector<CommitId> prerequisites;
  /// nullopt: the part ends within a commit.
  std::optional<std::uint64_t> commits, operations;
  std::uint64_t bytes = 0;
  PublicKey signer;
};

struct BundleOptions {
  /// What the receiver holds: a remote's name, for what was agreed on with it last, or a revision;
  /// "" for nothing.
  std::string since;
  /// Begin another file, FILE.2 and so on, before one becomes larger than this; 0: one file. At
  /// least kBundleSplitMin.
  std::uint64_t split_bytes = 0;
  ProgressFunction progress;  ///< in bytes
};
inline constexpr std::uint64_t kBundleSplitMin = 1024 * 1024;

/// Writes what a receiver lacks into a file, as one side of a session would send it, signed with
/// this clone's key (docs/protocol.md, "Bundles"). With `split_bytes` into FILE.1, FILE.2 and so
/// on. Each file appears under its name complete or not at all. Error(kNotFound) for a `since` that
/// is none, Error(kInvalid) where nothing was agreed on with that remote, Error(kIo) with the path.
std::vector<BundleInfo> create_bundle(Repository& repository, const std::filesystem::path& file,
                                      const BundleOptions& options = {});

/// What came of applying a bundle.
struct BundleApplied {
  BundleInfo info;
  Report report;
  bool is_complete = true;   ///< false: other parts have to follow before branches move
  bool was_applied = false;  ///< this part, before: nothing was done
  /// Whoever signed it may not write here: its branches are below remotes/bundle/, its tags
  /// nowhere.
  bool is_set_aside = false;
  /// Parts before had commits that were refused; what descends from them is left out.
  bool lacks_refused = false;
};

struct ApplyOptions {
  /// Bring branches and tags in whoever signed the bundle. Commits prove themselves; that a branch
  /// has them, and what a tag is called, is the word of who signed.
  bool any_signer = false;
  ProgressFunction progress;  ///< in bytes
};

/// Takes a bundle's commits, each checked as in a session, and brings them into the branches, where
/// the bundle was signed by this device, or by a member who may write, as the current branch stands
/// with what the bundle brings to it; else below remotes/bundle/ alone. Any number of times; parts
/// one after the other, of one split bundle at a time. Reads the file twice, which cannot be a
/// pipe: where it is cut off or damaged, nothing of it is taken: Error(kCorrupt), or kUnverified
/// for a signature that does not hold. Error(kNotFound) names a commit or a part that has to be
/// here first, Error(kInvalid) for another repository's bundle, Error(kLimit) for one that would
/// fill the disk with what nobody proves.
BundleApplied apply_bundle(Repository& repository, const std::filesystem::path& file,
                           const ApplyOptions& options = {});

/// Reads a bundle from end to end: structure, checksum and signature. Needs no repository; that the
/// commits in it are good shows when it is applied. Errors as apply_bundle().
BundleInfo verify_bundle(const std::filesystem::path& file, const ProgressFunction& progress = {});

}  // namespace isodb::sync
