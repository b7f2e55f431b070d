#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "isodb/id.h"
#include "wire/element.h"

namespace isodb::sync {

/// The elements of a commit whose parent was refused, or that is here already and cannot be
/// rebuilt: counted, and dropped. Error(kCorrupt) for elements that cannot be.
class PassedOver {
 public:
  PassedOver(std::uint64_t operations, const Id& id, bool is_known)
      : operations_(operations), id_(id), is_known_(is_known) {}

  bool is_whole() const { return operations_ == 0 && bytes_ == 0; }
  /// Or what stands for it.
  const Id& id() const { return id_; }
  bool is_known() const { return is_known_; }
  void take(const wire::OperationElement& operation);
  void take(const wire::PieceElement& piece);

  /// What is left of it, to go on behind RESUME.
  std::string text() const;
  /// nullopt for a text that is none.
  static std::optional<PassedOver> parse(std::string_view text);

 private:
  std::uint64_t operations_;           // to come
  std::uint64_t bytes_ = 0;            // of the document at hand, to come
  std::uint64_t taken_ = 0;            // of the same, so far
  std::uint64_t taken_elsewhere_ = 0;  // of the first document after RESUME: they do not come again
  Id id_;
  bool is_known_;
};

}  // namespace isodb::sync
