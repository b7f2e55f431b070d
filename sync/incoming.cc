#include "sync/incoming.h"

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>
#include <variant>

#include "core/hash.h"
#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "repo/kept_objects.h"
#include "repo/not_held.h"
#include "repo/scope.h"
#include "sync/commit_rebuild.h"
#include "sync/commit_rules.h"
#include "sync/incoming_erased.h"
#include "sync/incoming_heads.h"
#include "sync/incoming_store.h"
#include "sync/kept_partial.h"
#include "sync/known_commits.h"
#include "sync/partial_commit.h"
#include "sync/passed_over.h"
#include "sync/received_object.h"
#include "sync/received_tag.h"
#include "sync/refused_ids.h"
#include "sync/scope_check.h"
#include "sync/taken_record.h"

namespace isodb::sync {
namespace {

[[noreturn]] void fail(const std::string& problem) {
  throw Error(ErrorCode::kCorrupt, problem);
}

[[noreturn]] void fail_unsigned(const std::string& problem) {
  throw Error(ErrorCode::kUnverified, problem);
}

}  // namespace

class Incoming::Impl {
 public:
  Impl(RepositoryState& repository, const PublicKey& peer)
      : repository_(repository),
        objects_(repository),
        claimed_text_(repository.database->setting(repo::kSettingScope)),
        claimed_(repo::parse_scope(claimed_text_)),
        setting_(std::string(repo::kSettingIncomingPrefix) + peer.fingerprint()),
        refs_prefix_("incoming/" + peer.fingerprint() + "/"),
        taken_record_(repository, peer),
        erased_(repository, objects_, peer),
        rules_(repository_, objects_) {
    for (const refs::Ref& ref : repository_.database->refs(refs_prefix_)) {
      heads_.insert(CommitId(ref.target));
    }
    if (!claimed_.is_whole()) scope_.emplace(objects_, *repository_.node_cache, claimed_);
    read_partial();
    if (!kept_) told_ = taken_record_.read();
  }

  std::optional<ResumePoint> resume() const {
    if (!kept_) return std::nullopt;
    return kept_->resume_point();
  }
  std::optional<wire::ObjectsTaken> objects_taken() const {
    return told_ ? std::optional(told_->told()) : std::nullopt;
  }
  std::vector<CommitId> heads() const { return {heads_.begin(), heads_.end()}; }
  const Scope& claimed() const { return claimed_; }
  objects::ObjectStore& objects() { return objects_; }
  std::uint64_t packed_objects() const { return objects_.packed_objects(); }
  bool should_begin_pack() const { return objects_.is_pack_of_another_dictionary(); }
  std::uint64_t commits() const { return commits_; }
  std::uint64_t operations() const { return operations_; }

  void begin_stream(Absent absent) {
    // Not in a session's first stream: there it may go on.
    if (std::exchange(had_stream_, true)) drop_kept();
    open_ = std::monostate();
    failed_ = Failed::kNo;
    taken_ = {};
    contents_.clear();
    objects_.end_frames();
    at_start_ = true;
    is_stopped_ = false;
    commits_ = operations_ = 0;
    absent_ = absent;
  }

  void expect_contents(std::unordered_set<Id> contents) { contents_ = std::move(contents); }

  std::optional<Received> take(wire::Element element) {
    if (is_stopped_) {
      throw Error(ErrorCode::kInvalid, "elements were given behind what ended their stream");
    }
    try {
      std::optional<Received> received =
          std::visit([this](auto&& part) { return take_part(std::forward<decltype(part)>(part)); },
                     std::move(element));
      at_start_ = false;
      return received;
    } catch (const repo::MergedFromErased&) {
      // The other side did not know that this cannot be merged here any more.
      open_ = std::monostate();
      return stop(Received::Kind::kWantedAsObjects);
    } catch (const Error& error) {
      // What breaks a rule of input is the other side's fault here, not the caller's.
      const bool is_theirs =
          error.code() == ErrorCode::kInvalid || error.code() == ErrorCode::kLimit;
      failed_ = is_theirs || error.code() == ErrorCode::kCorrupt ? Failed::kForGood : Failed::kOnce;
      if (is_theirs) throw Error(ErrorCode::kCorrupt, error.what(), error.hint());
      throw;
    } catch (...) {
      failed_ = Failed::kOnce;
      throw;
    }
  }

