#include "exchange/git_stream.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace isodb::exchange {
namespace {

/// The value after "word " at the start of `line`.
std::optional<ByteView> value_of(ByteView line, ByteView word) {
  const bool matches =
      line.size() > word.size() && line.starts_with(word) && line[word.size()] == ' ';
  if (!matches) return std::nullopt;
  return line.substr(word.size() + 1);
}

std::optional<std::uint64_t> decimal(ByteView text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_hex_id(ByteView text) {
  return (text.size() == 40 || text.size() == 64) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

std::optional<GitMode> mode_of(ByteView text) {
  if (text == "100644" || text == "644") return GitMode::kFile;
  if (text == "100755" || text == "755") return GitMode::kExecutable;
  if (text == "120000") return GitMode::kSymlink;
  if (text == "160000") return GitMode::kGitlink;
  return std::nullopt;
}

}  // namespace

void GitStream::fail(const std::string& problem, const std::string& hint, ErrorCode code) const {
  const std::string command = command_.empty() ? "" : "'" + command_ + "': ";
  source_.fail_at(command_line_, command_offset_, command + problem, hint, code);
}

/// The next line that is not a comment, without taking it; nullopt at the end.
std::optional<ByteView> GitStream::peek_line() {
  while (!line_held_) {
    line_line_ = source_.line_number();
    line_offset_ = source_.offset();
    const std::optional<ByteView> line = source_.line(kLineBytesMax);
    if (!line) return std::nullopt;
    if (line->starts_with('#')) continue;
    line_.assign(*line);
    line_held_ = true;
  }
  return ByteView(line_);
}

ByteView GitStream::take_line() {
  line_held_ = false;
  return line_;
}

/// Takes the next line if it is "word value"; the value lives until the next line is read.
std::optional<ByteView> GitStream::take_value(ByteView word) {
  const std::optional<ByteView> line = peek_line();
  if (!line) return std::nullopt;
  const std::optional<ByteView> value = value_of(*line, word);
  if (value) take_line();
  return value;
}

void GitStream::skip_blank_line() {
  const std::optional<ByteView> line = peek_line();
  if (line && line->empty()) take_line();
}

void GitStream::begin(ByteView line) {
  command_line_ = line_line_;
  command_offset_ = line_offset_;
  command_ = printable(line, 60);
}

std::uint64_t GitStream::mark_value(ByteView text) const {
  const std::optional<std::uint64_t> mark =
      text.starts_with(':') ? decimal(text.substr(1)) : std::nullopt;
  if (!mark || *mark == 0) fail("'" + printable(text, 40) + "' is not a mark (':' and a number)");
  return *mark;
}

std::optional<std::uint64_t> GitStream::optional_mark() {
  const std::optional<ByteView> text = take_value("mark");
  if (!text) return std::nullopt;
  return mark_value(*text);
}

Bytes GitStream::optional_original_id() {
  const std::optional<ByteView> text = take_value("original-oid");
  return text ? checked(*text, "an original-oid") : Bytes();
}

Bytes GitStream::checked(ByteView text, const char* what) const {
  if (text.empty()) fail(std::string(what) + " is empty");
  if (text.find('\0') != ByteView::npos) fail(std::string(what) + " contains NUL");
  return Bytes(text);
}

std::optional<GitCommand> GitStream::next() {
  while (in_commit_) next_change();
  finish_data();
  while (!done_) {
    const std::optional<ByteView> peeked = peek_line();
    if (!peeked) {
      if (needs_done_) source_.fail("the stream ends before its 'done'");
      done_ = true;
      break;
    }
    begin(*peeked);
    const Bytes line(take_line());
    if (line.empty() || line == "checkpoint" || line.starts_with("option ")) continue;
    if (line == "done") {
      done_ = true;
    } else if (const auto text = value_of(line, "feature")) {
      feature(*text);
    } else {
      return command(line);
    }
  }
  return std::nullopt;
}

GitCommand GitStream::command(ByteView line) {
  if (line == "blob") {
    GitBlob blob;
    blob.mark = optional_mark();
    blob.original_id = optional_original_id();
    begin_data();
    return blob;
  }
  if (const auto ref = value_of(line, "commit")) return commit(*ref);
  if (const auto name = value_of(line, "tag")) return tag(*name);
  if (const auto ref = value_of(line, "reset")) return reset(*ref);
  if (line == "alias") return alias();
  if (const auto text = value_of(line, "progress")) {
    GitProgress progress{Bytes(*text)};
    skip_blank_line();
    return progress;
  }
  const ByteView word = line.substr(0, line.find(' '));
  if (word == "cat-blob" || word == "ls" || word == "get-mark") {
    fail("asks for an answer, which an import does not give", {}, ErrorCode::kUnsupported);
  }
  fail("is not a command of a fast-import stream");
}

void GitStream::feature(ByteView text) {
  const ByteView name = text.substr(0, text.find('='));
  const ByteView value = name.size() < text.size() ? text.substr(name.size() + 1) : ByteView();
  const bool changes_nothing =
      (name == "date-format" && (value == "raw" || value == "raw-permissive")) ||
      name == "relative-marks" || name == "no-relative-marks";
  if (name == "done") {
    needs_done_ = true;
  } else if (!changes_nothing) {
    fail("asks for a feature that an import does not have", {}, ErrorCode::kUnsupported);
  }
}

void GitStream::begin_data() {
  const std::optional<ByteView> text = take_value("data");
  if (!text) fail("has no 'data' line where one is due");
  data_open_ = true;
  is_delimited_ = text->starts_with("<<");
  if (!is_delimited_) {
    const std::optional<std::uint64_t> count = decimal(*text);
    if (!count) fail("has a malformed data length '" + printable(*text, 40) + "'");
    data_left_ = *count;
    return;
  }
  const Bytes delimiter(text->substr(2));
  if (delimiter.empty()) fail("has data with an empty delimiter");
  delimited_.clear();
  delimited_read_ = 0;
  for (;;) {
    const std::optional<ByteView> line = source_.line(kDelimitedBytesMax);
    if (!line) fail("the stream ends inside delimited data");
    if (*line == delimiter) break;
    if (delimited_.size() + line->size() >= kDelimitedBytesMax) {
      fail("has delimited data longer than 64 MiB", "give its length with 'data <count>'",
           ErrorCode::kLimit);
    }
    delimited_.append(*line).append("\n");
  }
  data_left_ = delimited_.size();
}

std::size_t GitStream::read_data(char* out, std::size_t count) {
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count, data_left_));
  if (wanted == 0) return 0;
  std::size_t got = 0;
  if (is_delimited_) {
    std::memcpy(out, delimited_.data() + delimited_read_, wanted);
    delimited_read_ += wanted;
    got = wanted;
  } else {
    got = source_.read(out, wanted);
    if (got == 0) {
      fail("the stream ends " + std::to_string(data_left_) + " bytes before the end of the data");
    }
  }
  data_left_ -= got;
  return got;
}

