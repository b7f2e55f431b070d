#include <stdexcept>

#include "bench/engine.h"
#include "isodb/import_session.h"
#include "isodb/repository.h"

namespace isodb::bench {
namespace {

constexpr char kBranch[] = "heads/main";
constexpr char kMediaType[] = "application/json";

class IsodbCommitter final : public Committer {
 public:
  explicit IsodbCommitter(Repository& repository) : repository_(repository) {}

  /// Threads change different documents, so a commit that meets another is rebased, never refused.
  void commit(const std::vector<Document>& documents) override {
    Transaction transaction = repository_.begin(kBranch);
    for (const Document& document : documents) transaction.put(document.path, document.json);
    if (std::holds_alternative<Stale>(transaction.commit({}))) {
      throw std::runtime_error("isodb refuses a commit of documents that nobody else changes");
    }
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
      input.changes.push_back({std::string(path), session.write_document(json, kMediaType)});
    }
    const CommitId commit = session.commit(input);
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

 private:
  Snapshot snapshot_of(const std::string& version) {
    return repository_->snapshot_of(CommitId(Id::from_hex(version).value()));
  }

  std::optional<Repository> repository_;
  std::optional<Snapshot> snapshot_;
};

}  // namespace

EngineKind isodb_kind() {
  return {"isodb", ISODB_BENCH_VERSION,
          "load by an import session, reads from one snapshot, each commit a signed transaction",
          [](EngineSettings settings) -> std::unique_ptr<Engine> {
            return std::make_unique<IsodbEngine>(std::move(settings));
          }};
}

}  // namespace isodb::bench
