#include "merge/document_merge.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "merge/field_merge.h"
#include "merge/json_layout.h"
#include "merge/live_writes.h"
#include "merge/media_types.h"
#include "merge/text_merge.h"

namespace isodb::merge {

using core::Json;

namespace {

/// Bytes of all documents from which on equality is told by numbers (ValueEquality).
constexpr std::uint64_t kLargeBytes = std::uint64_t{1} << 16;

/// A document's content, as merging finds it: that of a write, or new bytes.
struct Content {
  std::optional<std::size_t> write;
  Bytes bytes;
};

class DocumentMerge {
 public:
  explicit DocumentMerge(const MergeInput& input)
      : input_(input),
        live_writes_(input),
        bases_(input, live_versions(input)),
        live_(bases_.live()),
        sources_(input, DocumentPart::kContent),
        metadata_sources_(input, DocumentPart::kMetadata),
        equality_(size_of(input)) {}

  MergedDocument run() {
    if (live_.empty()) return {};
    flag_deletes();
    if (input_.over_bound) flag("", ConflictReason::kTooManyBases);
    if (live_.size() == 1) return finish(input_.writes[live_.front()].document);
    const Content content = merge_content();
    const std::string media_type = merge_media_type();
    std::optional<Bytes> metadata = merge_metadata();
    return finish(assemble(content, media_type, std::move(metadata)));
  }

 private:
  static std::vector<std::size_t> live_versions(const MergeInput& input) {
    std::vector<std::size_t> live;
    for (const std::size_t version : input.versions) {
      if (input.writes[version].document != nullptr) live.push_back(version);
    }
    return live;
  }

  static ValueEquality::Documents size_of(const MergeInput& input) {
    std::uint64_t bytes = 0;
    for (const PathWrite& write : input.writes)
      bytes += write.document ? write.document->bytes() : 0;
    return bytes < kLargeBytes ? ValueEquality::Documents::kSmall
                               : ValueEquality::Documents::kLarge;
  }

  const Document& document(std::size_t write) const { return *input_.writes[write].document; }
  void flag(std::string field, ConflictReason reason) {
    result_.conflicts.push_back({DocumentPart::kContent, std::move(field), reason});
  }
  template <typename Has>
  bool all_live(const Has& has) const {
    return std::all_of(live_.begin(), live_.end(),
                       [&](std::size_t version) { return has(document(version)); });
  }

  /// An edit beats a delete, visibly, where the deleted document is the one that was edited.
  void flag_deletes() {
    for (const std::size_t version : input_.versions) {
      if (input_.writes[version].document != nullptr) continue;
      for (const std::size_t live : live_) {
        if (!input_.existed(version, live)) continue;
        flag("", ConflictReason::kEditAndDelete);
        return;
      }
    }
  }

  MergedDocument finish(DocumentPtr document) {
    std::vector<Conflict>& conflicts = result_.conflicts;
    std::sort(conflicts.begin(), conflicts.end());
    conflicts.erase(std::unique(conflicts.begin(), conflicts.end()), conflicts.end());
    result_.document = std::move(document);
    return std::move(result_);
  }

  /// The greatest version that has all three parts as merged, if any; else a new document.
  DocumentPtr assemble(const Content& content, const std::string& media_type,
                       std::optional<Bytes> metadata) const {
    for (auto version = live_.rbegin(); version != live_.rend(); ++version) {
      const Document& candidate = document(*version);
      const bool same = content.write
                            ? candidate.same_content(document(*content.write))
                            : !candidate.is_large() && candidate.content() == content.bytes;
      if (same && candidate.media_type() == media_type && candidate.metadata() == metadata) {
        return input_.writes[*version].document;
      }
    }
    if (content.write && document(*content.write).is_large()) {
      const Document& large = document(*content.write);
      return Document::make_large({{}, media_type, std::move(metadata)}, *large.large_id(),
                                  large.bytes());
    }
    return Document::make({content.write ? document(*content.write).content() : content.bytes,
                           media_type, std::move(metadata)});
  }

  // --- the content

  Strategy default_for_types() const {
    const Strategy first = default_strategy(document(live_.front()).media_type());
    const bool agree = all_live(
        [&](const Document& version) { return default_strategy(version.media_type()) == first; });
    return agree ? first : Strategy::kLatest;
  }

  Content merge_content() {
    if (input_.rule == nullptr) return merge_content_by(default_for_types(), nullptr);
    const Strategy strategy = input_.rule->root.strategy;
    if (strategy == Strategy::kScript) return merge_by_script();
    if (strategy == Strategy::kLatest) return by_writes_of_content(OnConflict::kTakeLatest);
    return merge_content_by(strategy, input_.rule);
  }

