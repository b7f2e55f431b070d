#include "tests/reference/state.h"

#include <algorithm>
#include <cstring>

#include "core/hash.h"
#include "tests/reference/scripts.h"

namespace isodb::reference {
namespace {

bool is_governed(const std::string& path) {
  return path.starts_with(kGovernedPrefix);
}

Bytes little_endian(std::uint64_t number) {
  Bytes bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xff);
  return bytes;
}

std::uint64_t from_little_endian(ByteView bytes) {
  std::uint64_t number = 0;
  for (int i = 7; i >= 0; --i) number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
  return number;
}

/// The default for documents of these media types.
StrategyKind default_for(const std::vector<std::string>& media_types) {
  static const std::set<std::string> kTexts = {"application/yaml", "application/toml",
                                               "application/xml", "application/sql",
                                               "application/x-sh"};
  bool json = true, text = true;
  for (std::string type : media_types) {
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) type.pop_back();
    for (char& c : type) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    json = json && (type == "application/json" || type.ends_with("+json"));
    text = text && (type.starts_with("text/") || kTexts.contains(type));
  }
  return json ? StrategyKind::kJson : text ? StrategyKind::kText : StrategyKind::kLatest;
}

MergedDocument merge_as_text(const MergeTask& task) {
  const bool texts = std::all_of(task.versions.begin(), task.versions.end(),
                                 [](const Document& version) { return version.is_text; });
  return texts ? merge_text(task) : merge_latest(task, LatestKind::kLastResort);
}

MergedDocument merge_as_json(const MergeTask& task, const FieldStrategies& fields) {
  const bool json =
      std::all_of(task.versions.begin(), task.versions.end(),
                  [](const Document& version) { return version.value.json != nullptr; });
  return json ? merge_json(task, fields) : merge_as_text(task);
}

MergedDocument merge_by_default(const MergeTask& task, StrategyKind kind) {
  if (kind == StrategyKind::kJson) return merge_as_json(task, {});
  if (kind == StrategyKind::kText) return merge_as_text(task);
  return merge_latest(task, LatestKind::kLastResort);
}

/// Where whoever writes on top of these conflicts decides: at the root where the path was flagged.
std::set<Field> claimed_by(const Conflicts& conflicts, std::set<Field> fields) {
  if (conflicts.path) fields.insert(Field{});
  return fields;
}

}  // namespace

CommitSet base_set(const History& history, const std::vector<std::size_t>& live, std::size_t i) {
  CommitSet before;
  for (std::size_t j = 0; j < i; ++j) before |= history[live[j]].past;
  return before & history[live[i]].past;
}

const Document& State::document_of(const Id& content, std::uint64_t size, ContentKind kind) {
  const auto known = documents_.find(content);
  if (known != documents_.end()) return known->second;
  const Bytes bytes = objects::read_content(store_, {content, kind, size});
  return documents_.emplace(content, Document::of(bytes)).first->second;
}

const Document& State::document(const Entry& entry) {
  return document_of(entry.content, entry.size, entry.kind);
}

Document State::metadata(const Entry& entry) {
  if (!entry.metadata) return Document::of("{}");
  return Document::of(objects::get_expected(store_, *entry.metadata, ObjectType::kBlob));
}

const Outcome& State::at(const CommitSet& commits, const std::string& path) {
  auto& outcomes = outcomes_[commits];
  if (const auto known = outcomes.find(path); known != outcomes.end()) return known->second;
  const CommitSet versions = history_.versions(commits, path);
  Outcome outcome;
  if (versions.count() == 1) {
    outcome.entry = history_[history_.in_fold_order(versions)[0]].writes.at(path);
  } else if (versions.any()) {
    // What is merged depends on the versions and the environment alone.
    std::string key = path + '\0' + versions.to_string();
    if (path != ".isodb/epoch") key += environment(commits).identity;
    if (!is_governed(path)) {
      for (const Id& id : erased(commits)) key += id.bytes();
    }
    auto known = merged_.find(key);
    if (known == merged_.end()) {
      known = merged_.emplace(key, merge(commits, path, versions)).first;
    }
    outcome = known->second;
  }
  return outcomes_[commits].emplace(path, std::move(outcome)).first->second;
}

