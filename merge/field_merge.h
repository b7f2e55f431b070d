#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "merge/document_merge.h"
#include "merge/live_writes.h"
#include "merge/merged_value.h"
#include "merge/rules.h"

namespace isodb::merge {

/// The bases of a fold's steps, each asked for once. One thread at a time.
class Bases {
 public:
  Bases(const MergeInput& input, std::vector<std::size_t> live)
      : input_(input), live_(std::move(live)), known_(live_.size()) {}

  /// Of the step that brings in live version `step`, from 1; nullptr: p was not there.
  const DocumentPtr& of(std::size_t step);
  const std::vector<std::size_t>& live() const { return live_; }

 private:
  const MergeInput& input_;
  std::vector<std::size_t> live_;
  std::vector<std::optional<DocumentPtr>> known_;
};

/// What a part of a document merged to: a value, or, where the root field was decided for a write
/// whose document is not JSON, that write. Neither: none.
struct MergedFields {
  MaybeValue value;
  std::optional<std::size_t> opaque_write;
  std::vector<Conflict> conflicts;
};

/// Merges the content or the metadata of versions as JSON, field by field (docs/merge.md, "json").
/// What comes out borrows the input's documents and the `sources`. The part of every live version
/// is a JSON document.
class JsonSources;
MergedFields merge_fields(const MergeInput& input, DocumentPart part, const Rule* rule,
                          LiveWrites& live_writes, Bases& bases, JsonSources& sources,
                          ValueEquality& equality);

/// The texts that merged values come from: one for each write's document. Stays where it is.
class JsonSources {
 public:
  JsonSources(const MergeInput& input, DocumentPart part)
      : input_(input), part_(part), sources_(input.writes.size()) {}

  /// What the document of `write` says; nullptr where it is not JSON.
  const core::Json* root(std::size_t write) { return json_of(*input_.writes[write].document); }
  const core::Json* json_of(const Document& document) const {
    return part_ == DocumentPart::kMetadata ? document.metadata_json() : document.json();
  }
  const JsonSource& of(std::size_t write);

 private:
  const MergeInput& input_;
  DocumentPart part_;
  std::vector<JsonSource> sources_;
};

}  // namespace isodb::merge
