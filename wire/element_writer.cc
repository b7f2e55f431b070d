#include "isodb/entry.h"
#include "wire/columns.h"

namespace isodb::wire {
namespace {

using core::put_u8;
using core::put_varint;

std::uint8_t code(ElementKind kind) {
  return static_cast<std::uint8_t>(kind);
}

/// The length among the shapes, the bytes among the values.
void put_value(Columns& out, ByteView bytes) {
  put_varint(out.shapes, bytes.size());
  out.values += bytes;
}

void put_device(Columns& out, const CommitElement& commit, DeviceNumbers& devices) {
  const std::optional<std::uint64_t> number = devices.number_of(commit.author, commit.writer);
  put_varint(out.shapes, number.value_or(devices.next_number()));
  const std::uint64_t before = number ? devices.at(*number).sequence : 0;
  put_varint(out.shapes, zigzag(commit.sequence - before));
  if (number) {
    devices.set_sequence(*number, commit.sequence);
    return;
  }
  put_fixed(out.proofs, commit.author.bytes);
  core::put_u64(out.proofs, commit.writer.value);
  devices.add({commit.author, commit.writer, commit.sequence});
}

bool is_child_of_the_one_before(const CommitElement& commit, const ParentNames& names) {
  return commit.parents.size() == 1 && names.number_of(commit.parents[0]) == 1 && names.count() > 0;
}

void put_parents(Columns& out, const CommitElement& commit, const ParentNames& names) {
  put_varint(out.shapes, commit.parents.size());
  for (const CommitId& parent : commit.parents) {
    const std::uint64_t number = names.number_of(parent);
    put_varint(out.shapes, number);
    if (number == 0) out.proofs += parent.bytes();
  }
}

void put_origin(Columns& out, const CommitElement& commit) {
  const std::size_t before = out.values.size();
  for (const OriginField& field : commit.origin) {
    out.values.append(field.name).append(" ").append(field.value).append("\n");
  }
  put_varint(out.shapes, out.values.size() - before);
}

void put(Columns& out, const CommitElement& commit, StreamState& state) {
  const bool lists_parents = !is_child_of_the_one_before(commit, state.parents);
  int head = code(ElementKind::kCommit);
  if (lists_parents) head |= kListsParents;
  if (!commit.message.empty()) head |= kHasMessage;
  if (!commit.origin.empty()) head |= kHasOrigin;
  if (commit.base_parent) head |= kHasBaseParent;
  put_u8(out.shapes, static_cast<std::uint8_t>(head));
  put_device(out, commit, state.devices);
  put_varint(out.shapes, commit.operations);
  if (lists_parents) put_parents(out, commit, state.parents);
  if (commit.base_parent) put_varint(out.shapes, *commit.base_parent);
  if (!commit.message.empty()) put_value(out, commit.message);
  if (!commit.origin.empty()) put_origin(out, commit);
  put_varint(out.times, zigzag(commit.millis - state.millis));
  state.millis = commit.millis;
  put_fixed(out.proofs, commit.signature.bytes);
}

void put_media_type(Columns& out, const std::string& type) {
  if (const std::optional<std::uint8_t> number = media_type_number(type)) {
    put_u8(out.shapes, *number);
    return;
  }
  put_u8(out.shapes, kMediaTypeSpelledOut);
  put_value(out, type);
}

void put_metadata(Columns& out, const std::optional<Bytes>& metadata) {
  put_varint(out.shapes, metadata ? metadata->size() + 1 : 0);
  if (metadata) out.values += *metadata;
}

void put_part_list(Columns& out, const std::vector<LargePart>& parts) {
  put_varint(out.shapes, parts.size());
  for (const LargePart& part : parts) {
    put_varint(out.shapes, part.count > 0 ? part.count << 1 : part.new_bytes << 1 | 1);
    if (part.count > 0) put_varint(out.shapes, part.first);
  }
}

void put_content(Columns& out, const OperationElement& operation) {
  switch (operation.kind) {
    case OperationKind::kDelete:
      break;
    case OperationKind::kWhole:
      put_value(out, operation.bytes);
      break;
    case OperationKind::kValues:
      put_varint(out.shapes, operation.values.size());
      for (const ReplacedValue& value : operation.values) {
        put_varint(out.shapes, value.skipped);
        put_value(out, value.text);
      }
      break;
    case OperationKind::kSplice:
      put_varint(out.shapes, operation.offset);
      put_varint(out.shapes, operation.removed);
      put_value(out, operation.bytes);
      break;
    case OperationKind::kPatch:
      put_varint(out.shapes, operation.size);
      put_value(out, operation.bytes);
      break;
    case OperationKind::kCopy:
      put_varint(out.shapes, zigzag(static_cast<std::uint64_t>(operation.rank_delta)));
      break;
    case OperationKind::kLarge:
      put_varint(out.shapes, operation.size);
      put_part_list(out, operation.parts);
      break;
    case OperationKind::kHash:
      put_u8(out.shapes, static_cast<std::uint8_t>(operation.content_kind));
      put_varint(out.shapes, operation.size);
      out.proofs += operation.content.bytes();
      break;
    case OperationKind::kFrame:
      put_varint(out.shapes, operation.size);
      put_value(out, operation.bytes);
      break;
  }
}

void put(Columns& out, const OperationElement& operation, StreamState&) {
  int head = static_cast<int>(operation.kind);
  if (operation.is_new) head |= kIsNew;
  if (operation.media_type) head |= kHasMediaType;
  if (operation.metadata) head |= kHasMetadata;
  if (operation.from_neighbour) head |= kFromNeighbour;
  put_u8(out.shapes, static_cast<std::uint8_t>(head));
  put_varint(out.keys, operation.rank_gap);
  if (operation.is_new) {
    put_varint(out.keys, operation.shared);
    put_text(out.keys, operation.rest);
  }
  if (operation.media_type) put_media_type(out, *operation.media_type);
  if (operation.metadata) put_metadata(out, *operation.metadata);
  put_content(out, operation);
}

void put(Columns& out, const PieceElement& piece, StreamState&) {
  put_u8(out.shapes, code(ElementKind::kPiece));
  put_value(out, piece.bytes);
}

void put(Columns& out, const ObjectElement& object, StreamState&) {
  put_u8(out.shapes, code(ElementKind::kObject));
  put_u8(out.shapes, static_cast<std::uint8_t>(object.type));
  put_varint(out.shapes, object.size);
}

void put(Columns& out, const DictionaryElement& dictionary, StreamState&) {
  put_u8(out.shapes, code(ElementKind::kDictionary));
  put_value(out, dictionary.bytes);
}

void put(Columns& out, const ResumeElement& resume, StreamState&) {
  put_u8(out.shapes, code(ElementKind::kResume) | (resume.among_objects ? kAmongObjects : 0));
}

}  // namespace

void Columns::take(Bytes& run) {
  run.clear();
  run.reserve(bytes());
  for (const Bytes* column : {&shapes, &times, &keys, &values}) put_text(run, *column);
  run += proofs;
  for (Bytes* column : {&shapes, &times, &keys, &values, &proofs}) column->clear();
}

void put_element(Columns& columns, const Element& element, StreamState& state) {
  std::visit([&](const auto& any) { put(columns, any, state); }, element);
}

}  // namespace isodb::wire
