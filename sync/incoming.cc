#include "sync/incoming.h"

#include "core/hash.h"
#include "sync/incoming_impl.h"

namespace isodb::sync {
namespace {

/// A commit of no more operations, and no LARGE, is rebuilt whoever made it, so that it can be
/// named when it is refused.
constexpr std::uint64_t kOperationsOfAnyone = 1'000;

/// Each may have 64 KiB and takes zstd as long as hundreds of documents. A sender says one where
/// more than 512 documents in a row lie packed with it (stored_frames.cc).
constexpr std::uint64_t kDictionariesMin = 16, kOperationsPerDictionary = 256;

[[noreturn]] void fail_unsigned(const std::string& problem) {
  throw Error(ErrorCode::kUnverified, problem);
}

}  // namespace

std::optional<Received> Incoming::Impl::take_part(wire::CommitElement commit) {
  expect_between();
  drop_kept();
  is_author_known_ = false;
  taken_ = {};
  is_changed_ = true;
  std::vector<CommitId> missing = absent(commit.parents);
  if (is_after_refused(commit.parents, missing)) {
    const ByteView signature(reinterpret_cast<const char*>(commit.signature.bytes.data()),
                             commit.signature.bytes.size());
    open_ = PassedOver(commit.operations, core::sha256(signature), false);
  } else {
    if (!missing.empty()) return stop(Received::Kind::kMissingParents, std::move(missing));
    const bool is_large = commit.operations > kOperationsOfAnyone;
    if (is_large && pass_over_where_denied(commit, commit.operations)) {
      // Nothing of it is stored.
    } else if (scope_ || !erased_.allowed().empty()) {
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
  ++operations_of_all_;
  is_changed_ = true;
  if (CommitRebuild* const commit = std::get_if<CommitRebuild>(&open_)) {
    const bool is_large = operation.kind == wire::OperationKind::kLarge;
    if (is_large && pass_over_where_denied(commit->said(), commit->operations_left())) {
      std::get<PassedOver>(open_).take(operation);
      return end_where_whole();
    }
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
  if (++dictionaries_ > kDictionariesMin + operations_of_all_ / kOperationsPerDictionary) {
    fail("more than 16 dictionaries came, and more than one for each 256 operations");
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
    return count({Received::Kind::kAfterRefused, id, std::exchange(denied_, {}), {}});
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

void Incoming::Impl::check_unproved() {
  constexpr unsigned kElementsUnchecked = 256;
  if (++unchecked_ < kElementsUnchecked) return;
  unchecked_ = 0;
  if (!unproved_.is_too_much(objects_.stored_bytes())) return;
  drop_unproved();
  throw Error(
      ErrorCode::kLimit,
      "what came takes more than 1 GiB here, 64 times what was received, and no commit that "
      "can be taken answers for it",
      "where that is no attack: make smaller commits");
}

/// Back to what was flushed, but for the commit that is not whole.
void Incoming::Impl::drop_unproved() {
  is_stopped_ = true;
  open_ = std::monostate();
  drop_kept();
  objects_.drop();
  heads_.clear();
  for (const refs::Ref& ref : repository_.database->refs(refs_prefix_)) {
    heads_.insert(CommitId(ref.target));
  }
  refs::WriteBatch batch;
  batch.settings.emplace_back(setting_, std::nullopt);
  repository_.database->write(batch);
  is_changed_ = false;
}

/// `operations`: to come. judge() would refuse the commit, when all of it had been stored.
bool Incoming::Impl::pass_over_where_denied(const wire::CommitElement& said,
                                            std::uint64_t operations) {
  if (std::exchange(is_author_known_, true)) return false;
  denied_ = rules_.author_problem(said.parents, said.author);
  if (denied_.empty()) return false;
  denied_ += "; it is large, and was not read";
  const ByteView signature(reinterpret_cast<const char*>(said.signature.bytes.data()),
                           said.signature.bytes.size());
  open_ = PassedOver(operations, core::sha256(signature), false);
  return true;
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
  unproved_.end_commit(objects_.stored_bytes(), received.kind == Received::Kind::kTaken);
  return received;
}

void Incoming::Impl::read_partial() {
  const std::optional<std::string> text = repository_.database->setting(setting_);
  if (!text) return;
  is_changed_ = true;
  kept_ = read_kept_partial(objects_, *text);
}

Incoming::Incoming(RepositoryState& repository, const PublicKey& peer,
                   const Unproved::Limits& limits)
    : impl_(std::make_unique<Impl>(repository, peer, limits)) {}
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
void Incoming::note_received(std::uint64_t bytes) {
  impl_->note_received(bytes);
}
bool Incoming::has_too_much_to_keep() const {
  return impl_->has_too_much_to_keep();
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
