#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "isodb/error.h"
#include "isodb/id.h"

namespace isodb::merge {

/// Merging needs contents that are not there, which is damage unless the repository is partial.
/// Thrown when all paths were gone through, so that it names what all of them miss.
class ContentMissing : public Error {
 public:
  /// By path the commits whose entries there, content or metadata, are missing.
  using Paths = std::map<std::string, std::set<CommitId>>;

  /// `first` says what was missed first.
  ContentMissing(const Error& first, Paths paths) : Error(first), paths_(std::move(paths)) {}
  const Paths& paths() const { return paths_; }

 private:
  Paths paths_;
};

/// Gathers what several paths miss. A plain value.
class MissedContents {
 public:
  void add(const ContentMissing& missing) {
    if (!all_) {
      all_ = missing;
      return;
    }
    ContentMissing::Paths paths = all_->paths();
    for (const auto& [path, commits] : missing.paths()) {
      paths[path].insert(commits.begin(), commits.end());
    }
    all_ = ContentMissing(*all_, std::move(paths));
  }
  /// ContentMissing where anything was added.
  void throw_if_any() const {
    if (all_) throw ContentMissing(*all_);
  }

 private:
  std::optional<ContentMissing> all_;
};

}  // namespace isodb::merge
