#include "tests/property/reference/document_state.h"

#include <algorithm>

#include "merge/rules.h"
#include "objects/content.h"

namespace isodb::reference {
namespace {

std::vector<std::string> tokens_of(const std::string& pointer) {
  return core::JsonPointer::parse(pointer).tokens;
}

}  // namespace

merge::DocumentPtr DocumentState::given(const Entry& entry) {
  merge::Document::Parts parts{document(entry).bytes, entry.media_type, std::nullopt};
  if (entry.metadata) {
    parts.metadata = objects::get_expected(store(), *entry.metadata, ObjectType::kBlob);
  }
  return merge::Document::make(std::move(parts));
}

std::vector<merge::Conflict> DocumentState::given(const Conflicts& conflicts) const {
  using merge::ConflictReason;
  using merge::DocumentPart;
  std::vector<merge::Conflict> list;
  for (const Field& field : conflicts.fields) {
    list.push_back({DocumentPart::kContent, field_text(field), ConflictReason::kBothChanged});
  }
  for (const Field& field : conflicts.metadata_fields) {
    list.push_back({DocumentPart::kMetadata, field_text(field), ConflictReason::kBothChanged});
  }
  if (conflicts.media_type) {
    list.push_back({DocumentPart::kMediaType, "", ConflictReason::kBothChanged});
  }
  if (conflicts.path) {
    list.push_back({DocumentPart::kContent, "", ConflictReason::kEditAndDelete});
  }
  std::sort(list.begin(), list.end());
  return list;
}

void DocumentState::merge_live(const CommitSet& commits, const std::string& path,
                               const std::vector<std::size_t>& live, bool bounded, Entry& entry,
                               Conflicts& conflicts) {
  const std::vector<SeenWrite> writes = live_history(live, path);
  merge::MergeInput input;
  input.path = path;
  std::vector<std::vector<merge::Conflict>> seen_conflicts;
  seen_conflicts.reserve(writes.size());
  input.sight = merge::Sight(writes.size());
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const SeenWrite& one = writes[i];
    const History::Known& known = history()[one.commit];
    seen_conflicts.push_back(given(one.saw.conflicts));
    input.writes.push_back({known.id, known.commit.clock, known.commit.writer,
                            known.commit.author.fingerprint(), given(one.entry),
                            one.saw.entry ? given(*one.saw.entry) : nullptr,
                            &seen_conflicts.back()});
    for (std::size_t j = 0; j < writes.size(); ++j) {
      if (history().sees(one.commit, writes[j].commit)) input.sight.set(i, j);
    }
    if (std::find(live.begin(), live.end(), one.commit) != live.end()) input.versions.push_back(i);
  }
  input.base = [&](const std::vector<std::size_t>& left, std::size_t) -> merge::DocumentPtr {
    const auto base = base_entry(commits, path, live, left.size(), bounded);
    return base ? given(*base) : nullptr;
  };
  input.existed = [](std::size_t, std::size_t) { return false; };  // the reference has said it
  input.over_bound = bounded;
  const Environment& environment = this->environment(commits);
  merge::Rules rules;
  std::optional<CannedRunner> runner;
  if (const auto& about = at(commits, ".isodb/merge.json").entry;
      about && rule_for(environment, path)) {
    rules = merge::Rules::parse(document(*about).bytes);
  }
  input.rule = rules.find(path);
  if (input.rule != nullptr && !input.rule->script.empty()) {
    if (const auto& script = at(commits, input.rule->script).entry) {
      input.script = &runner.emplace(script_function(document(*script).bytes));
    }
  }
  const merge::MergedDocument merged = merge::merge_document(input);
  for (const merge::Conflict& conflict : merged.conflicts) {
    if (!merge::concerns_field(conflict.reason)) {
      conflicts.path = true;
    } else if (conflict.part == merge::DocumentPart::kMediaType) {
      conflicts.media_type = true;
    } else {
      (conflict.part == merge::DocumentPart::kContent ? conflicts.fields
                                                      : conflicts.metadata_fields)
          .insert(tokens_of(conflict.field));
    }
  }
  const objects::ContentRef content = objects::write_content(store(), merged.document->content());
  entry.content = content.id;
  entry.kind = content.kind;
  entry.size = content.size;
  entry.media_type = merged.document->media_type();
  entry.metadata.reset();
  if (merged.document->metadata()) {
    entry.metadata = store().put(ObjectType::kBlob, *merged.document->metadata());
  }
}

}  // namespace isodb::reference