  /// `strategy`, or what it gives way to where it cannot work on the documents.
  Content merge_content_by(Strategy strategy, const Rule* rule) {
    if (strategy == Strategy::kLatest) return by_writes_of_content(OnConflict::kFlag);
    const bool is_text = strategy == Strategy::kText;
    if (!is_text && all_live([](const Document& version) { return version.json() != nullptr; })) {
      return merge_json(rule);
    }
    if (all_live([](const Document& version) { return version.is_text(); })) return merge_texts();
    return by_writes_of_content(OnConflict::kFlag);
  }

  static bool same_bytes(const Document& a, const Document& b, DocumentPart part) {
    return part == DocumentPart::kContent ? a.same_content(b)
                                          : metadata_text(a) == metadata_text(b);
  }
  static ByteView metadata_text(const Document& document) {
    return document.metadata() ? ByteView(*document.metadata()) : ByteView("{}");
  }

  /// The writes of the content, or of the metadata, as one field, byte by byte.
  std::vector<std::size_t> candidates_as_one_field(DocumentPart part) {
    std::vector<std::size_t> writes;
    for (const std::size_t i : live_writes_.all()) {
      const PathWrite& write = input_.writes[i];
      if (write.seen == nullptr || !same_bytes(*write.document, *write.seen, part) ||
          saw_conflict(write, part)) {
        writes.push_back(i);
      }
    }
    return live_writes_.live(writes);
  }

  /// In the part as a whole or in any field of it.
  static bool saw_conflict(const PathWrite& write, DocumentPart part) {
    const auto concerns = [part](const Conflict& conflict) {
      return conflict.part == part || !concerns_field(conflict.reason);
    };
    return write.seen_conflicts != nullptr &&
           std::any_of(write.seen_conflicts->begin(), write.seen_conflicts->end(), concerns);
  }

  enum class OnConflict { kTakeLatest, kFlag };

  Content by_writes_of_content(OnConflict on_conflict) {
    const Decision decision = decide_by_default(
        candidates_as_one_field(DocumentPart::kContent),
        [&](std::size_t a, std::size_t b) { return document(a).same_content(document(b)); });
    if (decision.conflict && on_conflict == OnConflict::kFlag) {
      flag("", ConflictReason::kBothChanged);
    }
    return {decision.write ? *decision.write : live_.back(), {}};
  }

  /// For what would be above 16 MiB when merged: as one field, and that it was is shown even where
  /// one write alone decides it.
  Content too_large_to_merge() {
    flag("", ConflictReason::kBothChanged);
    return by_writes_of_content(OnConflict::kTakeLatest);
  }

  Content merge_texts() {
    const auto text = [&](std::size_t version) -> const Bytes& {
      return document(version).content();
    };
    Bytes merged = text(live_.front());
    bool conflict = false;
    for (std::size_t i = 1; i < live_.size(); ++i) {
      const DocumentPtr& base = bases_.of(i);
      if (base != nullptr && base->is_text()) {
        MergedText step = merge_text(base->content(), merged, text(live_[i]));
        merged = std::move(step.text);
        conflict = conflict || step.conflict;
      } else {
        conflict = conflict || merged != text(live_[i]);
        merged = text(live_[i]);
      }
      if (merged.size() > kMergedBytesMax) return too_large_to_merge();
    }
    if (conflict) flag("", ConflictReason::kOverlappingLines);
    return {std::nullopt, std::move(merged)};
  }

  Content merge_json(const Rule* rule) {
    MergedFields merged = merge_fields(input_, DocumentPart::kContent, rule, live_writes_, bases_,
                                       sources_, equality_);
    std::optional<Content> content;
    if (merged.opaque_write) {
      content = {merged.opaque_write, {}};
    } else {
      content = lay_out(*merged.value);
    }
    if (!content) return too_large_to_merge();
    add(std::move(merged.conflicts));
    return std::move(*content);
  }

  void add(std::vector<Conflict> conflicts) {
    std::move(conflicts.begin(), conflicts.end(), std::back_inserter(result_.conflicts));
  }

  /// The write or version that says the same, the last written first.
  std::optional<std::size_t> says(const MergedValue& value, DocumentPart part) {
    equality_.keep(value.data());
    JsonSources& sources = part == DocumentPart::kContent ? sources_ : metadata_sources_;
    const auto says_it = [&](std::size_t write) {
      const Json* root = sources.root(write);
      return root != nullptr && equality_.equal(*root, value.data());
    };
    const std::vector<std::size_t> candidates = candidates_as_one_field(part);
    if (!candidates.empty() && says_it(candidates.back())) return candidates.back();
    const auto version = std::find_if(live_.rbegin(), live_.rend(), says_it);
    return version == live_.rend() ? std::nullopt : std::optional(*version);
  }

