#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/streams.h"
#include "tests/support/testing.h"
#include "wire/run.h"

// Elements for tests of runs, and what becomes of them.
namespace isodb::testing {

inline wire::CommitElement commit_of(std::uint64_t operations, std::vector<CommitId> parents) {
  wire::CommitElement commit;
  commit.author.bytes.fill(1);
  commit.writer.value = 2;
  commit.sequence = 3;
  commit.millis = 1'700'000'000'000;
  commit.operations = operations;
  commit.parents = std::move(parents);
  std::sort(commit.parents.begin(), commit.parents.end());
  commit.signature.bytes.fill(4);
  return commit;
}

inline wire::OperationElement whole_of(Bytes bytes) {
  wire::OperationElement operation;
  operation.kind = wire::OperationKind::kWhole;
  operation.bytes = std::move(bytes);
  return operation;
}

inline std::optional<ErrorCode> code_of_adding(const std::vector<wire::Element>& elements) {
  wire::RunWriter writer({}, 1);
  for (std::size_t i = 0; i + 1 < elements.size(); ++i) writer.add(elements[i]);
  return error_code_of([&] { writer.add(elements.back()); });
}

/// Of an operation alone in a commit.
inline std::optional<ErrorCode> code_of(const wire::OperationElement& operation) {
  return code_of_adding({commit_of(1, {numbered_commit(9)}), operation});
}

inline wire::OperationElement of_kind(wire::OperationKind kind) {
  wire::OperationElement operation;
  operation.kind = kind;
  return operation;
}

inline wire::OperationElement frame_of(std::uint64_t size, Bytes bytes) {
  wire::OperationElement operation = of_kind(wire::OperationKind::kFrame);
  operation.size = size;
  operation.bytes = std::move(bytes);
  return operation;
}

inline std::string problem_of(const std::vector<Bytes>& payloads,
                              std::vector<CommitId> known = {}) {
  StreamReceiver receiver(std::move(known), 0);
  const auto error = error_of([&] {
    for (const Bytes& payload : payloads) receiver.add_frame(payload);
    receiver.reader().expect_end();
  });
  if (!error) return {};
  CHECK(error->code() == ErrorCode::kCorrupt);
  return error->what();
}

/// A plain run of one frame, from its columns.
inline Bytes run_of(const Bytes& shapes, const Bytes& times, const Bytes& keys, const Bytes& values,
                    const Bytes& proofs) {
  wire::Columns columns;
  columns.shapes = shapes;
  columns.times = times;
  columns.keys = keys;
  columns.values = values;
  columns.proofs = proofs;
  Bytes run;
  columns.take(run);
  return Bytes(2, '\0') + run;
}

inline Bytes bytes_of(std::initializer_list<int> bytes) {
  Bytes out;
  for (const int byte : bytes) out += static_cast<char>(byte);
  return out;
}

}  // namespace isodb::testing
