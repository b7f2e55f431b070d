#include <git2.h>
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>

#include <algorithm>
#include <stdexcept>

#include "bench/engine.h"
#include "bench/sharding.h"

namespace isodb::bench {
namespace {

void check(int code, const char* what) {
  if (code >= 0) return;
  const git_error* error = git_error_last();
  throw std::runtime_error(std::string("libgit2 cannot ") + what + ": " +
                           (error != nullptr ? error->message : "unknown"));
}

/// Owns one libgit2 object and frees it as its type wants.
template <typename T, void (*Free)(T*)>
class Owner {
 public:
  Owner() = default;
  ~Owner() { Free(object_); }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  T** out() {
    Free(object_);
    object_ = nullptr;
    return &object_;
  }
  T* get() const { return object_; }

 private:
  T* object_ = nullptr;
};
using RepositoryOwner = Owner<git_repository, git_repository_free>;
using OdbOwner = Owner<git_odb, git_odb_free>;
using TreeOwner = Owner<git_tree, git_tree_free>;
using CommitOwner = Owner<git_commit, git_commit_free>;
using BlobOwner = Owner<git_blob, git_blob_free>;
using EntryOwner = Owner<git_tree_entry, git_tree_entry_free>;
using BuilderOwner = Owner<git_treebuilder, git_treebuilder_free>;
using PackOwner = Owner<git_packbuilder, git_packbuilder_free>;
using DiffOwner = Owner<git_diff, git_diff_free>;
using SignatureOwner = Owner<git_signature, git_signature_free>;

using IndexOwner = Owner<git_index, git_index_free>;
using ReferenceOwner = Owner<git_reference, git_reference_free>;

constexpr char kBranch[] = "refs/heads/main", kLeft[] = "refs/heads/left",
               kRight[] = "refs/heads/right";

git_oid create_commit(git_repository* repository, const char* branch, const git_oid& tree_id,
                      const git_commit* parent) {
  TreeOwner tree;
  check(git_tree_lookup(tree.out(), repository, &tree_id), "read a tree");
  SignatureOwner author;
  check(git_signature_new(author.out(), "Bench", "bench@isodb.example", 1780000000, 0), "sign");
  git_oid id;
  check(git_commit_create(&id, repository, branch, author.get(), author.get(), nullptr, "bench",
                          tree.get(), parent == nullptr ? 0 : 1, &parent),
        "commit");
  return id;
}

/// Builds the two levels of folders from all paths, sorted, and packs what the load made.
class Loader {
 public:
  explicit Loader(git_repository* repository) : repository_(repository) {
    OdbOwner odb;
    check(git_repository_odb(odb.out(), repository), "open the object database");
    check(git_mempack_new(&mempack_), "make an in-memory backend");
    check(git_odb_add_backend(odb.get(), mempack_, 1000), "add the in-memory backend");
    check(git_packbuilder_new(pack_.out(), repository), "make a pack");
    git_packbuilder_set_threads(pack_.get(), 0);
  }

  void add(std::string_view path, std::string_view json) {
    File file{sharded(path), {}};
    check(git_blob_create_from_buffer(&file.id, repository_, json.data(), json.size()),
          "write a blob");
    files_.push_back(std::move(file));
  }

  void finish() {
    std::sort(files_.begin(), files_.end(),
              [](const File& a, const File& b) { return a.path < b.path; });
    for (const File& file : files_) insert(file.id, file.path.c_str());
    const git_oid root = folder(0, files_.size(), 0);
    // The branch must not move before what it names is durable: pack first, then the ref.
    SignatureOwner author;
    check(git_signature_new(author.out(), "Bench", "bench@isodb.example", 1780000000, 0), "sign");
    TreeOwner tree;
    check(git_tree_lookup(tree.out(), repository_, &root), "read a tree");
    git_oid commit;
    check(git_commit_create(&commit, repository_, nullptr, author.get(), author.get(), nullptr,
                            "bench", tree.get(), 0, nullptr),
          "commit");
    insert(commit, nullptr);
    check(git_packbuilder_write(pack_.get(), nullptr, 0444, nullptr, nullptr), "write the pack");
    check(git_mempack_reset(mempack_), "empty the in-memory backend");
    git_reference* reference = nullptr;
    check(git_reference_create(&reference, repository_, kBranch, &commit, 1, nullptr),
          "move the branch");
    git_reference_free(reference);
  }

 private:
  struct File {
    std::string path;
    git_oid id;
  };

  void insert(const git_oid& id, const char* name) {
    check(git_packbuilder_insert(pack_.get(), &id, name), "add to the pack");
  }