  void end_stream(std::uint64_t commits, std::uint64_t operations) {
    if (!std::holds_alternative<std::monostate>(open_)) fail("a stream ends within a commit");
    if (commits == commits_ && operations == operations_) return;
    fail("a stream had " + std::to_string(commits_) + " commits and " +
         std::to_string(operations_) + " operations, and " + std::to_string(commits) + " and " +
         std::to_string(operations) + " were sent");
  }

  bool has_refused() const { return refused_before_ || !refused_.empty(); }

  void begin_part(const std::optional<PartEnd>& before) {
    is_part_ = true;
    begin_stream(Absent::kRefused);
    if (!before) return drop_kept();
    refused_before_ = before->some_refused;
    kept_passed_ = before->passed_over;
  }

  PartEnd part_end() const {
    const PassedOver* const passed = std::get_if<PassedOver>(&open_);
    return {has_refused(), std::holds_alternative<CommitRebuild>(open_),
            passed != nullptr ? std::optional(*passed) : std::nullopt};
  }

  void end_part(refs::WriteBatch batch) {
    is_part_ = false;
    flush_with(std::move(batch));
  }

  void flush() {
    if (is_changed_) flush_with({});
  }

  void flush_with(refs::WriteBatch batch) {
    if (!is_part_) {
      if (const auto record = record_of_open()) batch.settings.emplace_back(setting_, *record);
    }
    taken_record_.write(taken_to_record(), batch);
    erased_.keep(batch);
    name_heads(*repository_.database, refs_prefix_, heads_, batch);
    if (is_copied_) part_from_copies(repository_, own_sequence_, batch);
    if (const auto lost = write(std::move(batch))) {
      throw Error(ErrorCode::kBusy, "another sync with the same device moved " + lost->name,
                  "try again when it has ended");
    }
    is_changed_ = false;
  }

  void widen(const Scope& from, const Scope& to) {
    flush();
    refs::WriteBatch batch;
    batch.settings.emplace_back(repo::kSettingScope, repo::scope_text(to));
    batch.settings_expected.emplace_back(repo::kSettingScope, claimed_text_);
    if (claimed_ != from || repository_.database->write(batch).lost) {
      throw Error(ErrorCode::kStale, "what this repository holds was changed by another process",
                  "do the same again: what came is kept");
    }
    claimed_text_ = repo::scope_text(to);
    claimed_ = to;
    repository_.reload_scope();
  }

  void tell_erased(const std::vector<Id>& theirs) { erased_.tell(theirs); }

  std::optional<refs::LostSwap> finish(refs::WriteBatch batch) {
    erased_.finish(batch);
    batch.settings.emplace_back(setting_, std::nullopt);
    taken_record_.write(std::nullopt, batch);
    name_heads(*repository_.database, refs_prefix_, {}, batch);
    if (is_copied_) part_from_copies(repository_, own_sequence_, batch);
    std::optional<refs::LostSwap> lost = write(std::move(batch));
    if (lost) return lost;
    heads_.clear();
    kept_.reset();
    was_finished_ = true;
    open_ = std::monostate();
    is_changed_ = false;
    return std::nullopt;
  }

 private:
  /// What the setting is to be; nullopt: as it is. A commit of which an operation failed is not
  /// gone on with from within that operation: it is begun anew, or, where that may do better
  /// another time (a full disk), from where it was kept last.
  std::optional<std::optional<std::string>> record_of_open() {
    CommitRebuild* const commit = std::get_if<CommitRebuild>(&open_);
    if (commit != nullptr && failed_ == Failed::kOnce) return std::nullopt;
    std::optional<std::string> record;
    if (kept_) record = keep_partial(objects_, *kept_);
    if (commit != nullptr && failed_ == Failed::kNo) {
      record = keep_partial(objects_, commit->save());
    }
    return record;
  }

