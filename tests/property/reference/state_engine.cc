#include "tests/property/reference/state_engine.h"

#include <stdexcept>

#include "core/json_pointer.h"
#include "merge/script_programs.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/tree.h"

namespace isodb::reference {
namespace {

Conflicts told(const std::vector<merge::Conflict>& list) {
  Conflicts conflicts;
  for (const merge::Conflict& conflict : list) {
    const Field field = core::JsonPointer::parse(conflict.field).tokens;
    if (!merge::concerns_field(conflict.reason)) {
      conflicts.path = true;
    } else if (conflict.part == merge::DocumentPart::kMediaType) {
      conflicts.media_type = true;
    } else if (conflict.part == merge::DocumentPart::kContent) {
      conflicts.fields.insert(field);
    } else {
      conflicts.metadata_fields.insert(field);
    }
  }
  return conflicts;
}

}  // namespace

merge::StateEngine& StateEngineUnderTest::engine(const CommitId& root) {
  if (engine_ == nullptr) {
    merge::StateEngine::Options options;
    options.root = root;
    options.epoch_max = 3;
    options.heads = heads_;
    options.scripts = merge::make_script_loader();
    engine_ = std::make_unique<merge::StateEngine>(store_, nodes_, std::move(options));
  }
  return *engine_;
}

void StateEngineUnderTest::deliver(const std::vector<CommitId>& commits) {
  for (const CommitId& id : commits) {
    const Commit commit =
        objects::decode_commit(objects::get_expected(store_, id, ObjectType::kCommit));
    if (!commit.parents.empty()) {
      const merge::CheckedCommit checked = engine(id).check(id, commit, store_);
      if (!checked.refusal.empty()) throw std::runtime_error("refused: " + checked.refusal);
      const bool as_stated = checked.base_as_stated && checked.tree_as_stated;
      if (!as_stated) engine(id).set_computed(id, checked.base, checked.tree);
      if (!as_stated && !commit.message.starts_with("misled")) {
        throw std::runtime_error("another base or tree for " + id.hex());
      }
    } else {
      engine(id);
    }
    delivered_.push_back(id);
  }
}

ComputedState StateEngineUnderTest::compute() {
  const merge::State state = engine_->state(delivered_, store_);
  ComputedState computed{state.merge ? Id(*state.merge) : Id(state.heads.at(0)), {}};
  objects::Cursor cursor(objects::NodeReader(store_, nodes_), state.tree);
  for (cursor.seek(""); cursor.valid(); cursor.next()) {
    ComputedEntry& known = computed.entries[cursor.path()];
    known.entry = cursor.entry();
    known.content =
        objects::read_content(store_, {known.entry.content, known.entry.kind, known.entry.size});
    if (known.entry.metadata) {
      known.metadata = objects::get_expected(store_, *known.entry.metadata, ObjectType::kBlob);
    }
    const bool merged = (known.entry.flags & kFlagMerged) != 0;
    if (merged && !cursor.path().starts_with(kGovernedPrefix)) {
      known.conflicts = told(engine_->path_state(cursor.path(), state.heads).conflicts);
    }
  }
  return computed;
}

MakeEngine state_engine(const HeadLimits& heads) {
  return [heads](objects::MemoryStore& store) {
    return std::make_unique<StateEngineUnderTest>(store, heads);
  };
}

}  // namespace isodb::reference
