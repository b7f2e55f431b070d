#include "repo/care.h"

#include <charconv>
#include <map>
#include <utility>

#include "repo/history_index.h"
#include "repo/kept_objects.h"
#include "repo/marking.h"
#include "repo/merging.h"

namespace isodb::repo {
namespace {

constexpr std::uint64_t kDayMillis = 24ULL * 60 * 60 * 1000;
/// A version (1), the bytes of packs that the last collection, or the last look, left, and when.
constexpr const char* kSettingLeft = "gc.left";

struct Left {
  std::uint64_t bytes = 0, at_millis = 0;
};

/// Nothing, where it was never written or by a newer version: then it is looked again.
Left last_left(const RepositoryState& state) {
  const std::string text = state.database->setting(kSettingLeft).value_or("");
  Left left;
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint64_t version = 0;
  for (std::uint64_t* number : {&version, &left.bytes, &left.at_millis}) {
    while (at != end && *at == ' ') ++at;
    const auto [next, problem] = std::from_chars(at, end, *number);
    if (problem != std::errc()) return {};
    at = next;
  }
  return version == 1 ? left : Left{};
}

/// What one device brought before its line broke stays under incoming/ until that device comes
/// again. Where others have brought the same since, it need not.
void drop_what_arrived(RepositoryState& state) {
  const std::vector<refs::Ref> incoming = state.database->refs("incoming/");
  if (incoming.empty()) return;
  std::vector<CommitId> heads;
  for (const refs::Ref& branch : state.database->refs("heads/")) {
    const std::vector<CommitId>& commits = state.head(branch.target)->commits;
    heads.insert(heads.end(), commits.begin(), commits.end());
  }
  Merging merging(state);                   // one of its own: commits may need the other
  std::map<std::string, bool> is_all_here;  // by device
  refs::WriteBatch batch;
  for (const refs::Ref& ref : incoming) {
    const std::string device = ref.name.substr(0, ref.name.rfind('/'));
    const bool is_here = merging.in_past(CommitId(ref.target), heads);
    const auto [known, is_first] = is_all_here.emplace(device, is_here);
    if (!is_first) known->second = known->second && is_here;
    if (is_here) batch.moves.push_back({ref.name, ref.target, std::nullopt, "gc: it arrived"});
  }
  for (const auto& [device, is_here] : is_all_here) {
    const std::string name = device.substr(device.rfind('/') + 1);
    if (is_here)
      batch.settings.emplace_back(std::string(kSettingIncomingPrefix) + name, std::nullopt);
  }
  if (batch.moves.empty()) return;
  batch.writer = state.public_key().fingerprint();
  batch.at_millis = state.environment.now_millis();
  state.database->write(batch);  // where a device is just coming again, another time
}

/// A cheap look: is there reason to mark?
bool may_be_due(RepositoryState& state) {
  if (state.database->setting(kSettingAutomatic) == "off") return false;
  const Left left = last_left(state);
  const std::uint64_t bytes = state.store->statistics().pack_bytes;
  if (bytes > left.bytes + left.bytes / 2 + state.care_limits.growth_bytes) return true;
  const std::uint64_t now = state.environment.now_millis();
  if (now < left.at_millis + kDayMillis) return false;
  const std::optional<std::uint64_t> before = expiry_time(state);
  return before && state.database->can_expire_reflog(*before);
}

}  // namespace

std::optional<std::uint64_t> expiry_time(const RepositoryState& state) {
  std::uint64_t days = kKeepDaysDefault;
  if (const auto text = state.database->setting(kSettingKeepDays)) {
    const char* const end = text->data() + text->size();
    const auto [next, problem] = std::from_chars(text->data(), end, days);
    if (problem != std::errc() || next != end) return std::nullopt;
  }
  const std::uint64_t now = state.environment.now_millis();
  if (days > now / kDayMillis) return std::nullopt;
  return now - days * kDayMillis;
}

Cared care_for(RepositoryState& state, const CareOptions& options) {
  Cared result;
  if (options.forget_before) {
    result.moves_forgotten =
        state.database->expire_reflog(*options.forget_before, options.collect.go_on);
  }
  drop_what_arrived(state);
  refs::CollectOptions collect = options.collect;
  collect.settings = [&](std::uint64_t bytes) {
    const std::string text =
        "1 " + std::to_string(bytes) + " " + std::to_string(state.environment.now_millis());
    return std::vector{std::pair(std::string(kSettingLeft), std::optional(text))};
  };
  Marking marking(state, options.count);
  result.collected = state.store->collect(marking, collect);
  if (result.collected.objects_dropped > 0) state.history->discard_if_collected();
  return result;
}

void care_when_due(RepositoryState& state) {
  if (!may_be_due(state)) return;
  CareOptions options;
  options.forget_before = expiry_time(state);
  options.collect.garbage_percent_min = state.care_limits.garbage_percent_min;
  options.collect.yields_to_loads = true;
  options.collect.is_background = true;
  options.collect.go_on = [&] { return !state.store->background_is_stopping(); };
  options.collect.on_step = state.care_limits.on_step;
  care_for(state, options);
}

}  // namespace isodb::repo
