#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "merge/document_merge.h"

namespace isodb::testing {

inline merge::DocumentPtr json_document(ByteView content) {
  return merge::Document::make({Bytes(content), "application/json", std::nullopt});
}
inline merge::DocumentPtr text_document(ByteView content) {
  return merge::Document::make({Bytes(content), "text/plain", std::nullopt});
}

/// "/a both-changed, /b both-changed"; parts other than the content are named.
inline std::string conflicts_text(const std::vector<merge::Conflict>& conflicts) {
  std::string text;
  for (const merge::Conflict& conflict : conflicts) {
    if (!text.empty()) text += ", ";
    if (conflict.part == merge::DocumentPart::kMediaType) text += "media-type ";
    if (conflict.part == merge::DocumentPart::kMetadata) text += "metadata ";
    text += conflict.field.empty() ? "whole" : conflict.field;
    text += " " + std::string(merge::reason_name(conflict.reason));
  }
  return text;
}

/// A history of one path, write by write in fold order. What authors saw and the bases are given,
/// not computed.
class WrittenPath {
 public:
  struct Seen {
    merge::DocumentPtr document;
    std::vector<merge::Conflict> conflicts = {};
  };
  /// `sees`: indexes of all writes that this one sees. nullptr as document deletes.
  std::size_t write(merge::DocumentPtr document, const Seen& seen, std::vector<std::size_t> sees) {
    merge::PathWrite write;
    write.clock.value = writes_.size() + 1;
    write.document = std::move(document);
    write.seen = seen.document;
    conflicts_.push_back(seen.conflicts);
    write.seen_conflicts = &conflicts_.back();
    writes_.push_back(write);
    sees_.push_back(std::move(sees));
    return writes_.size() - 1;
  }

  /// `bases`: of each step, or one for all.
  merge::MergedDocument merge(std::vector<std::size_t> versions,
                              std::vector<merge::DocumentPtr> bases,
                              const merge::Rule* rule = nullptr,
                              merge::ScriptRunner* script = nullptr) const {
    merge::MergeInput input;
    input.path = "a.json";
    input.writes = writes_;
    input.sight = merge::Sight(writes_.size());
    for (std::size_t a = 0; a < sees_.size(); ++a) {
      for (const std::size_t b : sees_[a]) input.sight.set(a, b);
    }
    input.versions = std::move(versions);
    input.base = [&](const std::vector<std::size_t>& left, std::size_t) {
      return bases.size() == 1 ? bases.front() : bases.at(left.size() - 1);
    };
    input.existed = [&](std::size_t, std::size_t) { return bases.front() != nullptr; };
    input.rule = rule;
    input.script = script;
    return merge_document(input);
  }

 private:
  std::vector<merge::PathWrite> writes_;
  std::vector<std::vector<std::size_t>> sees_;
  std::deque<std::vector<merge::Conflict>> conflicts_;
};

}  // namespace isodb::testing