  using Open = std::variant<std::monostate, CommitRebuild, PassedOver, ReceivedObject>;

  /// Of what is out of scope nothing came but hashes: a wider scope must not find them.
  std::optional<refs::LostSwap> write(refs::WriteBatch batch) {
    batch.settings_expected.emplace_back(repo::kSettingScope, claimed_text_);
    return objects_.write(std::move(batch));
  }

  objects::NodeReader nodes() const { return {objects_, *repository_.node_cache}; }
  repo::HeldScope* scope() { return scope_ ? &*scope_ : nullptr; }

  std::optional<Received> take_part(wire::CommitElement commit);
  std::optional<Received> take_part(const wire::OperationElement& operation);
  std::optional<Received> take_part(const wire::PieceElement& piece);
  std::optional<Received> take_part(const wire::ObjectElement& object);
  std::optional<Received> take_part(const wire::ResumeElement& resume);
  std::optional<Received> take_part(wire::DictionaryElement dictionary);

  void expect_between() const {
    if (!std::holds_alternative<std::monostate>(open_)) {
      fail("a commit or object stands within another");
    }
  }
  std::optional<Received> end_where_whole();
  std::optional<Received> end_object();
  Received end_tag(const Bytes& bytes);
  Received judge(const Commit& commit, const Bytes& bytes);
  template <typename Work>
  void pass_over_where_known(const wire::CommitElement& said, std::uint64_t operations,
                             const Work& work);
  Received take_known(const CommitId& id);
  void expect_contents_of(const Commit& commit);
  std::vector<CommitId> absent(const std::vector<CommitId>& commits) const;
  bool is_after_refused(const std::vector<CommitId>& parents,
                        const std::vector<CommitId>& missing) const;
  Received stop(Received::Kind kind, std::vector<CommitId> missing = {});
  Received count(Received received);

  /// What was told may be gone on with as long as nothing else was begun.
  std::optional<ObjectsTaken> taken_to_record() const {
    if (taken_.count > 0) return taken_;
    return was_finished_ ? std::nullopt : told_;
  }
  void drop_kept() {
    kept_.reset();
    kept_passed_.reset();
  }
  void read_partial();

