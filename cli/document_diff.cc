#include "cli/document_diff.h"

#include <algorithm>

#include "cli/text.h"
#include "core/json.h"
#include "core/json_writer.h"
#include "core/utf8.h"
#include "merge/json_diff.h"
#include "merge/line_diff.h"

namespace isodb::cli {
namespace {

using merge::JsonChange;

/// What two versions of a document differ in, as deep as one can look.
struct Comparison {
  enum class Kind { kJson, kText, kBinary, kNotHeld };
  Kind kind = Kind::kBinary;
  std::optional<core::Json> json_before, json_after;
  std::vector<JsonChange> fields;    // kJson, with both versions there
  std::string hunks;                 // kText, and kJson with one version
  std::vector<JsonChange> metadata;  // fields beside the document
  std::optional<Error> not_held;     // kNotHeld: why; it may be erased
};

std::optional<core::Json> value_of(const Entry& entry, ByteView document) {
  if (!media_type_is_json(entry.media_type)) return std::nullopt;
  try {
    core::ExaminedJson examined = core::examine_json(document);
    if (!examined.defect) return std::move(examined.value);
  } catch (const core::JsonError&) {
    // Stored as JSON and none: compared by lines.
  }
  return std::nullopt;
}

bool is_text(ByteView document) {
  return document.find('\0') == ByteView::npos && core::is_utf8(document);
}

std::optional<Id> content_of(const std::optional<Entry>& entry) {
  if (!entry) return std::nullopt;
  return entry->content;
}

bool is_small(const std::optional<Entry>& entry) {
  return !entry || entry->size <= kDiffBytesMax;
}

/// True when nothing but the commit that wrote the document differs.
bool is_rewrite_only(const Difference& difference) {
  if (!difference.before && !difference.after) return true;  // staged and taken back
  if (!difference.before || !difference.after) return false;
  const Entry &a = *difference.before, &b = *difference.after;
  return a.content == b.content && a.media_type == b.media_type && a.metadata == b.metadata &&
         (a.flags & kFlagConflict) == (b.flags & kFlagConflict);
}

std::string size_text(const std::optional<Entry>& entry) {
  return entry ? human_bytes(entry->size) : "nothing";
}

std::string value_text(const core::Json& value) {
  constexpr std::size_t kBytesMax = 200;
  std::string text = core::write_json(value, {.escapes = core::JsonEscapes::kTerminal});
  if (text.size() <= kBytesMax) return text;
  std::size_t end = kBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "… (" + human_bytes(text.size()) + ")";
}

std::vector<JsonObject> fields_json(const std::vector<JsonChange>& changes) {
  std::vector<JsonObject> fields;
  for (const JsonChange& change : changes) {
    JsonObject field;
    field.string("pointer", change.pointer);
    if (change.before) field.raw("before", core::write_json(*change.before));
    if (change.after) field.raw("after", core::write_json(*change.after));
    fields.push_back(field);
  }
  return fields;
}

struct LineCounts {
  std::uint64_t added = 0, removed = 0;
};

LineCounts count_lines(ByteView hunks) {
  LineCounts counts;
  for (const ByteView line : merge::split_lines(hunks)) {
    if (line.starts_with('+')) ++counts.added;
    if (line.starts_with('-')) ++counts.removed;
  }
  return counts;
}

}  // namespace

void DiffFormOptions::declare(Options& options) {
  options.flag("--stat", stat, "a line a document with how much changed, and a sum");
  options.flag("--name-only", names, "only the paths");
}

DiffForm DiffFormOptions::form() const {
  if (int{stat} + int{names} + int{patch} > 1) {
    throw Error(ErrorCode::kInvalid, "only one of --stat, --name-only and --patch can be given");
  }
  if (stat) return DiffForm::kStat;
  if (names) return DiffForm::kNames;
  return patch ? DiffForm::kPatch : DiffForm::kFull;
}

std::string_view change_word(const Difference& difference) {
  if (!difference.before) return "added";
  return difference.after ? "changed" : "removed";
}

void add_change(JsonObject& object, const Difference& difference) {
  object.string("path", difference.path)
      .string("change", change_word(difference))
      .id("before", content_of(difference.before))
      .id("after", content_of(difference.after));
}

ReadDocument reader_of(const Snapshot& snapshot) {
  return [snapshot](const std::string& path, const Entry&) {
    return snapshot.get(path).value_or(Bytes());
  };
}

std::vector<std::string> changed_fields(const Entry& before, ByteView document_before,
                                        const Entry& after, ByteView document_after) {
  std::vector<std::string> pointers;
  if (before.size > kDiffBytesMax || after.size > kDiffBytesMax) return pointers;
  const std::optional<core::Json> older = value_of(before, document_before);
  const std::optional<core::Json> newer = value_of(after, document_after);
  if (!older || !newer) return pointers;
  for (JsonChange& change : merge::diff_json(*older, *newer)) {
    pointers.push_back(std::move(change.pointer));
  }
  return pointers;
}

struct DifferencePrinter::Impl {
  Context& context;
  const Repository& repository;
  const DiffForm form;
  const ReadDocument read_before, read_after;
  std::uint64_t added = 0, changed = 0, removed = 0;

