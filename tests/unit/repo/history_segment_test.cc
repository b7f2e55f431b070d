#include "repo/history_segment.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "core/hash.h"
#include "core/varint.h"

using namespace isodb;
using namespace isodb::repo;

namespace {

/// Commits with touches of few and of many keys.
SegmentData some_data(CommitNumber first, std::uint32_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  SegmentData data;
  data.first = first;
  for (std::uint32_t i = 0; i < count; ++i) {
    const CommitNumber commit = first + i;
    data.ids.emplace_back(core::sha256(std::to_string(seed) + " " + std::to_string(i)));
    data.clocks.push_back({1'000'000 + random() % 1000 + i * 1000});
    if (commit == 0 || random() % 8 == 0) {
      data.starts.push_back(commit);
      for (std::uint64_t k = random() % 3; commit > 0 && k > 0; --k) {
        data.links.push_back({commit, static_cast<CommitNumber>(random() % commit)});
      }
    }
    if (random() % 9 == 0) {
      data.wide.push_back(commit);
      continue;
    }
    for (std::uint64_t k = random() % 6; k > 0; --k) {
      data.touches.push_back({path_key(std::to_string(random() % 40)), commit});
    }
    data.touches.push_back({path_key("all/"), commit});
  }
  return data;
}

void sort_touches(SegmentData& data) {
  std::sort(data.touches.begin(), data.touches.end());
  data.touches.erase(std::unique(data.touches.begin(), data.touches.end()), data.touches.end());
}

bool equal(const SegmentData& a, const SegmentData& b) {
  return a.first == b.first && a.ids == b.ids && a.clocks == b.clocks && a.starts == b.starts &&
         a.links == b.links && a.wide == b.wide && a.touches == b.touches;
}

}  // namespace

TEST_CASE("a segment gives back what was put into it") {
  for (const std::uint32_t count : {0U, 1U, 2U, 7U, 300U, 3000U}) {
    for (const CommitNumber first : {0U, 5U, 4'000'000'000U}) {
      INFO(count << " commits from " << first);
      SegmentData data = some_data(first, count, count + 1);
      const HistorySegment segment(HistorySegment::encode(data, 77));
      sort_touches(data);
      REQUIRE(equal(segment.data(), data));
      REQUIRE(segment.predecessor() == 77);
      std::map<PathKey, std::set<CommitNumber>> by_key;
      for (int i = 0; i < 50; ++i) by_key[path_key(std::to_string(i))];
      for (const auto& touch : data.touches) by_key[touch.key].insert(touch.commit);
      for (auto& [key, commits] : by_key) {
        commits.insert(data.wide.begin(), data.wide.end());
        CommitNumbers found;
        segment.touched(key, found);
        REQUIRE(found == CommitNumbers(commits.begin(), commits.end()));
      }
      for (std::uint32_t i = 0; i < count; ++i) {
        REQUIRE(segment.find(data.ids[i]) == first + i);
        REQUIRE(segment.id(first + i) == data.ids[i]);
        REQUIRE(segment.clock(first + i) == data.clocks[i]);
      }
      REQUIRE_FALSE(segment.find(CommitId(core::sha256("another"))));
    }
  }
}

TEST_CASE("segments put together are the segment of all their commits") {
  SegmentData first = some_data(0, 50, 1), second = some_data(50, 40, 2);
  const HistorySegment a(HistorySegment::encode(first, 0));
  const HistorySegment b(HistorySegment::encode(second, a.name()));
  SegmentData both = a.data();
  both.append(b.data());
  const HistorySegment merged(HistorySegment::encode(both, 0));
  for (int i = 0; i < 45; ++i) {
    CommitNumbers apart, together;
    a.touched(path_key(std::to_string(i)), apart);
    b.touched(path_key(std::to_string(i)), apart);
    merged.touched(path_key(std::to_string(i)), together);
    REQUIRE(apart == together);
  }
  REQUIRE(merged.find(second.ids[7]) == 57);
}

TEST_CASE("each changed bit, each missing end and whatever follows is found in a segment") {
  SegmentData data = some_data(3, 160, 5);
  const Bytes good = HistorySegment::encode(data, 9);
  REQUIRE(good.size() > 8192);  // three blocks
  const std::uint64_t name = HistorySegment(good).name();
  const auto is_damaged = [&](const Bytes& bytes) {
    try {
      const HistorySegment segment(bytes);
      segment.data();
      for (const CommitId& id : data.ids) segment.find(id);
      return false;
    } catch (const IndexDamaged&) {
      return true;
    }
  };
  REQUIRE_FALSE(is_damaged(good));
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    INFO("byte " << at);
    REQUIRE(is_damaged(bad));
  }
  for (std::size_t length = 0; length < good.size(); length += 1 + length % 13) {
    REQUIRE(is_damaged(good.substr(0, length)));
  }
  REQUIRE(is_damaged(good + Bytes(1, '\0')));
  REQUIRE(is_damaged(good + good));
  REQUIRE(HistorySegment(good).name() == name);
}

TEST_CASE("a segment made to mislead, its checksums right, does no harm") {
  constexpr std::uint64_t kNameSeed = 0x69736f64622d6869;
  SegmentData data = some_data(0, 160, 6);
  const Bytes good = HistorySegment::encode(data, 0);
  constexpr std::size_t kBlocks = 3;
  const std::size_t plain = good.size() - (kBlocks + 1) * 8;
  REQUIRE((plain + 4095) / 4096 == kBlocks);
  std::mt19937_64 random(1);
  std::size_t refused = 0;
  for (int round = 0; round < 4000; ++round) {
    Bytes bytes = good.substr(0, plain);
    for (std::uint64_t k = 0; k <= random() % 3; ++k) {
      bytes[random() % plain] = static_cast<char>(random());
    }
    if (round % 4 == 0) bytes[8 + random() % 48] = static_cast<char>(random());
    Bytes checksums;
    for (std::size_t block = 0; block < kBlocks; ++block) {
      core::put_u64(checksums, core::xxh3(ByteView(bytes).substr(block * 4096, 4096), block));
    }
    core::put_u64(checksums, core::xxh3(checksums, kNameSeed));
    try {
      const HistorySegment segment(bytes + checksums);
      Ancestry ancestry;
      segment.append_to(ancestry);
      const CommitNumbers heads{segment.count() / 2, 1};
      ancestry.common_heads(heads, CommitNumbers{segment.count() - 1});
      for (int i = 0; i < 40; ++i) {
        CommitNumbers found;
        segment.touched(path_key(std::to_string(i)), found);
        for (const CommitNumber commit : found) segment.id(commit);
      }
      for (const CommitId& id : data.ids) segment.find(id);
      segment.data();
    } catch (const IndexDamaged&) {
      ++refused;
    }
  }
  CHECK(refused > 100);
}
