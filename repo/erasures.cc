#include "repo/erasures.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <utility>

#include "core/json.h"
#include "core/json_writer.h"
#include "isodb/error.h"
#include "merge/members.h"
#include "objects/content.h"
#include "repo/kept_objects.h"
#include "repo/state.h"

namespace isodb {
namespace {

std::string date_of(HybridTime clock) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{
      std::chrono::milliseconds(clock.millis())};
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(at)};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return text;
}

std::string message_of(const Erasure& erasure, const std::string& path) {
  std::string text = path.empty() ? erasure.content.hex() : "'" + path + "'";
  text += ": erased";
  if (!erasure.by.empty()) text += " by " + erasure.by + " on " + date_of(erasure.clock);
  return erasure.reason.empty() ? text : text + ": " + erasure.reason;
}

}  // namespace

ContentErased::ContentErased(Erasure erasure, const std::string& path, const std::string& hint)
    : Error(ErrorCode::kErased, message_of(erasure, path), hint), erasure_(std::move(erasure)) {}

namespace repo {
namespace {

constexpr std::size_t kTargetsHeldMax = 4'096;
constexpr std::size_t kErasureBytesMax = std::size_t{64} << 10;

bool is_branch(const refs::Ref& ref) {
  return ref.name.starts_with("heads/");
}

/// The tree and commits of a ref that tells what is erased; nullptr for another, and for one that
/// cannot be read: fsck names it.
std::shared_ptr<const Head> head_that_counts(RepositoryState& repository, const refs::Ref& ref) {
  if (!is_branch(ref) && !ref.name.starts_with("remotes/")) return nullptr;
  try {
    const auto header = repository.store->header(ref.target);
    if (!header || header->first == ObjectType::kTag) return nullptr;
    return repository.head(ref.target);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound &&
        error.code() != ErrorCode::kInvalid) {
      throw;
    }
    return nullptr;
  }
}

/// What the document says; no reason where it cannot be read, for the erasure holds all the same.
void read_document(RepositoryState& repository, const Entry& entry, Erasure& erasure) {
  try {
    const core::Json document = core::parse_json(
        objects::read_content(*repository.store, content_ref(entry), kErasureBytesMax));
    if (!document.is_object()) return;
    if (const core::Json* reason = document.find("reason"); reason && reason->is_string()) {
      erasure.reason = reason->as_string();
    }
    if (const core::Json* bytes = document.find("bytes"); bytes && bytes->is_number()) {
      const std::string text(bytes->number_text());
      std::from_chars(text.data(), text.data() + text.size(), erasure.bytes);
    }
  } catch (const Error&) {
  }
}

merge::Erased removed_in(const std::optional<std::string>& text) {
  if (!text) return {};
  try {
    return merge::Erased(parse_kept_objects(*text));
  } catch (const Error& error) {
    throw Error(error.code(),
                "the setting " + std::string(kSettingEraseRemoved) + " cannot be read",
                "isodb recover --force makes repo.db anew of what can be read");
  }
}

std::string name_of(RepositoryState& repository, const TreeId& tree, const PublicKey& author) {
  try {
    const std::string path = merge::member_path(author);
    if (const auto entry = objects::find_entry(repository.nodes(), tree, path)) {
      const Bytes text =
          objects::read_content(*repository.store, content_ref(*entry), merge::kMemberBytesMax);
      if (const auto member = merge::member_at(path, text)) return member->name;
    }
  } catch (const Error&) {
  }
  return author.fingerprint();
}

std::optional<Erasure> erasure_in(RepositoryState& repository, const Head& head,
                                  const Id& content) {
  const std::string path = merge::erased_path(content);
  const auto entry = objects::find_entry(repository.nodes(), head.tree, path);
  if (!entry) return std::nullopt;
  Erasure erasure;
  erasure.content = content;
  read_document(repository, *entry, erasure);
  for (const merge::PathVersion& version : repository.merging->versions(path, head.commits)) {
    if (!version.entry || version.entry->content != entry->content) continue;
    const Commit commit = repository.read_commit(version.commit);
    erasure.commit = version.commit;
    erasure.author = commit.author;
    erasure.clock = commit.clock;
    erasure.by = name_of(repository, head.tree, commit.author);
  }
  return erasure;
}

}  // namespace

std::optional<merge::Erased> Erasures::said_by(const refs::Ref& ref) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto held = by_target_.find(ref.target); held != by_target_.end()) {
      return held->second;
    }
  }
  const std::shared_ptr<const Head> head = head_that_counts(repository_, ref);
  if (head == nullptr) return std::nullopt;
  merge::Erased said;
  try {
    said = merge::Erased::in_tree(repository_.nodes(), head->tree);
  } catch (const Error& error) {  // fsck names what is damaged
    if (error.code() != ErrorCode::kCorrupt) throw;
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  if (by_target_.size() >= kTargetsHeldMax) by_target_.clear();
  by_target_.emplace(ref.target, said);
  return said;
}

Erasures::Known Erasures::read() {
  const std::uint64_t transactions = repository_.database->transactions();
  {
    const std::lock_guard lock(mutex_);
    if (transactions == transactions_ && transactions != 0) return known_;
  }
  auto here = std::make_shared<merge::Erased>(), anywhere = std::make_shared<merge::Erased>();
  for (const refs::Ref& ref : repository_.database->refs()) {
    const std::optional<merge::Erased> said = said_by(ref);
    if (!said) continue;
    if (is_branch(ref)) here->add(*said);
    anywhere->add(*said);
  }
  const merge::Erased removed = this->removed();
  here->add(removed);
  anywhere->add(removed);
  const std::lock_guard lock(mutex_);
  transactions_ = transactions;
  if (*known_.here != *here) known_.here = std::move(here);
  if (*known_.anywhere != *anywhere) known_.anywhere = std::move(anywhere);
  return known_;
}

