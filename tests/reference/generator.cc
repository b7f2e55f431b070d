#include "tests/reference/generator.h"

#include <algorithm>

#include "objects/content.h"
#include "tests/reference/documents.h"
#include "tests/reference/members.h"
#include "tests/reference/random.h"

namespace isodb::reference {
namespace {

/// One clone: what it knows, and a copy of that from earlier on, from which a restored backup
/// would go on.
struct Clone {
  std::size_t key = 0;
  std::vector<std::size_t> known;  // places in the plan
  std::vector<std::size_t> backup;
};

class Generator {
 public:
  Generator(std::uint64_t seed, const HistoryOptions& options)
      : random_(seed), options_(options), world_(std::make_unique<World>(options.limits)) {}

  RandomHistory run() {
    clones_.resize(2 + random_.below(options_.writers_max - 1));
    for (std::size_t i = 0; i < clones_.size(); ++i) {
      // Two clones in five share a key with another.
      clones_[i].key = random_.chance(2, 5) ? random_.below(clones_.size()) : i;
    }
    clones_[0].key = 0;
    begin();
    const std::size_t commits = 3 + random_.below(options_.commits_max - 2);
    for (std::size_t tries = 0; plan_.size() < commits && tries < 4 * commits; ++tries) act();
    return {std::move(plan_), std::move(world_)};
  }

 private:
  void begin();
  void act();
  void commit(std::size_t clone);
  void fork(std::size_t clone);
  void exchange();
  void make(PlannedCommit planned, std::size_t clone, std::optional<std::size_t> writer = {});
  std::vector<std::size_t> places_to_build_on(const Clone& clone);
  PlannedWrite random_write(const CommitSet& before);
  PlannedWrite governed_write(const CommitSet& before);
  PlannedWrite member_write(const CommitSet& before);
  PlannedWrite erasure(const CommitSet& before);
  std::optional<PlannedDocument> seen(const CommitSet& before, const std::string& path);

