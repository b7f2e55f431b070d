#include "exchange/git_import.h"

#include <algorithm>

#include "core/clock.h"
#include "exchange/git_importer.h"
#include "exchange/git_names.h"

namespace isodb::exchange {
namespace {

/// Larger documents are stored while they are read.
constexpr std::uint64_t kHeldDocumentBytesMax = 8 << 20;
constexpr std::uint64_t kProgressBytes = 1 << 20;
constexpr const char* kSystem = "git";

}  // namespace

GitImporter::GitImporter(Repository& repository, ByteSource& source,
                         const GitImportOptions& options)
    : repository_(repository),
      source_(source),
      options_(options),
      stream_(source,
              options.needs_done ? GitStream::End::kNeedsDone : GitStream::End::kMayLackDone),
      session_(repository),
      blobs_(session_, options.held_bytes_max),
      now_millis_(core::system_environment().now_millis()) {}

GitImportReport GitImporter::run() {
  const std::uint64_t start = source_.offset();
  std::uint64_t reported = start;
  while (const std::optional<GitCommand> command = stream_.next()) {
    if (const auto* found = std::get_if<GitBlob>(&*command)) blob(*found);
    if (const auto* found = std::get_if<GitCommit>(&*command)) commit(*found);
    if (const auto* found = std::get_if<GitTag>(&*command)) tag(*found);
    if (const auto* found = std::get_if<GitReset>(&*command)) reset(*found);
    if (const auto* found = std::get_if<GitAlias>(&*command)) alias(*found);
    if (options_.progress && source_.offset() - reported >= kProgressBytes) {
      reported = source_.offset();
      options_.progress({"reading", reported - start, source_.size().value_or(0)});
    }
  }
  finish();
  report_.bytes = source_.offset() - start;
  report_.documents += blobs_.documents();
  report_.objects_written = session_.objects_written();
  report_.bytes_written = session_.bytes_written();
  for (const auto& [path, problem] : skipped_) report_.skipped.push_back({path, problem});
  return std::move(report_);
}

// Contents

Bytes GitImporter::data_bytes() {
  Bytes content(static_cast<std::size_t>(stream_.data_left()), '\0');
  for (std::size_t at = 0; at < content.size();) {
    at += stream_.read_data(content.data() + at, content.size() - at);
  }
  return content;
}

Entry GitImporter::stream_entry() {
  const auto more = [this](char* out, std::size_t size) { return stream_.read_data(out, size); };
  return session_.write_document_stream(more, {});
}

void GitImporter::blob(const GitBlob& blob) {
  if (!blob.mark) return;  // nothing can name it
  marks_.erase(*blob.mark);
  if (stream_.data_left() > kHeldDocumentBytesMax) {
    blobs_.add(*blob.mark, stream_entry());
  } else {
    blobs_.hold(*blob.mark, data_bytes());
  }
}

Entry GitImporter::inline_entry(const std::string& media_type, const std::optional<Id>& resembles) {
  if (stream_.data_left() <= kHeldDocumentBytesMax) {
    return session_.write_document(data_bytes(), media_type, resembles);
  }
  Entry entry = stream_entry();
  entry.media_type = media_type;
  return entry;
}

// Commits

void GitImporter::commit(const GitCommit& commit) {
  Branch& on = branch(commit.ref);
  std::vector<CommitTable::Number> numbers;
  std::optional<Target> first = on.target;
  if (commit.from) first = resolve(*commit.from);
  if (first) {
    first = expect_commit(commit.from.value_or(commit.ref), first);
    numbers.push_back(first->number);
  }
  for (const Bytes& merge : commit.merges) {
    numbers.push_back(expect_commit(merge, resolve(merge)).number);
  }
  ImportSession::CommitInput input;
  for (const CommitTable::Number number : numbers) input.parents.push_back(commits_.id(number));
  input.origin = origin_of(commit, input.parents);
  // Foreign histories hang below the repository's root, whose tree holds what governs it.
  if (input.parents.empty()) input.parents.push_back(repository_.id());
  const CommitId base_commit = first ? commits_.id(first->number) : repository_.id();
  const TreeId base = session_.tree_of(base_commit);
  TreeEdit edit({[&](std::string_view path) { return session_.entry(base, path); },
                 [&](std::string_view prefix, std::size_t limit) {
                   return session_.paths(base, prefix, limit);
                 }});
  apply_changes(edit);
  input.base = base;
  input.changes = edit.changes();
  input.at_millis = time_of(commit.committer);
  input.message = commit.message;
  const CommitId id = session_.commit(std::move(input));
  const Target made{id, ObjectType::kCommit, commits_.add(id, numbers)};
  on.target = made;
  on.removed = false;
  set_mark(commit.mark, made);
  remember_original(commit.original_id, made);
  ++report_.commits;
  if (numbers.size() > 1) ++report_.merges;
  report_.signatures_dropped += commit.signatures;
}

std::vector<OriginField> GitImporter::origin_of(const GitCommit& commit,
                                                const std::vector<CommitId>& parents) const {
  std::vector<OriginField> origin{{"system", kSystem}};
  if (!commit.original_id.empty()) origin.push_back({"id", commit.original_id});
  if (commit.author) origin.push_back({"author", *commit.author});
  origin.push_back({"committer", commit.committer});
  if (commit.encoding) origin.push_back({"encoding", *commit.encoding});
  // Our own parents are sorted and leave out what others reach; git's order has a meaning.
  if (parents.size() > 1) {
    for (const CommitId& parent : parents) origin.push_back({"parent", parent.hex()});
  }
  return origin;
}

/// The foreign time, in milliseconds; a time to come would put every later commit's clock there.
std::uint64_t GitImporter::time_of(ByteView ident) const {
  const std::uint64_t seconds = git_time(ident).value_or(0);
  return seconds > now_millis_ / 1000 ? now_millis_ : seconds * 1000;
}

void GitImporter::apply_changes(TreeEdit& edit) {
  while (const std::optional<GitChange> change = stream_.next_change()) {
    switch (change->kind) {
      case GitChange::Kind::kModify:
        if (!skips(change->path)) modify(edit, *change);
        break;
      case GitChange::Kind::kDelete:
        if (!skips(change->path)) edit.remove(change->path);
        break;
      case GitChange::Kind::kDeleteAll:
        edit.clear();
        break;
      case GitChange::Kind::kCopy:
      case GitChange::Kind::kRename: {
        const bool is_copy = change->kind == GitChange::Kind::kCopy;
        if (skips(change->path)) break;
        if (skips(change->to)) {
          if (!is_copy) edit.remove(change->path);
          break;
        }
        const bool found =
            is_copy ? edit.copy(change->path, change->to) : edit.rename(change->path, change->to);
        if (!found) stream_.fail("there is nothing at the first path");
        break;
      }
    }
  }
}

void GitImporter::modify(TreeEdit& edit, const GitChange& change) {
  const bool is_file = change.mode == GitMode::kFile || change.mode == GitMode::kExecutable;
  const std::string media_type(is_file ? media_type_for_path(change.path) : std::string_view());
  const std::optional<Entry> older = edit.find(change.path);
  const std::optional<Id> resembles = older ? std::optional<Id>(older->content) : std::nullopt;
  std::optional<Entry> entry;
  if (change.mark) {
    entry = blobs_.entry(*change.mark, media_type, resembles);
    if (!entry) stream_.fail("no blob has the mark :" + std::to_string(*change.mark));
  } else if (change.has_inline_data()) {
    entry = inline_entry(media_type, resembles);
    ++report_.documents;
  } else {
    entry = session_.write_document(change.object, media_type);
    ++report_.documents;
  }
  entry->metadata = mode_metadata(change.mode);
  edit.put(change.path, *entry);
}

std::optional<Id> GitImporter::mode_metadata(GitMode mode) {
  if (mode == GitMode::kFile) return std::nullopt;
  const auto [found, is_new] = modes_.try_emplace(mode);
  if (is_new) {
    const char* text = mode == GitMode::kExecutable ? "100755"
                       : mode == GitMode::kSymlink  ? "120000"
                                                    : "160000";
    found->second = session_.write_metadata(std::string("{\"git.mode\":\"") + text + "\"}");
  }
  return found->second;
}

/// True when the path cannot be held and is to be left out.
bool GitImporter::skips(const std::string& path) {
  const std::string problem = imported_path_problem(path);
  if (problem.empty()) return false;
  if (!options_.skip_unsupported) {
    stream_.fail("the path '" + printable(path) + "' cannot be held: it " + problem,
                 "with --skip-unsupported such paths are left out; the tree then differs",
                 ErrorCode::kUnsupported);
  }
  ++report_.skipped_changes;
  if (skipped_.size() < kSkippedReported) skipped_.emplace(path, problem);
  return true;
}

// Tags and refs

void GitImporter::tag(const GitTag& tag) {
  const std::optional<Target> target = resolve(tag.from);
  if (!target) stream_.fail("a tag of nothing");
  Branch& on = branch("refs/tags/" + tag.name);
  Tag made;
  made.object = target->id;
  made.type = target->type;
  made.name = tag.name;
  made.message = tag.message;
  made.origin.push_back({"system", kSystem});
  if (!tag.original_id.empty()) made.origin.push_back({"id", tag.original_id});
  if (tag.tagger) made.origin.push_back({"tagger", *tag.tagger});
  made.clock = HybridTime::of(tag.tagger ? time_of(*tag.tagger) : 0, 0);
  const TagId id = session_.write_tag(made);
  on.target = Target{id, ObjectType::kTag};
  on.removed = false;
  set_mark(tag.mark, *on.target);
  ++report_.tags;
}

void GitImporter::reset(const GitReset& reset) {
  Branch& on = branch(reset.ref);
  on.removed = false;
  if (!reset.from) {
    on.target.reset();
    return;
  }
  on.target = resolve(*reset.from);
  on.removed = !on.target;
}

void GitImporter::alias(const GitAlias& alias) {
  const std::optional<Target> target = resolve(alias.to);
  if (!target) stream_.fail("an alias of nothing");
  set_mark(alias.mark, *target);
}

void GitImporter::set_mark(const std::optional<std::uint64_t>& mark, const Target& target) {
  if (!mark) return;
  blobs_.forget(*mark);
  marks_.insert_or_assign(*mark, target);
}

void GitImporter::remember_original(const Bytes& id, const Target& target) {
  if (!id.empty()) originals_.insert_or_assign(id, target.number);
}

std::string GitImporter::own_ref(const Bytes& ref) const {
  if (ref == "HEAD") return repository_.current_branch();
  std::optional<std::string> own = ref_from_git(ref);
  if (!own) {
    stream_.fail("'" + printable(ref) + "' cannot name a ref here", {}, ErrorCode::kUnsupported);
  }
  return *own;
}

GitImporter::Branch& GitImporter::branch(const Bytes& ref) {
  const auto [found, is_new] = branches_.try_emplace(own_ref(ref));
  if (is_new && found->first.starts_with("heads/")) born_.push_back(found->first);
  return found->second;
}

std::optional<GitImporter::Target> GitImporter::resolve(const Bytes& text) {
  if (text.starts_with(':')) {
    std::uint64_t mark = 0;
    for (const char c : text.substr(1)) {
      if (c < '0' || c > '9' || mark > UINT64_MAX / 10 - 1) {
        stream_.fail("'" + printable(text) + "' is not a mark");
      }
      mark = mark * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (const auto found = marks_.find(mark); found != marks_.end()) return found->second;
    if (const std::optional<Entry> entry = blobs_.entry(mark, {}, {})) {
      const bool is_blob = entry->kind == ContentKind::kBlob;
      return Target{entry->content, is_blob ? ObjectType::kBlob : ObjectType::kList};
    }
    stream_.fail("nothing has the mark " + printable(text, 40));
  }
  Bytes name = text;
  for (const std::string_view suffix : {"^0", "~0", "^{}", "^{commit}"}) {
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  }
  const bool is_id = (name.size() == 40 || name.size() == 64) &&
                     name.find_first_not_of("0123456789abcdef") == Bytes::npos;
  if (is_id) return resolve_id(name);
  const std::string own = own_ref(name);
  if (const auto found = branches_.find(own); found != branches_.end() && found->second.target) {
    return found->second.target;
  }
  const std::optional<Id> id = repository_.ref(own);
  if (!id) stream_.fail("there is no ref '" + printable(text) + "'");
  if (repository_.object_type(*id) != ObjectType::kCommit) {
    return known_commit(repository_.resolve_commit(id->hex()));
  }
  return known_commit(CommitId(*id));
}

std::optional<GitImporter::Target> GitImporter::resolve_id(const Bytes& text) {
  if (text.find_first_not_of('0') == Bytes::npos) return std::nullopt;
  if (const auto found = originals_.find(text); found != originals_.end()) {
    return Target{commits_.id(found->second), ObjectType::kCommit, found->second};
  }
  load_known_origins();
  if (const auto found = originals_.find(text); found != originals_.end()) {
    return Target{commits_.id(found->second), ObjectType::kCommit, found->second};
  }
  stream_.fail("no commit here is known by the id " + text,
               "ids are known for commits imported from a stream made with git fast-export "
               "--show-original-ids");
}

/// The foreign ids of what was imported before, so that a stream may go on where another ended.
void GitImporter::load_known_origins() {
  if (origins_loaded_) return;
  origins_loaded_ = true;
  for (const RefInfo& ref : repository_.refs()) {
    if (ref.type != ObjectType::kCommit && ref.type != ObjectType::kTag) continue;
    repository_.log(repository_.resolve_heads(ref.target.hex()), {}, [&](const LoggedCommit& item) {
      if (const std::optional<ByteView> id = item.commit.origin_field("id")) {
        originals_.try_emplace(std::string(*id), commits_.add_known(item.id));
      }
      return true;
    });
  }
}

GitImporter::Target GitImporter::known_commit(const CommitId& id) {
  return Target{id, ObjectType::kCommit, commits_.add_known(id)};
}

GitImporter::Target GitImporter::expect_commit(const Bytes& text,
                                               const std::optional<Target>& target) const {
  if (!target || target->type != ObjectType::kCommit) {
    stream_.fail("'" + printable(text) + "' is not a commit");
  }
  return *target;
}

// The end

void GitImporter::finish() {
  std::vector<ImportSession::RefUpdate> updates;
  for (const auto& [name, branch] : branches_) {
    if (!branch.target && !branch.removed) continue;
    const std::optional<Id> before = repository_.ref(name);
    const std::optional<Id> after = branch.target ? std::optional(branch.target->id) : std::nullopt;
    if (before == after) continue;
    check_move(name, before, branch);
    updates.push_back({name, after});
    report_.refs.push_back({name, before, after});
  }
  if (options_.progress) options_.progress({"writing", source_.offset(), source_.offset()});
  if (const std::optional<std::string> lost = session_.finish(updates, "import git")) {
    throw Error(ErrorCode::kStale, "the ref '" + *lost + "' was moved by somebody else meanwhile",
                "nothing was imported; import again");
  }
  switch_branch();
}

/// A ref may move forward only, as far as nobody says otherwise.
void GitImporter::check_move(const std::string& ref, const std::optional<Id>& before,
                             const Branch& branch) {
  if (!before || options_.force) return;
  const bool forward = !ref.starts_with("tags/") && branch.target &&
                       branch.target->type == ObjectType::kCommit &&
                       repository_.object_type(*before) == ObjectType::kCommit;
  if (forward) {
    const CommitId old(*before);
    for (const CommitId& known : commits_.known_below(branch.target->number)) {
      if (repository_.is_ancestor(old, known)) return;
    }
    if (old == repository_.id()) return;  // every foreign history hangs below it
  }
  throw Error(ErrorCode::kStale,
              "the ref '" + ref + "' exists, and what the stream makes of it does not contain it",
              "--force moves it all the same; the reflog keeps what it was");
}

/// A repository that holds nothing yet takes the stream's main branch for its own.
void GitImporter::switch_branch() {
  const std::string current = repository_.current_branch();
  if (repository_.ref(current) != std::optional<Id>(repository_.id())) return;
  const auto imported = [&](const std::string& name) {
    const auto found = branches_.find(name);
    return found != branches_.end() && name != current && found->second.target &&
           found->second.target->type == ObjectType::kCommit;
  };
  std::vector<std::string> candidates{"heads/main", "heads/master", "heads/trunk"};
  candidates.insert(candidates.end(), born_.begin(), born_.end());
  const auto chosen = std::find_if(candidates.begin(), candidates.end(), imported);
  if (chosen == candidates.end()) return;
  repository_.set_current_branch(*chosen);
  repository_.move_ref(current, repository_.id(), std::nullopt, "import git: empty branch");
  report_.switched = *chosen;
}

GitImportReport import_git(Repository& repository, ByteSource& source,
                           const GitImportOptions& options) {
  return GitImporter(repository, source, options).run();
}

}  // namespace isodb::exchange
