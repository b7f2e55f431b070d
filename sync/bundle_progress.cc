#include "sync/bundle_progress.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "isodb/error.h"

namespace isodb::sync {
namespace {

constexpr const char* kSetting = "bundle.parts";
constexpr std::string_view kSomeRefused = "refused", kAllTaken = "taken";
constexpr std::string_view kInCommit = "open", kBetween = "between";

/// As an id whose second half is zeros, for its digits.
Id padded(const std::array<std::uint8_t, 16>& bundle) {
  Bytes bytes(bundle.begin(), bundle.end());
  bytes.resize(Id::kSize, '\0');
  return Id::from_bytes(bytes);
}

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

}  // namespace

/// What cannot be read counts as none: then the bundle begins anew.
std::optional<BundleProgress> BundleProgress::read(refs::Database& database) {
  const std::optional<std::string> setting = database.setting(kSetting);
  if (!setting) return std::nullopt;
  std::string_view text = *setting;
  BundleProgress progress;
  const std::optional<Id> bundle = Id::from_hex(take_word(text));
  const std::string_view number = take_word(text);
  const std::optional<PublicKey> signer = PublicKey::parse(take_word(text));
  const std::string_view refused = take_word(text);
  const char* const end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, progress.parts_applied);
  if (!bundle || !signer || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  std::copy_n(bundle->data(), progress.bundle.size(), progress.bundle.begin());
  progress.signer = *signer;
  progress.end.some_refused = refused == kSomeRefused;
  progress.end.is_in_commit = take_word(text) == kInCommit;
  progress.end.passed_over = PassedOver::parse(text);
  return progress;
}

void BundleProgress::write(refs::WriteBatch& batch) const {
  std::string text = padded(bundle).hex() + " " + std::to_string(parts_applied) + " ";
  text.append(signer.text()).append(" ");
  text.append(end.some_refused ? kSomeRefused : kAllTaken).append(" ");
  text.append(end.is_in_commit ? kInCommit : kBetween);
  if (end.passed_over) text += " " + end.passed_over->text();
  batch.settings.emplace_back(kSetting, std::move(text));
}

void BundleProgress::forget(refs::Database& database) {
  refs::WriteBatch batch;
  batch.settings.emplace_back(kSetting, std::nullopt);
  database.write(batch);
}

PartOrder part_order(const std::optional<BundleProgress>& progress,
                     const wire::BundleHeader& header) {
  const bool is_same = progress && progress->bundle == header.bundle;
  std::uint64_t applied = is_same ? progress->parts_applied : 0;
  if (header.part == 1 && applied == header.parts) applied = 0;
  if (header.part <= applied) return PartOrder::kApplied;
  if (header.part == applied + 1) return PartOrder::kNext;
  const std::string parts = std::to_string(header.parts);
  const std::string next = std::to_string(applied + 1);
  throw Error(ErrorCode::kNotFound,
              "this is part " + std::to_string(header.part) + " of " + parts +
                  " of a bundle, and part " + next + " has not been applied yet",
              "apply part " + next + " first: one after the other, of one bundle at a time");
}

}  // namespace isodb::sync
