#include <algorithm>
#include <iterator>
#include <utility>

#include "core/hash.h"
#include "isodb/bundle.h"
#include "isodb/error.h"
#include "repo/access.h"
#include "repo/erase_removal.h"
#include "sync/agreements.h"
#include "sync/arrival.h"
#include "sync/bundle_file.h"
#include "sync/bundle_parser.h"
#include "sync/bundle_progress.h"
#include "sync/bundle_rights.h"
#include "sync/refused.h"
#include "sync/taking.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRemoteName = "bundle";
constexpr const char* kFromPartOne = "apply the bundle again, from part 1 on";

/// What a bundle's commits are filed under until they are in the branches. Whoever signed it is
/// known at its end only. Apart for split bundles, so that others can be applied between parts.
PublicKey bundle_peer(bool is_split) {
  return PublicKey::from_bytes(
      core::sha256(is_split ? "isodb-bundle-parts\n" : "isodb-bundle\n").bytes());
}

BundleInfo info_of(const fs::path& file, const BundleParser& parser, std::uint64_t bytes) {
  BundleInfo info;
  info.file = file;
  const wire::BundleHeader& header = *parser.header();
  info.repository = header.repository;
  info.part = header.part;
  info.parts = header.parts;
  for (const wire::RefHeads& ref : header.refs) info.refs.emplace_back(ref.name, ref.ids);
  info.prerequisites = header.prerequisites;
  if (parser.end()) {
    info.commits = parser.end()->commits;
    info.operations = parser.end()->operations;
  }
  info.bytes = bytes;
  info.signer = *parser.signer();
  return info;
}

/// Gives the whole file to the parser.
std::uint64_t read_all(const fs::path& file, BundleParser& parser,
                       const ProgressFunction& progress) {
  std::uint64_t done = 0;
  read_in_portions(file, [&](ByteView portion, std::uint64_t all) {
    parser.add(portion);
    done += portion.size();
    if (progress) progress({"bundle", done, all});
  });
  parser.finish();
  return done;
}

/// The receiver's side of a session, without anybody to ask.
class BundleTaking {
 public:
  BundleTaking(RepositoryState& repository, const ApplyOptions& options)
      : repository_(repository), options_(options) {}

  BundleParser::Events events() {
    return {[this](const wire::BundleHeader& header) { begin(header); },
            [this](ByteView run) { take(run); },
            [this](const std::vector<Id>& contents) {
              if (taking_) taking_->incoming().tell_erased(contents);
            }};
  }

  /// What is whole stays, unless that brings along too much that nobody proved.
  void keep() {
    if (taking_ && !taking_->incoming().has_too_much_to_keep()) taking_->incoming().flush();
  }
  /// The file was whole and signed. `said`: nullopt where the part ends within a commit.
  void end(const std::optional<wire::EndMessage>& said, const PublicKey& signer) {
    if (!taking_) return;
    if (progress_) expect_signer(signer);
    if (said) finish(*said, signer);
    if (is_in_refs_) return;
    refs::WriteBatch batch;
    if (progress_) {
      progress_->end = taking_->incoming().part_end();
      progress_->write(batch);
    }
    taking_->incoming().end_part(std::move(batch));
  }

  BundleApplied result() const {
    BundleApplied applied;
    applied.report = report_;
    applied.was_applied = !taking_;
    applied.is_set_aside = is_set_aside_;
    applied.lacks_refused = before_ && before_->some_refused;
    if (!taking_) return applied;
    applied.report.commits_received = taking_->commits();
    applied.report.operations_received = taking_->operations();
    applied.report.refused = taking_->refused();
    std::ranges::copy(taking_->refused_unnamed(), std::back_inserter(applied.report.refused));
    return applied;
  }

 private:
  void begin(const wire::BundleHeader& header) {
    if (header.repository != repository_.root) {
      throw Error(ErrorCode::kInvalid,
                  "the bundle is of another repository: its root is " +
                      header.repository.short_hex() + ", not " + repository_.root.short_hex(),
                  "apply it in a clone of that repository: 'isodb init' makes another one");
    }
    const bool is_split = header.parts > 1;
    taking_.emplace(repository_, bundle_peer(is_split));
    kept_before_ = taking_->incoming().heads();
    if (is_split && !begin_split(header)) return taking_.reset();
    check_prerequisites(header);
    is_last_ = header.part == header.parts;
    for (const wire::RefHeads& ref : header.refs) theirs_.emplace(ref.name, ref.ids);
    taking_->begin_part(header.prerequisites, before_);
  }

  /// False where there is nothing to do.
  bool begin_split(const wire::BundleHeader& header) {
    std::optional<BundleProgress> progress = BundleProgress::read(*repository_.database);
    // A collection may have dropped what a part left, when it had come by another way.
    const bool is_lost = progress && progress->end.is_in_commit && !taking_->incoming().resume();
    if (is_lost) progress.reset();
    if (part_order(progress, header) == PartOrder::kApplied) return false;
    if (header.part > 1) {
      before_ = progress->end;
      signer_before_ = progress->signer;
    }
    progress_ = BundleProgress{header.bundle, header.part, {}, {}};
    return true;
  }

