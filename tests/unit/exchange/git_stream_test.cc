#include "exchange/git_stream.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::exchange;
using isodb::testing::error_of;

namespace {

std::string data_of(GitStream& stream) {
  std::string data;
  char part[7];  // small on purpose: data arrives in parts
  while (const std::size_t count = stream.read_data(part, sizeof part)) data.append(part, count);
  return data;
}

std::string text_of(const GitChange& change, GitStream& stream) {
  switch (change.kind) {
    case GitChange::Kind::kDelete:
      return "D(" + change.path + ")";
    case GitChange::Kind::kDeleteAll:
      return "deleteall";
    case GitChange::Kind::kRename:
      return "R(" + change.path + ")(" + change.to + ")";
    case GitChange::Kind::kCopy:
      return "C(" + change.path + ")(" + change.to + ")";
    case GitChange::Kind::kModify:
      break;
  }
  char mode[16];
  std::snprintf(mode, sizeof mode, "%o", static_cast<unsigned>(change.mode));
  const std::string what = change.mark                ? ":" + std::to_string(*change.mark)
                           : change.has_inline_data() ? "inline=" + data_of(stream)
                                                      : change.object;
  return std::string("M ") + mode + " " + what + "(" + change.path + ")";
}

/// The whole stream as text, one command or change a line.
std::string read_all(std::string_view text, GitStream::End end = GitStream::End::kMayLackDone) {
  ByteSource source = ByteSource::over(text);
  GitStream stream(source, end);
  std::string out;
  const auto mark = [](const std::optional<std::uint64_t>& value) {
    return value ? " :" + std::to_string(*value) : std::string();
  };
  while (const auto command = stream.next()) {
    if (const auto* blob = std::get_if<GitBlob>(&*command)) {
      out += "blob" + mark(blob->mark) + " " + blob->original_id + "=" + data_of(stream) + "\n";
    } else if (const auto* commit = std::get_if<GitCommit>(&*command)) {
      out += "commit " + commit->ref + mark(commit->mark);
      if (!commit->original_id.empty()) out += " oid=" + commit->original_id;
      if (commit->author) out += " author=" + *commit->author;
      out += " committer=" + commit->committer;
      if (commit->encoding) out += " encoding=" + *commit->encoding;
      if (commit->signatures > 0) out += " signatures=" + std::to_string(commit->signatures);
      out += " message=" + commit->message;
      if (commit->from) out += " from=" + *commit->from;
      for (const Bytes& merge : commit->merges) out += " merge=" + merge;
      out += "\n";
      while (const auto change = stream.next_change()) out += text_of(*change, stream) + "\n";
    } else if (const auto* tag = std::get_if<GitTag>(&*command)) {
      out += "tag " + tag->name + mark(tag->mark) + " from=" + tag->from +
             " tagger=" + tag->tagger.value_or("-") + " message=" + tag->message + "\n";
    } else if (const auto* reset = std::get_if<GitReset>(&*command)) {
      out += "reset " + reset->ref + " from=" + reset->from.value_or("-") + "\n";
    } else if (const auto* alias = std::get_if<GitAlias>(&*command)) {
      out += "alias :" + std::to_string(alias->mark) + " to=" + alias->to + "\n";
    } else if (const auto* progress = std::get_if<GitProgress>(&*command)) {
      out += "progress " + progress->text + "\n";
    }
  }
  return out;
}

std::optional<Error> refusal(std::string_view text) {
  return error_of([&] { read_all(text); });
}

constexpr const char* kPerson = "committer A <a@b> 1700000000 +0100\n";

std::string commit_with(const std::string& changes) {
  return "commit refs/heads/x\n" + std::string(kPerson) + "data 2\nhi\n" + changes + "\n";
}

std::string changes_read(const std::string& changes) {
  const std::string text = read_all(commit_with(changes));
  return text.substr(text.find('\n') + 1);
}

// One of everything that a stream may hold.
const std::string kSample =
    "feature done\n"
    "# a comment\n"
    "option git quiet\n"
    "blob\nmark :1\noriginal-oid 0123456789012345678901234567890123456789\ndata 5\nab\ncd\n"
    "blob\nmark :2\ndata <<END\nline\nEN\nEND\n"
    "reset refs/heads/main\n"
    "commit refs/heads/main\nmark :3\nauthor A U <a@x> 1700000000 -0330\n"
    "committer C <c@x> 1700000001 +0000\n"
    "gpgsig sha1 openpgp\ndata 3\nSIG\nencoding iso-8859-1\ndata 4\nm\xe9\n\n"
    "M 100644 :1 a b.txt\nM 755 inline run\ndata 2\n#!\nM 120000 :2 \"q\\\"\\t\\303\\244\"\n"
    "M 160000 89e6c98d92887913cadf06b2adb97f26cde4849b sub\n\n"
    "commit refs/heads/main\nmark :4\ncommitter C <c@x> 1700000002 +0000\ndata 0\nfrom :3\n"
    "merge refs/heads/other^0\nD run\nR \"a b.txt\" \"c d\"\nC sub sub2\ndeleteall\n\n"
    "checkpoint\n\nprogress half way\n\n"
    "alias\nmark :9\nto :4\n\n"
    "tag v1\nmark :5\nfrom :4\ntagger T <t@x> 1700000003 +0000\ndata 3\none\n"
    "reset refs/heads/old\nfrom 0000000000000000000000000000000000000000\n\n"
    "done\n";

}  // namespace

