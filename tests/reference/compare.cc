#include "tests/reference/compare.h"

#include <algorithm>
#include <exception>
#include <sstream>

#include "core/json_writer.h"
#include "objects/content.h"
#include "tests/reference/random.h"

namespace isodb::reference {
namespace {

std::string quoted(const Bytes& bytes) {
  std::string text;
  core::append_json_string(text, Json::lossy_string(bytes).as_string());
  return text;
}

std::string describe(const ComputedEntry& computed) {
  const Entry& entry = computed.entry;
  std::ostringstream text;
  text << quoted(computed.content) << " [" << entry.media_type << "]";
  if (entry.flags & kFlagMerged) text << " merged " << std::hex << entry.merge_digest_tail;
  if (entry.flags & kFlagConflict) text << " conflict";
  text << " by " << entry.stamp.clock.text() << " " << entry.stamp.writer.hex();
  if (computed.metadata) text << " metadata " << quoted(*computed.metadata);
  if (!computed.conflicts || !computed.conflicts->any()) return text.str();
  text << " conflicts:";
  for (const Field& field : computed.conflicts->fields) text << " '" << field_text(field) << "'";
  for (const Field& field : computed.conflicts->metadata_fields) {
    text << " metadata '" << field_text(field) << "'";
  }
  if (computed.conflicts->media_type) text << " media type";
  if (computed.conflicts->path) text << " path";
  return text.str();
}

ComputedState computed_by(State& state, objects::MemoryStore& store, const CommitSet& commits) {
  const State::Computed computed = state.compute(commits);
  ComputedState result{computed.id, {}};
  for (const auto& [path, entry] : computed.entries) {
    ComputedEntry& known = result.entries[path];
    known.entry = entry;
    known.content = state.document(entry).bytes;
    known.conflicts = state.at(computed.peeled, path).conflicts;
    if (entry.metadata) {
      known.metadata = objects::get_expected(store, *entry.metadata, ObjectType::kBlob);
    }
  }
  return result;
}

class ReferenceEngine : public Engine {
 public:
  ReferenceEngine(objects::MemoryStore& store, const MakeState& make)
      : store_(store), state_(make(history_, store)) {}
  void deliver(const std::vector<CommitId>& commits) override {
    for (const CommitId& id : commits) history_.add(store_, id);
  }
  ComputedState compute() override { return computed_by(*state_, store_, history_.all()); }

 private:
  objects::MemoryStore& store_;
  History history_;
  std::unique_ptr<State> state_;
};

/// The first path in which two states differ; nullopt where they are the same.
std::optional<std::string> compare_states(const ComputedState& expected,
                                          const ComputedState& actual) {
  std::set<std::string> paths;
  for (const auto& [path, entry] : expected.entries) paths.insert(path);
  for (const auto& [path, entry] : actual.entries) paths.insert(path);
  for (const std::string& path : paths) {
    const auto a = expected.entries.find(path), b = actual.entries.find(path);
    const auto text = [](const ComputedState& state, const auto& at) {
      return at == state.entries.end() ? "absent" : describe(at->second);
    };
    const std::string x = text(expected, a), y = text(actual, b);
    const bool same = a != expected.entries.end() && b != actual.entries.end() &&
                      a->second.entry == b->second.entry &&
                      a->second.content == b->second.content &&
                      (!b->second.conflicts || a->second.conflicts == b->second.conflicts);
    if (same || (x == y && x == "absent")) continue;
    return "path " + path + "\n  reference: " + x + "\n  engine:    " + y;
  }
  if (expected.id == actual.id) return std::nullopt;
  return "the same entries, but reference " + expected.id.hex() + ", engine " + actual.id.hex();
}

/// An engine whose exceptions are differences.
class GuardedEngine {
 public:
  explicit GuardedEngine(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  void deliver(const std::vector<CommitId>& commits) {
    try {
      engine_->deliver(commits);
    } catch (const std::exception& error) {
      failure_ = std::string("the engine throws: ") + error.what();
    }
  }
  /// What differs from `expected` in what it computes.
  std::optional<std::string> compare(const ComputedState& expected) {
    if (failure_) return failure_;
    try {
      return compare_states(expected, engine_->compute());
    } catch (const std::exception& error) {
      return std::string("the engine throws: ") + error.what();
    }
  }

 private:
  std::unique_ptr<Engine> engine_;
  std::optional<std::string> failure_;
};

/// Numbers of commits in an order in which parents come first.
std::vector<std::size_t> delivery_order(const History& history, Random& random) {
  std::vector<std::size_t> order;
  CommitSet done;
  while (order.size() < history.size()) {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < history.size(); ++i) {
      CommitSet missing = history[i].past & ~done;
      if (!done[i] && missing.count() == 1) ready.push_back(i);
    }
    order.push_back(random.one_of(ready));
    done.set(order.back());
  }
  return order;
}

/// One delivery in random parts, some of them twice, computing after some.
std::optional<std::string> deliver_in_parts(World& world, objects::MemoryStore& store,
                                            const MakeEngine& make, Random& random) {
  const History& history = world.history();
  const std::vector<std::size_t> order = delivery_order(history, random);
  GuardedEngine engine(make(store));
  CommitSet delivered;
  const std::size_t part_max = 1 + random.below(history.size());
  for (std::size_t at = 0; at < order.size();) {
    std::vector<CommitId> part;
    for (std::size_t n = 1 + random.below(part_max); n > 0 && at < order.size(); --n, ++at) {
      part.push_back(history[order[at]].id);
      delivered.set(order[at]);
      if (random.chance(1, 5)) part.push_back(history[order[random.below(at + 1)]].id);
    }
    engine.deliver(part);
    if (at < order.size() && !random.chance(1, 2)) continue;
    const ComputedState expected = computed_by(world.state(), store, delivered);
    const auto found = engine.compare(expected);
    if (!found) continue;
    std::string said = "after delivery of";
    for (std::size_t i = 0; i < at; ++i) said += " " + history[order[i]].id.short_hex(8);
    return said + ": " + *found;
  }
  return std::nullopt;
}

/// The plan without a commit: what came after it comes after what it came after.
Plan without_commit(const Plan& plan, std::size_t place) {
  Plan result;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (i == place) continue;
    PlannedCommit planned = plan[i];
    std::set<std::size_t> after;
    for (const std::size_t one : planned.after) {
      if (one == place) {
        after.insert(plan[place].after.begin(), plan[place].after.end());
      } else {
        after.insert(one);
      }
    }
    planned.after.clear();
    for (const std::size_t one : after) planned.after.push_back(one > place ? one - 1 : one);
    result.push_back(std::move(planned));
  }
  return result;
}

/// The document without one of its members, written anew; nullopt where there is no such member.
std::optional<Bytes> without_member(const Bytes& document, std::size_t member) {
  const Document known = Document::of(document);
  if (known.value.json == nullptr || !known.value.json->value.is_object()) return std::nullopt;
  Json value = known.value.json->value;
  if (member >= value.size()) return std::nullopt;
  auto& members = value.edit_members();
  members.erase(members.begin() + static_cast<std::ptrdiff_t>(member));
  return core::write_json(value);
}

/// One kind of cut, applied to each place while it can be.
class Shrinker {
 public:
  Shrinker(Plan plan, const std::function<bool(const Plan&)>& differs, std::size_t attempts_max)
      : plan_(std::move(plan)), differs_(differs), attempts_(attempts_max) {}