  RepositoryState& repository_;
  IncomingStore objects_;
  std::optional<std::string> claimed_text_;  // the scope's setting when this was made
  Scope claimed_;
  std::optional<repo::HeldScope> scope_;  // of a partial repository
  const std::string setting_, refs_prefix_;
  const TakenRecord taken_record_;
  IncomingErased erased_;
  std::optional<ObjectsTaken> told_;   // of the session before
  ObjectsTaken taken_;                 // since the last whole commit or content that was expected
  std::unordered_set<Id> contents_;    // that are expected
  std::optional<PartialCommit> kept_;  // of the session before
  std::optional<PassedOver> kept_passed_;  // of the part before
  bool is_part_ = false, refused_before_ = false;
  std::set<CommitId> heads_;
  Open open_;
  enum class Failed {
    kNo,
    kOnce,     ///< the next time may do better
    kForGood,  ///< what was sent, or what it builds on here, is damaged
  };
  Failed failed_ = Failed::kNo;
  bool had_stream_ = false, at_start_ = true, is_stopped_ = false, is_changed_ = false;
  bool was_finished_ = false;
  std::uint64_t commits_ = 0, operations_ = 0;
  bool is_copied_ = false;          // a commit came that has this writer's id
  std::uint64_t own_sequence_ = 0;  // the greatest of those that this key signed
  RefusedIds refused_;
  Absent absent_ = Absent::kMissing;
  CommitRules rules_;
  std::optional<KnownCommits> known_;
};

std::optional<Received> Incoming::Impl::take_part(wire::CommitElement commit) {
  expect_between();
  drop_kept();
  taken_ = {};
  is_changed_ = true;
  std::vector<CommitId> missing = absent(commit.parents);
  if (is_after_refused(commit.parents, missing)) {
    const ByteView signature(reinterpret_cast<const char*>(commit.signature.bytes.data()),
                             commit.signature.bytes.size());
    open_ = PassedOver(commit.operations, core::sha256(signature), false);
  } else {
    if (!missing.empty()) return stop(Received::Kind::kMissingParents, std::move(missing));
    if (scope_ || !erased_.allowed().empty()) {
      pass_over_where_known(commit, commit.operations, [&] {
        open_.emplace<CommitRebuild>(repository_, objects_, scope(), erased_, commit);
      });
    } else {
      open_.emplace<CommitRebuild>(repository_, objects_, nullptr, erased_, std::move(commit));
    }
  }
  return end_where_whole();
}

std::optional<Received> Incoming::Impl::take_part(const wire::OperationElement& operation) {
  ++operations_;
  is_changed_ = true;
  if (CommitRebuild* const commit = std::get_if<CommitRebuild>(&open_)) {
    pass_over_where_known(commit->said(), commit->operations_left(),
                          [&] { commit->take(operation, objects_.frame_dictionary()); });
    if (PassedOver* const passed = std::get_if<PassedOver>(&open_)) passed->take(operation);
  } else if (PassedOver* const passed = std::get_if<PassedOver>(&open_)) {
    passed->take(operation);
  } else {
    fail("an operation stands outside of a commit");
  }
  return end_where_whole();
}

std::optional<Received> Incoming::Impl::take_part(const wire::PieceElement& piece) {
  is_changed_ = true;
  if (piece.bytes.empty() || piece.bytes.size() > wire::PieceElement::kBytesMax) {
    fail("a piece has no bytes, or more than 16,384");
  }
  if (CommitRebuild* const commit = std::get_if<CommitRebuild>(&open_)) {
    commit->take(piece);
  } else if (PassedOver* const passed = std::get_if<PassedOver>(&open_)) {
    passed->take(piece);
  } else if (ReceivedObject* const object = std::get_if<ReceivedObject>(&open_)) {
    object->take(piece);
  } else {
    fail("a piece stands outside of a document");
  }
  return end_where_whole();
}

std::optional<Received> Incoming::Impl::take_part(const wire::ObjectElement& object) {
  expect_between();
  drop_kept();
  is_changed_ = true;
  open_.emplace<ReceivedObject>(object);
  return end_where_whole();
}

std::optional<Received> Incoming::Impl::take_part(const wire::ResumeElement& resume) {
  if (resume.among_objects) {
    expect_between();
    if (!told_ || taken_.count > 0) fail("RESUME stands where there are no objects to go on with");
    taken_ = *told_;
    return std::nullopt;
  }
  if (at_start_ && kept_passed_) {
    open_ = *std::exchange(kept_passed_, std::nullopt);
    return std::nullopt;
  }
  if (!at_start_ || !kept_) fail("RESUME stands where there is nothing to go on with");
  PartialCommit partial = std::move(*kept_);
  kept_.reset();
  open_.emplace<CommitRebuild>(repository_, objects_, scope(), erased_, std::move(partial));
  return std::nullopt;
}

std::optional<Received> Incoming::Impl::take_part(wire::DictionaryElement dictionary) {
  if (!std::holds_alternative<CommitRebuild>(open_) && !std::holds_alternative<PassedOver>(open_)) {
    fail("a dictionary stands outside of a commit");
  }
  objects_.begin_frames(std::move(dictionary.bytes));
  return std::nullopt;
}

std::optional<Received> Incoming::Impl::end_where_whole() {
  if (const PassedOver* const passed = std::get_if<PassedOver>(&open_)) {
    if (!passed->is_whole()) return std::nullopt;
    const Id id = passed->id();
    const bool is_known = passed->is_known();
    open_ = std::monostate();
    if (is_known) return take_known(CommitId(id));
    refused_.insert(id);
    return count({Received::Kind::kAfterRefused, id, {}, {}});
  }
  if (CommitRebuild* const rebuild = std::get_if<CommitRebuild>(&open_)) {
    if (!rebuild->is_whole()) return std::nullopt;
    Commit commit;
    pass_over_where_known(rebuild->said(), 0, [&] { commit = rebuild->finish(); });
    if (std::holds_alternative<PassedOver>(open_)) return end_where_whole();
    open_ = std::monostate();
    const Bytes bytes = objects::encode_commit(commit);
    if (!objects::commit_signature_holds(commit, repository_.root)) {
      return stop(Received::Kind::kWantedAsObjects);
    }
    return judge(commit, bytes);
  }
  return end_object();
}

std::optional<Received> Incoming::Impl::end_object() {
  const ReceivedObject& object = std::get<ReceivedObject>(open_);
  if (!object.is_whole()) return std::nullopt;
  const ReceivedObject whole = std::move(std::get<ReceivedObject>(open_));
  open_ = std::monostate();
  if (whole.type() == ObjectType::kTag || whole.type() == ObjectType::kCommit) taken_ = {};
  if (whole.type() == ObjectType::kTag) return end_tag(whole.bytes());
  if (whole.type() != ObjectType::kCommit) {
    const Id id = whole.store(objects_, scope(), erased_);
    taken_.add(id);
    if (contents_.contains(id)) taken_ = {};
    return std::nullopt;
  }
  const Commit commit = objects::decode_commit(whole.bytes());
  std::vector<CommitId> missing = absent(commit.parents);
  if (is_after_refused(commit.parents, missing)) {
    const Id id = core::object_id(ObjectType::kCommit, whole.bytes());
    refused_.insert(id);
    return count({Received::Kind::kAfterRefused, id, {}, {}});
  }
  if (!missing.empty()) return stop(Received::Kind::kMissingParents, std::move(missing));
  if (!objects::commit_signature_holds(commit,
                                       commit.parents.empty() ? Id{} : Id(repository_.root))) {
    fail_unsigned("the signature of a commit that came as an object does not hold");
  }
  if (const std::string found = rules_.tree_problem(commit); !found.empty()) {
    fail("a commit that came as an object has a bad tree: " + found);
  }
  return judge(commit, whole.bytes());
}

Received Incoming::Impl::end_tag(const Bytes& bytes) {
  const bool is_whole = check_received_tag(objects_, repository_.root, bytes);
  if (!is_whole && !has_refused()) fail("a tag names what is not here");
  const Id id = is_whole ? Id(objects_.put(ObjectType::kTag, bytes))
                         : core::object_id(ObjectType::kTag, bytes);
  return {Received::Kind::kTag, id, {}, {}};
}

/// What rebuilding takes need not be here, where the commit is: a bundle brings it again.
template <typename Work>
void Incoming::Impl::pass_over_where_known(const wire::CommitElement& said,
                                           std::uint64_t operations, const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    const bool is_partial = scope_ && error.code() == ErrorCode::kNotHeld;
    if (!is_partial && error.code() != ErrorCode::kErased) throw;
    if (!known_) known_.emplace(repository_);
    const std::optional<CommitId> known = known_->find(said);
    if (!known) throw;
    open_ = PassedOver(operations, *known, true);
  }
}

