#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/key.h"
#include "merge/erased.h"
#include "objects/source.h"
#include "refs/database.h"
#include "repo/state.h"

namespace isodb::sync {

/// What is erased, seen from a session that receives: contents that are erased here are not taken,
/// and those that the other side says are erased need not come. That it says so proves nothing:
/// what was done without has to be erased by the commits that are here at the end. Borrows both.
/// One thread.
class IncomingErased {
 public:
  /// Goes on with what the last session with this peer did without.
  IncomingErased(RepositoryState& repository, objects::ObjectStore& objects, const PublicKey& peer);

  void tell(const std::vector<Id>& theirs);

  /// Whether a document may be without this content.
  bool may_lack(std::string_view path, const Id& content) const {
    return !path.starts_with(kGovernedPrefix) && allowed_.has(content);
  }
  /// It is here without it.
  void note_lacking(const Id& content) { lacking_.insert(content); }
  const merge::Erased& allowed() const { return allowed_; }

  /// Where the contents of a document go: those that are erased here go nowhere.
  objects::ObjectStore& contents_of(std::string_view path);
  /// Chunks of one such document may lie here nevertheless.
  void note_written(const Id& content) { has_written_ = has_written_ || here_->has(content); }

  /// For what becomes durable before the end.
  void keep(refs::WriteBatch& batch) const;
  /// For the end. Error(kCorrupt) unless each content that is lacking is erased by what is here
  /// then: by the refs as they are, and as the batch moves them.
  void finish(refs::WriteBatch& batch);

 private:
  void claim(merge::Erased said);
  void keep_fetched(const merge::Erased& here, refs::WriteBatch& batch) const;

  class Dropping : public objects::ObjectStore {
   public:
    Dropping(objects::ObjectStore& below, const merge::ErasedPtr& erased)
        : below_(below), erased_(erased) {}
    Id put(ObjectType type, ByteView payload, const objects::PutHint& hint) override;
    std::optional<objects::Object> get(const Id& id) const override { return below_.get(id); }
    bool contains(const Id& id) const override { return below_.contains(id); }
    unsigned depth(const Id& id) const override { return below_.depth(id); }

   private:
    objects::ObjectStore& below_;
    const merge::ErasedPtr& erased_;
  };

  RepositoryState& repository_;
  objects::ObjectStore& objects_;
  const std::string setting_;
  merge::ErasedPtr here_;
  merge::Erased allowed_;
  merge::ErasedPtr claimed_;  // for who merges what came, until the session ends
  Dropping dropping_;
  std::set<Id> lacking_;
  bool has_written_ = false;
};

}  // namespace isodb::sync
