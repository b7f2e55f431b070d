#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/support/streams.h"
#include "tests/support/testing.h"
#include "wire/frame.h"

using namespace isodb;
using namespace isodb::wire;
using namespace isodb::testing;

namespace {

const std::vector<CommitId>& known() {
  static const std::vector<CommitId> all = {numbered_commit(5000), numbered_commit(5001),
                                            numbered_commit(5002)};
  return all;
}

Bytes framed(const std::vector<Bytes>& payloads) {
  Bytes bytes;
  FrameWriter writer(bytes);
  for (const Bytes& payload : payloads) writer.add(FrameType::kRun, payload);
  return bytes;
}

/// What a plain run in one frame holds; nullopt where it is refused as corrupt.
std::optional<std::vector<Element>> read_run(ByteView payload, std::uint64_t resumed_operations) {
  StreamReceiver receiver(known(), resumed_operations);
  const auto code = error_code_of([&] { receiver.add_frame(payload); });
  if (!code) return receiver.elements();
  CHECK(*code == ErrorCode::kCorrupt);
  return std::nullopt;
}

/// Refused, or the encoding of what it is read as.
bool check_canonical(const Bytes& payload, std::uint64_t resumed_operations) {
  const auto elements = read_run(payload, resumed_operations);
  if (!elements) return false;
  if (payload[1] == 0) {
    const Bytes again = plain_run(*elements, known(), resumed_operations);
    CHECK((again.substr(2) == payload.substr(2)));
  }
  return true;
}

/// A stream whose only run fits into one frame.
struct SmallRun {
  Bytes payload;
  std::uint64_t resumed_operations;
};
std::vector<SmallRun> small_runs(std::size_t count, std::size_t commits, std::size_t bytes_max) {
  std::vector<SmallRun> runs;
  for (std::uint64_t seed = 1; runs.size() < count; ++seed) {
    RandomStream source(seed, known());
    const auto elements = source.make(commits);
    Bytes payload = plain_run(elements, known(), source.resumed_operations());
    if (payload.size() <= bytes_max) {
      runs.push_back({std::move(payload), source.resumed_operations()});
    }
  }
  return runs;
}

}  // namespace

TEST_CASE("every random stream is read as it was written, whatever portions it comes in") {
  std::mt19937_64 random(7);
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    RandomStream source(seed, known());
    const auto elements = source.make(1 + seed % 40);
    const int level = 1 + static_cast<int>(seed % 7);
    const Bytes bytes = framed(write_stream(elements, known(), source.resumed_operations(), level));
    StreamReceiver receiver(known(), source.resumed_operations());
    FrameReader frames;
    const std::size_t portion_max = seed % 3 == 0 ? 3 : seed % 3 == 1 ? 1000 : 200'000;
    for (ByteView rest = bytes; !rest.empty();) {
      const Bytes portion(rest.substr(0, 1 + random() % portion_max));
      rest.remove_prefix(portion.size());
      ByteView input = portion;
      while (const auto frame = frames.next(input)) receiver.add_frame(frame->payload);
    }
    receiver.reader().expect_end();
    REQUIRE((receiver.elements() == elements));
  }
}

TEST_CASE("a run is the same however it is cut into frames") {
  std::mt19937_64 random(8);
  for (const SmallRun& run : small_runs(60, 3, 60'000)) {
    const auto elements = read_run(run.payload, run.resumed_operations);
    REQUIRE(elements.has_value());
    StreamReceiver receiver(known(), run.resumed_operations);
    ByteView body = ByteView(run.payload).substr(2);
    for (int part = 0; part < 8 && !body.empty(); ++part) {
      const std::size_t bytes = part == 7 ? body.size() : 1 + random() % body.size();
      const Bytes piece(body.substr(0, bytes));
      body.remove_prefix(bytes);
      receiver.add_frame(Bytes(1, '\0') + (body.empty() ? '\0' : '\x80') + piece);
    }
    REQUIRE((receiver.elements() == *elements));
  }
}

TEST_CASE("every change of a bit of a plain run is refused or is another run") {
  std::size_t refused = 0, taken = 0;
  for (const SmallRun& run : small_runs(25, 2, 1'500)) {
    for (std::size_t bit = 8; bit < run.payload.size() * 8; ++bit) {
      Bytes changed = run.payload;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
      ++(check_canonical(changed, run.resumed_operations) ? taken : refused);
    }
  }
  CHECK(refused > 1'000);
  CHECK(taken > 1'000);
}

TEST_CASE("every plain run that is cut, or has a byte more, is refused or is another run") {
  for (const SmallRun& run : small_runs(25, 2, 3'000)) {
    for (std::size_t bytes = 2; bytes < run.payload.size(); ++bytes) {
      check_canonical(run.payload.substr(0, bytes), run.resumed_operations);
    }
    check_canonical(run.payload + 'x', run.resumed_operations);
  }
}

TEST_CASE("packed streams that are damaged are refused or read as streams") {
  std::mt19937_64 random(9);
  std::size_t refused = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    RandomStream source(seed, known());
    const auto elements = source.make(10);
    const auto payloads = write_stream(elements, known(), source.resumed_operations());
    for (int trial = 0; trial < 30; ++trial) {
      auto damaged = payloads;
      Bytes& payload = damaged[random() % damaged.size()];
      const std::size_t at = random() % payload.size();
      if (trial % 3 == 0) {
        payload.resize(at);
      } else {
        payload[at] = static_cast<char>(payload[at] ^ 1 << random() % 8);
      }
      StreamReceiver receiver(known(), source.resumed_operations());
      const auto code = error_code_of([&] {
        for (const Bytes& each : damaged) receiver.add_frame(each);
        receiver.reader().expect_end();
      });
      if (!code) continue;
      CHECK(*code == ErrorCode::kCorrupt);
      ++refused;
    }
  }
  CHECK(refused > 300);
}

TEST_CASE("random bytes as frames and runs are refused or read, and never too much of them") {
  std::mt19937_64 random(10);
  for (int trial = 0; trial < 30'000; ++trial) {
    const Bytes bytes = random_bytes(random, random() % 300);
    FrameReader reader;
    const auto code = error_code_of([&] {
      ByteView input = bytes;
      while (reader.next(input)) {
      }
    });
    CHECK((!code || *code == ErrorCode::kCorrupt));
    Bytes payload = bytes;
    if (payload.size() >= 2) payload[1] = static_cast<char>(payload[1] & 1);
    check_canonical(payload, 2);
  }
}
