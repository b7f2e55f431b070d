#include "wire/element_rules.h"

#include <algorithm>

#include "isodb/hybrid_time.h"
#include "objects/header_lines.h"
#include "objects/node_format.h"
#include "wire/fields.h"
#include "wire/run.h"

namespace isodb::wire {
namespace {

const char* parts_problem(const std::vector<LargePart>& parts, std::uint64_t document_bytes) {
  if (parts.empty() || parts.size() > LargePart::kPartsMax) return "no parts, or more than 4,096";
  std::uint64_t bytes_left = document_bytes;
  for (const LargePart& part : parts) {
    if (part.count > 0) {
      if (part.new_bytes > 0) return "a part that is old and new";
      if (part.count > kDocumentBytesMax || part.first > kDocumentBytesMax) {
        return "a part's chunks are beyond any document";
      }
    } else if (part.first > 0 || part.new_bytes == 0 || part.new_bytes > bytes_left) {
      return "new bytes that are none, or more than the document has";
    }
    bytes_left -= part.new_bytes;
  }
  return nullptr;
}

const char* large_problem(const OperationElement& operation) {
  if (operation.size <= kBlobBytesMax || operation.size > kDocumentBytesMax) {
    return "LARGE for a document that is not more than 65,536 bytes and up to 2^62";
  }
  const auto is_old = [](const LargePart& part) { return part.count > 0; };
  const auto& parts = operation.parts;
  if (operation.is_new && std::any_of(parts.begin(), parts.end(), is_old)) {
    return "old parts for a new path";
  }
  return parts_problem(parts, operation.size);
}

const char* hash_problem(const OperationElement& operation) {
  if (operation.size > kDocumentBytesMax) return "a document above 2^62 bytes";
  const bool is_list = operation.content_kind == ContentKind::kList;
  return is_list == (operation.size > kBlobBytesMax) ? nullptr : "its kind and size do not agree";
}

const char* frame_problem(const OperationElement& operation) {
  if (operation.size > kOperationBytesMax) return "FRAME for a document above 65,536 bytes";
  const std::size_t bytes = operation.bytes.size();
  return bytes > 0 && bytes < operation.size ? nullptr : "FRAME is not shorter than its document";
}

const char* values_problem(const OperationElement& operation) {
  if (operation.is_new) return "VALUES for a new path";
  if (operation.values.empty()) return "VALUES that replaces nothing";
  std::size_t bytes = varint_bytes(operation.values.size());
  for (const ReplacedValue& value : operation.values) {
    bytes += varint_bytes(value.skipped) + varint_bytes(value.text.size()) + value.text.size();
    if (bytes > kOperationBytesMax) return "VALUES takes more than 65,536 bytes";
  }
  return nullptr;
}

const char* content_problem(const OperationElement& operation) {
  if (operation.from_neighbour && operation.kind != OperationKind::kPatch) {
    return "the entry before as a base, without PATCH";
  }
  switch (operation.kind) {
    case OperationKind::kDelete:
      return operation.media_type || operation.metadata ? "DELETE with more than a path" : nullptr;
    case OperationKind::kWhole:
      return operation.bytes.size() > kOperationBytesMax ? "WHOLE above 65,536 bytes" : nullptr;
    case OperationKind::kValues:
      return values_problem(operation);
    case OperationKind::kSplice:
      if (operation.is_new) return "SPLICE for a new path";
      if (operation.offset > kDocumentBytesMax || operation.removed > kDocumentBytesMax) {
        return "SPLICE beyond any document";
      }
      return operation.bytes.size() > kOperationBytesMax ? "SPLICE above 65,536 bytes" : nullptr;
    case OperationKind::kPatch:
      if (operation.is_new && !operation.from_neighbour) return "PATCH without a base";
      return operation.size > kOperationBytesMax || operation.bytes.size() > kOperationBytesMax
                 ? "PATCH above 65,536 bytes"
                 : nullptr;
    case OperationKind::kCopy:
      return nullptr;
    case OperationKind::kLarge:
      return large_problem(operation);
    case OperationKind::kHash:
      return hash_problem(operation);
    case OperationKind::kFrame:
      return frame_problem(operation);
  }
  return "an unknown kind of operation";
}

const char* problem(const OperationElement& operation) {
  if (operation.is_new) {
    if (operation.rest.empty()) return "a new path that adds nothing to the one before it";
    if (operation.shared > kPathBytesMax || operation.rest.size() > kPathBytesMax ||
        operation.shared + operation.rest.size() > kPathBytesMax) {
      return "a path above 1,024 bytes";
    }
  } else if (operation.shared > 0 || !operation.rest.empty()) {
    return "an old path with a name";
  }
  const auto& type = operation.media_type;
  if (type && !type->empty() && !objects::is_media_type_text(*type)) {
    return "a media type that is not 1 to 127 bytes of printable ASCII";
  }
  if (operation.metadata && *operation.metadata && (*operation.metadata)->size() > kBlobBytesMax) {
    return "metadata above 65,536 bytes";
  }
  return content_problem(operation);
}

const char* problem(const CommitElement& commit) {
  if (commit.parents.empty()) return "a commit without parents";
  if (!is_strictly_sorted(commit.parents)) return "parents that are not sorted, or one twice";
  if (!commit_fits(commit)) return "a commit that is too large: it goes as objects";
  if (commit.base_parent &&
      (commit.parents.size() == 1 || *commit.base_parent >= commit.parents.size())) {
    return "a base that is none of several parents";
  }
  if (commit.sequence == 0) return "the sequence 0";
  if (commit.millis > HybridTime::kMillisMax) return "a clock above 48 bits";
  for (const OriginField& field : commit.origin) {
    if (!objects::origin_field_problem(field).empty()) return "an origin that no commit can have";
  }
  return nullptr;
}

const char* problem(const PieceElement& piece) {
  const bool is_good = !piece.bytes.empty() && piece.bytes.size() <= PieceElement::kBytesMax;
  return is_good ? nullptr : "a piece that is not 1 to 16,384 bytes";
}

const char* problem(const ObjectElement& object) {
  return object.size > kObjectBytesMax ? "an object above 2^29 bytes" : nullptr;
}

const char* problem(const DictionaryElement& dictionary) {
  const std::size_t bytes = dictionary.bytes.size();
  const bool is_good =
      bytes >= DictionaryElement::kBytesMin && bytes <= DictionaryElement::kBytesMax;
  return is_good ? nullptr : "a dictionary that is not 256 to 65,536 bytes";
}

const char* problem(const ResumeElement&) {
  return nullptr;
}

}  // namespace

std::size_t origin_bytes(const CommitElement& commit) {
  std::size_t bytes = 0;
  for (const OriginField& field : commit.origin)
    bytes += field.name.size() + field.value.size() + 2;
  return bytes;
}

bool commit_fits(const CommitElement& commit) {
  if (commit.parents.size() > objects::kParentsMax) return false;
  if (commit.origin.size() > objects::kOriginFieldsMax) return false;
  return commit.message.size() + origin_bytes(commit) <= kCommitTextBytesMax;
}

const char* element_problem(const Element& element) {
  return std::visit([](const auto& any) { return problem(any); }, element);
}

}  // namespace isodb::wire
