#include "sync/passed_over.h"

#include "isodb/error.h"

namespace isodb::sync {
namespace {

[[noreturn]] void fail(const char* problem) {
  throw Error(ErrorCode::kCorrupt, problem);
}

}  // namespace

void PassedOver::take(const wire::OperationElement& operation) {
  if (bytes > 0) fail("an operation stands where the pieces of a document have to follow");
  if (operations == 0) fail("a commit has more operations than it said");
  --operations;
  if (operation.kind != wire::OperationKind::kLarge) return;
  for (const wire::LargePart& part : operation.parts) {
    if (part.new_bytes > operation.size - bytes) fail("the parts of LARGE do not add up");
    bytes += part.new_bytes;
  }
}

void PassedOver::take(const wire::PieceElement& piece) {
  if (piece.bytes.size() > bytes) fail("a piece stands where no document lacks any");
  bytes -= piece.bytes.size();
}

}  // namespace isodb::sync