Outcome State::merge(const CommitSet& commits, const std::string& path, const CommitSet& versions) {
  Outcome outcome;
  const CommitSet standing = this->standing(commits, path);
  std::vector<std::size_t> all = history_.in_fold_order(standing), live;
  for (const std::size_t version : all) {
    if (!history_.deleted(version, path)) live.push_back(version);
  }
  if (live.empty() && standing != versions) {
    // Nothing else is there: the greatest that is erased stays as it is.
    for (const std::size_t version : history_.in_fold_order(versions & ~standing)) {
      live = all = {version};
    }
  }
  if (live.empty()) return outcome;
  outcome.conflicts.path = deletion_is_a_choice(all, path);
  Entry entry = *history_[live.back()].writes.at(path);
  if (live.size() > 1 && !is_governed(path) && reads_erased(standing, path, erased(commits))) {
    take_greatest(live, path, outcome.conflicts);
  } else if (live.size() > 1) {
    const bool bounded = !is_governed(path) && over_bound(live, path);
    outcome.conflicts.path = outcome.conflicts.path || bounded;
    if (is_governed(path)) {
      merge_governed_live(path, live, entry, outcome.conflicts);
    } else {
      merge_live(commits, path, live, bounded, entry, outcome.conflicts);
    }
  }
  entry.flags = kFlagMerged | (outcome.conflicts.any() ? kFlagConflict : 0);
  stamp(commits, path, versions, entry);
  outcome.entry = entry;
  return outcome;
}

const std::set<Id>& State::erased(const CommitSet& commits) {
  const auto known = erased_.find(commits);
  if (known != erased_.end()) return known->second;
  const std::string folder = ".isodb/erased/", end = ".json";
  std::set<Id> found;
  for (std::size_t commit = 0; commit < history_.size(); ++commit) {
    if (!commits[commit]) continue;
    for (const auto& [path, entry] : history_[commit].writes) {
      if (!entry || !path.starts_with(folder) || !path.ends_with(end)) continue;
      const std::string name(path, folder.size(), path.size() - folder.size() - end.size());
      const auto id = Id::from_hex(name);
      if (id && id->hex() == name) found.insert(*id);
    }
  }
  return erased_.emplace(commits, std::move(found)).first->second;
}

CommitSet State::standing(const CommitSet& commits, const std::string& path) {
  CommitSet standing = history_.versions(commits, path);
  if (is_governed(path)) return standing;
  for (const std::size_t version : history_.in_fold_order(standing)) {
    const auto& entry = history_[version].writes.at(path);
    if (entry && erased(commits).contains(entry->content)) standing.reset(version);
  }
  return standing;
}

bool State::reads_erased(const CommitSet& versions, const std::string& path,
                         const std::set<Id>& erased) {
  if (erased.empty()) return false;
  const auto any_of = [&](const CommitSet& writes) {
    for (const std::size_t write : history_.in_fold_order(writes)) {
      const auto& entry = history_[write].writes.at(path);
      if (!entry) continue;
      if (erased.contains(entry->content)) return true;
      if (entry->metadata && erased.contains(*entry->metadata)) return true;
    }
    return false;
  };
  if (any_of(versions)) return true;
  std::vector<std::size_t> live;
  for (const std::size_t version : history_.in_fold_order(versions)) {
    if (!history_.deleted(version, path)) live.push_back(version);
  }
  if (live.size() < 2) return false;
  CommitSet past, common = history_.all(), counted;
  for (const std::size_t version : live) {
    past |= history_[version].past;
    common &= history_[version].past;
    counted.set(version);
  }
  const CommitSet writes = history_.writers(past, path);
  const CommitSet ground = this->ground(live, writes);
  const bool too_many = (writes & ~ground).count() > limits_.writes_max;
  if (!too_many) counted = writes & ~ground;
  std::vector<CommitSet> read = {
      history_.versions(too_many ? common : history_.past(ground), path)};
  if (too_many && !over_bound(live, path)) {
    for (std::size_t i = 1; i < live.size(); ++i) {
      read.push_back(history_.versions(base_set(history_, live, i), path));
    }
  }
  if (any_of(counted)) return true;
  return std::any_of(read.begin(), read.end(), [&](const CommitSet& one) {
    return any_of(one) || (one.count() > 1 && reads_erased(one, path, erased));
  });
}

