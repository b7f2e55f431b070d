#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "isodb/import_session.h"

namespace isodb::exchange {

/// The contents of a stream by mark. A stream names a blob before the commit that says at which
/// path it belongs, so blobs wait here, in at most `held_bytes_max` of memory, and are stored when
/// a commit names them: as newer versions of what stood at the path. Those that have to leave
/// earlier are stored by themselves, and those that nobody names are never stored. One thread.
class BlobTable {
 public:
  BlobTable(ImportSession& session, std::size_t held_bytes_max)
      : session_(session), held_bytes_max_(held_bytes_max) {}

  void hold(std::uint64_t mark, Bytes content);
  /// Content that was too large to hold and is stored already.
  void add(std::uint64_t mark, const Entry& content);
  void forget(std::uint64_t mark);
  bool contains(std::uint64_t mark) const { return held_.contains(mark) || stored_.contains(mark); }
  /// The content as a document of this type; stored now unless it was. nullopt for an unknown mark.
  std::optional<Entry> entry(std::uint64_t mark, std::string_view media_type,
                             const std::optional<Id>& resembles);
  std::uint64_t documents() const { return documents_; }

 private:
  struct Stored {
    Id content;
    std::uint64_t size;
    ContentKind kind;
  };
  void shrink();
  const Stored& store(std::uint64_t mark, std::string_view media_type,
                      const std::optional<Id>& resembles);

  ImportSession& session_;
  std::size_t held_bytes_max_;
  std::size_t held_bytes_ = 0;
  std::unordered_map<std::uint64_t, Bytes> held_;
  std::deque<std::uint64_t> arrivals_;  // marks in the order they came; some have left held_
  std::unordered_map<std::uint64_t, Stored> stored_;
  std::uint64_t documents_ = 0;
};

}  // namespace isodb::exchange