TEST_CASE("every command of a stream is read as it stands") {
  CHECK(read_all(kSample) ==
        "blob :1 0123456789012345678901234567890123456789=ab\ncd\n"
        "blob :2 =line\nEN\n\n"
        "reset refs/heads/main from=-\n"
        "commit refs/heads/main :3 author=A U <a@x> 1700000000 -0330 "
        "committer=C <c@x> 1700000001 +0000 encoding=iso-8859-1 signatures=1 message=m\xe9\n\n\n"
        "M 100644 :1(a b.txt)\nM 100755 inline=#!(run)\nM 120000 :2(q\"\t\xc3\xa4)\n"
        "M 160000 89e6c98d92887913cadf06b2adb97f26cde4849b(sub)\n"
        "commit refs/heads/main :4 committer=C <c@x> 1700000002 +0000 message= from=:3 "
        "merge=refs/heads/other^0\n"
        "D(run)\nR(a b.txt)(c d)\nC(sub)(sub2)\ndeleteall\n"
        "progress half way\n"
        "alias :9 to=:4\n"
        "tag v1 :5 from=:4 tagger=T <t@x> 1700000003 +0000 message=one\n"
        "reset refs/heads/old from=0000000000000000000000000000000000000000\n");
}

TEST_CASE("data that nobody reads is skipped") {
  const std::string stream = kSample;
  ByteSource source = ByteSource::over(stream);
  GitStream reader(source);
  int commands = 0;
  while (reader.next()) ++commands;
  CHECK(commands == 9);
}

TEST_CASE("the newline after counted data may be left out") {
  CHECK(read_all("blob\ndata 2\nabblob\ndata 1\nc\n") == "blob =ab\nblob =c\n");
  CHECK(read_all("blob\ndata 3\nab\nblob\ndata 0\n") == "blob =ab\n\nblob =\n");
}

TEST_CASE("what follows 'done' is not read") {
  CHECK(read_all("done\nnonsense\n").empty());
}

TEST_CASE("a stream that promises 'done' has to keep it") {
  CHECK(refusal("feature done\nreset refs/heads/x\n"));
  CHECK_FALSE(refusal("feature done\nreset refs/heads/x\n\ndone\n"));
  CHECK(error_of([] { read_all("reset refs/heads/x\n", GitStream::End::kNeedsDone); }));
}