  /// The tree of files_[begin, end), whose paths agree in their first `skip` characters.
  git_oid folder(std::size_t begin, std::size_t end, std::size_t skip) {
    BuilderOwner builder;
    check(git_treebuilder_new(builder.out(), repository_, nullptr), "build a tree");
    for (std::size_t i = begin; i < end;) {
      const std::string_view rest = std::string_view(files_[i].path).substr(skip);
      const std::size_t slash = rest.find('/');
      const std::string name(rest.substr(0, slash));
      std::size_t next = i + 1;
      git_oid id = files_[i].id;
      if (slash != std::string_view::npos) {
        const std::string_view shared =
            std::string_view(files_[i].path).substr(0, skip + slash + 1);
        while (next < end && files_[next].path.starts_with(shared)) ++next;
        id = folder(i, next, skip + slash + 1);
      }
      check(git_treebuilder_insert(
                nullptr, builder.get(), name.c_str(), &id,
                slash == std::string_view::npos ? GIT_FILEMODE_BLOB : GIT_FILEMODE_TREE),
            "add to a tree");
      i = next;
    }
    git_oid id;
    check(git_treebuilder_write(&id, builder.get()), "write a tree");
    insert(id, nullptr);
    return id;
  }

  git_repository* repository_;
  git_odb_backend* mempack_ = nullptr;
  PackOwner pack_;
  std::vector<File> files_;
};

/// One document: blob, two folders, root and commit as loose objects, each synced, then the ref.
/// Many: a pack of the new objects, since a sync for each would take a hundred times longer.
class Libgit2Committer final : public Committer {
 public:
  Libgit2Committer(git_repository* repository, const char* branch)
      : repository_(repository), branch_(branch) {
    git_oid head;
    check(git_reference_name_to_id(&head, repository, branch), "find the branch");
    check(git_commit_lookup(commit_.out(), repository, &head), "read the commit");
  }

  void commit(const std::vector<Document>& documents) override {
    const git_oid tree = documents.size() < kPackFrom ? write_tree(repository_, documents, nullptr)
                                                      : write_pack(documents);
    const git_oid id = create_commit(repository_, branch_, tree, commit_.get());
    check(git_commit_lookup(commit_.out(), repository_, &id), "read the commit");
  }

 private:
  static constexpr std::size_t kPackFrom = 20;

  /// Writes the documents and the folders above them; adds all to `pack` if there is one.
  git_oid write_tree(git_repository* repository, const std::vector<Document>& documents,
                     git_packbuilder* pack) {
    std::vector<std::string> paths;
    std::vector<git_tree_update> updates;
    paths.reserve(documents.size());
    for (const Document& document : documents) {
      paths.push_back(sharded(document.path));
      git_tree_update update{GIT_TREE_UPDATE_UPSERT, {}, GIT_FILEMODE_BLOB, paths.back().c_str()};
      check(git_blob_create_from_buffer(&update.id, repository, document.json.data(),
                                        document.json.size()),
            "write a blob");
      updates.push_back(update);
    }
    TreeOwner before, after;
    CommitOwner parent;
    check(git_commit_lookup(parent.out(), repository, git_commit_id(commit_.get())),
          "read the commit");
    check(git_commit_tree(before.out(), parent.get()), "read the tree");
    git_oid root;
    check(git_tree_create_updated(&root, repository, before.get(), updates.size(), updates.data()),
          "update the tree");
    if (pack == nullptr) return root;
    check(git_packbuilder_insert(pack, &root, nullptr), "add to the pack");
    check(git_tree_lookup(after.out(), repository, &root), "read a tree");
    for (const std::string& path : paths) {
      for (const std::size_t length : {std::size_t{2}, std::size_t{5}, path.size()}) {
        EntryOwner entry;
        check(git_tree_entry_bypath(entry.out(), after.get(), path.substr(0, length).c_str()),
              "find a new object");
        check(git_packbuilder_insert(pack, git_tree_entry_id(entry.get()), nullptr),
              "add to the pack");
      }
    }
    return root;
  }

  /// A second handle of the repository keeps the new objects in memory until they are packed.
  git_oid write_pack(const std::vector<Document>& documents) {
    RepositoryOwner repository;
    check(git_repository_open_bare(repository.out(), git_repository_path(repository_)),
          "open the repository");
    OdbOwner odb;
    check(git_repository_odb(odb.out(), repository.get()), "open the object database");
    git_odb_backend* memory = nullptr;
    check(git_mempack_new(&memory), "make an in-memory backend");
    check(git_odb_add_backend(odb.get(), memory, 1000), "add the in-memory backend");
    PackOwner pack;
    check(git_packbuilder_new(pack.out(), repository.get()), "make a pack");
    const git_oid tree = write_tree(repository.get(), documents, pack.get());
    check(git_packbuilder_write(pack.get(), nullptr, 0444, nullptr, nullptr), "write the pack");
    return tree;
  }