  Plan run() {
    while (cut_commits() || cut_writes() || cut_members()) {
    }
    return plan_;
  }

 private:
  bool keeps(Plan candidate) {
    if (attempts_ == 0) return false;
    --attempts_;
    if (!differs_(candidate)) return false;
    plan_ = std::move(candidate);
    return true;
  }

  bool cut_commits() {
    bool cut = false;
    for (std::size_t i = plan_.size(); i-- > 1;) cut = keeps(without_commit(plan_, i)) || cut;
    return cut;
  }

  bool cut_writes() {
    bool cut = false;
    for (std::size_t i = plan_.size(); i-- > 0;) {
      for (std::size_t j = plan_[i].writes.size(); j-- > 0;) {
        Plan candidate = plan_;
        auto& writes = candidate[i].writes;
        writes.erase(writes.begin() + static_cast<std::ptrdiff_t>(j));
        cut = keeps(std::move(candidate)) || cut;
      }
    }
    return cut;
  }

  bool cut_members() {
    bool cut = false;
    for (std::size_t i = 0; i < plan_.size(); ++i) {
      for (std::size_t j = 0; j < plan_[i].writes.size(); ++j) {
        for (std::size_t member = 0; plan_[i].writes[j].document; ++member) {
          const auto smaller = without_member(plan_[i].writes[j].document->bytes, member);
          if (!smaller) break;
          Plan candidate = plan_;
          candidate[i].writes[j].document->bytes = *smaller;
          cut = keeps(std::move(candidate)) || cut;
        }
      }
    }
    return cut;
  }

  Plan plan_;
  const std::function<bool(const Plan&)>& differs_;
  std::size_t attempts_;
};

}  // namespace

MakeEngine engine_of(const MakeState& make) {
  return [make](objects::MemoryStore& store) {
    return std::make_unique<ReferenceEngine>(store, make);
  };
}

MakeEngine reference_engine() {
  return engine_of([](const History& history, objects::MemoryStore& store) {
    return std::make_unique<State>(history, store);
  });
}

std::optional<std::string> difference(World& world, const MakeEngine& make, std::uint64_t seed,
                                      const CompareOptions& options) {
  Random random(seed ^ 0x6f72646572);
  std::vector<CommitId> all;
  for (std::size_t i = 0; i < world.history().size(); ++i) all.push_back(world.history()[i].id);
  GuardedEngine engine(make(world.store()));
  engine.deliver(all);
  const ComputedState expected = computed_by(world.state(), world.store(), world.history().all());
  if (auto found = engine.compare(expected)) return found;
  for (std::size_t i = 1; i < options.orders; ++i) {
    if (auto found = deliver_in_parts(world, world.store(), make, random)) return found;
  }
  return std::nullopt;
}

Plan shrink(Plan plan, const std::function<bool(const Plan&)>& differs, std::size_t attempts_max) {
  return Shrinker(std::move(plan), differs, attempts_max).run();
}

std::optional<std::string> compare_histories(std::uint64_t seed, std::size_t count,
                                             const MakeEngine& make, const HistoryOptions& history,
                                             const CompareOptions& options) {
  for (std::uint64_t one = seed; one < seed + count; ++one) {
    RandomHistory random = random_history(one, history);
    const auto found = difference(*random.world, make, one, options);
    if (!found) continue;
    const auto of_plan = [&](const Plan& plan) {
      World world(plan, history.limits);
      return difference(world, make, one, options);
    };
    const Plan small =
        shrink(random.plan, [&](const Plan& plan) { return of_plan(plan).has_value(); });
    return "seed " + std::to_string(one) + ": " + *found + "\n\na small history that differs:\n" +
           reference::describe(small) + of_plan(small).value_or("");
  }
  return std::nullopt;
}

}  // namespace isodb::reference
