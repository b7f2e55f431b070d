#include "exchange/git_export.h"

#include <algorithm>
#include <tuple>

#include "core/json.h"
#include "exchange/git_exporter.h"
#include "exchange/git_names.h"
#include "isodb/commit.h"
#include "isodb/erase.h"

namespace isodb::exchange {
namespace {

constexpr std::size_t kAttributesMax = 100'000;
constexpr unsigned kTagDepthMax = 64;

bool is_hex_id(ByteView text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == ByteView::npos;
}

/// A line of origin that git would take; nullopt where a commit has none such.
std::optional<ByteView> ident_of(const Commit& commit, std::string_view field) {
  const std::optional<ByteView> line = commit.origin_field(field);
  return line && git_time(*line) ? line : std::nullopt;
}

bool is_folder(const Snapshot& snapshot, const std::string& path) {
  return snapshot.documents(path + "/").valid();
}

bool is_from_git(const Commit& commit) {
  return commit.origin_field("system") == ByteView("git") && ident_of(commit, "committer");
}

}  // namespace

GitExportReport GitExporter::run() {
  leaves_root_out_ = root_is_left_out();
  erased_ = erased_contents(repository_);
  choose_refs();
  collect();
  name_commits();
  sink_ << "feature done\n";
  std::vector<Number> order(nodes_.size());
  for (Number i = 0; i < order.size(); ++i) order[i] = i;
  // A commit's clock is above its parents', so this order has parents before children.
  std::sort(order.begin(), order.end(), [&](Number a, Number b) {
    return std::tie(nodes_[a].clock, nodes_[a].id) < std::tie(nodes_[b].clock, nodes_[b].id);
  });
  for (const Number number : order) {
    write_commit(nodes_[number]);
    ++report_.commits;
    if (options_.progress) options_.progress({"writing", report_.commits, order.size()});
  }
  for (ExportedRef& ref : refs_) write_ref(ref);
  sink_ << "done\n";
  sink_.flush();
  report_.bytes = sink_.bytes();
  for (const auto& [what, problem] : skipped_) report_.skipped.push_back({what, problem});
  return std::move(report_);
}

void GitExporter::unsupported(const std::string& what, const std::string& problem) {
  if (!options_.skip_unsupported) {
    throw Error(ErrorCode::kUnsupported, "git cannot hold " + what + ": it " + problem,
                "with --skip-unsupported it is left out");
  }
  if (skipped_.size() < kSkippedReported) skipped_.emplace(what, problem);
}

// What is written

bool GitExporter::root_is_left_out() const {
  const DocumentCursor after_governed =
      repository_.snapshot_of(repository_.id()).documents({}, ".isodb0");
  const DocumentCursor first = repository_.snapshot_of(repository_.id()).documents();
  return !after_governed.valid() && (!first.valid() || is_governed(first.path()));
}

void GitExporter::choose_refs() {
  std::vector<RefInfo> all = repository_.refs();
  if (options_.refs.empty()) {
    for (const RefInfo& info : all) add_ref(info);
  }
  for (const std::string& wanted : options_.refs) {
    const auto found = [&](const std::string& name) {
      return std::find_if(all.begin(), all.end(),
                          [&](const RefInfo& info) { return info.name == name; });
    };
    auto info = all.end();
    for (const char* prefix : {"", "heads/", "tags/"}) {
      if (info == all.end()) info = found(prefix + wanted);
    }
    if (info == all.end()) {
      throw Error(ErrorCode::kNotFound, "there is no ref '" + printable(wanted) + "'",
                  "'isodb ref list' shows all refs");
    }
    add_ref(*info);
  }
  std::sort(refs_.begin(), refs_.end(),
            [](const ExportedRef& a, const ExportedRef& b) { return a.name < b.name; });
  const auto same = [](const ExportedRef& a, const ExportedRef& b) { return a.name == b.name; };
  refs_.erase(std::unique(refs_.begin(), refs_.end(), same), refs_.end());
  for (std::size_t i = 0; i < refs_.size(); ++i) {
    const std::string folder = refs_[i].git_name + "/";
    const bool is_folder = std::any_of(refs_.begin(), refs_.end(), [&](const ExportedRef& other) {
      return other.git_name.starts_with(folder);
    });
    if (!is_folder) continue;
    unsupported("the ref " + refs_[i].name, "is the folder of another ref");
    refs_.erase(refs_.begin() + static_cast<std::ptrdiff_t>(i--));
  }
}

void GitExporter::add_ref(const RefInfo& info) {
  const std::optional<std::string> git_name = ref_to_git(info.name);
  if (!git_name) return unsupported("the ref " + info.name, "has a name that git refuses");
  if (info.type != ObjectType::kCommit && info.type != ObjectType::kTag) {
    const bool is_merge = info.type == ObjectType::kMerge;
    return unsupported("the ref " + info.name,
                       "names a " + std::string(object_type_name(info.type)) +
                           (is_merge ? " without a commit on top, which 'isodb begin' and "
                                       "'isodb commit --allow-empty' make"
                                     : ""));
  }
  if (info.type == ObjectType::kTag && !info.name.starts_with("tags/")) {
    return unsupported("the ref " + info.name, "names a tag object outside of tags/");
  }
  refs_.push_back({info.name, *git_name, info.target, info.type});
}

/// The commit that a tag leads to; nullopt when it leads to something else.
std::optional<CommitId> GitExporter::commit_of(Id id, ObjectType type) const {
  for (unsigned depth = 0; type == ObjectType::kTag && depth < kTagDepthMax; ++depth) {
    const Tag tag = repository_.tag(TagId(id));
    id = tag.object;
    type = tag.type;
  }
  if (type != ObjectType::kCommit) return std::nullopt;
  return CommitId(id);
}

GitExporter::Number GitExporter::node_of(const CommitId& id, std::vector<Number>& open) {
  const auto [found, is_new] = numbers_.try_emplace(id, static_cast<Number>(nodes_.size()));
  if (is_new) {
    nodes_.emplace_back().id = id;
    open.push_back(found->second);
  }
  return found->second;
}

/// Every commit that the refs reach.
void GitExporter::collect() {
  std::vector<Number> open;
  const auto is_left_out = [&](const CommitId& id) {
    return leaves_root_out_ && id == repository_.id();
  };
  for (ExportedRef& ref : refs_) {
    const std::optional<CommitId> tip = commit_of(ref.target, ref.type);
    if (tip && !is_left_out(*tip)) ref.tip = node_of(*tip, open);
  }
  while (!open.empty()) {
    const Number number = open.back();
    open.pop_back();
    const Commit commit = repository_.commit(nodes_[number].id);
    std::vector<Number> parents;
    for (const CommitId& parent : commit.parents) {
      if (!is_left_out(parent)) parents.push_back(node_of(parent, open));
    }
    Node& node = nodes_[number];
    node.clock = commit.clock;
    node.parents_begin = static_cast<std::uint32_t>(parents_.size());
    parents_.insert(parents_.end(), parents.begin(), parents.end());
    node.parents_end = static_cast<std::uint32_t>(parents_.size());
  }
}

/// Gives every commit the ref under which it is written: one that leads to it.
void GitExporter::name_commits() {
  const std::string current = repository_.current_branch();
  std::vector<Number> by_rank(refs_.size());
  for (Number i = 0; i < by_rank.size(); ++i) by_rank[i] = i;
  const auto rank = [&](Number i) {
    return refs_[i].name == current ? 0 : refs_[i].name.starts_with("heads/") ? 1 : 2;
  };
  std::stable_sort(by_rank.begin(), by_rank.end(),
                   [&](Number a, Number b) { return rank(a) < rank(b); });
  for (const Number i : by_rank) {
    std::vector<Number> open;
    if (refs_[i].tip != kNone) open.push_back(refs_[i].tip);
    while (!open.empty()) {
      Node& node = nodes_[open.back()];
      open.pop_back();
      if (node.ref != kNone) continue;
      node.ref = i;
      open.insert(open.end(), parents_.begin() + node.parents_begin,
                  parents_.begin() + node.parents_end);
    }
  }
}

// Commits

/// The parents in the order that git knew, where the commit comes from there.
std::vector<GitExporter::Number> GitExporter::original_parents(const Node& node,
                                                               const Commit& commit) const {
  std::vector<Number> parents;
  if (is_from_git(commit)) {
    for (const OriginField& field : commit.origin) {
      if (field.name != "parent") continue;
      const std::optional<Id> id = Id::from_hex(field.value);
      if (leaves_root_out_ && id == repository_.id()) continue;
      const auto found = id ? numbers_.find(CommitId(*id)) : numbers_.end();
      const bool is_known = found != numbers_.end() && nodes_[found->second].mark != 0;
      if (!is_known) {
        throw Error(ErrorCode::kCorrupt,
                    "the commit " + node.id.hex() + " has an origin parent outside of its history");
      }
      parents.push_back(found->second);
    }
  }
  if (!parents.empty()) return parents;
  parents.assign(parents_.begin() + node.parents_begin, parents_.begin() + node.parents_end);
  for (const Number parent : parents) {
    if (nodes_[parent].mark == 0) {
      throw Error(ErrorCode::kCorrupt,
                  "the clock of commit " + node.id.hex() + " is not above its parents'");
    }
  }
  return parents;
}

void GitExporter::write_commit(Node& node) {
  const Commit commit = repository_.commit(node.id);
  const std::vector<Number> parents = original_parents(node, commit);
  const Snapshot after = repository_.snapshot_of(node.id);
  const std::string changes =
      parents.empty() ? all_of(after)
                      : changes_of(repository_.snapshot_of(nodes_[parents.front()].id), after);
  ExportedRef& ref = refs_[node.ref];
  // Without a 'from', git would build on what the ref holds.
  if (parents.empty() && ref.written != 0) sink_ << "reset " << ref.git_name << "\n\n";
  node.mark = ++last_mark_;
  sink_ << "commit " << ref.git_name << "\nmark :" << node.mark << "\n";
  if (const auto id = commit.origin_field("id"); id && is_from_git(commit) && is_hex_id(*id)) {
    sink_ << "original-oid " << *id << "\n";
  }
  write_people(commit);
  write_message(commit.message);
  for (std::size_t i = 0; i < parents.size(); ++i) {
    sink_ << (i == 0 ? "from :" : "merge :") << nodes_[parents[i]].mark << "\n";
  }
  sink_ << changes << "\n";
  ref.written = node.mark;
}

std::string GitExporter::native_ident(const PublicKey& key, HybridTime clock) const {
  const std::string name = key.fingerprint();
  return name + " <" + name + "@isodb> " + std::to_string(clock.millis() / 1000) + " +0000";
}

void GitExporter::write_people(const Commit& commit) {
  if (!is_from_git(commit)) {
    const std::string ident = native_ident(commit.author, commit.clock);
    sink_ << "author " << ident << "\ncommitter " << ident << "\n";
    return;
  }
  if (const auto author = ident_of(commit, "author")) sink_ << "author " << *author << "\n";
  sink_ << "committer " << *ident_of(commit, "committer") << "\n";
  const std::optional<ByteView> encoding = commit.origin_field("encoding");
  if (encoding && !encoding->empty()) sink_ << "encoding " << *encoding << "\n";
}

void GitExporter::write_message(const Bytes& message) {
  sink_ << "data " << std::uint64_t{message.size()} << "\n" << message << "\n";
}

// Documents

std::string GitExporter::changes_of(const Snapshot& before, const Snapshot& after) {
  // Removals first: a path may turn from a document into a folder.
  std::string removed, written;
  before.diff(after, {}, [&](const Difference& difference) {
    if (is_governed(difference.path)) return true;
    if (!difference.after) {
      const bool is_held = git_path_problem(difference.path).empty();
      // To git, removing a folder's name removes the folder.
      if (is_held && !is_folder(after, difference.path)) {
        removed += "D " + quote_path(difference.path) + "\n";
      }
    } else {
      const bool same = difference.before &&
                        difference.before->content == difference.after->content &&
                        difference.before->metadata == difference.after->metadata;
      if (!same) append_change(written, after, difference.path, *difference.after);
    }
    return true;
  });
  return removed + written;
}

std::string GitExporter::all_of(const Snapshot& after) {
  std::string written;
  for (DocumentCursor cursor = after.documents(); cursor.valid(); cursor.next()) {
    if (!is_governed(cursor.path())) append_change(written, after, cursor.path(), cursor.entry());
  }
  return written;
}

void GitExporter::append_change(std::string& lines, const Snapshot& after, const std::string& path,
                                const Entry& entry) {
  const Attributes attributes = attributes_of(entry);
  if (!fits_git(after, path, entry, attributes.mode)) return;
  if (attributes.has_other_fields) ++report_.metadata_dropped;
  std::string data;
  if (attributes.mode == GitMode::kGitlink) {
    data = repository_.object(entry.content);
  } else {
    data = ":" + std::to_string(blob_mark(after, path, entry));
  }
  const char* mode = attributes.mode == GitMode::kFile         ? "100644"
                     : attributes.mode == GitMode::kExecutable ? "100755"
                     : attributes.mode == GitMode::kSymlink    ? "120000"
                                                               : "160000";
  lines.append("M ").append(mode).append(" ").append(data).append(" ");
  lines.append(quote_path(path)).append("\n");
}

bool GitExporter::is_erased(const Entry& entry) const {
  return std::binary_search(erased_.begin(), erased_.end(), entry.content);
}

/// False, and reported, when git cannot hold the document.
bool GitExporter::fits_git(const Snapshot& after, const std::string& path, const Entry& entry,
                           GitMode mode) {
  constexpr const char* kBoth = "is a document and has documents below it";
  if (is_erased(entry)) {
    if (skipped_.size() < kSkippedReported) {
      skipped_.emplace("the content of '" + path + "'", "is erased");
    }
    return false;
  }
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    if (after.entry(above)) unsupported("the path '" + above + "'", kBoth);
  }
  std::string problem = git_path_problem(path);
  if (is_folder(after, path)) problem = kBoth;
  const bool is_link = mode == GitMode::kGitlink && entry.kind == ContentKind::kBlob;
  if (mode == GitMode::kGitlink && (!is_link || !is_hex_id(repository_.object(entry.content)))) {
    problem = "is marked as a submodule but is no commit id";
  }
  if (problem.empty()) return true;
  unsupported("the path '" + path + "'", problem);
  return false;
}

