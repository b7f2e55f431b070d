#include "cli/commit_view.h"

#include <algorithm>
#include <charconv>

#include "cli/change.h"
#include "cli/text.h"
#include "core/json.h"

namespace isodb::cli {
namespace {

/// "Anna <anna@example.org>" of an ident line "Anna <anna@example.org> 1700000000 +0100".
std::string person_of(ByteView ident) {
  const std::size_t end = ident.rfind('>');
  return std::string(end == ByteView::npos ? ident : ident.substr(0, end + 1));
}

}  // namespace

std::uint64_t time_of(const Commit& commit) {
  constexpr std::uint64_t kSecondsMax = 253'402'300'799;  // the end of the year 9999
  const auto ident = commit.origin_field("author");
  const std::size_t end = ident ? ident->rfind("> ") : ByteView::npos;
  if (end == ByteView::npos) return commit.clock.millis();
  std::uint64_t seconds = 0;
  const char* const digits = ident->data() + end + 2;
  if (std::from_chars(digits, ident->data() + ident->size(), seconds).ec != std::errc()) {
    return commit.clock.millis();
  }
  return std::min(seconds, kSecondsMax) * 1000;
}

std::string subject_of(ByteView message) {
  return std::string(message.substr(0, message.find('\n')));
}

CommitView::CommitView(Context& context, const Repository& repository)
    : context_(context), repository_(repository) {
  for (const RefInfo& ref : repository.refs()) {
    Id target = ref.target;
    if (ref.type == ObjectType::kTag) target = repository.tag(TagId(target)).object;
    refs_[target].push_back(ref.name);
  }
  if (repository.ref(repository.current_branch())) members_ = repository.snapshot();
}

std::vector<std::string> CommitView::refs_of(const CommitId& commit) const {
  const auto found = refs_.find(commit);
  return found == refs_.end() ? std::vector<std::string>{} : found->second;
}

std::optional<std::string> CommitView::member_name(const PublicKey& key) {
  const auto known = names_.find(key);
  if (known != names_.end()) return known->second;
  std::optional<std::string> name;
  const std::string path = ".isodb/members/" + key.fingerprint() + ".json";
  const auto document = members_ ? members_->get(path) : std::nullopt;
  if (document) {
    try {
      const core::Json member = core::parse_json(*document);
      const core::Json* text = member.is_object() ? member.find("name") : nullptr;
      if (text != nullptr && text->is_string()) name = text->as_string();
    } catch (const Error&) {
      // A damaged member document: the fingerprint serves.
    }
  }
  return names_.emplace(key, std::move(name)).first->second;
}

std::string CommitView::author(const Commit& commit) {
  if (const auto foreign = commit.origin_field("author")) return person_of(*foreign);
  return member_name(commit.author).value_or(commit.author.fingerprint());
}

std::string CommitView::painted_refs(const CommitId& id) const {
  std::string text;
  for (const std::string& ref : refs_of(id)) {
    const bool current = ref == repository_.current_branch();
    text += text.empty() ? " (" : ", ";
    text += context_.paint(current ? Style::kCyan : Style::kGreen, branch_name(ref));
  }
  return text.empty() ? text : text + ")";
}

std::vector<std::string> CommitView::lines(const CommitId& id, const Commit& commit) {
  std::vector<std::string> lines;
  lines.push_back(context_.paint(Style::kYellow, "commit " + id.hex()) + painted_refs(id));
  const std::string fingerprint = commit.author.fingerprint();
  const std::string name = author(commit);
  const bool foreign = commit.origin_field("author").has_value();
  lines.push_back("Author: " + printable_line(name) +
                  (name == fingerprint ? ""
                   : foreign           ? ", imported by " +
                                   printable_line(member_name(commit.author).value_or(fingerprint))
                             : " (" + fingerprint + ")"));
  if (!commit.parents.empty()) lines.push_back("Date:   " + iso_time(time_of(commit)));
  lines.emplace_back();
  ByteView rest = commit.message;
  while (rest.ends_with('\n')) rest.remove_suffix(1);
  while (!rest.empty()) {
    const std::size_t feed = std::min(rest.find('\n'), rest.size());
    lines.push_back(feed == 0 ? "" : "    " + printable(rest.substr(0, feed)));
    rest.remove_prefix(std::min(feed + 1, rest.size()));
  }
  return lines;
}

std::string CommitView::line(const CommitId& id, const Commit& commit) const {
  return context_.paint(Style::kYellow, id.short_hex()) + painted_refs(id) + " " +
         printable(subject_of(commit.message));
}

JsonObject CommitView::json(const CommitId& id, const Commit& commit) {
  std::vector<std::string> parents;
  for (const CommitId& parent : commit.parents) parents.push_back(parent.hex());
  JsonObject object;
  object.id("commit", id)
      .id("tree", commit.tree)
      .strings("parents", parents)
      .string("time", iso_time(time_of(commit)))
      .string("clock", commit.clock.text())
      .string("author", author(commit))
      .string("key", commit.author.text())
      .string("writer", commit.writer.hex())
      .number("seq", commit.sequence)
      .strings("refs", refs_of(id))
      .bytes("message", commit.message);
  if (!commit.origin.empty()) {
    std::vector<JsonObject> fields;
    for (const OriginField& field : commit.origin) {
      fields.push_back(JsonObject().string("name", field.name).bytes("value", field.value));
    }
    object.objects("origin", fields);
  }
  return object;
}

}  // namespace isodb::cli
