#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/entry.h"
#include "isodb/id.h"

namespace isodb::repo {

/// What a transaction wants to change, by path: compact, so that a bulk load of millions of
/// documents costs about a hundred bytes each. One thread at a time.
class StagedChanges {
 public:
  struct Change {
    std::string_view path;  ///< lives as long as the StagedChanges
    bool removed = false;
    Id content;
    std::uint64_t size = 0;
    std::uint32_t media = 0;     ///< index into media_types_
    std::uint32_t metadata = 0;  ///< index into metadata_, plus one; 0: none
    ContentKind kind = ContentKind::kBlob;
    std::uint8_t flags = 0;
  };

  /// Replaces what was staged for the path before.
  void put(std::string_view path, const Entry& entry);
  void remove(std::string_view path);
  /// Takes back what was staged for the path; nothing happens when nothing was.
  void forget(std::string_view path);

  const Change* find(std::string_view path) const;
  /// The entry that a change gives its path, without a stamp; nullopt for a removal.
  std::optional<Entry> entry(const Change& change) const;

  /// Every change by ascending path.
  std::vector<const Change*> sorted() const;
  /// Those whose path begins with `prefix`, by ascending path.
  std::vector<const Change*> sorted(std::string_view prefix) const;

  std::size_t size() const { return live_; }
  bool empty() const { return live_ == 0; }

 private:
  Change& slot_for(std::string_view path);
  std::string_view keep(std::string_view path);
  void grow();

  static constexpr std::size_t kArenaBlockBytesMin = 4 * 1024;  // a path has at most 1 KiB
  static constexpr std::size_t kArenaBlockBytesMax = 256 * 1024;
  std::vector<std::unique_ptr<char[]>> arena_;
  char* arena_next_ = nullptr;
  std::size_t arena_free_ = 0;
  std::deque<Change> changes_;        ///< a forgotten one has an empty path
  std::vector<std::uint32_t> table_;  ///< open addressing: index into changes_ plus one
  std::vector<std::string> media_types_;
  std::vector<Id> metadata_;
  std::size_t live_ = 0;
};

}  // namespace isodb::repo