  Comparison compare(const Difference& difference) const;
  Comparison compare_inside(const Difference& difference) const;
  std::vector<JsonChange> compare_metadata(const Difference& difference) const;
  core::Json patch_of(const Difference& difference, const Comparison& comparison) const;

  void print_json(const Difference& difference) const;
  void print_heading(const Difference& difference) const;
  void print_fields(const std::vector<JsonChange>& changes) const;
  void print_hunks(const Difference& difference, ByteView hunks) const;
  void print_full(const Difference& difference) const;
  void print_stat(const Difference& difference) const;
  void print_patch(const Difference& difference) const;
  void print_text(const Difference& difference) const;
};

Comparison DifferencePrinter::Impl::compare(const Difference& difference) const {
  try {
    return compare_inside(difference);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotHeld && error.code() != ErrorCode::kErased) throw;
    Comparison result;
    result.kind = Comparison::Kind::kNotHeld;
    result.not_held = error;
    return result;
  }
}

Comparison DifferencePrinter::Impl::compare_inside(const Difference& difference) const {
  Comparison result;
  result.metadata = compare_metadata(difference);
  const auto &before = difference.before, &after = difference.after;
  if (!is_small(before) || !is_small(after)) return result;
  const Bytes old = before ? read_before(difference.path, *before) : Bytes();
  const Bytes now = after ? read_after(difference.path, *after) : Bytes();
  if (before) result.json_before = value_of(*before, old);
  if (after) result.json_after = value_of(*after, now);
  if (result.json_before && result.json_after) {
    result.kind = Comparison::Kind::kJson;
    result.fields = merge::diff_json(*result.json_before, *result.json_after);
  } else if (is_text(old) && is_text(now)) {
    const bool json = result.json_before.has_value() != result.json_after.has_value() &&
                      before.has_value() != after.has_value();
    result.kind = json ? Comparison::Kind::kJson : Comparison::Kind::kText;
    result.hunks = merge::unified_diff(old, now);
  }
  return result;
}

std::vector<JsonChange> DifferencePrinter::Impl::compare_metadata(
    const Difference& difference) const {
  const auto fields_of = [this](const std::optional<Entry>& entry) {
    if (!entry || !entry->metadata) return core::Json::object();
    return core::examine_json(repository.object(*entry->metadata)).value;
  };
  return merge::diff_json(fields_of(difference.before), fields_of(difference.after));
}

core::Json DifferencePrinter::Impl::patch_of(const Difference& difference,
                                             const Comparison& comparison) const {
  if (!difference.before || !difference.after) {
    throw Error(ErrorCode::kInvalid, difference.path + " was " +
                                         std::string(change_word(difference)) +
                                         ", and a JSON Patch needs both versions");
  }
  if (comparison.not_held) throw Error(*comparison.not_held);
  if (!comparison.json_before || !comparison.json_after) {
    throw Error(ErrorCode::kInvalid, difference.path + " is no JSON in both versions",
                "leave out --patch to see how it differs");
  }
  return merge::make_json_patch(*comparison.json_before, *comparison.json_after);
}