Received Incoming::Impl::take_known(const CommitId& id) {
  for (const CommitId& parent : repository_.read_commit(id).parents) heads_.erase(parent);
  heads_.insert(id);
  return count({Received::Kind::kKnown, id, {}, {}});
}

Received Incoming::Impl::judge(const Commit& commit, const Bytes& bytes) {
  const CommitId id(core::object_id(ObjectType::kCommit, bytes));
  Received received{Received::Kind::kTaken, id, {}, {}};
  if (objects_.contains(id)) {
    received.kind = Received::Kind::kKnown;
  } else {
    if (scope_) expect_contents_of(commit);
    const CommitRules::Verdict verdict = rules_.verdict(id, commit);
    received.rule = verdict.rule;
    received.until_millis = verdict.until_millis;
    if (!received.rule.empty()) {
      received.kind = Received::Kind::kRefused;
      refused_.insert(id);
      return count(std::move(received));
    }
    refused_.erase(id);  // of an earlier stream: its time has come
    objects::PutHint hint;
    if (!commit.parents.empty()) hint.base = commit.parents.front();
    objects_.put(ObjectType::kCommit, bytes, hint);
    if (commit.writer == repository_.writer) {
      is_copied_ = true;
      // Another key's number could be the last that there is.
      if (commit.author == repository_.public_key()) {
        own_sequence_ = std::max(own_sequence_, commit.sequence);
      }
    }
  }
  for (const CommitId& parent : commit.parents) heads_.erase(parent);
  heads_.insert(id);
  return count(std::move(received));
}