  /// nullopt: above 16 MiB.
  std::optional<Content> lay_out(const MergedValue& value) {
    if (const auto write = says(value, DocumentPart::kContent)) return Content{write, {}};
    Bytes text = write_merged(value, sources_.of(live_.back()));
    if (text.size() > kMergedBytesMax) return std::nullopt;
    return Content{std::nullopt, std::move(text)};
  }

  // --- scripts

  enum class Given { kValues, kTexts, kNothing };

  Given given_to_scripts() const {
    if (all_live([](const Document& version) { return version.json() != nullptr; })) {
      return Given::kValues;
    }
    if (all_live([](const Document& version) { return version.is_text(); })) return Given::kTexts;
    return Given::kNothing;
  }

  static std::optional<Json> argument(const DocumentPtr& document, Given given) {
    if (document == nullptr) return std::nullopt;
    if (given == Given::kTexts) {
      if (!document->is_text()) return std::nullopt;
      return Json::string(document->content());
    }
    if (document->json() == nullptr) return std::nullopt;
    return *document->json();
  }

  ScriptSide side(std::size_t version) const {
    const PathWrite& write = input_.writes[version];
    return {write.clock, write.author, write.commit};
  }

  Content merge_by_script() {
    const Given given = given_to_scripts();
    if (given == Given::kNothing) return merge_content_by(default_for_types(), nullptr);
    std::optional<Json> merged = argument(input_.writes[live_.front()].document, given);
    for (std::size_t i = 1; i < live_.size() && merged; ++i) {
      const std::optional<Json> base = argument(bases_.of(i), given);
      const std::optional<Json> right = argument(input_.writes[live_[i]].document, given);
      merged = run_script({input_.path, base ? &*base : nullptr, &*merged, &*right,
                           side(live_[i - 1]), side(live_[i])},
                          given);
      if (merged && given == Given::kTexts && merged->as_string().size() > kMergedBytesMax) {
        return too_large_to_merge();
      }
    }
    if (!merged) {
      flag("", ConflictReason::kScriptFailed);
      return merge_content_by(default_for_types(), nullptr);
    }
    std::optional<Content> content;
    if (given == Given::kTexts) {
      content = {std::nullopt, Bytes(merged->as_string())};
    } else {
      std::vector<const Json*> roots;
      for (const std::size_t version : live_) roots.push_back(sources_.root(version));
      content = lay_out(modelled(*merged, roots));
    }
    if (!content) return too_large_to_merge();
    for (std::string& field : by_script_) flag(std::move(field), ConflictReason::kBothChanged);
    return std::move(*content);
  }

  /// What a script returned, its containers laid out like those of the versions in their places.
  MergedValue modelled(const Json& value, const std::vector<const Json*>& places) {
    if (!value.is_container()) return MergedValue(value);
    std::optional<MergedValue> model;
    for (std::size_t i = places.size(); i-- > 0 && !model;) {
      if (places[i] != nullptr && places[i]->kind() == value.kind()) {
        model.emplace(*places[i], sources_.of(live_[i]));
      }
    }
    const MergedValue* found = model ? &*model : nullptr;
    if (value.is_array()) {
      std::vector<MergedValue> items;
      for (const Json& item : value.items()) items.emplace_back(item);
      return MergedValue::array(std::move(items), found);
    }
    std::vector<MergedValue::Member> members;
    for (const core::JsonMember& member : value.members()) {
      std::vector<const Json*> below;
      for (const Json* place : places) below.push_back(finder_.value(place, member.key()));
      members.push_back({MergedValue(member.name), modelled(member.value, below)});
    }
    return MergedValue::object(std::move(members), found);
  }

  std::optional<Json> run_script(const ScriptStep& step, Given given) {
    ScriptAnswer answer;
    if (input_.script == nullptr) {
      answer.failure = {"missing", "there is no script " + input_.rule->script};
    } else {
      answer = input_.script->run(*input_.rule, step);
    }
    if (answer.value && given == Given::kTexts && !answer.value->is_string()) {
      answer.value.reset();
      answer.failure = {"not_a_string", "for texts, the script must return a string"};
    }
    if (!answer.value) {
      result_.script = std::move(answer.failure);
      return std::nullopt;
    }
    std::move(answer.conflicts.begin(), answer.conflicts.end(), std::back_inserter(by_script_));
    return std::move(answer.value);
  }

  // --- the rest

  std::string merge_media_type() {
    const std::string& last = document(live_.back()).media_type();
    if (all_live([&](const Document& version) { return version.media_type() == last; })) {
      return last;
    }
    std::vector<std::size_t> writes;
    for (const std::size_t i : live_writes_.all()) {
      const PathWrite& write = input_.writes[i];
      if (write.seen == nullptr || write.seen->media_type() != write.document->media_type() ||
          saw_conflict(write, DocumentPart::kMediaType)) {
        writes.push_back(i);
      }
    }
    const Decision decision =
        decide_by_default(live_writes_.live(writes), [&](std::size_t a, std::size_t b) {
          return document(a).media_type() == document(b).media_type();
        });
    if (decision.conflict) {
      result_.conflicts.push_back({DocumentPart::kMediaType, "", ConflictReason::kBothChanged});
    }
    return decision.write ? document(*decision.write).media_type() : last;
  }

