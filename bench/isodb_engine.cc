#include <unistd.h>

#include <stdexcept>

#include "bench/engine.h"
#include "bench/random.h"
#include "isodb/import_session.h"
#include "isodb/repository.h"

namespace isodb::bench {
namespace {

constexpr char kBranch[] = "heads/main";
constexpr char kLeft[] = "heads/left", kRight[] = "heads/right", kJoined[] = "heads/joined";
constexpr std::uint64_t kWovenDocuments = 1000;
constexpr char kMediaType[] = "application/json";

/// Threads change different documents, so a commit that meets another is rebased, never refused.
void commit_to(Repository& repository, const std::string& branch,
               const std::vector<Document>& documents) {
  Transaction transaction = repository.begin(branch);
  for (const Document& document : documents) transaction.put(document.path, document.json);
  if (std::holds_alternative<Stale>(transaction.commit({}))) {
    throw std::runtime_error("isodb refuses a commit of documents that nobody else changes");
  }
}

void point(Repository& repository, const std::string& branch, const Id& target) {
  if (!repository.move_ref(branch, repository.ref(branch), target, "bench").done) {
    throw std::runtime_error("isodb says that somebody else moved " + branch);
  }
}

class IsodbCommitter final : public Committer {
 public:
  explicit IsodbCommitter(Repository& repository) : repository_(repository) {}

  void commit(const std::vector<Document>& documents) override {
    commit_to(repository_, kBranch, documents);
  }

 private:
  Repository& repository_;
};

/// The public interface as a program would use it: loads through an import session, reads from one
/// snapshot, commits as transactions.
class IsodbEngine final : public Engine {
 public:
  using Engine::Engine;

  void load(CorpusReader& reader, Order /*order*/) override {
    Repository repository = Repository::init(folder());
    ImportSession session(repository);
    ImportSession::CommitInput input;
    input.parents = {repository.resolve_commit(kBranch)};
    std::string_view path, json;
    while (reader.next(path, json)) {
      session.stage(path, session.write_document(json, kMediaType));
    }
    const CommitId commit = session.commit(std::move(input));
    if (session.finish({{kBranch, commit}}, "load")) {
      throw std::runtime_error("isodb says that somebody else moved the branch");
    }
  }

  void open() override {
    OpenOptions options;
    options.cache_bytes = settings_.cache_bytes;
    repository_.emplace(Repository::open(folder(), options));
    snapshot_.emplace(repository_->snapshot(kBranch));
  }

  bool get(const std::string& path, std::string& out) override {
    std::optional<Bytes> document = snapshot_->get(path);
    if (document) out = std::move(*document);
    return document.has_value();
  }

  std::uint64_t scan() override {
    std::uint64_t bytes = 0;
    for (DocumentCursor cursor = snapshot_->documents("records/"); cursor.valid(); cursor.next()) {
      bytes += cursor.bytes().size();
    }
    return bytes;
  }

  std::unique_ptr<Committer> committer() override {
    return std::make_unique<IsodbCommitter>(*repository_);
  }

  std::string version() override { return repository_->resolve_commit(kBranch).hex(); }

  std::uint64_t diff(const std::string& before, const std::string& after) override {
    std::uint64_t count = 0;
    snapshot_of(before).diff(snapshot_of(after), "", [&](const Difference&) {
      ++count;
      return true;
    });
    return count;
  }

  void fork(const std::vector<Document>& left, const std::vector<Document>& right) override {
    for (const auto& [branch, documents] : {std::pair(kLeft, &left), std::pair(kRight, &right)}) {
      point(*repository_, branch, repository_->resolve(kBranch));
      commit_to(*repository_, branch, *documents);
    }
    point(*repository_, kJoined, repository_->resolve(kLeft));
  }

  void advance(const Document& document) override {
    commit_to(*repository_, kLeft, {document});
    point(*repository_, kJoined, repository_->resolve(kLeft));
  }

  void merge() override { repository_->merge(kRight, kJoined); }

  std::uint64_t merged_changes() override {
    return diff(repository_->resolve(kLeft).hex(), repository_->resolve(kJoined).hex());
  }

  /// The branches' commits stand under two refs, half of them under each, which are then merged.
  void fan_out(const std::vector<std::vector<Document>>& commits) override {
    const Id base = repository_->resolve(kBranch);
    std::size_t number = 0;
    for (const std::string half : {kLeft, kRight}) {
      for (std::size_t i = 0; i < commits.size() / 2; ++i) {
        const std::string branch = i == 0 ? half : std::string("heads/one");
        point(*repository_, branch, base);
        commit_to(*repository_, branch, commits[number++]);
        if (i > 0) repository_->merge(branch, half);
      }
    }
  }

  std::size_t merge_all() override { return repository_->merge(kRight, kLeft).heads.size(); }

  void weave(std::uint64_t merges) override {
    std::filesystem::remove_all(woven());
    Repository repository = Repository::init(woven());
    for (const char* branch : {kLeft, kRight}) {
      point(repository, branch, repository.resolve(kBranch));
    }
    std::uint64_t number = 0;
    const auto commit = [&](const char* branch) {
      const std::uint64_t document = scatter(++number) % kWovenDocuments;
      Document changed{Corpus::path(document), {}};
      Corpus::document(document, static_cast<std::uint32_t>(number), changed.json);
      commit_to(repository, branch, {changed});
    };
    for (std::uint64_t i = 0; i < merges; ++i) {
      commit(kLeft);
      commit(kRight);
      repository.merge(kRight, kLeft);
      point(repository, kRight, repository.resolve(kLeft));
    }
  }

  std::uint64_t verify_woven() override {
    std::uint64_t merges = 0;
    {
      Repository repository = Repository::open(woven());
      if (!repository.verify().empty()) throw std::runtime_error("isodb says that it is damaged");
      repository.log(repository.resolve_heads(kLeft), {}, [&](const LoggedCommit& commit) {
        merges += commit.commit.parents.size() > 1 ? 1 : 0;
        return true;
      });
    }
    std::filesystem::remove_all(woven());
    return merges / 2 + 1;  // two commits stand on each, none on the last
  }

 private:
  /// In memory where that can be: what is measured does not sync, what comes before it only does.
  std::filesystem::path woven() const {
    const std::filesystem::path memory = "/dev/shm";
    if (!std::filesystem::exists(memory)) return folder().string() + "-woven";
    return memory / ("isodb-bench-woven-" + std::to_string(::getuid()));
  }
  Snapshot snapshot_of(const std::string& version) {
    return repository_->snapshot_of(Id::from_hex(version).value());
  }

  std::optional<Repository> repository_;
  std::optional<Snapshot> snapshot_;
};

}  // namespace

EngineKind isodb_kind() {
  return {
      "isodb", ISODB_BENCH_VERSION,
      "load by an import session, reads from one snapshot, each commit a signed transaction; load "
      "and scan have a second thread",
      [](EngineSettings settings) -> std::unique_ptr<Engine> {
        return std::make_unique<IsodbEngine>(std::move(settings));
      }};
}

}  // namespace isodb::bench
