#include "sync/passed_over.h"

#include <locale>
#include <sstream>
#include <utility>

#include "isodb/error.h"

namespace isodb::sync {
namespace {

[[noreturn]] void fail(const char* problem) {
  throw Error(ErrorCode::kCorrupt, problem);
}

}  // namespace

void PassedOver::take(const wire::OperationElement& operation) {
  if (bytes_ > 0) fail("an operation stands where the pieces of a document have to follow");
  if (operations_ == 0) fail("a commit has more operations than it said");
  --operations_;
  const std::uint64_t before = std::exchange(taken_elsewhere_, 0);
  taken_ = 0;
  if (operation.kind == wire::OperationKind::kLarge) {
    for (const wire::LargePart& part : operation.parts) {
      if (part.new_bytes > operation.size - bytes_) fail("the parts of LARGE do not add up");
      bytes_ += part.new_bytes;
    }
  }
  if (before == 0) return;
  if (before >= bytes_) fail("a document that was begun does not go on");
  bytes_ -= before;
  taken_ = before;
}

void PassedOver::take(const wire::PieceElement& piece) {
  if (piece.bytes.size() > bytes_) fail("a piece stands where no document lacks any");
  bytes_ -= piece.bytes.size();
  taken_ += piece.bytes.size();
}

/// The operation of a document that is not whole comes again, without the bytes that came.
std::string PassedOver::text() const {
  const bool is_open = bytes_ > 0;
  return std::to_string(operations_ + (is_open ? 1 : 0)) + " " +
         std::to_string(is_open ? taken_ : taken_elsewhere_) + " " + id_.hex() +
         (is_known_ ? " known" : " refused");
}

std::optional<PassedOver> PassedOver::parse(std::string_view text) {
  std::istringstream words{std::string(text)};
  words.imbue(std::locale::classic());
  std::uint64_t operations = 0, taken = 0;
  std::string hex, why;
  if (!(words >> operations >> taken >> hex >> why)) return std::nullopt;
  const std::optional<Id> id = Id::from_hex(hex);
  if (!id || operations == 0) return std::nullopt;
  PassedOver passed(operations, *id, why == "known");
  passed.taken_elsewhere_ = taken;
  return passed;
}

}  // namespace isodb::sync