  std::optional<Bytes> merge_metadata() {
    const std::optional<Bytes>& last = document(live_.back()).metadata();
    if (all_live([&](const Document& version) { return version.metadata() == last; })) {
      const Json* same = metadata_sources_.root(live_.back());
      return same != nullptr && same->is_object() && same->size() == 0 ? std::nullopt : last;
    }
    MergedFields merged = merge_fields(input_, DocumentPart::kMetadata, nullptr, live_writes_,
                                       bases_, metadata_sources_, equality_);
    std::optional<Bytes> metadata = last;
    if (merged.opaque_write) {
      metadata = document(*merged.opaque_write).metadata();
    } else if (merged.value) {
      metadata = lay_out_metadata(*merged.value);
    }
    if (merged.value && metadata && metadata->size() > kMergedBytesMax) {
      merged.conflicts = {{DocumentPart::kMetadata, "", ConflictReason::kBothChanged}};
      const auto writes = candidates_as_one_field(DocumentPart::kMetadata);
      metadata = document(writes.empty() ? live_.back() : writes.back()).metadata();
    }
    add(std::move(merged.conflicts));
    return metadata;
  }

  std::optional<Bytes> lay_out_metadata(const MergedValue& value) {
    if (value.data().is_object() && value.data().size() == 0) return std::nullopt;
    if (const auto write = says(value, DocumentPart::kMetadata)) {
      return document(*write).metadata();
    }
    return write_merged(value, metadata_sources_.of(live_.back()));
  }

  const MergeInput& input_;
  LiveWrites live_writes_;
  Bases bases_;
  const std::vector<std::size_t>& live_;
  JsonSources sources_, metadata_sources_;
  ValueEquality equality_;
  MemberFinder finder_;
  std::vector<std::string> by_script_;  // fields that a script put in conflict
  MergedDocument result_;
};

void check(const MergeInput& input) {
  const auto fail = [](const char* problem) {
    throw Error(ErrorCode::kInvalid, "merge input: " + std::string(problem));
  };
  if (input.sight.writes() != input.writes.size()) fail("'sight' is not of all writes");
  const auto order = [](const PathWrite& a, const PathWrite& b) {
    return std::tie(a.clock, a.writer, a.commit) < std::tie(b.clock, b.writer, b.commit);
  };
  if (!std::is_sorted(input.writes.begin(), input.writes.end(), order)) fail("not in fold order");
  for (std::size_t i = 0; i < input.versions.size(); ++i) {
    if (input.versions[i] >= input.writes.size()) fail("a version that is no write");
    if (i > 0 && input.versions[i - 1] >= input.versions[i]) fail("versions are not ascending");
  }
}

}  // namespace

std::string_view reason_name(ConflictReason reason) {
  switch (reason) {
    case ConflictReason::kBothChanged:
      return "both-changed";
    case ConflictReason::kEditAndDelete:
      return "edit-and-delete";
    case ConflictReason::kOverlappingLines:
      return "overlapping-lines";
    case ConflictReason::kTooManyBases:
      return "too-many-bases";
    case ConflictReason::kScriptFailed:
      return "script-failed";
  }
  return "unknown";
}

bool concerns_field(ConflictReason reason) {
  return reason == ConflictReason::kBothChanged || reason == ConflictReason::kOverlappingLines;
}

MergedDocument merge_document(const MergeInput& input) {
  check(input);
  return DocumentMerge(input).run();
}

MergedDocument merge_files(const FileMerge& files) {
  MergeInput input;
  input.path = files.path;
  input.rule = files.rule;
  input.script = files.script;
  const std::size_t first = files.base == nullptr ? 0 : 1;
  if (files.base != nullptr) input.writes.push_back({.document = files.base});
  std::vector<DocumentPtr> versions{files.left, files.right};
  versions.insert(versions.end(), files.more.begin(), files.more.end());
  for (const DocumentPtr& version : versions) {
    const HybridTime clock{input.writes.size()};
    input.versions.push_back(input.writes.size());
    input.writes.push_back({.clock = clock, .document = version, .seen = files.base});
  }
  input.sight = Sight(input.writes.size());
  for (const std::size_t version : input.versions) {
    if (first == 1) input.sight.set(version, 0);
  }
  input.base = [&files](const std::vector<std::size_t>&, std::size_t) { return files.base; };
  input.existed = [&files](std::size_t, std::size_t) { return files.base != nullptr; };
  return merge_document(input);
}

}  // namespace isodb::merge