void DifferencePrinter::Impl::print_json(const Difference& difference) const {
  JsonObject object;
  add_change(object, difference);
  if (form == DiffForm::kNames) {
    context.print(object);
    return;
  }
  const Comparison comparison = compare(difference);
  const Entry& entry = difference.after ? *difference.after : *difference.before;
  object.string("type", entry.media_type);
  object.number("size_before", difference.before ? difference.before->size : 0);
  object.number("size_after", difference.after ? difference.after->size : 0);
  const bool both = difference.before && difference.after;
  const bool json = comparison.kind == Comparison::Kind::kJson;
  const bool text = comparison.kind == Comparison::Kind::kText;
  std::string kind = json ? "json" : text ? "text" : "binary";
  // "not_held" or "erased"
  if (comparison.not_held) kind = error_code_name(comparison.not_held->code());
  object.string("kind", kind);
  if (form == DiffForm::kStat) {
    const LineCounts lines = count_lines(comparison.hunks);
    if (json && both) object.number("fields_changed", comparison.fields.size());
    if (text || !comparison.hunks.empty()) {
      object.number("lines_added", lines.added).number("lines_removed", lines.removed);
    }
  } else if (form == DiffForm::kPatch && json && both) {
    object.raw("patch", core::write_json(patch_of(difference, comparison)));
  } else if (json && both) {
    object.objects("fields", fields_json(comparison.fields));
  } else if (json) {
    const JsonChange whole{"", comparison.json_before, comparison.json_after};
    object.objects("fields", fields_json({whole}));
  } else if (text) {
    object.string("hunks", comparison.hunks);
  }
  if (!comparison.metadata.empty()) object.objects("metadata", fields_json(comparison.metadata));
  context.print(object);
}

void DifferencePrinter::Impl::print_heading(const Difference& difference) const {
  const bool is_new = !difference.before, is_gone = !difference.after;
  const Style style = is_new ? Style::kGreen : is_gone ? Style::kRed : Style::kYellow;
  const std::string mark = is_new ? "A " : is_gone ? "D " : "M ";
  context.out() << context.paint(style, mark + difference.path) << "\n";
}

void DifferencePrinter::Impl::print_fields(const std::vector<JsonChange>& changes) const {
  for (const JsonChange& change : changes) {
    const std::string place = change.pointer.empty() ? "(all)" : printable(change.pointer);
    if (!change.before) {
      context.out() << context.paint(Style::kGreen,
                                     "  + " + place + "  " + value_text(*change.after));
    } else if (!change.after) {
      context.out() << context.paint(Style::kRed,
                                     "  - " + place + "  " + value_text(*change.before));
    } else {
      context.out() << "  ~ " << place << "  "
                    << context.paint(Style::kRed, value_text(*change.before)) << " -> "
                    << context.paint(Style::kGreen, value_text(*change.after));
    }
    context.out() << "\n";
  }
}

void DifferencePrinter::Impl::print_hunks(const Difference& difference, ByteView hunks) const {
  if (hunks.empty()) return;
  const auto name = [&](const char* side, const std::optional<Entry>& entry) {
    return entry ? side + difference.path : "/dev/null";
  };
  context.out() << "--- " << name("a/", difference.before) << "\n"
                << "+++ " << name("b/", difference.after) << "\n";
  for (ByteView line : merge::split_lines(hunks)) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    Style style = Style::kPlain;
    if (line.starts_with("@@")) style = Style::kCyan;
    if (line.starts_with('+')) style = Style::kGreen;
    if (line.starts_with('-')) style = Style::kRed;
    context.out() << context.paint(style, printable(line)) << "\n";
  }
}

