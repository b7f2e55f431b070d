#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "exchange/byte_source.h"
#include "isodb/bytes.h"

namespace isodb::exchange {

/// File modes that a git tree can give a path.
enum class GitMode : std::uint32_t {
  kFile = 0100644,
  kExecutable = 0100755,
  kSymlink = 0120000,  ///< the document is the link's target
  kGitlink = 0160000,  ///< a submodule; the document is the commit id in hexadecimal
};

/// One path-changing line of a commit.
struct GitChange {
  enum class Kind { kModify, kDelete, kRename, kCopy, kDeleteAll };
  Kind kind = Kind::kModify;
  GitMode mode = GitMode::kFile;  ///< kModify
  /// kModify: the content's mark; nullopt: it follows inline (read_data()), or `object` names it.
  std::optional<std::uint64_t> mark;
  Bytes object;  ///< kModify of a gitlink: the commit id in hexadecimal
  Bytes path;    ///< as in the source, unquoted; any bytes but NUL and newline
  Bytes to;      ///< kRename, kCopy: the new path
  bool has_inline_data() const { return kind == Kind::kModify && !mark && object.empty(); }
};

struct GitBlob {
  std::optional<std::uint64_t> mark;
  Bytes original_id;
};
/// Lines of people and times are kept as they stand, without "author " before them.
struct GitCommit {
  Bytes ref;
  std::optional<std::uint64_t> mark;
  Bytes original_id;
  std::optional<Bytes> author;
  Bytes committer;
  std::optional<Bytes> encoding;
  std::size_t signatures = 0;  ///< gpgsig blocks, skipped
  Bytes message;
  std::optional<Bytes> from;  ///< a commit-ish as written: ":5", "refs/heads/x^0", an id
  std::vector<Bytes> merges;
};
struct GitTag {
  Bytes name;
  std::optional<std::uint64_t> mark;
  Bytes original_id;
  Bytes from;
  std::optional<Bytes> tagger;
  Bytes message;
};
struct GitReset {
  Bytes ref;
  std::optional<Bytes> from;
};
struct GitAlias {
  std::uint64_t mark = 0;
  Bytes to;
};
struct GitProgress {
  Bytes text;
};
using GitCommand = std::variant<GitBlob, GitCommit, GitTag, GitReset, GitAlias, GitProgress>;

/// Reads a git fast-import stream command by command, in constant memory: a blob's bytes and a
/// commit's changes are pulled after their command, and skipped when they are not. Checks syntax
/// alone; what marks and names mean is the caller's. Whatever it cannot carry on from (notes, a
/// request to answer, an unknown command) is refused. Borrows the source; one thread at a time.
/// Error(kInvalid) with line, byte and command for a stream that breaks a rule or ends too soon,
/// Error(kUnsupported) for what is refused, Error(kLimit) for a line or message too long.
class GitStream {
 public:
  static constexpr std::size_t kLineBytesMax = 256 * 1024;
  static constexpr std::size_t kMessageBytesMax = 1024 * 1024;
  static constexpr std::size_t kDelimitedBytesMax = 64 * 1024 * 1024;
  static constexpr std::size_t kMergesMax = 4000;

  enum class End { kMayLackDone, kNeedsDone };
  explicit GitStream(ByteSource& source, End end = End::kMayLackDone)
      : source_(source), needs_done_(end == End::kNeedsDone) {}

  /// The next command; nullopt at the end of the stream or after "done".
  std::optional<GitCommand> next();
  /// After a GitCommit: its next change; nullopt after the last.
  std::optional<GitChange> next_change();
  /// After a GitBlob or a change with inline data: up to `count` bytes of it; 0 at its end.
  std::size_t read_data(char* out, std::size_t count);
  /// Bytes of that data still to read.
  std::uint64_t data_left() const { return data_left_; }

  /// Line of the command or change last returned.
  std::uint64_t line_number() const { return command_line_; }
  /// Throws Error(`code`) naming that line, its byte and the command.
  [[noreturn]] void fail(const std::string& problem, const std::string& hint = {},
                         ErrorCode code = ErrorCode::kInvalid) const;

 private:
  std::optional<ByteView> peek_line();
  ByteView take_line();
  std::optional<ByteView> take_value(ByteView word);
  void skip_blank_line();
  void begin(ByteView line);
  std::optional<std::uint64_t> optional_mark();
  Bytes optional_original_id();
  std::uint64_t mark_value(ByteView text) const;
  void begin_data();
  Bytes whole_data(std::size_t bytes_max, const char* what);
  void finish_data();
  void feature(ByteView text);
  GitCommand command(ByteView line);
  GitCommit commit(ByteView ref);
  GitTag tag(ByteView name);
  GitReset reset(ByteView ref);
  GitAlias alias();
  GitChange modify(ByteView rest);
  GitChange pair(GitChange::Kind kind, ByteView rest);
  Bytes last_path(ByteView rest) const;
  Bytes checked(ByteView text, const char* what) const;

  ByteSource& source_;
  bool needs_done_;
  bool done_ = false;
  bool in_commit_ = false;
  Bytes line_;  // peeked
  bool line_held_ = false;
  std::uint64_t line_line_ = 0, line_offset_ = 0;        // where line_ stands
  std::uint64_t command_line_ = 1, command_offset_ = 0;  // where the command stands
  std::string command_;                                  // its beginning, for messages
  bool data_open_ = false;
  std::uint64_t data_left_ = 0;
  Bytes delimited_;  // data of the delimited form, held whole
  std::size_t delimited_read_ = 0;
  bool is_delimited_ = false;
};

/// Reads a path in git's C-style quotes at the start of `text`, which is advanced past it; nullopt
/// when the quoting is malformed.
std::optional<Bytes> unquote_path(ByteView& text);
/// The path as a fast-import stream has it: quoted where it must be.
Bytes quote_path(ByteView path);

/// Seconds since 1970 of a line "Name <mail> 1700000000 +0100"; nullopt when it is not of that
/// form.
std::optional<std::uint64_t> git_time(ByteView ident);

}  // namespace isodb::exchange
