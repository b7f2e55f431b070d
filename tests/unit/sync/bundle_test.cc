#include "isodb/bundle.h"

#include <random>

#include "sync/bundle_parser.h"
#include "tests/support/pair_of_repositories.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using testing::error_code_of;
using testing::error_of;
using testing::Pair;
using testing::put;
using testing::slurp;
using testing::spill;

TEST_CASE("a bundle since a remote brings what came after, any number of times") {
  Pair pair;
  put(*pair.tablet, "b.json", R"({"b":1})");
  pair.tablet->create_tag("v1", *pair.tablet->ref("heads/main"), "first");
  const fs::path file = pair.folder / "new.bundle";
  const auto made = create_bundle(*pair.tablet, file, {.since = "origin"});
  REQUIRE(made.size() == 1);
  CHECK(made[0].commits == 1);
  CHECK(made[0].bytes == fs::file_size(file));
  CHECK(verify_bundle(file).signer == pair.tablet->public_key());

  const BundleApplied applied = apply_bundle(pair.office, file);
  CHECK(applied.report.commits_received == 1);
  CHECK(pair.are_equal());
  CHECK(pair.office.ref("tags/v1") == pair.tablet->ref("tags/v1"));
  CHECK(apply_bundle(pair.office, file).report.moved.empty());
  CHECK(pair.office.verify({.again = true}).empty());
  CHECK(pair.office.refs("incoming/").empty());
}

TEST_CASE("a bundle of everything, and one since a revision") {
  Pair pair;
  const std::string before = pair.tablet->ref("heads/main")->hex();
  put(*pair.tablet, "b.json", "1");
  const fs::path file = pair.folder / "all.bundle";
  CHECK(create_bundle(*pair.tablet, file)[0].prerequisites.empty());
  apply_bundle(pair.office, file);
  CHECK(pair.are_equal());
  put(*pair.tablet, "b.json", "2");
  const auto since = create_bundle(*pair.tablet, file, {.since = before});
  CHECK(since[0].commits == 2);
  CHECK(error_code_of([&] { create_bundle(*pair.tablet, file, {.since = "nowhere"}); }) ==
        ErrorCode::kNotFound);
}

