#include "merge/blame.h"

#include <optional>

#include "core/json.h"
#include "core/json_pointer.h"
#include "core/json_writer.h"
#include "merge/json_alignment.h"
#include "merge/line_diff.h"

namespace isodb::merge {

using core::Json;

namespace {

/// The versions of a value's parts: its own where it is a leaf, else those of its children, in
/// their order.
struct FieldVersions {
  std::size_t version = 0;
  std::vector<FieldVersions> children;
};

const Json& child_of(const Json& value, std::size_t index) {
  return value.is_array() ? value.items()[index] : value.members()[index].value;
}

FieldVersions all_of(const Json& value, std::size_t version) {
  FieldVersions versions{version, {}};
  versions.children.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    versions.children.push_back(all_of(child_of(value, i), version));
  }
  return versions;
}

/// The versions of `after`'s parts, given those of `before`'s and that `version` made the change.
FieldVersions carry_over(const Json& before, FieldVersions& old, const Json& after,
                         std::size_t version, ValueSymbols& symbols) {
  const bool same_kind = before.kind() == after.kind();
  if (!same_kind || !after.is_container() || after.size() == 0 || before.size() == 0) {
    return before == after ? std::move(old) : all_of(after, version);
  }
  FieldVersions versions{version, std::vector<FieldVersions>(after.size())};
  const auto pairs = after.is_array() ? pair_items(before.items(), after.items(), symbols)
                                      : pair_members(before.members(), after.members());
  for (const ItemPair& pair : pairs) {
    if (!pair.after) continue;
    const Json& now = child_of(after, *pair.after);
    versions.children[*pair.after] =
        pair.before ? carry_over(child_of(before, *pair.before), old.children[*pair.before], now,
                                 version, symbols)
                    : all_of(now, version);
  }
  return versions;
}

class PartList {
 public:
  void add(const Json& value, const FieldVersions& versions) {
    if (value.size() == 0) {
      parts_.push_back({pointer_, core::write_json(value), versions.version});
      return;
    }
    const std::size_t bytes = pointer_.size();
    for (std::size_t i = 0; i < value.size(); ++i) {
      core::append_pointer_token(pointer_,
                                 value.is_array() ? std::to_string(i) : value.members()[i].key());
      add(child_of(value, i), versions.children[i]);
      pointer_.resize(bytes);
    }
  }
  std::vector<BlamedPart> take() { return std::move(parts_); }

 private:
  std::string pointer_;
  std::vector<BlamedPart> parts_;
};

}  // namespace

struct BlameTracker::Impl {
  struct Fields {
    Json document;
    FieldVersions versions;
  };
  struct Lines {
    Bytes document;
    std::vector<std::size_t> versions;
  };

  void add_fields(const Json& document, std::size_t version) {
    lines.reset();
    ValueSymbols symbols;
    fields = Fields{document, fields ? carry_over(fields->document, fields->versions, document,
                                                  version, symbols)
                                     : all_of(document, version)};
  }

  void add_lines(ByteView document, std::size_t version) {
    fields.reset();
    const Lines old = lines ? std::move(*lines) : Lines{};
    const auto before = split_lines(old.document), after = split_lines(document);
    Lines now{Bytes(document), {}};
    std::size_t at = 0;  // in the old lines
    for (const ChangedRange& change : diff_lines(before, after)) {
      while (at < change.before_begin) now.versions.push_back(old.versions[at++]);
      now.versions.resize(change.after_end, version);
      at = change.before_end;
    }
    while (at < before.size()) now.versions.push_back(old.versions[at++]);
    lines = std::move(now);
  }

  BlameUnit unit = BlameUnit::kLines;
  std::optional<Fields> fields;
  std::optional<Lines> lines;
};

BlameTracker::BlameTracker(BlameUnit unit) : impl_(std::make_unique<Impl>()) {
  impl_->unit = unit;
}
BlameTracker::~BlameTracker() = default;
BlameTracker::BlameTracker(BlameTracker&&) noexcept = default;
BlameTracker& BlameTracker::operator=(BlameTracker&&) noexcept = default;

void BlameTracker::add_version(ByteView document, std::size_t version) {
  if (impl_->unit == BlameUnit::kFields) {
    try {
      const core::ExaminedJson examined = core::examine_json(document);
      if (!examined.defect) {
        impl_->add_fields(examined.value, version);
        return;
      }
    } catch (const core::JsonError&) {
      // Not JSON: followed by lines.
    }
  }
  impl_->add_lines(document, version);
}

void BlameTracker::add_absence() {
  impl_->fields.reset();
  impl_->lines.reset();
}

std::vector<BlamedPart> BlameTracker::parts() const {
  if (impl_->fields) {
    PartList list;
    list.add(impl_->fields->document, impl_->fields->versions);
    return list.take();
  }
  std::vector<BlamedPart> parts;
  if (!impl_->lines) return parts;
  const auto lines = split_lines(impl_->lines->document);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ByteView line = lines[i];
    if (line.ends_with('\n')) line.remove_suffix(1);
    parts.push_back({std::to_string(i + 1), Bytes(line), impl_->lines->versions[i]});
  }
  return parts;
}

}  // namespace isodb::merge