void State::take_greatest(const std::vector<std::size_t>& live, const std::string& path,
                          Conflicts& conflicts) const {
  const Entry& greatest = *history_[live.back()].writes.at(path);
  for (const std::size_t version : live) {
    const Entry& entry = *history_[version].writes.at(path);
    if (entry.content != greatest.content) conflicts.fields.insert(Field{});
    if (entry.media_type != greatest.media_type) conflicts.media_type = true;
    if (entry.metadata != greatest.metadata) conflicts.metadata_fields.insert(Field{});
  }
}

void State::set_content(Entry& entry, const Bytes& bytes) {
  const objects::ContentRef content = objects::write_content(store_, bytes);
  entry.content = content.id;
  entry.kind = content.kind;
  entry.size = content.size;
}

void State::merge_governed_live(const std::string& path, const std::vector<std::size_t>& live,
                                Entry& entry, Conflicts& conflicts) {
  std::vector<Document> versions;
  for (const std::size_t version : live) {
    versions.push_back(document(*history_[version].writes.at(path)));
  }
  const GovernedMerge merged = merge_governed(path, versions);
  conflicts.path = conflicts.path || merged.conflict;
  set_content(entry, merged.bytes);
}

void State::merge_live(const CommitSet& commits, const std::string& path,
                       const std::vector<std::size_t>& live, bool bounded, Entry& entry,
                       Conflicts& conflicts) {
  MergeTask task;
  task.history = &history_;
  std::vector<Entry> entries;
  for (const std::size_t version : live) {
    entries.push_back(*history_[version].writes.at(path));
    task.versions.push_back(document(entries.back()));
  }
  const std::vector<SeenWrite> writes = live_history(live, path);
  for (const SeenWrite& one : writes) {
    const auto& saw = one.saw.entry;
    task.writes.push_back({one.commit, document(one.entry), !saw, saw ? document(*saw) : Document{},
                           claimed_by(one.saw.conflicts, one.saw.conflicts.fields)});
  }
  task.base = [&](std::size_t i) -> std::optional<Document> {
    const auto base = base_entry(commits, path, live, i, bounded);
    return base ? std::optional(document(*base)) : std::nullopt;
  };
  const MergedDocument merged = merge_content(environment(commits), path, live, task);
  conflicts.fields = merged.conflicts;
  conflicts.path = conflicts.path || merged.path_conflict;
  task.base = [&](std::size_t i) -> std::optional<Document> {
    const auto base = base_entry(commits, path, live, i, bounded);
    return base ? std::optional(metadata(*base)) : std::nullopt;
  };
  entry.metadata = merge_metadata(entries, writes, task, conflicts);
  entry.media_type = merge_media_type(entries, writes, conflicts);
  set_content(entry, merged.bytes);
}