/// Skips what was not read of the data, and the newline that may follow it.
void GitStream::finish_data() {
  if (!data_open_) return;
  std::array<char, 16 * 1024> skipped;
  while (read_data(skipped.data(), skipped.size()) > 0) {
  }
  data_open_ = false;
  delimited_ = Bytes();
  source_.skip('\n');
}

Bytes GitStream::whole_data(std::size_t bytes_max, const char* what) {
  begin_data();
  if (data_left_ > bytes_max) {
    fail(std::string("has ") + what + " longer than " + std::to_string(bytes_max) + " bytes", {},
         ErrorCode::kLimit);
  }
  Bytes data(static_cast<std::size_t>(data_left_), '\0');
  for (std::size_t at = 0; at < data.size();) at += read_data(data.data() + at, data.size() - at);
  finish_data();
  return data;
}

GitCommit GitStream::commit(ByteView ref) {
  GitCommit commit;
  commit.ref = checked(ref, "the ref");
  commit.mark = optional_mark();
  commit.original_id = optional_original_id();
  if (const auto line = take_value("author")) commit.author = checked(*line, "the author");
  const auto committer = take_value("committer");
  if (!committer) fail("has no committer");
  commit.committer = checked(*committer, "the committer");
  for (const Bytes& ident : {commit.author.value_or(commit.committer), commit.committer}) {
    if (!git_time(ident)) {
      fail("'" + printable(ident) + "' is not of the form 'Name <mail> seconds +zone'");
    }
  }
  while (take_value("gpgsig")) {
    begin_data();
    finish_data();
    ++commit.signatures;
  }
  if (const auto text = take_value("encoding")) commit.encoding = checked(*text, "the encoding");
  commit.message = whole_data(kMessageBytesMax, "a message");
  if (const auto from = take_value("from")) commit.from = checked(*from, "its 'from'");
  while (const auto merge = take_value("merge")) {
    if (commit.merges.size() == kMergesMax) fail("has too many parents", {}, ErrorCode::kLimit);
    commit.merges.push_back(checked(*merge, "its 'merge'"));
  }
  in_commit_ = true;
  return commit;
}

