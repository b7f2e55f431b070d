#include <algorithm>
#include <utility>

#include "isodb/error.h"
#include "isodb/sync.h"
#include "repo/access.h"
#include "repo/creation.h"
#include "repo/scope.h"
#include "repo/state.h"
#include "sync/contact.h"
#include "sync/conversation.h"
#include "sync/session.h"
#include "sync/shortfall.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUnfinished = "clone.unfinished";  // a setting: the origin's URL
constexpr const char* kFirstBranch = "heads/main";

std::optional<wire::ScopeClaim> claim_of(const CloneScope& scope) {
  using Boundary = wire::ScopeClaim::Boundary;
  if (scope.is_whole()) return std::nullopt;
  if (scope.depth && scope.since_millis) {
    throw Error(ErrorCode::kInvalid, "a clone has a depth or a time, not both");
  }
  if (scope.depth == 0U) throw Error(ErrorCode::kInvalid, "the least depth is 1");
  wire::ScopeClaim claim;
  claim.prefixes = scope_prefixes(scope.paths);
  if (scope.depth || scope.since_millis) {
    claim.boundary = scope.depth ? Boundary::kDepth : Boundary::kSince;
    claim.number = scope.depth ? *scope.depth : *scope.since_millis;
  }
  return claim;
}

/// A folder on its way to become a clone.
class Clone {
 public:
  Clone(const Remote& origin, const fs::path& folder, const SyncOptions& options)
      : origin_(origin), folder_(folder), options_(options) {
    origin_.name = "origin";
    options_.direction = Direction::kPull;
    options_.watch = false;
    options_.passphrase = repo::asked_once(options_.passphrase);
    claim_ = claim_of(options_.scope);
  }

  SyncResult run(const std::function<void(const PublicKey&)>& on_key) {
    const Place place = parse_place(origin_.url);
    const auto* folder = std::get_if<fs::path>(&place);
    // What is not there leaves no folder behind.
    if (folder != nullptr) branch_ = current_branch(*folder);
    const repo::KeyFile key = find_or_make_key();
    if (on_key) on_key(key.public_key());
    SyncResult result = folder != nullptr ? from_folder(*folder, key) : from_network(place, key);
    // Else it can be tried again.
    if (!result.error && result.report.contents_missing.empty()) {
      finish(result);
    } else if (result.report.commits_received > 0 &&
               unfinished_clone(*repository_) != origin_.url) {
      repository_->set_setting(kUnfinished, origin_.url);  // an address that answers
    }
    // A clone without the refs that are too many is finished all the same.
    if (result.report.refs_refused.empty()) explain_shortfall(result);
    return result;
  }

 private:
  static std::string current_branch(const fs::path& place) {
    return Repository::open(repository_folder(place), {.read_only = true}).current_branch();
  }

  /// Goes on with a clone that broke off, from whatever address, or begins one.
  repo::KeyFile find_or_make_key() {
    if (!fs::exists(folder_ / RepositoryState::kDatabaseName)) {
      repo::NewKey wanted;
      if (options_.protect) wanted.protect = options_.passphrase;
      return repo::make_folder(folder_, std::move(wanted));
    }
    repository_ = Repository::open(folder_);
    if (!unfinished_clone(*repository_)) {
      const std::string name = folder_.string();
      repository_.reset();
      throw Error(ErrorCode::kInvalid, name + " holds a repository already",
                  "isodb -C " + name + " status shows it");
    }
    state_ = repo::Access::state(*repository_);
    // A depth or time was settled when it began.
    const std::vector<std::string> paths = claim_ ? claim_->prefixes : std::vector<std::string>{};
    if (state_->scope()->prefixes != paths) {
      throw Error(ErrorCode::kInvalid, folder_.string() + " was begun as a clone of other paths",
                  "give the same --path again, or clone into another folder");
    }
    return state_->read_key_file();
  }

  SyncResult from_folder(const fs::path& place, const repo::KeyFile& key) {
    Self self{key.public_key(), folder_, std::nullopt};
    if (state_) self.root = state_->root;
    return talk_to_folder(place, self, maker(), options_);
  }

  SyncResult from_network(const Place& place, const repo::KeyFile& file) {
    const SecretKey key = file.open(options_.passphrase);
    Contact contact(place, key, origin_, options_);
    if (auto failed = contact.ask()) return std::move(*failed);
    origin_ = contact.remote();
    SyncResult result = talk_over_network(place, key, contact.accept(), maker(), {}, options_);
    contact.explain(result);
    return result;
  }

  SessionMaker maker() {
    return [this](const PublicKey& peer) {
      origin_.key = peer;
      origin_.fingerprint.clear();
      SessionOptions options;
      options.peer = peer;
      options.initiator = true;
      options.takes = true;
      options.destination = {.into_branches = true, .remote = origin_.name};
      options.clone_scope = claim_;
      options.make_repository = [this](const CommitId& root, const Scope& scope) {
        return make(root, scope);
      };
      return std::make_unique<Session>(state_, options);
    };
  }

  std::shared_ptr<RepositoryState> make(const CommitId& root, const Scope& scope) {
    std::vector<std::pair<std::string, std::string>> settings = {{kUnfinished, origin_.url}};
    if (const auto text = repo::scope_text(scope))
      settings.emplace_back(repo::kSettingScope, *text);
    repo::make_empty_repository(folder_, root, branch_, {}, settings);
    repository_ = Repository::open(folder_);
    state_ = repo::Access::state(*repository_);
    return state_;
  }

  void finish(SyncResult& result) {
    const std::vector<RefInfo> branches = repository_->refs("heads/");
    if (branches.empty() && !result.report.waiting.empty()) return;
    if (branches.empty()) {
      const auto& refused = result.report.refused;
      result.error = Error(
          ErrorCode::kUnverified, "no branch of " + origin_.url + " could be cloned",
          refused.empty() ? "" : refused.front().commit.short_hex() + ": " + refused.front().rule);
      return;
    }
    const bool has_wanted = std::ranges::find(branches, branch_, &RefInfo::name) != branches.end();
    repository_->set_current_branch(has_wanted ? branch_ : branches.front().name);
    set_remote(*repository_, origin_);
    repository_->set_setting(kUnfinished, std::nullopt);
  }

  Remote origin_;
  const fs::path folder_;
  SyncOptions options_;
  std::optional<wire::ScopeClaim> claim_;
  std::string branch_ = kFirstBranch;
  std::optional<Repository> repository_;
  std::shared_ptr<RepositoryState> state_;
};

}  // namespace

std::optional<std::string> unfinished_clone(const Repository& repository) {
  return repository.setting(kUnfinished);
}

SyncResult clone(const Remote& origin, const fs::path& folder, const SyncOptions& options,
                 const std::function<void(const PublicKey&)>& on_key) {
  return Clone(origin, folder, options).run(on_key);
}

}  // namespace isodb::sync
