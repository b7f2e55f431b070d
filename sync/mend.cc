#include "isodb/mend.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/hash.h"
#include "isodb/bundle.h"
#include "repo/access.h"
#include "repo/mending.h"
#include "sync/conversation.h"
#include "sync/mend_session.h"
#include "sync/side_repository.h"

namespace isodb::sync {
namespace {

/// Asks a peer for what is to be mended, so many objects at a time.
class PeerAsked : public ObjectsWanted {
 public:
  explicit PeerAsked(repo::Mending& mending) : mending_(mending) {}

  std::optional<wire::WantMessage> next() override {
    mending_.store();
    for (;;) {
      const std::vector<repo::Damage> wanted = mending_.next_wanted(wire::WantMessage::kObjectsMax);
      if (wanted.empty()) return std::nullopt;
      wire::WantMessage want = message_for(wanted);
      asked_ = {want.objects.begin(), want.objects.end()};
      if (!want.objects.empty()) return want;
    }
  }

  bool take(objects::Object object) override {
    const Id id = core::object_id(object.type, object.payload);
    return asked_.erase(id) > 0 && mending_.take(std::move(object));
  }

 private:
  /// Nobody knows objects that are part of nothing that travels.
  wire::WantMessage message_for(const std::vector<repo::Damage>& wanted) const {
    std::map<Id, std::set<std::uint64_t>> places;
    wire::WantMessage want;
    for (const repo::Damage& damage : wanted) {
      if (damage.of.is_zero()) continue;
      std::set<std::uint64_t>& ranks = places[damage.of];
      if (damage.rank) ranks.insert(*damage.rank);
      want.objects.push_back(damage.id);
    }
    std::sort(want.objects.begin(), want.objects.end());
    for (const auto& [id, ranks] : places) {
      want.wanted.push_back({CommitId(id), {ranks.begin(), ranks.end()}});
    }
    return want;
  }

  repo::Mending& mending_;
  std::set<Id> asked_;
};

/// Looks, asks, and looks again, as long as something comes of it; `ask` says whether to go on.
template <typename Ask>
MendReport mend(Repository& repository, const MendOptions& options, Ask ask) {
  const std::shared_ptr<RepositoryState> state = repo::Access::state(repository);
  repo::Mending mending(*state);
  MendReport report;
  mending.begin(options.progress);
  while (!mending.is_whole()) {
    const bool goes_on = ask(mending, report);
    if (!mending.look_again(options.progress) || !goes_on) break;
  }
  mending.store();
  report.files = mending.purge();
  for (const repo::Mending::Mended& one : mending.mended()) {
    report.mended.push_back({one.id, one.type, one.where});
  }
  report.remaining = repository.fsck(options.progress, &report.not_seen);
  return report;
}

void add(Bandwidth& sum, const Bandwidth& more) {
  sum.payload_in += more.payload_in;
  sum.payload_out += more.payload_out;
  sum.total_in += more.total_in;
  sum.total_out += more.total_out;
}

}  // namespace

MendReport mend_from(Repository& repository, const Remote& remote, const MendOptions& options) {
  const std::shared_ptr<RepositoryState> state = repo::Access::state(repository);
  SyncOptions conversation = options.conversation;
  conversation.direction = Direction::kFetch;
  conversation.watch = false;
  return mend(repository, options, [&](repo::Mending& mending, MendReport& report) {
    PeerAsked asked(mending);
    const SessionMaker make = [&](const PublicKey&) {
      return std::make_unique<MendSession>(*state, asked);
    };
    const SyncResult result = talk_to_remote(repository, remote, make, conversation);
    add(report.bandwidth, result.bandwidth);
    report.error = result.error;
    report.unreachable = result.unreachable;
    return !result.error;
  });
}

MendReport mend_from_bundle(Repository& repository, const std::filesystem::path& file,
                            const MendOptions& options) {
  const std::shared_ptr<RepositoryState> state = repo::Access::state(repository);
  std::optional<SideRepository> unpacked;
  return mend(repository, options, [&](repo::Mending& mending, MendReport& report) {
    try {
      if (!unpacked) unpacked.emplace(*state, file);
      report.error = unpacked->error();
      for (;;) {
        const std::vector<repo::Damage> wanted =
            mending.next_wanted(wire::WantMessage::kObjectsMax);
        if (wanted.empty()) break;
        for (const repo::Damage& damage : wanted) {
          if (auto object = unpacked->store().get(damage.id)) mending.take(*std::move(object));
        }
      }
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInvalid) throw;
      report.error = error;
      return false;
    }
    return true;
  });
}

}  // namespace isodb::sync