TEST_CASE("a bundle of another repository, without what it builds on, or unfinished is named") {
  Pair pair;
  const fs::path file = pair.folder / "new.bundle";
  put(*pair.tablet, "b.json", "1");
  const std::string missing = pair.tablet->ref("heads/main")->hex();
  put(*pair.tablet, "c.json", "1");
  create_bundle(*pair.tablet, file, {.since = missing});
  const auto error = error_of([&] { apply_bundle(pair.office, file); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kNotFound);
  CHECK(std::string(error->what()).find(missing) != std::string::npos);
  Repository stranger = Repository::init(pair.folder / "stranger");
  CHECK(error_code_of([&] { apply_bundle(stranger, file); }) == ErrorCode::kInvalid);
  CHECK(error_code_of([&] { verify_bundle(pair.folder / "none"); }) == ErrorCode::kNotFound);
  for (const auto& entry : fs::directory_iterator(pair.folder.path())) {
    CHECK(entry.path().extension() != ".unfinished");
  }
}

TEST_CASE("a bundle that is cut off anywhere moves nothing, and the whole one goes on there") {
  Pair pair;
  put(*pair.tablet, "b.json", R"({"b":1})");
  put(*pair.tablet, "c.json", R"({"c":1})");
  const fs::path whole = pair.folder / "whole", cut = pair.folder / "cut";
  create_bundle(*pair.tablet, whole, {.since = "origin"});
  const std::string bytes = slurp(whole);
  const auto before = pair.office.ref("heads/main");
  for (std::size_t size = 0; size < bytes.size(); size += size < 150 ? 1 : 7) {
    spill(cut, bytes.substr(0, size));
    INFO(size);
    CHECK(error_code_of([&] { verify_bundle(cut); }) == ErrorCode::kCorrupt);
    if (size % 5 == 0) {
      CHECK(error_code_of([&] { apply_bundle(pair.office, cut); }) == ErrorCode::kCorrupt);
      CHECK(pair.office.ref("heads/main") == before);
    }
  }
  apply_bundle(pair.office, whole);
  CHECK(pair.are_equal());
  CHECK(pair.office.fsck().empty());
}

TEST_CASE("nothing of a bundle is taken before all of it is verified") {
  Pair pair;
  put(*pair.tablet, "b.json", R"({"b":1})");
  const Id first = *pair.tablet->ref("heads/main");
  put(*pair.tablet, "c.json", R"({"c":1})");
  const fs::path whole = pair.folder / "whole", cut = pair.folder / "cut";
  create_bundle(*pair.tablet, whole, {.since = "origin"});
  std::string bytes = slurp(whole);
  const auto check_not_taken = [&](ErrorCode code) {
    CHECK(error_code_of([&] { apply_bundle(pair.office, cut); }) == code);
    CHECK(pair.office.refs("incoming/").empty());
    CHECK_THROWS(pair.office.object_type(first));
  };
  spill(cut, bytes.substr(0, bytes.size() - 1));  // both commits are whole
  check_not_taken(ErrorCode::kCorrupt);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  spill(cut, bytes);
  check_not_taken(ErrorCode::kUnverified);
}

TEST_CASE("a bundle with any byte changed is refused, and moves nothing") {
  Pair pair;
  put(*pair.tablet, "b.json", R"({"b":1})");
  const fs::path whole = pair.folder / "whole", changed = pair.folder / "changed";
  create_bundle(*pair.tablet, whole, {.since = "origin"});
  const std::string bytes = slurp(whole);
  const auto before = pair.office.ref("heads/main");
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::string other = bytes;
    other[at] = static_cast<char>(other[at] ^ 0x21);
    spill(changed, other);
    INFO(at);
    CHECK(error_code_of([&] { verify_bundle(changed); }));
    CHECK(error_code_of([&] { apply_bundle(pair.office, changed); }));
    CHECK(pair.office.ref("heads/main") == before);
  }
  spill(changed, bytes + "x");
  CHECK(error_code_of([&] { verify_bundle(changed); }));
  CHECK(error_code_of([&] { apply_bundle(pair.office, changed); }));
  CHECK(pair.office.ref("heads/main") == before);
  apply_bundle(pair.office, whole);
  CHECK(pair.are_equal());
}

TEST_CASE("a bundle is read the same in portions of any size") {
  Pair pair;
  put(*pair.tablet, "b.json", R"({"b":1})");
  const fs::path file = pair.folder / "b";
  create_bundle(*pair.tablet, file);
  const std::string bytes = slurp(file);
  for (const std::size_t portion : {std::size_t{1}, std::size_t{13}, bytes.size()}) {
    int runs = 0;
    BundleParser parser({{}, [&](ByteView) { ++runs; }});
    for (std::size_t at = 0; at < bytes.size(); at += portion) {
      parser.add(ByteView(bytes).substr(at, portion));
    }
    parser.finish();
    CHECK(runs == 1);
    CHECK(parser.signer() == pair.tablet->public_key());
  }
}

TEST_CASE("who may not write makes no branch and no tag by a bundle, unless it is wanted so") {
  Pair pair;
  sync::clone(remote_at((pair.folder / "office").string()), pair.folder / "stranger");
  Repository stranger = Repository::open(pair.folder / "stranger");
  const CommitId head(*stranger.ref("heads/main"));
  put(*pair.tablet, "b.json", "1");
  REQUIRE_FALSE(sync_with(stranger, remote_at((pair.folder / "tablet").string()),
                          {.direction = Direction::kPull})
                    .error);
  REQUIRE(stranger.move_ref("heads/evil", std::nullopt, head, "test").done);
  stranger.create_tag("release-9", head, "mine");
  const fs::path file = pair.folder / "file";
  create_bundle(stranger, file);
  const auto before = pair.office.ref("heads/main");
  const BundleApplied applied = apply_bundle(pair.office, file);
  CHECK(applied.is_set_aside);
  CHECK(pair.office.ref("heads/main") == before);
  CHECK_FALSE(pair.office.ref("heads/evil"));
  CHECK_FALSE(pair.office.ref("tags/release-9"));
  CHECK(pair.office.ref("remotes/bundle/main") == pair.tablet->ref("heads/main"));
  CHECK_FALSE(pair.office.ref("remotes/bundle/tags/release-9"));
  CHECK_FALSE(apply_bundle(pair.office, file, {.any_signer = true}).is_set_aside);
  CHECK(pair.are_equal());
  CHECK(pair.office.ref("tags/release-9") == stranger.ref("tags/release-9"));
  CHECK(pair.office.fsck().empty());
  // Its own bundles a device believes.
  CHECK_FALSE(apply_bundle(stranger, file).is_set_aside);
}

