#include "cli/version.h"

#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {

Version version_of(const Repository& repository, const std::string& revision,
                   const std::string& path, std::uint64_t number) {
  std::vector<Version> versions = repository.versions(revision, path);
  if (number >= 1 && number <= versions.size()) return versions[number - 1];
  throw Error(ErrorCode::kNotFound,
              "'" + path + "' has " + counted(versions.size(), "version") + ", and no version " +
                  std::to_string(number),
              "'isodb versions " + path + "' lists them");
}

std::vector<JsonObject> json_of_versions(const std::vector<Version>& versions, CommitView& view) {
  std::vector<JsonObject> objects;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const Version& version = versions[i];
    JsonObject& object = objects.emplace_back();
    object.number("version", i + 1)
        .id("commit", version.commit)
        .string("author", view.member_name(version.author).value_or(version.author.fingerprint()))
        .string("key", version.author.text())
        .string("time", iso_time(version.clock))
        .boolean("deleted", !version.entry);
    if (!version.entry) continue;
    object.id("content", version.entry->content)
        .number("size", version.entry->size)
        .string("type", version.entry->media_type);
  }
  return objects;
}

void print_versions(Context& context, CommitView& view, const Repository& repository,
                    const std::vector<Version>& versions) {
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const Version& version = versions[i];
    const Commit commit = repository.commit(version.commit);
    context.out() << "  " << std::to_string(i + 1) << "  "
                  << context.paint(Style::kYellow, version.commit.short_hex()) << "  "
                  << iso_time(version.clock).substr(0, 16) << "  " << printable(view.author(commit))
                  << "  " << (version.entry ? human_bytes(version.entry->size) : "deleted") << "  "
                  << printable(subject_of(commit.message)) << "\n";
  }
}

}  // namespace isodb::cli