void Incoming::Impl::expect_contents_of(const Commit& commit) {
  if (const auto path =
          path_without_content(objects_, nodes(), *scope_, commit, erased_.allowed())) {
    fail("the content of '" + *path + "', which is in this repository's scope, was not sent");
  }
}

std::vector<CommitId> Incoming::Impl::absent(const std::vector<CommitId>& commits) const {
  std::vector<CommitId> missing;
  for (const CommitId& commit : commits) {
    if (!objects_.contains(commit)) missing.push_back(commit);
  }
  return missing;
}

/// `missing`: those of the parents that are not here.
bool Incoming::Impl::is_after_refused(const std::vector<CommitId>& parents,
                                      const std::vector<CommitId>& missing) const {
  if (absent_ == Absent::kRefused && has_refused() && !missing.empty()) return true;
  return std::any_of(parents.begin(), parents.end(),
                     [&](const CommitId& parent) { return refused_.contains(parent); });
}

Received Incoming::Impl::stop(Received::Kind kind, std::vector<CommitId> missing) {
  is_stopped_ = true;
  return {kind, {}, {}, std::move(missing)};
}

Received Incoming::Impl::count(Received received) {
  ++commits_;
  return received;
}

void Incoming::Impl::read_partial() {
  const std::optional<std::string> text = repository_.database->setting(setting_);
  if (!text) return;
  is_changed_ = true;
  kept_ = read_kept_partial(objects_, *text);
}

Incoming::Incoming(RepositoryState& repository, const PublicKey& peer)
    : impl_(std::make_unique<Impl>(repository, peer)) {}
Incoming::~Incoming() = default;

std::optional<ResumePoint> Incoming::resume() const {
  return impl_->resume();
}
std::optional<wire::ObjectsTaken> Incoming::objects_taken() const {
  return impl_->objects_taken();
}
void Incoming::tell_erased(const std::vector<Id>& theirs) {
  impl_->tell_erased(theirs);
}
void Incoming::expect_contents(std::unordered_set<Id> contents) {
  impl_->expect_contents(std::move(contents));
}
std::vector<CommitId> Incoming::heads() const {
  return impl_->heads();
}
void Incoming::begin_stream(Absent absent) {
  impl_->begin_stream(absent);
}
std::optional<Received> Incoming::take(wire::Element element) {
  return impl_->take(std::move(element));
}
void Incoming::end_stream(std::uint64_t commits, std::uint64_t operations) {
  impl_->end_stream(commits, operations);
}
bool Incoming::has_refused() const {
  return impl_->has_refused();
}
std::uint64_t Incoming::commits() const {
  return impl_->commits();
}
std::uint64_t Incoming::operations() const {
  return impl_->operations();
}
std::uint64_t Incoming::packed_objects() const {
  return impl_->packed_objects();
}
bool Incoming::should_begin_pack() const {
  return impl_->should_begin_pack();
}
const Scope& Incoming::scope() const {
  return impl_->claimed();
}
void Incoming::widen(const Scope& from, const Scope& to) {
  impl_->widen(from, to);
}
objects::ObjectStore& Incoming::objects() {
  return impl_->objects();
}
void Incoming::begin_part(const std::optional<PartEnd>& before) {
  impl_->begin_part(before);
}
Incoming::PartEnd Incoming::part_end() const {
  return impl_->part_end();
}
void Incoming::end_part(refs::WriteBatch batch) {
  impl_->end_part(std::move(batch));
}
void Incoming::flush() {
  impl_->flush();
}
std::optional<refs::LostSwap> Incoming::finish(refs::WriteBatch batch) {
  return impl_->finish(std::move(batch));
}

}  // namespace isodb::sync
