#include "sync/stream_estimate.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

using namespace isodb;
using namespace isodb::sync;

namespace {

/// A stream in which an operation and a commit take 100 bytes each, and a piece what it has.
class Stream {
 public:
  void commit(std::uint64_t operations) {
    wire::CommitElement commit;
    commit.operations = operations;
    add(commit, 100);
  }
  void put(std::uint64_t documents) { operations(wire::OperationKind::kWhole, true, documents); }
  void edit(std::uint64_t documents) { operations(wire::OperationKind::kValues, false, documents); }
  void remove(std::uint64_t documents) {
    operations(wire::OperationKind::kDelete, false, documents);
  }
  void large(std::uint64_t bytes, std::uint64_t bytes_skipped = 0) {
    wire::OperationElement operation;
    operation.kind = wire::OperationKind::kLarge;
    operation.is_new = true;
    operation.parts = {{0, 0, bytes / 3}, {0, 0, bytes - bytes / 3}};
    add(operation, 100);
    for (std::uint64_t left = bytes - bytes_skipped; left > 0;) {
      const std::uint64_t size = std::min<std::uint64_t>(left, wire::PieceElement::kBytesMax);
      add(wire::PieceElement{Bytes(size, 'x')}, size);
      left -= size;
    }
  }
  void resume() { add(wire::ResumeElement{}, 2); }

  /// By which factor the estimates of all bytes were wrong, at most, between these parts of the
  /// stream.
  double worst(const wire::ExpectMessage& told, double from, double to,
               StreamEstimate estimate = {}) const {
    estimate.expect(told);
    double worst = 1, come = 0;
    for (const auto& [element, bytes] : elements_) {
      estimate.note_bytes(bytes);
      estimate.note(element);
      come += static_cast<double>(bytes);
      if (come < from * all_ || come > to * all_) continue;
      const double all = come + static_cast<double>(estimate.bytes_to_come());
      worst = std::max({worst, all / all_, all_ / all});
    }
    return worst;
  }

 private:
  void operations(wire::OperationKind kind, bool is_new, std::uint64_t count) {
    wire::OperationElement operation;
    operation.kind = kind;
    operation.is_new = is_new;
    for (; count > 0; --count) add(operation, 100);
  }
  void add(wire::Element element, std::size_t bytes) {
    elements_.emplace_back(std::move(element), bytes);
    all_ += static_cast<double>(bytes);
  }

  std::vector<std::pair<wire::Element, std::size_t>> elements_;
  double all_ = 0;
};

}  // namespace

TEST_CASE("the rest of one import is known from its first document on") {
  Stream stream;
  stream.commit(20'000);
  stream.put(20'000);
  CHECK(stream.worst({1, 20'000}, 0, 1) < 1.01);
  CHECK(stream.worst({1, 0}, 0, 1) < 1.01);  // the commit says it as well
}

TEST_CASE("the rest of many commits is known, whichever of them is the large one") {
  const std::uint64_t large = GENERATE(0, 1'000, 1'999);
  Stream stream;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    if (i == large) {
      stream.commit(20'000);
      stream.put(20'000);
    } else {
      stream.commit(1);
      stream.edit(1);
    }
  }
  CHECK(stream.worst({2'000, 20'000}, 0, 1) < 1.1);
}

TEST_CASE("what commits do beside adding documents is learnt from those that came") {
  Stream stream;
  stream.commit(1'000);
  stream.put(1'000);
  for (int i = 0; i < 1'000; ++i) {
    stream.commit(20);
    stream.put(1);
    stream.edit(17);
    stream.remove(2);
  }
  CHECK(stream.worst({1'001, 0}, 0.05, 1) < 1.6);
  CHECK(stream.worst({1'001, 0}, 0.1, 1) < 1.1);
}

TEST_CASE("one commit that removes much does not weigh for long") {
  Stream stream;
  stream.commit(20'000);
  stream.put(20'000);
  stream.commit(10'000);
  stream.remove(10'000);
  for (int i = 0; i < 20'000; ++i) {
    stream.commit(1);
    stream.edit(1);
  }
  CHECK(stream.worst({20'002, 10'000}, 0, 0.42) < 1.4);
  CHECK(stream.worst({20'002, 10'000}, 0.44, 1) < 1.1);
}

TEST_CASE("of a large document its bytes count") {
  Stream stream;
  stream.commit(1);
  stream.large(5'000'000);
  CHECK(stream.worst({1, 1}, 0.01, 1) < 1.01);
}

TEST_CASE("what was taken before a stream resumes is not expected again") {
  Stream stream;
  stream.resume();
  stream.large(5'000'000, 4'000'000);
  stream.put(1'000);
  StreamEstimate estimate;
  estimate.resume_behind(4'000'000);
  CHECK(stream.worst({1, 1'001}, 0.01, 1, estimate) < 1.2);
}

TEST_CASE("what was not told about is not estimated") {
  StreamEstimate estimate;
  wire::CommitElement commit;
  commit.operations = 1'000;
  const auto take = [&] {
    estimate.note_bytes(100);
    estimate.note(commit);
  };
  take();
  CHECK(estimate.bytes_to_come() == 0);
  estimate.expect({10, 0});
  CHECK(estimate.bytes_to_come() == 0);  // nothing has come that could be counted on
  take();
  CHECK(estimate.bytes_to_come() > 0);
  estimate.forget();
  CHECK(estimate.bytes_to_come() == 0);
}

TEST_CASE("whatever a peer tells, the estimate has its bounds") {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 50;
  const std::uint64_t told = GENERATE(0, 1, std::uint64_t{1} << 63, UINT64_MAX);
  StreamEstimate estimate;
  estimate.resume_behind(told);
  estimate.expect({told, told});
  const auto take = [&](const wire::Element& element) {
    estimate.note_bytes(1'000);
    estimate.note(element);
    CHECK(estimate.bytes_to_come() <= kMost);
  };
  wire::CommitElement commit;
  commit.operations = told;
  wire::OperationElement large;
  large.kind = wire::OperationKind::kLarge;
  large.parts.assign(wire::LargePart::kPartsMax, {0, 0, told});
  wire::OperationElement removal;
  removal.kind = wire::OperationKind::kDelete;
  for (int i = 0; i < 3; ++i) {
    take(wire::PieceElement{});
    take(wire::ResumeElement{});
    take(removal);
    take(large);
    take(wire::PieceElement{Bytes(100, 'x')});
    take(commit);
    take(wire::ObjectElement{ObjectType::kCommit, told});
  }
  take(removal);
  if (told == 0) CHECK(estimate.bytes_to_come() == 0);
  if (told > 1) CHECK(estimate.bytes_to_come() == kMost);
}