  Random random_;
  const HistoryOptions options_;
  std::unique_ptr<World> world_;
  Plan plan_;
  std::vector<Clone> clones_;
  std::uint64_t millis_ = 1000;
};

PlannedDocument member_document(const Member& member) {
  return {member_text(member), "application/json", std::nullopt};
}

/// The root, which makes its author admin, and a commit that admits the others.
void Generator::begin() {
  PlannedCommit root;
  const Member founder{"founder", test_key(0).public_key(), MemberRole::kAdmin, {}, false};
  root.writes.push_back({member_path(founder.key), member_document(founder)});
  const Bytes about =
      random_.chance(1, 4) ? "{\"anyone\":\"writer\",\"format\":1}\n" : "{\"format\":1}\n";
  root.writes.push_back(
      {".isodb/repository.json", PlannedDocument{about, "application/json", std::nullopt}});
  make(root, 0);
  PlannedCommit admission;
  admission.after = {0};
  for (const Clone& clone : clones_) {
    Member member{"m", test_key(clone.key).public_key(), MemberRole::kAdmin, {}, false};
    const std::string path = member_path(member.key);
    if (clone.key == 0 || random_.chance(1, 12)) continue;
    if (random_.chance(1, 3)) member.role = MemberRole::kWriter;
    if (random_.chance(1, 6)) member.prefixes = {"cows/", "notes/a"};
    if (random_.chance(1, 20)) member.role = MemberRole::kReader;
    admission.writes.push_back({path, member_document(member)});
  }
  if (random_.chance(2, 3)) {
    admission.writes.push_back(
        {".isodb/merge.json", PlannedDocument{random_rules(random_), "application/json", {}}});
    admission.writes.push_back({kScriptPath, PlannedDocument{random_script(random_), "", {}}});
  }
  make(admission, 0);
  for (Clone& clone : clones_) {
    clone.known = {0, 1};
    clone.backup = {0, 1};
  }
}

/// Makes a commit, which its clone knows then; `writer` where it says that another's writer did.
void Generator::make(PlannedCommit planned, std::size_t clone, std::optional<std::size_t> writer) {
  planned.key = clones_[clone].key;
  planned.writer = writer.value_or(clone);
  planned.millis = millis_;
  const std::size_t place = plan_.size();
  world_->add(planned);
  plan_.push_back(std::move(planned));
  clones_[clone].known.push_back(place);
}

void Generator::act() {
  // Clocks stand still more often than not, so that concurrent commits share theirs.
  if (random_.chance(2, 5)) millis_ += 1 + random_.below(2);
  const std::size_t clone = random_.below(clones_.size());
  const std::size_t choice = random_.below(100);
  if (choice < 60) {
    commit(clone);
  } else if (choice < 63) {
    fork(clone);
  } else if (choice < 66) {
    clones_[clone].backup = clones_[clone].known;
  } else {
    exchange();
  }
}

/// All that the clone knows, or at times a part, as a branch would have it.
std::vector<std::size_t> Generator::places_to_build_on(const Clone& clone) {
  if (random_.chance(3, 4)) return clone.known;
  std::vector<std::size_t> some;
  for (std::size_t n = 1 + random_.below(3); n > 0; --n) {
    some.push_back(random_.one_of(clone.known));
  }
  some.push_back(1);
  std::sort(some.begin(), some.end());
  some.erase(std::unique(some.begin(), some.end()), some.end());
  return some;
}

void Generator::commit(std::size_t clone) {
  PlannedCommit planned;
  planned.after = places_to_build_on(clones_[clone]);
  const CommitSet before = world_->past_of(planned.after);
  std::map<std::string, PlannedWrite> writes;
  for (std::size_t n = 1 + random_.below(3); n > 0; --n) {
    const bool governed = random_.chance(options_.erases ? 2 : 1, 8);
    PlannedWrite write = governed ? governed_write(before) : random_write(before);
    writes.insert_or_assign(write.path, write);
  }
  if (random_.chance(1, 30)) writes.clear();
  planned.misled = random_.chance(1, 25);
  planned.imported = random_.chance(1, 10);
  for (const auto& [path, write] : writes) planned.writes.push_back(write);
  make(planned, clone);
}

/// From a backup, commits with a number that the clone gave already, or that the clone did whose
/// writer's id it copies.
void Generator::fork(std::size_t clone) {
  PlannedCommit planned;
  planned.after = clones_[clone].backup;
  const CommitSet before = world_->past_of(planned.after);
  const std::size_t writer = random_.chance(1, 3) ? random_.below(clones_.size()) : clone;
  for (std::size_t n = 1 + random_.below(2); n > 0; --n) {
    planned.sequence = 1 + random_.below(4);
    planned.writes = {random_write(before)};
    make(planned, clone, writer);
  }
}

void Generator::exchange() {
  Clone& to = clones_[random_.below(clones_.size())];
  const Clone& from = clones_[random_.below(clones_.size())];
  if (random_.chance(1, 3)) {
    to.known.push_back(random_.one_of(from.known));
  } else {
    const std::vector<std::size_t> all = from.known;
    to.known.insert(to.known.end(), all.begin(), all.end());
  }
  std::sort(to.known.begin(), to.known.end());
  to.known.erase(std::unique(to.known.begin(), to.known.end()), to.known.end());
}

std::optional<PlannedDocument> Generator::seen(const CommitSet& before, const std::string& path) {
  State& state = world_->state();
  const std::optional<Entry> entry = state.at(before, path).entry;
  if (!entry) return std::nullopt;
  PlannedDocument document{state.document(*entry).bytes, entry->media_type, std::nullopt};
  if (entry->metadata) {
    document.metadata = objects::get_expected(world_->store(), *entry->metadata, ObjectType::kBlob);
  }
  return document;
}

PlannedWrite Generator::random_write(const CommitSet& before) {
  const std::string& path = random_.one_of(document_paths());
  const std::optional<PlannedDocument> document = seen(before, path);
  if (random_.chance(1, 9)) return {path, std::nullopt};
  if (!document || random_.chance(1, 10)) return {path, random_document(random_, path)};
  // The document as it is: what `resolve --accept` does, or a write that changes nothing.
  const bool merged = (world_->state().at(before, path).entry->flags & kFlagMerged) != 0;
  if (random_.chance(1, merged ? 3 : 15)) return {path, document};
  return {path, edit_document(random_, path, *document)};
}

/// Of a content that somebody wrote, or that merging made; of metadata at times.
PlannedWrite Generator::erasure(const CommitSet& before) {
  std::vector<Id> contents;
  for (const std::size_t commit : world_->history().in_fold_order(before)) {
    for (const auto& [path, entry] : world_->history()[commit].writes) {
      if (!entry || path.starts_with(kGovernedPrefix)) continue;
      contents.push_back(entry->content);
      if (entry->metadata && random_.chance(1, 3)) contents.push_back(*entry->metadata);
    }
  }
  for (const std::string& path : document_paths()) {
    const std::optional<Entry> entry = world_->state().at(before, path).entry;
    if (entry) contents.push_back(entry->content);
  }
  if (contents.empty()) return {".isodb/erased/none", PlannedDocument{"{}", "", {}}};
  const std::string path = ".isodb/erased/" + random_.one_of(contents).hex() + ".json";
  if (random_.chance(1, 8)) return {path, std::nullopt};  // which is left out
  const Bytes reason = "{\"reason\":\"" + std::to_string(random_.below(3)) + "\"}\n";
  return {path, PlannedDocument{reason, "application/json", {}}};
}

PlannedWrite Generator::governed_write(const CommitSet& before) {
  if (options_.erases && random_.chance(2, 3)) return erasure(before);
  switch (random_.below(8)) {
    case 0:
    case 1:
    case 2:
      return {".isodb/merge.json", PlannedDocument{random_rules(random_), "application/json", {}}};
    case 3: {
      if (random_.chance(1, 8)) return {kScriptPath, std::nullopt};
      return {kScriptPath, PlannedDocument{random_script(random_), "", {}}};
    }
    case 4: {
      Bytes epoch = std::to_string(1 + random_.below(options_.epoch_max)) + "\n";
      if (random_.chance(1, 4)) epoch = random_.chance(1, 2) ? "0\n" : "1";
      return {".isodb/epoch", PlannedDocument{epoch, "text/plain", {}}};
    }
    case 5:
      return {".isodb/other.json", random_document(random_, "o.json")};
    default:
      return member_write(before);
  }
}

PlannedWrite Generator::member_write(const CommitSet& before) {
  const std::size_t key = random_.below(clones_.size() + 1);
  Member member{"n", test_key(key).public_key(), MemberRole::kWriter, {}, false};
  const std::string path = member_path(member.key);
  if (random_.chance(1, 16)) return {path, std::nullopt};
  if (random_.chance(1, 16)) return {path, PlannedDocument{"{}", "application/json", {}}};
  if (const auto document = seen(before, path)) {
    member = parse_member(path, Document::of(document->bytes)).value_or(member);
  }
  static const std::vector<std::string> kPrefixes = {"cows/", "cows/1",  "notes/",
                                                     "a",     "stock/s", ""};
  // Too long to count.
  if (random_.chance(1, 20)) member.name = std::string(66'000, 'n');
  switch (random_.below(6)) {
    case 0:
    case 4:
    case 5:
      member.revoked = true;
      break;
    case 1:
      member.role = static_cast<MemberRole>(random_.below(3));
      break;
    case 2:
      member.prefixes = {random_.one_of(kPrefixes), random_.one_of(kPrefixes)};
      break;
    default:
      member.name += "n";
  }
  return {path, member_document(member)};
}

}  // namespace

RandomHistory random_history(std::uint64_t seed, const HistoryOptions& options) {
  return Generator(seed, options).run();
}

Plan layered_history(std::uint64_t seed, std::size_t layers, std::size_t width) {
  Random random(seed);
  Plan plan(1);
  const Member founder{"m", test_key(0).public_key(), MemberRole::kAdmin, {}, false};
  plan[0].writes.push_back({member_path(founder.key), member_document(founder)});
  std::vector<std::size_t> below = {0};
  for (std::size_t layer = 0; layer < layers; ++layer) {
    std::vector<std::size_t> here;
    for (std::size_t i = 0; i < width; ++i) {
      PlannedCommit planned;
      planned.writer = i;
      planned.millis = 10 * layer + random.below(5);
      for (const std::size_t place : below) {
        if (place == 0 || random.chance(1, 2)) planned.after.push_back(place);
      }
      if (planned.after.empty()) planned.after.push_back(below[0]);
      const std::string number = std::to_string(random.below(20));
      planned.writes.push_back(
          {"d.json", PlannedDocument{R"({"l":[0,)" + number + R"(,9],"n":)" + number + "}",
                                     "application/json", std::nullopt}});
      here.push_back(plan.size());
      plan.push_back(std::move(planned));
    }
    below = here;
  }
  return plan;
}

}  // namespace isodb::reference