MergedDocument State::merge_content(const Environment& environment, const std::string& path,
                                    const std::vector<std::size_t>& live, const MergeTask& task) {
  std::vector<std::string> types;
  for (const std::size_t version : live) {
    types.push_back(history_[version].writes.at(path)->media_type);
  }
  const StrategyKind fallback = default_for(types);
  const Rule* rule = rule_for(environment, path);
  if (rule == nullptr) return merge_by_default(task, fallback);
  switch (rule->strategy.kind) {
    case StrategyKind::kText:
      return merge_as_text(task);
    case StrategyKind::kLatest:
      return merge_latest(task, LatestKind::kDeclared);
    case StrategyKind::kJson:
      return merge_as_json(task, rule->fields);
    case StrategyKind::kScript:
      break;
    default:
      return merge_as_json(task, {{Field{}, rule->strategy}});
  }
  const std::optional<Id>& content = environment.scripts.at(rule->script);
  const ScriptFunction function =
      content ? script_function(documents_.at(*content).bytes) : script_function("");
  const auto side = [&](std::size_t i) {
    const History::Known& known = history_[live[i]];
    return ScriptSide{known.commit.clock.millis(), known.commit.author.fingerprint(),
                      known.id.hex()};
  };
  const auto script =
      merge_by_script(task, [&](const MaybeJson& base, const Json& left, const Json& right,
                                std::size_t i, std::set<Field>& in_conflict) {
        return function(base, left, right, {path, side(i - 1), side(i), &in_conflict});
      });
  if (script.outcome == ScriptOutcome::kDone) return script.merged;
  MergedDocument merged = merge_by_default(task, fallback);
  merged.path_conflict = script.outcome == ScriptOutcome::kFailed;
  return merged;
}

std::optional<Id> State::merge_metadata(const std::vector<Entry>& live,
                                        const std::vector<SeenWrite>& writes, MergeTask task,
                                        Conflicts& conflicts) {
  task.versions.clear();
  task.writes.clear();
  for (const Entry& version : live) task.versions.push_back(metadata(version));
  for (const SeenWrite& one : writes) {
    const auto& saw = one.saw.entry;
    task.writes.push_back({one.commit, metadata(one.entry), !saw, saw ? metadata(*saw) : Document{},
                           claimed_by(one.saw.conflicts, one.saw.conflicts.metadata_fields)});
  }
  const MergedDocument merged = merge_as_json(task, {});
  conflicts.metadata_fields = merged.conflicts;
  const Value value = Document::of(merged.bytes).value;
  if (value.json != nullptr && value.json->value.is_object() && value.json->parts.empty()) {
    return std::nullopt;
  }
  return store_.put(ObjectType::kBlob, merged.bytes);
}

std::string State::merge_media_type(const std::vector<Entry>& live,
                                    const std::vector<SeenWrite>& writes, Conflicts& conflicts) {
  const std::string& greatest = live.back().media_type;
  if (std::all_of(live.begin(), live.end(),
                  [&](const Entry& version) { return version.media_type == greatest; })) {
    return greatest;
  }
  std::map<std::size_t, std::string> wrote;
  CommitSet commits;
  for (const SeenWrite& one : writes) {
    if (!one.saw.entry || one.saw.conflicts.media_type || one.saw.conflicts.path ||
        one.saw.entry->media_type != one.entry.media_type) {
      wrote[one.commit] = one.entry.media_type;
      commits.set(one.commit);
    }
  }
  const std::vector<std::size_t> candidates = history_.in_fold_order(history_.unseen(commits));
  const std::string latest = wrote.at(candidates.back());
  for (const std::size_t candidate : candidates) {
    if (wrote.at(candidate) != latest) conflicts.media_type = true;
  }
  return latest;
}

void State::stamp(const CommitSet& commits, const std::string& path, const CommitSet& versions,
                  Entry& entry) {
  const Environment& environment = this->environment(commits);
  Bytes rule_id(Id::kSize, '\0');
  if (const Rule* rule = is_governed(path) ? nullptr : rule_for(environment, path)) {
    Id script;
    if (!rule->script.empty()) script = environment.scripts.at(rule->script).value_or(Id{});
    using namespace std::string_literals;
    rule_id = core::sha256("isodb-rule-v1\0"s + rule->canonical + Bytes(script.bytes())).bytes();
  }
  std::set<Id> ids;
  for (const std::size_t version : history_.in_fold_order(versions)) {
    ids.insert(history_[version].id);
    entry.stamp.clock = history_[version].commit.clock;
  }
  using namespace std::string_literals;
  Bytes hashed =
      "isodb-merged-v1\0"s + little_endian(environment.epoch) + rule_id + little_endian(ids.size());
  for (const Id& id : ids) hashed += id.bytes();
  const Id digest = core::sha256(hashed);
  entry.stamp.writer.value = from_little_endian(digest.bytes().substr(0, 8));
  entry.merge_digest_tail = from_little_endian(digest.bytes().substr(8, 8));
}