TEST_CASE("who became a member elsewhere brings the proof along, and who was revoked has none") {
  Pair pair;
  sync::clone(remote_at((pair.folder / "office").string()), pair.folder / "late");
  Repository late = Repository::open(pair.folder / "late");
  const auto add = [&](merge::Role role, bool revoked) {
    merge::Member member{"late", late.public_key(), role, {}};
    member.revoked = revoked;
    put(pair.office, merge::member_path(late.public_key()), merge::member_document(member));
  };
  const Remote office = remote_at((pair.folder / "office").string());
  add(merge::Role::kReader, false);
  REQUIRE_FALSE(sync_with(late, office, {.direction = Direction::kPull}).error);
  const fs::path file = pair.folder / "late.bundle";
  create_bundle(late, file);
  CHECK(apply_bundle(*pair.tablet, file).is_set_aside);
  add(merge::Role::kWriter, false);
  REQUIRE_FALSE(sync_with(late, office, {.direction = Direction::kPull}).error);
  put(late, "late.json", "1");
  create_bundle(late, file);
  CHECK_FALSE(apply_bundle(*pair.tablet, file).is_set_aside);
  CHECK(pair.tablet->ref("heads/main") == late.ref("heads/main"));
  add(merge::Role::kWriter, true);
  put(late, "late.json", "2");
  create_bundle(late, file);
  CHECK(apply_bundle(pair.office, file).is_set_aside);
}

/// A bundle of a dozen parts, of which the first ones end within a large document.
std::vector<BundleInfo> many_parts(Pair& pair) {
  std::mt19937_64 random(1);
  put(*pair.tablet, "large.bin", testing::random_bytes(random, 5'000'000));
  put(*pair.tablet, "second.bin", testing::random_bytes(random, 2'000'000));
  return create_bundle(*pair.tablet, pair.folder / "b",
                       {.since = "origin", .split_bytes = kBundleSplitMin});
}

