#include "repo/marking.h"

#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/node.h"
#include "repo/erase_removal.h"
#include "repo/roots.h"

namespace isodb::repo {

void Marking::mark(const Keep& keep) {
  // Whoever collects: pages, logs and dictionaries would keep what is only dropped.
  expect_removal_of(state_, *reachable_.erased());
  std::uint64_t count = 0;
  reachable_.visit_all([&](const Id& id, ObjectType) {
    keep(id);
    if (count_) count_(++count);
  });
  last_move_ = reachable_.last_move();
}

void Marking::mark_again(std::span<const Id> added, const Keep& keep) {
  for (const Id& id : added) push(id);
  // Where nobody wrote, the roots are what they were.
  const std::uint64_t transactions = state_.database->transactions();
  if (transactions != transactions_) {
    const Roots roots = read_roots(state_, {.moves_after = last_move_},
                                   [](const auto&, const auto& run) { run(); });
    for (const Id& id : roots.ids) push(id);
    last_move_ = roots.last_move;
    transactions_ = transactions;
  }
  while (!stack_.empty()) {
    const Id id = stack_.back();
    stack_.pop_back();
    walk(id, keep);
  }
}

void Marking::push(const Id& id) {
  if (!reachable_.has_visited(id) && !seen_.contains(id)) stack_.push_back(id);
}

/// What it names is to be walked before anything can end the call.
void Marking::walk(const Id& id, const Keep& keep) {
  if (seen_.contains(id)) return;
  const auto header = state_.store->header(id);
  if (!header) return;  // and again, should it be named once more when it is here
  if (header->first != ObjectType::kBlob) {
    push_named(header->first, state_.read_object(id).payload);
  }
  seen_.insert(id);
  keep(id);
}

void Marking::push_named(ObjectType type, const Bytes& payload) {
  switch (type) {
    case ObjectType::kCommit: {
      const Commit commit = objects::decode_commit(payload);
      for (const CommitId& parent : commit.parents) push(parent);
      push(commit.tree);
      if (commit.base) push(*commit.base);
      if (commit.deleted) push(*commit.deleted);
      return;
    }
    case ObjectType::kMerge: {
      const Merge merge = objects::decode_merge(payload);
      for (const CommitId& head : merge.heads) push(head);
      return push(merge.tree);
    }
    case ObjectType::kTag:
      return push(objects::decode_tag(payload).object);
    case ObjectType::kTree: {
      const objects::Node node(payload);
      for (std::size_t i = 0; i < node.size(); ++i) {
        if (node.level() > 0) {
          push(node.id(i));
          continue;
        }
        const Entry entry = node.entry(i);
        const auto add = [&](const Id& content) {
          const bool is_governed = node.key(i).starts_with(kGovernedPrefix);
          if (is_governed || !reachable_.erased()->has(content)) push(content);
        };
        add(entry.content);
        if (entry.metadata) add(*entry.metadata);
      }
      return;
    }
    case ObjectType::kList:
      for (const objects::ListItem& item : objects::decode_list(payload).items) push(item.id);
      return;
    case ObjectType::kBlob:
      return;
  }
}

}  // namespace isodb::repo