void DifferencePrinter::Impl::print_full(const Difference& difference) const {
  print_heading(difference);
  const Comparison comparison = compare(difference);
  const auto &before = difference.before, &after = difference.after;
  if (before && after && before->media_type != after->media_type) {
    context.out() << "  type: " << printable(before->media_type) << " -> "
                  << printable(after->media_type) << "\n";
  }
  if (!comparison.metadata.empty()) {
    context.out() << "  fields beside the document:\n";
    print_fields(comparison.metadata);
  }
  if (before && after && before->content == after->content) return;
  if (!comparison.hunks.empty()) {
    print_hunks(difference, comparison.hunks);
  } else if (!comparison.fields.empty()) {
    print_fields(comparison.fields);
  } else if (comparison.kind == Comparison::Kind::kJson) {
    context.out() << "  only the layout differs\n";
  } else if (comparison.kind == Comparison::Kind::kNotHeld) {
    context.out() << "  not held by this copy: " << size_text(before) << " -> " << size_text(after)
                  << "\n";
  } else if (comparison.kind == Comparison::Kind::kBinary) {
    const bool large = !is_small(before) || !is_small(after);
    context.out() << (large ? "  too large to compare inside: " : "  binary: ") << size_text(before)
                  << " -> " << size_text(after) << "\n";
  }
}

void DifferencePrinter::Impl::print_stat(const Difference& difference) const {
  const Comparison comparison = compare(difference);
  std::string much;
  if (!comparison.hunks.empty()) {
    const LineCounts lines = count_lines(comparison.hunks);
    much = context.paint(Style::kGreen, "+" + grouped(lines.added)) + " " +
           context.paint(Style::kRed, "-" + grouped(lines.removed)) + " lines";
  } else if (comparison.kind == Comparison::Kind::kJson) {
    much = counted(comparison.fields.size(), "field");
  } else {
    much = size_text(difference.before) + " -> " + size_text(difference.after);
  }
  const std::string mark = !difference.before ? "A " : !difference.after ? "D " : "M ";
  context.out() << mark << difference.path << "  " << much << "\n";
}

void DifferencePrinter::Impl::print_patch(const Difference& difference) const {
  const core::Json patch = patch_of(difference, compare(difference));
  context.out() << "[";
  for (std::size_t i = 0; i < patch.size(); ++i) {
    context.out() << (i > 0 ? ",\n  " : "\n  ") << core::write_json(patch.items()[i]);
  }
  context.out() << (patch.size() > 0 ? "\n]\n" : "]\n");
}

void DifferencePrinter::Impl::print_text(const Difference& difference) const {
  switch (form) {
    case DiffForm::kFull:
      print_full(difference);
      break;
    case DiffForm::kStat:
      print_stat(difference);
      break;
    case DiffForm::kNames:
      context.out() << difference.path << "\n";
      break;
    case DiffForm::kPatch:
      print_patch(difference);
      break;
  }
}

DifferencePrinter::DifferencePrinter(Context& context, const Repository& repository, DiffForm form,
                                     ReadDocument read_before, ReadDocument read_after)
    : impl_(new Impl{context, repository, form, std::move(read_before), std::move(read_after)}) {}

DifferencePrinter::~DifferencePrinter() = default;

void DifferencePrinter::print(const Difference& difference) {
  if (is_rewrite_only(difference)) return;
  ++(!difference.before ? impl_->added : !difference.after ? impl_->removed : impl_->changed);
  if (impl_->context.json()) {
    impl_->print_json(difference);
  } else {
    impl_->print_text(difference);
  }
}

void DifferencePrinter::finish() {
  if (impl_->form != DiffForm::kStat || impl_->context.json()) return;
  impl_->context.out() << counted(impl_->changed, "document") << " changed, "
                       << grouped(impl_->added) << " added, " << grouped(impl_->removed)
                       << " removed\n";
}

std::uint64_t DifferencePrinter::count() const {
  return impl_->added + impl_->changed + impl_->removed;
}

}  // namespace isodb::cli