TEST_CASE("parts in another order, or twice, are told so, and a damaged one begins again") {
  Pair pair;
  const std::vector<BundleInfo> parts = many_parts(pair);
  REQUIRE(parts.size() > 6);
  const auto check_not_yet = [&](std::size_t part, const std::string& next) {
    const auto error = error_of([&] { apply_bundle(pair.office, parts[part - 1].file); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kNotFound);
    CHECK(error->hint().find("apply part " + next + " first") != std::string::npos);
  };
  check_not_yet(2, "1");
  CHECK_FALSE(apply_bundle(pair.office, parts[0].file).was_applied);
  check_not_yet(3, "2");
  CHECK(apply_bundle(pair.office, parts[0].file).was_applied);
  CHECK_FALSE(apply_bundle(pair.office, parts[1].file).was_applied);
  CHECK(apply_bundle(pair.office, parts[1].file).was_applied);
  const std::string third = slurp(parts[2].file);
  for (const std::size_t size : {third.size() / 2, third.size() - 1}) {
    spill(pair.folder / "cut", third.substr(0, size));
    CHECK(error_code_of([&] { apply_bundle(pair.office, pair.folder / "cut"); }) ==
          ErrorCode::kCorrupt);
    check_not_yet(4, "3");
  }
  // A bundle in one file, in between.
  create_bundle(pair.office, pair.folder / "other");
  apply_bundle(pair.office, pair.folder / "other");
  pair.office.collect();
  for (std::size_t i = 2; i < parts.size(); ++i) {
    INFO(i);
    CHECK_FALSE(apply_bundle(pair.office, parts[i].file).was_applied);
    CHECK(apply_bundle(pair.office, parts[i].file).was_applied);
  }
  CHECK(pair.are_equal());
  CHECK(pair.office.fsck().empty());
  CHECK(pair.office.refs("incoming/").empty());
  // All over again.
  for (const BundleInfo& part : parts)
    CHECK_FALSE(apply_bundle(pair.office, part.file).was_applied);
  CHECK(pair.are_equal());
  CHECK(pair.office.fsck().empty());
}

TEST_CASE(
    "a part that another device signed does not stand for a true one, and part 1 begins anew") {
  Pair pair;
  const std::vector<BundleInfo> parts = many_parts(pair);
  apply_bundle(pair.office, parts[0].file);
  // As if part 1 had been another's: what a part is called is no secret.
  std::string progress = pair.office.setting("bundle.parts").value();
  const std::string maker = pair.tablet->public_key().text();
  REQUIRE(progress.find(maker) != std::string::npos);
  progress.replace(progress.find(maker), maker.size(), SecretKey::generate().public_key().text());
  pair.office.set_setting("bundle.parts", progress);
  const auto error = error_of([&] { apply_bundle(pair.office, parts[1].file); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUnverified);
  CHECK(error->hint() == "apply the bundle again, from part 1 on");
  for (const BundleInfo& part : parts)
    CHECK_FALSE(apply_bundle(pair.office, part.file).was_applied);
  CHECK(pair.are_equal());
  CHECK(pair.office.fsck().empty());
}

TEST_CASE("another split bundle begins anew, and so does the first one after it") {
  Pair pair;
  const std::vector<BundleInfo> parts = many_parts(pair);
  std::vector<fs::path> first;
  for (const BundleInfo& part : parts) {
    first.push_back(pair.folder / ("first." + std::to_string(part.part)));
    fs::rename(part.file, first.back());
  }
  std::mt19937_64 random(2);
  put(*pair.tablet, "third.bin", testing::random_bytes(random, 1'500'000));
  const auto others = create_bundle(*pair.tablet, pair.folder / "b",
                                    {.since = "origin", .split_bytes = kBundleSplitMin});
  apply_bundle(pair.office, first[0]);
  apply_bundle(pair.office, first[1]);
  CHECK(error_code_of([&] { apply_bundle(pair.office, others[2].file); }) == ErrorCode::kNotFound);
  apply_bundle(pair.office, others[0].file);
  CHECK(error_code_of([&] { apply_bundle(pair.office, first[2]); }) == ErrorCode::kNotFound);
  for (const fs::path& file : first) apply_bundle(pair.office, file);
  for (const BundleInfo& part : others) apply_bundle(pair.office, part.file);
  CHECK(pair.are_equal());
  CHECK(pair.office.fsck().empty());
}

TEST_CASE("parts break within a large document, and are taken one after the other") {
  Pair pair;
  std::mt19937_64 random(1);
  put(*pair.tablet, "large.bin", testing::random_bytes(random, 5'000'000));
  for (int i = 0; i < 3; ++i) {
    Transaction transaction = pair.tablet->begin();
    for (int j = 0; j < 40; ++j) {
      transaction.put("many/" + std::to_string(i * 100 + j), testing::random_bytes(random, 30'000));
    }
    REQUIRE(std::holds_alternative<CommitId>(transaction.commit({})));
  }
  pair.tablet->create_tag("v1", *pair.tablet->ref("heads/main"), "first");
  const fs::path file = pair.folder / "b";
  const auto parts =
      create_bundle(*pair.tablet, file, {.since = "origin", .split_bytes = kBundleSplitMin});
  REQUIRE(parts.size() > 6);
  CHECK_FALSE(parts.front().commits);
  for (const BundleInfo& part : parts) {
    CHECK(part.bytes <= kBundleSplitMin);
    CHECK(fs::file_size(part.file) == part.bytes);
    CHECK(verify_bundle(part.file).parts == parts.size());
  }
  CHECK(error_code_of([&] { apply_bundle(pair.office, parts.back().file); }) ==
        ErrorCode::kNotFound);
  const auto before = pair.office.ref("heads/main");
  for (const BundleInfo& part : parts) {
    INFO(part.part);
    CHECK(pair.office.ref("heads/main") == before);
    CHECK(apply_bundle(pair.office, part.file).is_complete == (part.part == parts.size()));
  }
  CHECK(pair.are_equal());
  CHECK(pair.office.ref("tags/v1") == pair.tablet->ref("tags/v1"));
  CHECK(pair.office.fsck().empty());
  CHECK(pair.office.verify({.again = true}).empty());
}

}  // namespace
}  // namespace isodb::sync
