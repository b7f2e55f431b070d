#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "exchange/blob_table.h"
#include "exchange/commit_table.h"
#include "exchange/git_import.h"
#include "exchange/git_stream.h"
#include "exchange/tree_edit.h"
#include "isodb/import_session.h"

namespace isodb::exchange {

/// One run of import_git(). Borrows repository, source and options; one thread, used once.
class GitImporter {
 public:
  GitImporter(Repository& repository, ByteSource& source, const GitImportOptions& options);
  GitImportReport run();

 private:
  /// What a mark or a ref of the stream stands for.
  struct Target {
    Id id;
    ObjectType type = ObjectType::kCommit;
    CommitTable::Number number = 0;  ///< commits only
  };
  /// A ref that the stream mentions. Without a target it is unborn, or, when `removed`, to be
  /// deleted.
  struct Branch {
    std::optional<Target> target;
    bool removed = false;
  };

  void blob(const GitBlob& blob);
  void commit(const GitCommit& commit);
  void tag(const GitTag& tag);
  void reset(const GitReset& reset);
  void alias(const GitAlias& alias);

  void apply_changes(TreeEdit& edit);
  void modify(TreeEdit& edit, const GitChange& change);
  bool skips(const std::string& path);
  Entry inline_entry(const std::string& media_type, const std::optional<Id>& resembles);
  Entry stream_entry();
  Bytes data_bytes();
  std::optional<Id> mode_metadata(GitMode mode);
  std::vector<OriginField> origin_of(const GitCommit& commit,
                                     const std::vector<CommitId>& parents) const;
  std::uint64_t time_of(ByteView ident) const;

  std::string own_ref(const Bytes& ref) const;
  Branch& branch(const Bytes& ref);
  /// What `text` names; nullopt for the null id.
  std::optional<Target> resolve(const Bytes& text);
  std::optional<Target> resolve_id(const Bytes& text);
  Target known_commit(const CommitId& id);
  Target expect_commit(const Bytes& text, const std::optional<Target>& target) const;
  void set_mark(const std::optional<std::uint64_t>& mark, const Target& target);
  void remember_original(const Bytes& id, const Target& target);
  void load_known_origins();

  void finish();
  void check_move(const std::string& ref, const std::optional<Id>& before, const Branch& branch);
  void switch_branch();

  Repository& repository_;
  ByteSource& source_;
  const GitImportOptions& options_;
  GitStream stream_;
  ImportSession session_;
  BlobTable blobs_;
  CommitTable commits_;
  std::unordered_map<std::uint64_t, Target> marks_;
  std::map<std::string, Branch> branches_;  // by their names here
  std::vector<std::string> born_;           // branches in the order in which they came up
  std::unordered_map<std::string, CommitTable::Number> originals_;  // by foreign commit id
  bool origins_loaded_ = false;
  std::map<GitMode, std::optional<Id>> modes_;
  std::map<std::string, std::string> skipped_;
  std::uint64_t now_millis_;
  GitImportReport report_;
};

}  // namespace isodb::exchange