GitTag GitStream::tag(ByteView name) {
  GitTag tag;
  tag.name = checked(name, "the tag's name");
  tag.mark = optional_mark();
  const auto from = take_value("from");
  if (!from) fail("has no 'from'");
  tag.from = checked(*from, "its 'from'");
  tag.original_id = optional_original_id();
  if (const auto tagger = take_value("tagger")) {
    tag.tagger = checked(*tagger, "the tagger");
    if (!git_time(*tag.tagger)) {
      fail("'" + printable(*tag.tagger) + "' is not of the form 'Name <mail> seconds +zone'");
    }
  }
  tag.message = whole_data(kMessageBytesMax, "a message");
  return tag;
}

GitReset GitStream::reset(ByteView ref) {
  GitReset reset;
  reset.ref = checked(ref, "the ref");
  if (const auto from = take_value("from")) reset.from = checked(*from, "its 'from'");
  return reset;
}

GitAlias GitStream::alias() {
  const std::optional<std::uint64_t> mark = optional_mark();
  const std::optional<ByteView> to = take_value("to");
  if (!mark || !to) fail("needs a 'mark' and a 'to' line");
  return GitAlias{*mark, checked(*to, "its 'to'")};
}

std::optional<GitChange> GitStream::next_change() {
  finish_data();
  if (!in_commit_) return std::nullopt;
  const std::optional<ByteView> peeked = peek_line();
  const ByteView line = peeked.value_or(ByteView());
  const bool is_change = line == "deleteall" || (line.size() > 1 && line[1] == ' ' &&
                                                 ByteView("MDRCN").find(line[0]) != ByteView::npos);
  if (!is_change) {
    in_commit_ = false;
    if (peeked && line.empty()) take_line();
    return std::nullopt;
  }
  begin(line);
  const Bytes taken(take_line());
  const ByteView rest = ByteView(taken).substr(std::min<std::size_t>(2, taken.size()));
  GitChange change;
  switch (taken[0]) {
    case 'M':
      return modify(rest);
    case 'D':
      change.kind = GitChange::Kind::kDelete;
      change.path = last_path(rest);
      if (change.path.empty()) change.kind = GitChange::Kind::kDeleteAll;
      return change;
    case 'R':
      return pair(GitChange::Kind::kRename, rest);
    case 'C':
      return pair(GitChange::Kind::kCopy, rest);
    case 'N':
      fail("notes are not imported", "export without refs/notes", ErrorCode::kUnsupported);
    default:
      change.kind = GitChange::Kind::kDeleteAll;
      return change;
  }
}

