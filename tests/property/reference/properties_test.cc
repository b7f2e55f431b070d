// What merging promises to people, checked on what the reference computes for random and for all
// small histories.
#include <catch2/catch.hpp>
#include "core/json_writer.h"

#include "tests/reference/enumeration.h"
#include "tests/reference/generator.h"
#include "tests/reference/random.h"

using namespace isodb;
using namespace isodb::reference;

namespace {

/// Leaves of a JSON document that objects alone lead to, but arrays.
void collect_leaves(const Node& node, const Field& field, std::map<Field, Node>& leaves) {
  if (node == nullptr) return;
  if (!node->value.is_container()) leaves[field] = node;
  if (!node->value.is_object()) return;
  for (std::size_t i = 0; i < node->parts.size(); ++i) {
    Field member = field;
    member.push_back(node->names[i].name);
    collect_leaves(node->parts[i], member, leaves);
  }
}

Value value_in(State& state, const std::optional<Entry>& entry, const Field& field) {
  return entry ? value_at(state.document(*entry).value, field) : Value{};
}

/// What a commit's author saw.
const Outcome& seen_by(State& state, std::size_t commit, const std::string& path) {
  CommitSet before = state.history()[commit].past;
  return state.at(before.reset(commit), path);
}

/// Whether a later commit wrote this field of the path again, deleted the path, or replaced what
/// the field stands in.
bool written_later(State& state, const CommitSet& commits, std::size_t commit,
                   const std::string& path, const Field& field, const Value& value) {
  const History& history = state.history();
  for (const std::size_t later : history.in_fold_order(history.writers(commits, path))) {
    if (!history.sees(later, commit)) continue;
    const auto& entry = history[later].writes.at(path);
    if (!entry || !(value_in(state, entry, field) == value)) return true;
  }
  return false;
}

bool rule_matches(State& state, const CommitSet& commits, const std::string& path) {
  for (const Rule& rule : state.environment(commits).rules) {
    if (path_matches(rule.match, path)) return true;
  }
  return false;
}

/// A value that a commit wrote, and that is gone though nothing accounts for it.
std::optional<std::string> vanished_value(State& state, const CommitSet& commits) {
  const History& history = state.history();
  for (const std::size_t commit : history.in_fold_order(commits)) {
    for (const auto& [path, entry] : history[commit].writes) {
      if (!entry || path.starts_with(kGovernedPrefix)) continue;
      const Outcome& now = state.at(commits, path);
      if (rule_matches(state, commits, path)) continue;
      if (now.entry && (now.entry->flags & kFlagConflict) != 0) continue;
      std::map<Field, Node> leaves;
      collect_leaves(state.document(*entry).value.json, {}, leaves);
      for (const auto& [field, leaf] : leaves) {
        const Value value{leaf, std::nullopt};
        const auto& saw = seen_by(state, commit, path).entry;
        if (value_in(state, saw, field) == value) continue;
        if (value_in(state, now.entry, field) == value) continue;
        if (written_later(state, commits, commit, path, field, value)) continue;
        return "commit " + std::to_string(commit) + " wrote " + path + field_text(field);
      }
    }
  }
  return std::nullopt;
}

PlannedDocument document_of(World& world, const Entry& entry) {
  PlannedDocument document{world.state().document(entry).bytes, entry.media_type, std::nullopt};
  if (entry.metadata) {
    document.metadata = objects::get_expected(world.store(), *entry.metadata, ObjectType::kBlob);
  }
  return document;
}

std::vector<std::size_t> all_places(const Plan& plan) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < plan.size(); ++i) places.push_back(i);
  return places;
}

/// Writes every flagged path on top of all, as it was merged, and looks at the flags then.
std::optional<std::string> not_resolved(RandomHistory& random) {
  World& world = *random.world;
  PlannedCommit resolution;
  resolution.after = all_places(random.plan);
  resolution.writer = 20;
  resolution.millis = 100'000;
  const auto before = world.state().entries(world.history().all());
  for (const auto& [path, entry] : before) {
    if ((entry.flags & kFlagConflict) != 0 && !path.starts_with(kGovernedPrefix)) {
      resolution.writes.push_back({path, document_of(world, entry)});
    }
  }
  if (resolution.writes.empty() || !world.add(resolution)) return std::nullopt;
  const auto after = world.state().entries(world.history().all());
  for (const PlannedWrite& write : resolution.writes) {
    if (after.at(write.path).flags != 0) return write.path + " is flagged still";
    const std::optional<Bytes> metadata = document_of(world, after.at(write.path)).metadata;
    if (metadata != write.document->metadata) return write.path + " has other metadata";
    if (after.at(write.path).content != before.at(write.path).content) return write.path;
  }
  return std::nullopt;
}

