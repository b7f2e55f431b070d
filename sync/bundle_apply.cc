#include <utility>

#include "core/hash.h"
#include "isodb/bundle.h"
#include "isodb/error.h"
#include "repo/access.h"
#include "sync/agreements.h"
#include "sync/arrival.h"
#include "sync/bundle_file.h"
#include "sync/bundle_parser.h"
#include "sync/bundle_rights.h"
#include "sync/refused.h"
#include "sync/taking.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRemoteName = "bundle";

/// What a bundle's commits are filed under until they are in the branches. Whoever signed it is
/// known at its end only, and the next part may have been made by another device.
PublicKey bundle_peer() {
  return PublicKey::from_bytes(core::sha256("isodb-bundle\n").bytes());
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
      : repository_(repository), options_(options), taking_(repository, bundle_peer()) {}

  BundleParser::Events events() {
    return {[this](const wire::BundleHeader& header) { begin(header); },
            [this](ByteView run) { take(run); },
            [this](const wire::EndMessage& end, const PublicKey& signer) { finish(end, signer); }};
  }

  bool is_set_aside() const { return is_set_aside_; }

  /// What is whole stays.
  void keep() { taking_.incoming().flush(); }

  Report report() const {
    Report report = report_;
    report.commits_received = taking_.commits();
    report.operations_received = taking_.operations();
    report.refused = taking_.refused();
    return report;
  }

 private:
  void begin(const wire::BundleHeader& header) {
    if (header.repository != repository_.root) {
      throw Error(ErrorCode::kInvalid,
                  "the bundle is of another repository: its root is " +
                      header.repository.short_hex() + ", not " + repository_.root.short_hex(),
                  "apply it in a clone of that repository: 'isodb init' makes another one");
    }
    for (const CommitId& commit : header.prerequisites) {
      if (repository_.store->contains(commit)) continue;
      const std::string before = header.part > 1
                                     ? "apply part " + std::to_string(header.part - 1) + " of " +
                                           std::to_string(header.parts) + " first"
                                     : "apply the bundle before this one, or sync";
      throw Error(ErrorCode::kNotFound,
                  "the bundle builds on commit " + commit.hex() + ", which is not here", before);
    }
    is_last_ = header.part == header.parts;
    for (const wire::RefHeads& ref : header.refs) theirs_.emplace(ref.name, ref.ids);
    taking_.begin(header.prerequisites);
  }

  void take(ByteView run) {
    if (const auto need = taking_.run(run)) throw_needed(*need);
  }

  void finish(const wire::EndMessage& end, const PublicKey& signer) {
    std::optional<wire::NeedMessage> need;
    std::vector<Id> heads;
    if (is_last_) {
      for (const CommitId& head : branch_commits(theirs_)) heads.push_back(head);
    }
    taking_.end(end, heads, need);
    if (need) throw_needed(*need);
    if (!is_last_) return keep();
    is_set_aside_ =
        !options_.any_signer && !may_sign_bundle(repository_, taking_.incoming(), theirs_, signer);
    if (is_set_aside_) {
      std::erase_if(theirs_, [](const auto& ref) { return ref.first.starts_with("tags/"); });
    }
    bring_to_refs(repository_, taking_.incoming(), theirs_,
                  {.into_branches = !is_set_aside_, .remote = kRemoteName}, {}, false, report_);
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
  Taking taking_;
  wire::Agreement theirs_;
  bool is_last_ = true, is_set_aside_ = false;
  Report report_;
};

}  // namespace

BundleApplied apply_bundle(Repository& repository, const fs::path& file,
                           const ApplyOptions& options) {
  const std::shared_ptr<RepositoryState> state = repo::Access::state(repository);
  BundleTaking taking(*state, options);
  BundleParser parser(taking.events());
  std::uint64_t bytes = 0;
  try {
    bytes = read_all(file, parser, options.progress);
  } catch (const Error& error) {
    taking.keep();
    // Damaged bytes may look like anything: what they are is told, not what they look like.
    verify_bundle(file);
    const bool is_sound = error.code() == ErrorCode::kCorrupt && error.hint().empty();
    const std::string hint =
        is_sound ? "it is as it was made: 'isodb fsck' there, make it again" : error.hint();
    throw Error(error.code(), error.what(), hint).within(file.string());
  }
  taking.keep();
  BundleApplied applied;
  applied.info = info_of(file, parser, bytes);
  applied.report = taking.report();
  applied.is_set_aside = taking.is_set_aside();
  applied.is_complete = applied.info.part == applied.info.parts;
  record_refused(*state, applied.info.signer, applied.report);
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
