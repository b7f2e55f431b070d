#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/id.h"
#include "wire/element.h"

namespace isodb::wire {

// The runs of a stream (docs/protocol.md, "Streams"): elements in five columns, packed by zstd, cut
// into the payloads of RUN frames. One writer and one reader a stream.

inline constexpr std::size_t kRunBytesMax = 262'144;  ///< plain
inline constexpr std::size_t kRunFramesMax = 8;
/// Of a COMMIT, message and origin (as lines) together; a commit with more goes as objects.
inline constexpr std::size_t kCommitTextBytesMax = 65'536;
/// What an operation puts in place: a document, a frame, what VALUES takes in all columns.
inline constexpr std::size_t kOperationBytesMax = 65'536;
inline constexpr std::size_t kDevicesMax = 65'536;
/// A commit further back in the stream is named by its id.
inline constexpr std::size_t kBackReferenceMax = 65'536;
inline constexpr std::uint64_t kDocumentBytesMax = std::uint64_t{1} << 62;
/// Of an OBJECT: more than the largest commit has.
inline constexpr std::uint64_t kObjectBytesMax = std::uint64_t{1} << 29;

/// Whether the commit may go as a COMMIT; else it goes as objects.
bool commit_fits(const CommitElement& commit);

/// Writes the elements of one stream. Owns its buffers, and zstd's (about 3 MB at low levels) from
/// the first run that is packed until release(). One thread at a time. What breaks a rule of the
/// protocol is Error(kInvalid), what is too much Error(kLimit), and nothing was added then.
class RunWriter {
 public:
  static constexpr int kPlain = 0;  ///< in place of a level: runs are not packed

  /// `known`: commits that the receiver is known to know, in any order; `level`: zstd's, or kPlain.
  RunWriter(std::vector<CommitId> known, int level);
  ~RunWriter();
  RunWriter(RunWriter&&) noexcept;
  RunWriter& operator=(RunWriter&&) noexcept;

  /// Operations and pieces come after what they belong to; a commit, an object, and the end of the
  /// stream only when what was before is whole. Error(kLimit) long after is_full().
  void add(const Element& element);
  /// Of the commit that was begun last, once, before the next commit: as COMMIT, OBJECT or RESUME.
  void commit_is(const CommitId& id);

  bool is_empty() const;  ///< no element since the last run
  /// Time to take the run: the next element might not fit, or enough was gathered for one flight
  /// (32 KiB as packed, as far as can be told).
  bool is_full() const;
  std::size_t plain_bytes() const;

  /// What was added since, mostly one run: payloads of RUN frames, in order; none where nothing
  /// was. Small first runs that zstd cannot shrink go plain, and runs that are mostly frames.
  std::vector<Bytes> take_run(std::uint8_t stream);

  /// From the next run on. Another level than before begins a new window, which costs what the old
  /// one would have saved: for a change of the line's speed, not for every run.
  void set_level(int level);
  /// Frees zstd's buffers; the next run that is packed begins a new window.
  void release();

  /// Since the stream's begin, as END says them.
  std::uint64_t commits() const;
  std::uint64_t operations() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The number of the stream that a RUN frame's payload belongs to. Error(kCorrupt) for an empty
/// one.
std::uint8_t run_stream(ByteView payload);

/// Reads the elements of one stream, from a peer who may lie: every limit is checked before memory
/// is taken for what it limits. Owns the run being read (at most kRunBytesMax) and zstd's buffers
/// (about 1.5 MB) from the first packed run until release(). One thread at a time. Error(kCorrupt)
/// with what is wrong and where; after an error the reader is of no use any more.
class RunReader {
 public:
  /// `known`: as the sender knows it, in any order.
  explicit RunReader(std::vector<CommitId> known);
  ~RunReader();
  RunReader(RunReader&&) noexcept;
  RunReader& operator=(RunReader&&) noexcept;

  /// The payload of a RUN frame, when next() has given nullopt. The first one says what number the
  /// stream has; one of another stream is an error (see run_stream()).
  void add_frame(ByteView payload);

  /// The next element, or nullopt: another frame is needed. Elements come in an order that makes
  /// sense: `operations` operations after their commit, an object's or new parts' bytes in pieces
  /// that add up, a commit only when the one before was whole and commit_is() was said. After
  /// RESUME, which is first if it comes, the number of operations and pieces is the caller's to
  /// check, up to commit_is().
  std::optional<Element> next();
  /// Of the commit that was begun last (COMMIT, OBJECT or RESUME), when it is whole.
  /// `is_stand_in`: it was not rebuilt, so that its id is not known: then this is any that no other
  /// has, and parents may stand in any order.
  void commit_is(const CommitId& id, bool is_stand_in = false);

  /// Error(kCorrupt) when the stream is cut off here: within a run, an element's pieces or a
  /// commit's operations.
  void expect_end() const;
  /// Frees all buffers, for a stream that has ended or rests; a run that goes on with the old
  /// window is refused then.
  void release();

  /// Since the stream's begin, for comparison with END.
  std::uint64_t commits() const;
  std::uint64_t operations() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isodb::wire
