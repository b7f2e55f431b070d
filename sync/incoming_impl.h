#pragma once

#include "sync/incoming.h"

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>
#include <variant>

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

/// What a session takes, and where it stands in that.
class Incoming::Impl {
 public:
  Impl(RepositoryState& repository, const PublicKey& peer, const Unproved::Limits& limits)
      : repository_(repository),
        objects_(repository),
        claimed_text_(repository.database->setting(repo::kSettingScope)),
        claimed_(repo::parse_scope(claimed_text_)),
        setting_(std::string(repo::kSettingIncomingPrefix) + peer.fingerprint()),
        refs_prefix_("incoming/" + peer.fingerprint() + "/"),
        taken_record_(repository, peer),
        erased_(repository, objects_, peer),
        unproved_(limits),
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
    denied_.clear();
    commits_ = operations_ = 0;
    absent_ = absent;
  }

  void expect_contents(std::unordered_set<Id> contents) { contents_ = std::move(contents); }

  std::optional<Received> take(wire::Element element) {
    if (is_stopped_) {
      throw Error(ErrorCode::kInvalid, "elements were given behind what ended their stream");
    }
    check_unproved();
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

  void note_received(std::uint64_t bytes) { unproved_.receive(bytes); }
  bool has_too_much_to_keep() const {
    return unproved_.is_too_much_to_keep(objects_.stored_bytes());
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
  [[noreturn]] static void fail(const std::string& problem) {
    throw Error(ErrorCode::kCorrupt, problem);
  }
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
  void check_unproved();
  void drop_unproved();
  bool pass_over_where_denied(const wire::CommitElement& said, std::uint64_t operations);
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
  bool is_author_known_ = false;  // of the commit at hand: may write, or nobody can tell
  std::string denied_;            // or why it is passed over
  Unproved unproved_;
  unsigned unchecked_ = 0;  // elements since unproved_ was last looked at
  std::uint64_t dictionaries_ = 0, operations_of_all_ = 0;  // of all streams
  Absent absent_ = Absent::kMissing;
  CommitRules rules_;
  std::optional<KnownCommits> known_;
};

}  // namespace isodb::sync
