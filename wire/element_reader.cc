#include <algorithm>
#include <string>
#include <utility>

#include "isodb/entry.h"
#include "isodb/error.h"
#include "objects/header_lines.h"
#include "wire/columns.h"
#include "wire/element_rules.h"
#include "wire/run.h"

namespace isodb::wire {
namespace {

constexpr std::size_t kReplacedValueBytesMin = 2;  // of the shapes

ByteView take_value(ColumnReaders& in, std::size_t bytes_max) {
  const std::uint64_t size = in.shapes.varint();
  if (size > bytes_max) in.shapes.fail("a value is longer than allowed");
  return in.values.bytes(size);
}

void take_device(ColumnReaders& in, CommitElement& commit, DeviceNumbers& devices) {
  const std::uint64_t number = in.shapes.varint();
  const std::uint64_t step = unzigzag(in.shapes.varint());
  if (number > devices.next_number()) in.shapes.fail("a device that was not numbered yet");
  if (number < devices.next_number()) {
    const DeviceNumbers::Device& device = devices.at(number);
    commit.author = device.key;
    commit.writer = device.writer;
    commit.sequence = device.sequence + step;
    devices.set_sequence(number, commit.sequence);
    return;
  }
  commit.author.bytes = in.proofs.fixed<32>();
  commit.writer.value = in.proofs.u64();
  commit.sequence = step;
  if (devices.number_of(commit.author, commit.writer)) {
    in.proofs.fail("a device has two numbers");
  }
  devices.add({commit.author, commit.writer, commit.sequence});
}

CommitId take_parent(ColumnReaders& in, const ParentNames& names) {
  const std::uint64_t number = in.shapes.varint();
  if (number == 0) {
    const CommitId parent(in.proofs.id());
    if (names.number_of(parent) != 0) in.proofs.fail("a parent is given by id without need");
    return parent;
  }
  const std::optional<CommitId> parent = names.commit(number);
  if (!parent) in.shapes.fail("a parent that is not in the stream and not known");
  if (names.number_of(*parent) != number) in.shapes.fail("a parent is not named the shortest way");
  return *parent;
}

void take_parents(ColumnReaders& in, bool are_listed, CommitElement& commit,
                  const ParentNames& names) {
  if (!are_listed) {
    if (names.count() == 0) in.shapes.fail("a child of the commit before, and there is none");
    commit.parents.push_back(*names.commit(1));
    return;
  }
  const std::size_t count = in.shapes.count(objects::kParentsMax, 1);
  commit.parents.reserve(count);
  for (std::size_t i = 0; i < count; ++i) commit.parents.push_back(take_parent(in, names));
  const bool has_stand_in =
      std::any_of(commit.parents.begin(), commit.parents.end(),
                  [&](const CommitId& parent) { return names.is_stand_in(parent); });
  if (has_stand_in) std::sort(commit.parents.begin(), commit.parents.end());
  if (count == 1 && names.count() > 0 && names.number_of(commit.parents[0]) == 1) {
    in.shapes.fail("a child of the commit before lists its parent");
  }
}

void take_origin(ColumnReaders& in, CommitElement& commit) {
  ByteView lines = take_value(in, kCommitTextBytesMax);
  if (lines.empty()) in.shapes.fail("an empty origin");
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::size_t space = lines.substr(0, end).find(' ');
    if (end == ByteView::npos || space == ByteView::npos) in.values.fail("no line of an origin");
    if (commit.origin.size() == objects::kOriginFieldsMax) in.values.fail("too many origin lines");
    commit.origin.push_back(
        {std::string(lines.substr(0, space)), Bytes(lines.substr(space + 1, end - space - 1))});
    lines.remove_prefix(end + 1);
  }
}

CommitElement take_commit(ColumnReaders& in, int flags, StreamState& state) {
  CommitElement commit;
  take_device(in, commit, state.devices);
  commit.operations = in.shapes.varint();
  take_parents(in, (flags & kListsParents) != 0, commit, state.parents);
  if ((flags & kHasBaseParent) != 0) {
    const std::uint64_t parent = in.shapes.varint();
    if (parent >= commit.parents.size()) in.shapes.fail("a base that is none of the parents");
    commit.base_parent = static_cast<std::uint32_t>(parent);
  }
  if ((flags & kHasMessage) != 0) {
    commit.message = take_value(in, kCommitTextBytesMax);
    if (commit.message.empty()) in.shapes.fail("an empty message");
  }
  if ((flags & kHasOrigin) != 0) take_origin(in, commit);
  commit.millis = state.millis + unzigzag(in.times.varint());
  state.millis = commit.millis;
  commit.signature.bytes = in.proofs.fixed<64>();
  return commit;
}

std::string take_media_type(ColumnReaders& in) {
  const std::uint8_t number = in.shapes.u8();
  if (number != kMediaTypeSpelledOut) {
    const auto type = media_type_from_number(number);
    if (!type) in.shapes.fail("a media type's number is unknown");
    return std::string(*type);
  }
  std::string type(take_value(in, kRunBytesMax));
  if (type.empty() || media_type_number(type)) {
    in.values.fail("a media type that has a number is spelled out");
  }
  return type;
}

std::optional<Bytes> take_metadata(ColumnReaders& in) {
  const std::uint64_t size = in.shapes.varint();
  if (size == 0) return std::nullopt;
  return Bytes(in.values.bytes(size - 1));
}

std::vector<LargePart> take_part_list(ColumnReaders& in) {
  std::vector<LargePart> parts(in.shapes.count(LargePart::kPartsMax, 1));
  for (LargePart& part : parts) {
    const std::uint64_t head = in.shapes.varint();
    if ((head & 1) != 0) {
      part.new_bytes = head >> 1;
    } else {
      part.count = head >> 1;
      part.first = in.shapes.varint();
      if (part.count == 0) in.shapes.fail("a part of no chunks");
    }
  }
  return parts;
}

void take_values(ColumnReaders& in, OperationElement& operation) {
  operation.values.resize(
      in.shapes.count(kOperationBytesMax / kReplacedValueBytesMin, kReplacedValueBytesMin));
  for (ReplacedValue& value : operation.values) {
    value.skipped = in.shapes.varint();
    value.text = take_value(in, kOperationBytesMax);
  }
}

void take_content(ColumnReaders& in, OperationElement& operation) {
  switch (operation.kind) {
    case OperationKind::kDelete:
      break;
    case OperationKind::kWhole:
      operation.bytes = take_value(in, kOperationBytesMax);
      break;
    case OperationKind::kValues:
      take_values(in, operation);
      break;
    case OperationKind::kSplice:
      operation.offset = in.shapes.varint();
      operation.removed = in.shapes.varint();
      operation.bytes = take_value(in, kOperationBytesMax);
      break;
    case OperationKind::kPatch:
      operation.size = in.shapes.varint();
      operation.bytes = take_value(in, kOperationBytesMax);
      break;
    case OperationKind::kCopy:
      operation.rank_delta = static_cast<std::int64_t>(unzigzag(in.shapes.varint()));
      break;
    case OperationKind::kLarge:
      operation.size = in.shapes.varint();
      operation.parts = take_part_list(in);
      break;
    case OperationKind::kHash: {
      const bool is_list = in.shapes.flag();
      operation.content_kind = is_list ? ContentKind::kList : ContentKind::kBlob;
      operation.size = in.shapes.varint();
      operation.content = in.proofs.id();
      break;
    }
    case OperationKind::kFrame:
      operation.size = in.shapes.varint();
      operation.bytes = take_value(in, kOperationBytesMax);
      break;
  }
}

OperationElement take_operation(ColumnReaders& in, OperationKind kind, int flags) {
  OperationElement operation;
  operation.kind = kind;
  operation.is_new = (flags & kIsNew) != 0;
  operation.from_neighbour = (flags & kFromNeighbour) != 0;
  operation.rank_gap = in.keys.varint();
  if (operation.is_new) {
    operation.shared = in.keys.varint();
    operation.rest = in.keys.text(kPathBytesMax);
  }
  if ((flags & kHasMediaType) != 0) operation.media_type = take_media_type(in);
  if ((flags & kHasMetadata) != 0) operation.metadata = take_metadata(in);
  take_content(in, operation);
  return operation;
}

ObjectElement take_object(ColumnReaders& in) {
  const std::uint8_t type = in.shapes.u8();
  if (type < static_cast<std::uint8_t>(ObjectType::kBlob) ||
      type > static_cast<std::uint8_t>(ObjectType::kTag)) {
    in.shapes.fail("an object of an unknown type");
  }
  return {static_cast<ObjectType>(type), in.shapes.varint()};
}

Element take_other(ColumnReaders& in, ElementKind kind, int flags) {
  const int known = kind == ElementKind::kResume ? kAmongObjects : 0;
  if ((flags & ~known) != 0) in.shapes.fail("an unknown flag");
  switch (kind) {
    case ElementKind::kPiece:
      return PieceElement{Bytes(take_value(in, PieceElement::kBytesMax))};
    case ElementKind::kObject:
      return take_object(in);
    case ElementKind::kResume:
      return ResumeElement{.among_objects = (flags & kAmongObjects) != 0};
    case ElementKind::kDictionary:
      return DictionaryElement{Bytes(take_value(in, DictionaryElement::kBytesMax))};
    case ElementKind::kCommit:
      break;
  }
  in.shapes.fail("an element of an unknown kind");
}

Element take_any(ColumnReaders& in, StreamState& state) {
  const int head = in.shapes.u8();
  const int kind = head & kKindMask, flags = head & ~kKindMask;
  if (kind == static_cast<int>(ElementKind::kCommit)) return take_commit(in, flags, state);
  if (kind <= static_cast<int>(OperationKind::kHash) ||
      kind == static_cast<int>(OperationKind::kFrame)) {
    return take_operation(in, static_cast<OperationKind>(kind), flags);
  }
  return take_other(in, static_cast<ElementKind>(kind), flags);
}

}  // namespace

ColumnReaders ColumnReaders::open(ByteView run) {
  FieldReader in(run, "a run");
  const ByteView shapes = in.bytes(in.varint()), times = in.bytes(in.varint());
  const ByteView keys = in.bytes(in.varint()), values = in.bytes(in.varint());
  if (shapes.empty()) in.fail("it has no elements");
  return {FieldReader(shapes, "a run's shapes"), FieldReader(times, "a run's times"),
          FieldReader(keys, "a run's keys"), FieldReader(values, "a run's values"),
          FieldReader(in.bytes(in.remaining()), "a run's proofs")};
}

void ColumnReaders::expect_end() const {
  for (const FieldReader* column : {&shapes, &times, &keys, &values, &proofs}) column->expect_end();
}

Element take_element(ColumnReaders& columns, StreamState& state) {
  Element element = take_any(columns, state);
  if (const char* problem = element_problem(element)) columns.shapes.fail(problem);
  return element;
}

}  // namespace isodb::wire