TEST_CASE("changes may follow the header without an empty line between commits") {
  CHECK(read_all("commit refs/heads/x\n" + std::string(kPerson) +
                 "data 0\nD a\nreset refs/heads/x\n") ==
        "commit refs/heads/x committer=A <a@b> 1700000000 +0100 message=\nD(a)\n"
        "reset refs/heads/x from=-\n");
}

TEST_CASE("unquoted paths run to the end of the line, sources of copies to the first space") {
  CHECK(changes_read("M 100644 :1  a  b \n") == "M 100644 :1( a  b )\n");
  CHECK(changes_read("R a b c\n") == "R(a)(b c)\n");
  CHECK(changes_read("C \"a b\" \"c\\\\d\"\n") == "C(a b)(c\\d)\n");
  CHECK(changes_read("D a\"b\n") == "D(a\"b)\n");
}

TEST_CASE("removing the empty path removes everything") {
  CHECK(changes_read("D \"\"\n") == "deleteall\n");
}

TEST_CASE("quoted paths know git's escapes and no others") {
  CHECK(changes_read("D \"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\\001\\377\"\n") ==
        "D(\a\b\f\n\r\t\v\\\"\x01\xff)\n");
  for (const char* bad : {"\"a", "\"a\\\"", "\"\\x41\"", "\"\\18\"", "\"\\400\"", "\"\\12\"",
                          "\"\\000\"", "\"a\"b", "\"\\"}) {
    CAPTURE(bad);
    const auto error = refusal(commit_with("D " + std::string(bad) + "\n"));
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInvalid);
  }
}

TEST_CASE("quoting a path and reading it back gives the path") {
  for (const std::string path : {"plain", "with space", "quo\"te", "back\\slash", "tab\there",
                                 "\xc3\xa4", "\x7f", "a\nb", "\xff\xfe"}) {
    CAPTURE(path);
    CHECK(changes_read("D " + quote_path(path) + "\n") == "D(" + path + ")\n");
  }
  CHECK(quote_path("a b") == "a b");
}

TEST_CASE("a malformed command is refused with its line, byte and name") {
  const auto error = refusal("reset refs/heads/x\n\nblob\nmark :one\ndata 0\n");
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInvalid);
  CHECK(std::string(error->what()) ==
        "stream: line 3, byte 20: 'blob': ':one' is not a mark (':' and a number)");
}

TEST_CASE("line numbers count the lines inside of data") {
  const auto error = refusal("blob\ndata 4\n\n\n\n\nwhat is this\n");
  REQUIRE(error);
  CHECK(std::string(error->what()) ==
        "stream: line 7, byte 16: 'what is this': is not a command of a fast-import stream");
}

TEST_CASE("whatever breaks the format is refused") {
  const std::string head = "commit refs/heads/x\n";
  for (const std::string& bad :
       std::vector<std::string>{"nonsense\n",
                                "commit\n",
                                "commit \n",
                                "blob\n",
                                "blob\nmark 1\ndata 0\n",
                                "blob\nmark :0\ndata 0\n",
                                "blob\nmark :99999999999999999999\ndata 0\n",
                                "blob\ndata\n",
                                "blob\ndata -1\n",
                                "blob\ndata 1x\na\n",
                                "blob\ndata 18446744073709551616\n",
                                "blob\ndata <<\n\n",
                                "blob\ndata <<E\nabc\n",
                                "blob\ndata 5\nabc",
                                head,
                                head + "data 0\n",
                                head + "committer nobody\ndata 0\n",
                                head + "committer A <a> 12 0000\ndata 0\n",
                                head + "committer A <a> x +0000\ndata 0\n",
                                head + kPerson,
                                head + kPerson + "author A <a@b> 1 +0000\ndata 0\n",
                                commit_with("M 100644 :1\n"),
                                commit_with("M 100600 :1 a\n"),
                                commit_with("M 100644 :1 \n"),
                                commit_with("M 160000 :1 a\n"),
                                commit_with("R a\n"),
                                commit_with("R \"a\"b\n"),
                                commit_with(std::string("D a\0b\n", 6)),
                                "tag v1\ndata 0\n",
                                "tag v1\nfrom :1\n",
                                "tag v1\nfrom :1\ntagger x\ndata 0\n",
                                "alias\nmark :1\n",
                                "reset refs/heads/x",
                                "blob\ndata 1\na\n\nx\n"}) {
    CAPTURE(bad);
    const auto error = refusal(bad);
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInvalid);
  }
}

