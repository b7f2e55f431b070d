#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/error.h"
#include "isodb/id.h"

namespace isodb {

// What a session can tell of (docs/protocol.md, "HELLO").
inline constexpr std::size_t kScopePrefixesMax = 64;
inline constexpr std::size_t kScopePrefixBytesMax = 8'192;  ///< of all prefixes together
inline constexpr std::size_t kScopeBoundaryMax = 512;

/// Which contents of documents a repository is to hold; it always holds every commit and tree, and
/// what is under .isodb/. A content is in scope where its path and its time are. A plain value.
struct Scope {
  /// Folders or documents ("cows": cows itself and all below), in the form of scope_prefixes().
  /// None: every path.
  std::vector<std::string> prefixes;
  /// Commits, ascending by id, none of which sees another. Of what was written in their past, only
  /// what was live in one of them is in scope. None: all of history.
  std::vector<CommitId> boundary;

  /// Whether everything is in scope: the repository is an ordinary one.
  bool is_whole() const { return prefixes.empty() && boundary.empty(); }
  bool covers_path(std::string_view path) const;

  friend bool operator==(const Scope&, const Scope&) = default;
};

/// The one form of a choice of prefixes: without a '/' at their ends, ascending, none inside
/// another. Error(kInvalid) for what can be no path, Error(kLimit) for more than kScopePrefixesMax,
/// or kScopePrefixBytesMax.
std::vector<std::string> scope_prefixes(std::vector<std::string> prefixes);

/// What was asked for takes contents that this repository does not hold, because they are out of
/// its scope: kNotHeld. Fetching them helps.
class ContentNotHeld : public Error {
 public:
  /// Contents of one path: the entries that these commits' trees have there, with their metadata.
  struct Need {
    std::string path;               ///< "" where it is not known
    std::vector<CommitId> commits;  ///< ascending; none where they are not known

    friend bool operator==(const Need&, const Need&) = default;
  };
  /// At least one need; ascending by path, each path once.
  ContentNotHeld(const std::string& message, const std::string& hint, std::vector<Need> needs);

  /// Of the first need.
  const std::string& path() const { return needs_.front().path; }
  const std::vector<CommitId>& commits() const { return needs_.front().commits; }
  /// All that is known to be needed; there may be more once these have come.
  const std::vector<Need>& needs() const { return needs_; }

 private:
  std::vector<Need> needs_;
};

}  // namespace isodb