merge::Erased Erasures::removed() {
  std::optional<std::string> text = repository_.database->setting(kSettingEraseRemoved);
  const std::lock_guard lock(mutex_);
  if (text != removed_text_) {
    removed_ = removed_in(text);
    removed_text_ = std::move(text);
  }
  return removed_;
}

void Erasures::remember(const merge::Erased& contents) {
  for (;;) {
    const std::optional<std::string> text = repository_.database->setting(kSettingEraseRemoved);
    merge::Erased all = removed_in(text);
    const std::size_t count = all.ids().size();
    all.add(contents);
    if (all.ids().size() == count) return;
    refs::WriteBatch batch;
    batch.settings.emplace_back(kSettingEraseRemoved, kept_objects_text(all.ids()));
    batch.settings_expected.emplace_back(kSettingEraseRemoved, text);
    if (!repository_.database->write(batch).lost) return;
  }
}

merge::ErasedPtr Erasures::now() {
  return read().here;
}

merge::ErasedPtr Erasures::anywhere() {
  return read().anywhere;
}

merge::ErasedPtr Erasures::known() const {
  const std::lock_guard lock(mutex_);
  return known_.here;
}

void Erasures::claim(const merge::ErasedPtr& contents) {
  const std::lock_guard lock(mutex_);
  std::erase_if(claims_, [](const auto& claim) { return claim.expired(); });
  claims_.push_back(contents);
}

bool Erasures::may_lack(const Id& content) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& claim : claims_) {
      if (const merge::ErasedPtr said = claim.lock(); said && said->has(content)) return true;
    }
  }
  return anywhere()->has(content);
}

namespace {

template <typename Counts>
std::optional<Erasure> find_in_refs(RepositoryState& repository, const Id& content,
                                    const Counts& counts) {
  for (const refs::Ref& ref : repository.database->refs()) {
    if (!counts(ref)) continue;
    const std::shared_ptr<const Head> head = head_that_counts(repository, ref);
    if (head == nullptr) continue;
    if (auto found = erasure_in(repository, *head, content)) return found;
  }
  return std::nullopt;
}

/// Does a branch still say who and why?
bool is_told(const Erasure& erasure) {
  return erasure.commit || !erasure.reason.empty();
}

[[noreturn]] void throw_erased(Erasure erasure, std::string_view path) {
  const std::string who = is_told(erasure)
                              ? "who and why: isodb log " + merge::erased_path(erasure.content)
                              : "no branch says any more who erased it";
  throw ContentErased(std::move(erasure), std::string(path),
                      "what was there is gone for good; " + who);
}

}  // namespace

std::optional<Erasure> find_erasure(RepositoryState& repository, const Id& content) {
  if (!repository.erasures->now()->has(content)) return std::nullopt;
  if (auto found = find_in_refs(repository, content, is_branch)) return found;
  Erasure erasure;  // a branch was moved back, or the commit does not count any more
  erasure.content = content;
  return erasure;
}

void check_not_erased(RepositoryState& repository, std::string_view path, const Id& content) {
  if (path.starts_with(kGovernedPrefix) || !repository.erasures->known()->has(content)) return;
  if (auto erasure = find_erasure(repository, content)) throw_erased(std::move(*erasure), path);
}

void explain_absence(RepositoryState& repository, std::string_view path, const Id& content) {
  if (path.starts_with(kGovernedPrefix) || !repository.erasures->anywhere()->has(content)) return;
  if (auto erasure = find_erasure(repository, content)) throw_erased(std::move(*erasure), path);
  auto erasure = find_in_refs(repository, content, [](const auto&) { return true; });
  if (erasure) throw_erased(std::move(*erasure), path);
}

void check_may_come(RepositoryState& repository, std::string_view path, const Entry& entry) {
  if (path.starts_with(kGovernedPrefix)) return;
  const merge::ErasedPtr erased = repository.erasures->known();
  if (erased->empty() || !erased->touches(entry)) return;
  const Id content = erased->has(entry.content) ? entry.content : *entry.metadata;
  if (auto erasure = find_erasure(repository, content)) {
    throw ContentErased(std::move(*erasure), std::string(path),
                        "it may not come back as it was: change the document, or remove it");
  }
}

Bytes erasure_document(const Id& content, std::uint64_t bytes, std::string_view reason) {
  core::Json object = core::Json::object();
  object.set("bytes", core::Json::natural(bytes));
  object.set("content", core::Json::string(content.hex()));
  object.set("reason", core::Json::string(reason));
  return core::write_json(object) + "\n";
}

void check_erasure_document(std::string_view path, ByteView document) {
  const std::optional<Id> content = merge::erased_by(path);
  if (!content) {
    throw Error(ErrorCode::kInvalid, "it names no content: 64 lower-case hexadecimal digits, .json",
                "isodb erase writes what is needed");
  }
  const core::Json object = core::parse_json(document);
  const core::Json* said = object.is_object() ? object.find("content") : nullptr;
  const core::Json* reason = object.is_object() ? object.find("reason") : nullptr;
  if (document.size() > kErasureBytesMax || said == nullptr || !said->is_string() ||
      said->as_string() != content->hex() || reason == nullptr || !reason->is_string()) {
    throw Error(ErrorCode::kInvalid,
                "it is not an object of at most 64 KiB with the 'content' that its name says and a "
                "'reason'",
                "isodb erase writes what is needed");
  }
}

}  // namespace repo
}  // namespace isodb