bool State::deletion_is_a_choice(const std::vector<std::size_t>& versions,
                                 const std::string& path) {
  for (const std::size_t gone : versions) {
    for (const std::size_t live : versions) {
      if (!history_.deleted(gone, path) || history_.deleted(live, path)) continue;
      const CommitSet both = history_.versions(history_[gone].past & history_[live].past, path);
      for (const std::size_t before : history_.in_fold_order(both)) {
        if (!history_.deleted(before, path)) return true;
      }
    }
  }
  return false;
}

bool State::over_bound(const std::vector<std::size_t>& versions, const std::string& path) {
  std::set<std::string> counted;
  std::vector<std::vector<std::size_t>> open = {versions};
  while (!open.empty()) {
    const std::vector<std::size_t> live = open.back();
    open.pop_back();
    for (std::size_t i = 1; i < live.size(); ++i) {
      const CommitSet base = base_set(history_, live, i);
      const CommitSet base_versions = history_.versions(base, path);
      if (base_versions.count() < 2) continue;
      if (counted.insert(base_versions.to_string() + environment(base).identity).second) {
        open.emplace_back();
        for (const std::size_t version : history_.in_fold_order(base_versions)) {
          if (!history_.deleted(version, path)) open.back().push_back(version);
        }
      }
      if (counted.size() > limits_.base_sets_max) return true;
    }
  }
  return false;
}

std::optional<Entry> State::base_entry(const CommitSet& commits, const std::string& path,
                                       const std::vector<std::size_t>& live, std::size_t i,
                                       bool bounded) {
  if (!bounded) return at(base_set(history_, live, i), path).entry;
  const auto versions = history_.in_fold_order(standing(commits, path));
  return history_[versions.back()].writes.at(path);
}

const Outcome& State::seen(std::size_t commit, const std::string& path) {
  CommitSet before = history_[commit].past;
  return at(before.reset(commit), path);
}

CommitSet State::ground(const std::vector<std::size_t>& live, const CommitSet& writes) const {
  CommitSet ground = writes;
  for (const std::size_t version : live) ground.reset(version);
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::size_t outside : history_.in_fold_order(writes & ~ground)) {
      const CommitSet unseen = ground & ~history_[outside].past;
      changed = changed || unseen.any();
      ground &= ~unseen;
    }
  }
  return ground;
}

std::vector<State::SeenWrite> State::live_history(const std::vector<std::size_t>& live,
                                                  const std::string& path) {
  CommitSet past;
  for (const std::size_t version : live) past |= history_[version].past;
  const CommitSet writes = history_.writers(past, path);
  const CommitSet ground = this->ground(live, writes);
  std::vector<SeenWrite> result;
  const bool too_many = (writes & ~ground).count() > limits_.writes_max;
  CommitSet below = history_.past(ground);
  if (too_many) {
    below = history_.all();
    for (const std::size_t version : live) below &= history_[version].past;
  }
  Outcome foundation;
  if (history_.writers(below, path).any()) foundation.entry = at(below, path).entry;
  if (foundation.entry) {
    const std::size_t newest = history_.in_fold_order(history_.versions(below, path)).back();
    result.push_back({newest, *foundation.entry, {}});
  }
  for (const std::size_t commit : history_.in_fold_order(writes & ~ground)) {
    if (history_.deleted(commit, path)) continue;
    if (too_many && std::find(live.begin(), live.end(), commit) == live.end()) continue;
    result.push_back(
        {commit, *history_[commit].writes.at(path), too_many ? foundation : seen(commit, path)});
  }
  return result;
}

const Rule* State::rule_for(const Environment& environment, const std::string& path) const {
  for (const Rule& rule : environment.rules) {
    if (path_matches(rule.match, path)) return &rule;
  }
  return nullptr;
}

}  // namespace isodb::reference
