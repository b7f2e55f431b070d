#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "isodb/bytes.h"
#include "isodb/hybrid_time.h"
#include "isodb/id.h"
#include "repo/ancestry.h"

namespace isodb::repo {

/// Stands for a path, or for a folder with its '/', in the history index. Two may share one.
using PathKey = std::uint32_t;
PathKey path_key(std::string_view path);

/// What a segment of the history index says, in memory. Numbers are those of the whole index. A
/// plain value.
struct SegmentData {
  struct Touch {
    PathKey key = 0;
    CommitNumber commit = 0;
    friend auto operator<=>(const Touch&, const Touch&) = default;
  };

  CommitNumber first = 0;  ///< of its commits
  std::vector<CommitId> ids;
  std::vector<HybridTime> clocks;
  CommitNumbers starts;  ///< as Ancestry has them
  std::vector<Ancestry::Link> links;
  CommitNumbers wide;  ///< too many paths to be listed: may have touched any; rising
  std::vector<Touch> touches;

  std::uint32_t count() const { return static_cast<std::uint32_t>(ids.size()); }
  /// Puts the data of the next segment behind.
  void append(const SegmentData& next);
};

/// One file of the history index (docs/storage.md, "History index"): commits by number, who
/// descends from whom, and which touched a path. Immutable; thread-safe. Every byte is checked
/// before it is used: IndexDamaged from any function.
class HistorySegment {
 public:
  /// `predecessor` is the name of the segment before, 0 for the first. Sorts the touches.
  static Bytes encode(SegmentData& data, std::uint64_t predecessor);

  explicit HistorySegment(Bytes bytes);
  explicit HistorySegment(std::unique_ptr<core::Mapping> mapping);

  CommitNumber first() const { return header_.first; }
  std::uint32_t count() const { return header_.commits; }
  std::uint64_t bytes() const { return bytes_.size(); }
  /// Differs for segments that differ in anything.
  std::uint64_t name() const { return name_; }
  std::uint64_t predecessor() const { return header_.predecessor; }

  std::optional<CommitNumber> find(const CommitId& id) const;
  CommitId id(CommitNumber commit) const;
  HybridTime clock(CommitNumber commit) const;
  /// Appends the commits that may have touched it, rising.
  void touched(PathKey key, CommitNumbers& commits) const;
  void append_to(Ancestry& ancestry) const;
  SegmentData data() const;

 private:
  struct Header {
    std::uint64_t predecessor = 0;
    std::uint32_t first = 0, commits = 0, starts = 0, links = 0, wide = 0, table_bits = 0,
                  bucket_bits = 0;
    std::uint64_t touch_bytes = 0;
  };
  struct Places {
    std::uint64_t ids, clocks, table, starts, links, wide, buckets, touches, checksums;
  };
  static constexpr std::size_t kHeaderBytes = 56;
  static Places places_of(const Header& header);
  static Bytes encode_touches(const SegmentData& data, const Header& header, Bytes& buckets);

  void open();
  ByteView view(std::uint64_t offset, std::uint64_t count) const;
  std::uint32_t number_at(std::uint64_t offset) const;
  CommitNumbers numbers_at(std::uint64_t offset, std::uint32_t count) const;
  std::vector<Ancestry::Link> links() const;
  /// Calls use(key, commits) for each key of a bucket.
  template <typename Use>
  void for_bucket(std::uint64_t bucket, Use use) const;
  void decode_commits(ByteView bytes, const auto& take) const;
  std::uint32_t local(CommitNumber commit) const;

  Bytes owned_;
  std::unique_ptr<core::Mapping> mapping_;
  ByteView bytes_;
  Header header_;
  Places places_{};
  std::uint64_t name_ = 0;
  std::unique_ptr<std::atomic<bool>[]> is_checked_;  // by block
};

}  // namespace isodb::repo