GitChange GitStream::modify(ByteView rest) {
  GitChange change;
  const std::size_t mode_end = rest.find(' ');
  const std::size_t data_end = mode_end == ByteView::npos ? mode_end : rest.find(' ', mode_end + 1);
  if (data_end == ByteView::npos) fail("needs a mode, the data and a path");
  const ByteView mode = rest.substr(0, mode_end);
  const ByteView data = rest.substr(mode_end + 1, data_end - mode_end - 1);
  if (mode == "040000" || mode == "40000") {
    fail("names a whole tree, which a stream does not carry", {}, ErrorCode::kUnsupported);
  }
  const std::optional<GitMode> known = mode_of(mode);
  if (!known) fail("has an unknown mode '" + printable(mode, 20) + "'");
  change.mode = *known;
  change.path = last_path(rest.substr(data_end + 1));
  if (change.path.empty()) fail("has an empty path");
  if (change.mode == GitMode::kGitlink) {
    if (!is_hex_id(data)) fail("a submodule needs a commit id");
    change.object = Bytes(data);
  } else if (data == "inline") {
    begin_data();
  } else if (data.starts_with(':')) {
    change.mark = mark_value(data);
  } else {
    fail("names data by id, which the stream does not carry",
         "export with the data in the stream (git fast-export without --no-data)",
         ErrorCode::kUnsupported);
  }
  return change;
}

/// A path that takes the rest of the line.
Bytes GitStream::last_path(ByteView rest) const {
  if (rest.find('\0') != ByteView::npos) fail("has a path with NUL");
  if (!rest.starts_with('"')) return Bytes(rest);
  const std::optional<Bytes> path = unquote_path(rest);
  if (!path || !rest.empty()) fail("has a malformed quoted path");
  return *path;
}

GitChange GitStream::pair(GitChange::Kind kind, ByteView rest) {
  GitChange change;
  change.kind = kind;
  if (rest.starts_with('"')) {
    const std::optional<Bytes> from = unquote_path(rest);
    if (!from) fail("has a malformed quoted path");
    change.path = *from;
  } else {
    change.path = Bytes(rest.substr(0, rest.find(' ')));
    rest.remove_prefix(change.path.size());
  }
  if (!rest.starts_with(' ')) fail("needs two paths");
  change.to = last_path(rest.substr(1));
  if (change.path.empty() || change.to.empty()) fail("has an empty path");
  if (change.path.find('\0') != Bytes::npos) fail("has a path with NUL");
  return change;
}

std::optional<Bytes> unquote_path(ByteView& text) {
  constexpr ByteView kNames = "abfnrtv\\\"", kValues = "\a\b\f\n\r\t\v\\\"";
  Bytes path;
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] != '\\') {
      path += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (const std::size_t name = kNames.find(text[i]); name != ByteView::npos) {
      path += kValues[name];
      continue;
    }
    unsigned value = 0;
    if (i + 3 > text.size() || text[i] > '3') return std::nullopt;
    for (std::size_t digit = 0; digit < 3; ++digit) {
      const char c = text[i + digit];
      if (c < '0' || c > '7') return std::nullopt;
      value = value * 8 + static_cast<unsigned>(c - '0');
    }
    if (value == 0) return std::nullopt;
    path += static_cast<char>(value);
    i += 2;
  }
  if (i >= text.size()) return std::nullopt;
  text.remove_prefix(i + 1);
  return path;
}

Bytes quote_path(ByteView path) {
  const auto must_escape = [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  if (std::none_of(path.begin(), path.end(), must_escape)) return Bytes(path);
  Bytes quoted = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (must_escape(c)) {
      const auto byte = static_cast<unsigned char>(c);
      quoted += {'\\', static_cast<char>('0' + (byte >> 6)),
                 static_cast<char>('0' + (byte >> 3 & 7)), static_cast<char>('0' + (byte & 7))};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::optional<std::uint64_t> git_time(ByteView ident) {
  const std::size_t close = ident.rfind("> ");
  if (close == ByteView::npos || ident.substr(0, close).find('<') == ByteView::npos) {
    return std::nullopt;
  }
  const ByteView time = ident.substr(close + 2);
  const std::size_t space = time.find(' ');
  if (space == ByteView::npos) return std::nullopt;
  const ByteView zone = time.substr(space + 1);
  if (zone.size() < 2 || (zone[0] != '+' && zone[0] != '-') || !decimal(zone.substr(1))) {
    return std::nullopt;
  }
  return decimal(time.substr(0, space));
}

}  // namespace isodb::exchange