/// Somebody deleted the path whom an author on top of `before` has not seen: then it is that
/// author's edit against the deletion, which is a new conflict.
bool deleted_unseen(const History& history, const CommitSet& before, const std::string& path) {
  for (const std::size_t commit : history.in_fold_order(history.writers(history.all(), path))) {
    if (!before[commit] && history.deleted(commit, path)) return true;
  }
  return false;
}

/// One who knows nothing of the resolution adds a member that nobody else has: no field that was
/// resolved may be in conflict again, unless that author saw it in conflict.
std::optional<std::string> comes_back(RandomHistory& random, Random& choice) {
  World& world = *random.world;
  State& state = world.state();
  const CommitSet resolved = world.history().all();
  PlannedCommit late;
  late.after = {choice.below(random.plan.size()), 1};
  late.writer = 21;
  late.millis = 100'001;
  const CommitSet before = world.past_of(late.after);
  for (const auto& [path, entry] : state.entries(before)) {
    const Document& document = state.document(entry);
    if (deleted_unseen(world.history(), before, path)) continue;
    if (path.starts_with(kGovernedPrefix) || document.value.json == nullptr) continue;
    if (!document.value.json->value.is_object() || state.at(before, path).conflicts.any()) continue;
    const auto& known = state.at(resolved, path).entry;
    if (!known || (known->flags & kFlagMerged) != 0 || !known->media_type.ends_with("json"))
      continue;
    if (known->media_type != entry.media_type || rule_matches(state, resolved, path)) continue;
    const Document& now = state.document(*known);
    if (now.value.json == nullptr || !now.value.json->value.is_object()) continue;
    Json changed = document.value.json->value;
    changed.set("late", Json::integer(1));
    PlannedDocument written = document_of(world, entry);
    written.bytes = core::write_json(changed);
    late.writes.push_back({path, written});
  }
  if (late.writes.empty() || !world.add(late)) return std::nullopt;
  for (const PlannedWrite& write : late.writes) {
    const Outcome& outcome = state.at(world.history().all(), write.path);
    for (const Field& field : outcome.conflicts.fields) {
      // Who resolved a conflict of the whole document said that it has no other member.
      if (field == Field{"late"}) continue;
      return write.path + field_text(field) + " is in conflict again";
    }
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("reference: no value that was written vanishes without account") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    RandomHistory random = random_history(seed);
    const auto lost = vanished_value(random.world->state(), random.world->history().all());
    INFO("seed " << seed << ": " << lost.value_or("") << "\n" << describe(random.plan));
    REQUIRE_FALSE(lost);
  }
}

TEST_CASE("reference: a resolved conflict is gone, and does not come back") {
  std::size_t late_writes = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    RandomHistory random = random_history(seed);
    const auto left = not_resolved(random);
    INFO("seed " << seed << ": " << left.value_or("") << "\n" << describe(random.plan));
    REQUIRE_FALSE(left);
    Random choice(seed);
    const std::size_t before = random.world->history().size();
    const auto again = comes_back(random, choice);
    INFO(again.value_or(""));
    REQUIRE_FALSE(again);
    late_writes += random.world->history().size() - before;
  }
  CHECK(late_writes > 50);
}

TEST_CASE("reference: in all small histories nothing vanishes, and flags are put where they must") {
  std::size_t histories = 0, flagged = 0;
  for (std::size_t commits = 1; commits <= 3; ++commits) {
    histories += enumerate_histories(commits, 0, 1, [&](const Plan& plan) {
      World world(plan);
      const CommitSet all = world.history().all();
      const auto lost = vanished_value(world.state(), all);
      INFO(lost.value_or("") << "\n" << describe(plan));
      REQUIRE_FALSE(lost);
      for (const auto& [path, entry] : world.state().entries(all)) {
        const CommitSet versions = world.history().versions(all, path);
        const bool merged = (entry.flags & kFlagMerged) != 0;
        CHECK(merged == (versions.count() > 1));
        flagged += (entry.flags & kFlagConflict) != 0;
      }
    });
  }
  CHECK(histories == 6 + 2 * 36 + 7 * 216);
  CHECK(flagged > 100);
}
