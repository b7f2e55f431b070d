// Any bytes as a stream of git's fast-export: read to its end or refused, the same whether
// documents are read or skipped, and with the line that it stopped at.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "exchange/byte_source.h"
#include "exchange/git_stream.h"
#include "isodb/error.h"

namespace {

using namespace isodb;
using namespace isodb::exchange;

enum class Data { kRead, kSkipped };

void read_data(GitStream& stream) {
  char part[7];
  const std::uint64_t expected = stream.data_left();
  std::uint64_t taken = 0;
  while (const std::size_t count = stream.read_data(part, sizeof part)) taken += count;
  if (taken != expected || stream.data_left() != 0) std::abort();
}

/// How many commands and changes there were, and the message with which it was refused.
std::string outcome(std::string_view bytes, Data data) {
  ByteSource source = ByteSource::over(bytes);
  GitStream stream(source);
  std::size_t commands = 0, changes = 0;
  std::string refusal;
  try {
    while (const auto command = stream.next()) {
      ++commands;
      if (std::holds_alternative<GitBlob>(*command) && data == Data::kRead) read_data(stream);
      if (!std::holds_alternative<GitCommit>(*command)) continue;
      while (const auto change = stream.next_change()) {
        ++changes;
        if (change->has_inline_data() && data == Data::kRead) read_data(stream);
      }
    }
  } catch (const Error& error) {
    const bool is_refusal = error.code() == ErrorCode::kInvalid ||
                            error.code() == ErrorCode::kUnsupported ||
                            error.code() == ErrorCode::kLimit;
    if (!is_refusal) std::abort();
    refusal = error.what();
    if (refusal.find("line ") == std::string::npos) std::abort();
  }
  return std::to_string(commands) + "," + std::to_string(changes) + refusal;
}

/// What is read out of quotes is read again out of those that it is put into.
void check_quoting(ByteView text) {
  if (!text.starts_with('"')) return;
  const auto path = unquote_path(text);
  if (!path || path->find('\0') != Bytes::npos) return;  // which no path has
  const Bytes quoted = quote_path(*path);
  if (quoted.empty() || quoted.front() != '"') return;
  ByteView again = quoted;
  if (unquote_path(again) != path || !again.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (outcome(bytes, Data::kRead) != outcome(bytes, Data::kSkipped)) std::abort();
  check_quoting(bytes);
  return 0;
}