std::uint64_t GitExporter::blob_mark(const Snapshot& after, const std::string& path,
                                     const Entry& entry) {
  const auto [found, is_new] = blob_marks_.try_emplace(entry.content, 0);
  if (!is_new) return found->second;
  found->second = ++last_mark_;
  ++report_.documents;
  sink_ << "blob\nmark :" << last_mark_ << "\ndata " << entry.size << "\n";
  // Not the object as it is: a reader of content refuses another length than the entry's, behind
  // which git would take bytes for commands.
  after.stream(path, [&](ByteView part) { sink_ << part; });
  sink_ << "\n";
  return found->second;
}

GitExporter::Attributes GitExporter::attributes_of(const Entry& entry) {
  if (!entry.metadata) return {};
  if (attributes_.size() > kAttributesMax) attributes_.clear();
  const auto [found, is_new] = attributes_.try_emplace(*entry.metadata);
  if (!is_new) return found->second;
  Attributes& attributes = found->second;
  const core::Json fields = core::parse_json(repository_.object(*entry.metadata));
  for (const core::JsonMember& member : fields.members()) {
    if (member.key() != "git.mode" || !member.value.is_string()) {
      attributes.has_other_fields = true;
    } else if (member.value.as_string() == "100755") {
      attributes.mode = GitMode::kExecutable;
    } else if (member.value.as_string() == "120000") {
      attributes.mode = GitMode::kSymlink;
    } else if (member.value.as_string() == "160000") {
      attributes.mode = GitMode::kGitlink;
    }
  }
  return attributes;
}