TEST_CASE("what an import cannot do is refused as such") {
  for (const std::string& asked : std::vector<std::string>{
           "feature notes\n", "feature import-marks=/etc/passwd\n", "feature ls\n",
           "feature date-format=now\n", "cat-blob :1\n", "ls :1 a\n", "get-mark :1\n",
           commit_with("N :1 :2\n"), commit_with("M 040000 :1 a\n"),
           commit_with("M 100644 89e6c98d92887913cadf06b2adb97f26cde4849b a\n")}) {
    CAPTURE(asked);
    const auto error = refusal(asked);
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUnsupported);
  }
}

TEST_CASE("a claimed length costs no memory until the bytes are there") {
  const auto error = refusal("blob\ndata 9000000000000000000\nabc");
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInvalid);
  CHECK_THAT(error->what(), Catch::Contains("before the end of the data"));
}

TEST_CASE("a line or a message beyond the limit is refused") {
  const auto line =
      refusal("reset refs/heads/" + std::string(GitStream::kLineBytesMax, 'x') + "\n");
  REQUIRE(line);
  CHECK(line->code() == ErrorCode::kLimit);
  const std::string length = std::to_string(GitStream::kMessageBytesMax + 1);
  const auto message = refusal("commit refs/heads/x\n" + std::string(kPerson) + "data " + length +
                               "\n" + std::string(GitStream::kMessageBytesMax + 1, 'm') + "\n");
  REQUIRE(message);
  CHECK(message->code() == ErrorCode::kLimit);
}

TEST_CASE("a stream cut off at any byte is refused") {
  for (std::size_t length = 0; length < kSample.size(); ++length) {
    const auto error = refusal(std::string_view(kSample).substr(0, length));
    // 'feature done' stands in the first 13 bytes; before that the empty stream is a good one.
    const bool good = length == 0;
    CAPTURE(length);
    REQUIRE(error.has_value() == !good);
  }
}

TEST_CASE("a stream with bytes flipped is read or refused, never anything else") {
  std::mt19937_64 random(20261120);
  int refused = 0;
  for (int run = 0; run < 3000; ++run) {
    std::string damaged = kSample;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    }
    if (refusal(damaged)) ++refused;
  }
  CHECK(refused > 1000);
}

TEST_CASE("the time of a person's line is its seconds") {
  CHECK(git_time("A B <a@b> 1700000000 +0100") == 1700000000u);
  CHECK(git_time("<> 0 -0000") == 0u);
  CHECK(git_time("A <a> b> 5 +1") == 5u);
  for (const char* bad : {"", "A", "A <a@b>", "A <a@b> ", "A <a@b> 5", "A <a@b> 5 +", "A 5 +0000",
                          "A <a@b> -5 +0000", "A <a@b> 5 UTC", "A> 5 +0000"}) {
    CAPTURE(bad);
    CHECK_FALSE(git_time(bad));
  }
}

TEST_CASE("a line that begins with NUL is no change of a commit") {
  const std::string stream =
      "commit refs/heads/main\ncommitter A <a> 1 +0000\ndata 1\nx\n"
      "M 100644 inline keep\ndata 1\ny\n" +
      std::string("\0 x\n", 4);
  ByteSource source = ByteSource::over(stream);
  GitStream git(source);
  REQUIRE(git.next());
  REQUIRE(git.next_change());
  CHECK_FALSE(git.next_change());
  CHECK(isodb::testing::error_code_of([&] { git.next(); }) == ErrorCode::kInvalid);
}