  /// A bundle's name is no secret: whoever knows it could put a part of his own in the place of a
  /// true one, which would then count as applied.
  void expect_signer(const PublicKey& signer) {
    progress_->signer = signer;
    if (!signer_before_ || *signer_before_ == signer) return;
    BundleProgress::forget(*repository_.database);
    throw Error(ErrorCode::kUnverified,
                "part " + std::to_string(progress_->parts_applied) +
                    " was not signed by the device that signed the parts before it: " +
                    signer_before_->fingerprint(),
                kFromPartOne);
  }

  /// Those of later parts may be commits that parts before had, and that were refused.
  void check_prerequisites(const wire::BundleHeader& header) const {
    if (before_ && before_->some_refused) return;
    for (const CommitId& commit : header.prerequisites) {
      if (repository_.store->contains(commit)) continue;
      if (header.part > 1) BundleProgress::forget(*repository_.database);
      throw Error(ErrorCode::kNotFound,
                  "the bundle builds on commit " + commit.hex() + ", which is not here",
                  header.part > 1 ? kFromPartOne : "apply the bundle before this one, or sync");
    }
  }

  void take(ByteView run) {
    if (!taking_) return;
    if (const auto need = taking_->run(run)) throw_needed(*need);
  }

  void finish(const wire::EndMessage& end, const PublicKey& signer) {
    std::optional<wire::NeedMessage> need;
    std::vector<Id> heads;
    if (is_last_) {
      for (const CommitId& head : branch_commits(theirs_)) heads.push_back(head);
    }
    taking_->end(end, heads, need);
    if (need) throw_needed(*need);
    if (!is_last_) return;
    is_set_aside_ =
        !options_.any_signer && !may_sign_bundle(repository_, taking_->incoming(), theirs_, signer);
    if (is_set_aside_) {
      std::erase_if(theirs_, [](const auto& ref) { return ref.first.starts_with("tags/"); });
    }
    refs::WriteBatch extra;
    if (progress_) progress_->write(extra);
    bring_to_refs(repository_, taking_->incoming(), theirs_,
                  {!is_set_aside_, kRemoteName, kept_before_}, extra, false, report_);
    is_in_refs_ = true;
  }

  [[noreturn]] static void throw_needed(const wire::NeedMessage& need) {
    if (need.as_objects) {
      throw Error(
          ErrorCode::kUnverified, "a commit of the bundle cannot be rebuilt as it was signed",
          "sync with the device that made it: over a line it can be asked for in another form");
    }
    std::string which;
    if (!need.missing.empty()) which = " " + need.missing.front().hex();
    throw Error(ErrorCode::kNotFound, "the bundle builds on a commit that is not here:" + which,
                "apply the bundles before this one first");
  }

  RepositoryState& repository_;
  const ApplyOptions& options_;
  std::optional<Taking> taking_;            // nullopt: the part was applied before
  std::optional<BundleProgress> progress_;  // of a split bundle, as it is with this part
  std::optional<Incoming::PartEnd> before_;
  std::optional<PublicKey> signer_before_;
  std::vector<CommitId> kept_before_;  // of bundles and parts before, whoever made them
  wire::Agreement theirs_;
  bool is_last_ = true, is_set_aside_ = false, is_in_refs_ = false;
  Report report_;
};

}  // namespace

BundleApplied apply_bundle(Repository& repository, const fs::path& file,
                           const ApplyOptions& options) {
  const std::shared_ptr<RepositoryState> state = repo::Access::state(repository);
  // Before anything is taken: what nobody signed as a whole may be made to fill the disk.
  verify_bundle(file);
  BundleTaking taking(*state, options);
  BundleParser parser(taking.events());
  std::uint64_t bytes = 0;
  try {
    bytes = read_all(file, parser, options.progress);
    taking.end(parser.end(), *parser.signer());
  } catch (const Error& error) {
    verify_bundle(file);  // where the file has changed since, that is told
    taking.keep();
    const bool is_sound = error.code() == ErrorCode::kCorrupt && error.hint().empty();
    const std::string hint =
        is_sound ? "it is as it was made: 'isodb fsck' there, make it again" : error.hint();
    throw Error(error.code(), error.what(), hint).within(file.string());
  }
  BundleApplied applied = taking.result();
  applied.info = info_of(file, parser, bytes);
  applied.is_complete = applied.info.part == applied.info.parts;
  record_refused(*state, applied.info.signer, applied.report);
  repo::try_removal(*state, repo::RemovalPatience::kWaits);
  return applied;
}

BundleInfo verify_bundle(const fs::path& file, const ProgressFunction& progress) {
  BundleParser parser({});
  try {
    const std::uint64_t bytes = read_all(file, parser, progress);
    return info_of(file, parser, bytes);
  } catch (const Error& error) {
    throw error.within(file.string());
  }
}

}  // namespace isodb::sync
