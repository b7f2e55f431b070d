#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "exchange/git_export.h"
#include "exchange/git_stream.h"

namespace isodb::exchange {

/// One run of export_git(). Borrows repository, sink and options; one thread, used once.
class GitExporter {
 public:
  GitExporter(const Repository& repository, ByteSink& sink, const GitExportOptions& options)
      : repository_(repository), sink_(sink), options_(options) {}
  GitExportReport run();

 private:
  using Number = std::uint32_t;
  static constexpr Number kNone = UINT32_MAX;
  /// A commit to be written. Marks of commits are given in the order of writing.
  struct Node {
    CommitId id;
    HybridTime clock;
    std::uint32_t parents_begin = 0, parents_end = 0;  // of parents_
    Number ref = kNone;                                // index into refs_: "commit <ref>"
    std::uint64_t mark = 0;
  };
  struct ExportedRef {
    std::string name, git_name;
    Id target;
    ObjectType type = ObjectType::kCommit;
    Number tip = kNone;         // the commit it leads to; kNone: the root that is left out
    std::uint64_t written = 0;  // mark of the last commit written under this name
  };
  /// What a git tree says of a document besides its content.
  struct Attributes {
    GitMode mode = GitMode::kFile;
    bool has_other_fields = false;
  };

  void choose_refs();
  void add_ref(const RefInfo& info);
  std::optional<CommitId> commit_of(Id id, ObjectType type) const;
  void collect();
  Number node_of(const CommitId& id, std::vector<Number>& open);
  void name_commits();
  bool root_is_left_out() const;

  void write_commit(Node& node);
  std::vector<Number> original_parents(const Node& node, const Commit& commit) const;
  std::string changes_of(const Snapshot& before, const Snapshot& after);
  std::string all_of(const Snapshot& after);
  void append_change(std::string& lines, const Snapshot& after, const std::string& path,
                     const Entry& entry);
  bool is_erased(const Entry& entry) const;
  bool fits_git(const Snapshot& after, const std::string& path, const Entry& entry, GitMode mode);
  std::uint64_t blob_mark(const Snapshot& after, const std::string& path, const Entry& entry);
  Attributes attributes_of(const Entry& entry);
  void write_people(const Commit& commit);
  void write_message(const Bytes& message);
  void write_ref(ExportedRef& ref);
  std::uint64_t write_tag(const TagId& id, const std::string& name);
  std::string native_ident(const PublicKey& key, HybridTime clock) const;
  void unsupported(const std::string& what, const std::string& problem);

  const Repository& repository_;
  ByteSink& sink_;
  const GitExportOptions& options_;
  bool leaves_root_out_ = false;
  std::vector<ExportedRef> refs_;
  std::vector<Node> nodes_;
  std::vector<Number> parents_;
  std::unordered_map<CommitId, Number> numbers_;
  std::unordered_map<Id, std::uint64_t> blob_marks_;
  std::unordered_map<Id, std::uint64_t> tag_marks_;
  std::unordered_map<Id, Attributes> attributes_;
  std::uint64_t last_mark_ = 0;
  std::map<std::string, std::string> skipped_;
  std::vector<Id> erased_;  // ascending
  GitExportReport report_;
};

}  // namespace isodb::exchange