// Refs and tags

void GitExporter::write_ref(ExportedRef& ref) {
  if (!commit_of(ref.target, ref.type)) {
    return unsupported("the ref " + ref.name, "is a tag of something other than a commit");
  }
  // A ref to the root that is left out: git has no name for an empty history.
  if (ref.tip == kNone) return;
  ++report_.refs;
  if (ref.type == ObjectType::kTag) {
    write_tag(TagId(ref.target), ref.git_name.substr(std::string_view("refs/tags/").size()));
  } else if (nodes_[ref.tip].mark != ref.written) {
    sink_ << "reset " << ref.git_name << "\nfrom :" << nodes_[ref.tip].mark << "\n\n";
  }
}

/// Writes a tag and those that it tags; returns its mark.
std::uint64_t GitExporter::write_tag(const TagId& id, const std::string& name) {
  const Tag tag = repository_.tag(id);
  std::uint64_t target = 0;
  if (tag.type != ObjectType::kTag) {
    target = nodes_[numbers_.at(CommitId(tag.object))].mark;
  } else if (const auto found = tag_marks_.find(tag.object); found != tag_marks_.end()) {
    target = found->second;
  } else {
    target = write_tag(TagId(tag.object), repository_.tag(TagId(tag.object)).name);
  }
  const auto field = [&](std::string_view wanted) -> std::optional<ByteView> {
    for (const OriginField& origin : tag.origin) {
      if (origin.name == wanted) return ByteView(origin.value);
    }
    return std::nullopt;
  };
  const std::uint64_t mark = tag_marks_[id] = ++last_mark_;
  sink_ << "tag " << name << "\nmark :" << mark << "\nfrom :" << target << "\n";
  if (field("system") == ByteView("git")) {
    const std::optional<ByteView> original = field("id"), tagger = field("tagger");
    if (original && is_hex_id(*original)) sink_ << "original-oid " << *original << "\n";
    if (tagger && git_time(*tagger)) sink_ << "tagger " << *tagger << "\n";
  } else {
    sink_ << "tagger " << native_ident(tag.author, tag.clock) << "\n";
  }
  write_message(tag.message);
  ++report_.tags;
  return mark;
}

GitExportReport export_git(const Repository& repository, ByteSink& sink,
                           const GitExportOptions& options) {
  return GitExporter(repository, sink, options).run();
}

}  // namespace isodb::exchange
