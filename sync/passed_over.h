#pragma once

#include <cstdint>

#include "isodb/id.h"
#include "wire/element.h"

namespace isodb::sync {

/// The elements of a commit whose parent was refused, or that is here already and cannot be
/// rebuilt: counted, and dropped. A
/// plain value.
struct PassedOver {
  std::uint64_t operations = 0;  // to come
  std::uint64_t bytes = 0;       // of the document at hand, to come
  Id id;                         // or what stands for it
  bool is_known = false;

  bool is_whole() const { return operations == 0 && bytes == 0; }
  /// Error(kCorrupt) for what cannot come here.
  void take(const wire::OperationElement& operation);
  void take(const wire::PieceElement& piece);
};

}  // namespace isodb::sync