  git_repository* repository_;
  const char* branch_;
  CommitOwner commit_;
};

class Libgit2Engine final : public Engine {
 public:
  explicit Libgit2Engine(EngineSettings settings) : Engine(std::move(settings)) {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, static_cast<ssize_t>(settings_.cache_bytes));
    // By default only trees up to 4 KiB are cached, and no blob; trees of 256 entries have 8 KiB.
    git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE, std::size_t{64} << 10);
    git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_BLOB, std::size_t{4} << 10);
  }

  void load(CorpusReader& reader, Order /*order*/) override {
    check(git_repository_init(repository_.out(), folder().c_str(), 1), "make the repository");
    Loader loader(repository_.get());
    std::string_view path, json;
    while (reader.next(path, json)) loader.add(path, json);
    loader.finish();
  }

  void open() override {
    check(git_repository_open_bare(repository_.out(), folder().c_str()), "open the repository");
    load_tree(root_, version());
  }

  bool get(const std::string& path, std::string& out) override {
    EntryOwner entry;
    const int code = git_tree_entry_bypath(entry.out(), root_.get(), sharded(path).c_str());
    if (code == GIT_ENOTFOUND) return false;
    check(code, "find a path");
    read(*git_tree_entry_id(entry.get()), out);
    return true;
  }

  std::uint64_t scan() override {
    struct Walk {
      Libgit2Engine& engine;
      std::uint64_t bytes;
      std::string document;
    } walk{*this, 0, {}};
    const auto visit = [](const char*, const git_tree_entry* entry, void* payload) {
      auto& walk = *static_cast<Walk*>(payload);
      if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB) return 0;
      walk.engine.read(*git_tree_entry_id(entry), walk.document);
      walk.bytes += walk.document.size();
      return 0;
    };
    check(git_tree_walk(root_.get(), GIT_TREEWALK_PRE, visit, &walk), "walk the tree");
    return walk.bytes;
  }

  std::unique_ptr<Committer> committer() override {
    if (committers_++ > 0) throw NotOffered();
    return std::make_unique<Libgit2Committer>(repository_.get(), kBranch);
  }

  std::string version() override {
    git_oid id;
    check(git_reference_name_to_id(&id, repository_.get(), kBranch), "find the branch");
    char text[GIT_OID_HEXSZ + 1];
    return git_oid_tostr(text, sizeof(text), &id);
  }

  std::uint64_t diff(const std::string& before, const std::string& after) override {
    TreeOwner old_tree, new_tree;
    load_tree(old_tree, before);
    load_tree(new_tree, after);
    DiffOwner diff;
    check(git_diff_tree_to_tree(diff.out(), repository_.get(), old_tree.get(), new_tree.get(),
                                nullptr),
          "compare");
    return git_diff_num_deltas(diff.get());
  }

  void fork(const std::vector<Document>& left, const std::vector<Document>& right) override {
    git_oid base;
    check(git_reference_name_to_id(&base, repository_.get(), kBranch), "find the branch");
    for (const auto& [branch, documents] : {std::pair(kLeft, &left), std::pair(kRight, &right)}) {
      ReferenceOwner made;
      check(git_reference_create(made.out(), repository_.get(), branch, &base, 1, nullptr),
            "make a branch");
      Libgit2Committer(repository_.get(), branch).commit(*documents);
    }
  }

  void advance(const Document& document) override {
    Libgit2Committer(repository_.get(), kLeft).commit({document});
  }

  /// In memory: no tree is written.
  void merge() override {
    CommitOwner left, right;
    for (const auto& [branch, commit] : {std::pair(kLeft, &left), std::pair(kRight, &right)}) {
      git_oid id;
      check(git_reference_name_to_id(&id, repository_.get(), branch), "find a branch");
      check(git_commit_lookup(commit->out(), repository_.get(), &id), "read a commit");
    }
    check(git_merge_commits(merged_.out(), repository_.get(), left.get(), right.get(), nullptr),
          "merge");
  }

  std::uint64_t merged_changes() override {
    git_oid id;
    check(git_reference_name_to_id(&id, repository_.get(), kLeft), "find a branch");
    CommitOwner commit;
    check(git_commit_lookup(commit.out(), repository_.get(), &id), "read a commit");
    TreeOwner tree;
    check(git_commit_tree(tree.out(), commit.get()), "read a tree");
    DiffOwner diff;
    check(git_diff_tree_to_index(diff.out(), repository_.get(), tree.get(), merged_.get(), nullptr),
          "compare");
    return git_diff_num_deltas(diff.get());
  }

 private:
  void load_tree(TreeOwner& tree, const std::string& version) {
    git_oid id;
    check(git_oid_fromstr(&id, version.c_str()), "read an id");
    CommitOwner commit;
    check(git_commit_lookup(commit.out(), repository_.get(), &id), "read a commit");
    check(git_commit_tree(tree.out(), commit.get()), "read a tree");
  }

  void read(const git_oid& id, std::string& out) {
    BlobOwner blob;
    check(git_blob_lookup(blob.out(), repository_.get(), &id), "read a blob");
    out.assign(static_cast<const char*>(git_blob_rawcontent(blob.get())),
               static_cast<std::size_t>(git_blob_rawsize(blob.get())));
  }

  RepositoryOwner repository_;
  TreeOwner root_;
  IndexOwner merged_;
  int committers_ = 0;
};

}  // namespace

EngineKind libgit2_kind() {
  return {"libgit2", LIBGIT2_VERSION,
          "SHA-1, two levels of 256 folders, fsync of everything; load into memory, then one pack "
          "with all cores; no hash verification on reading, caches for trees and blobs; commits "
          "of one document as loose objects, of many as a pack",
          [](EngineSettings settings) -> std::unique_ptr<Engine> {
            return std::make_unique<Libgit2Engine>(std::move(settings));
          }};
}

}  // namespace isodb::bench
