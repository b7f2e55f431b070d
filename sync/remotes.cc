#include <algorithm>
#include <filesystem>

#include "core/json.h"
#include "core/json_writer.h"
#include "isodb/error.h"
#include "isodb/remote.h"
#include "refs/database.h"
#include "repo/access.h"
#include "sync/place.h"

namespace isodb::sync {
namespace {

constexpr std::string_view kPrefix = "remote.";
constexpr std::size_t kFingerprintDigits = 32;

core::Json json_of(const Remote& remote) {
  core::Json object = core::Json::object();
  object.set("url", core::Json::string(remote.url));
  if (remote.key) object.set("key", core::Json::string(remote.key->text()));
  if (!remote.fingerprint.empty()) {
    object.set("fingerprint", core::Json::string(remote.fingerprint));
  }
  if (!remote.labels.empty()) {
    core::Json labels = core::Json::object();
    for (const auto& [key, value] : remote.labels) labels.set(key, core::Json::string(value));
    object.set("labels", labels);
  }
  return object;
}

Remote parse(const std::string& name, const std::string& text) {
  try {
    const core::Json object = core::parse_json(text);
    Remote remote;
    remote.name = name;
    for (const core::JsonMember& member : object.members()) {
      if (member.key() == "url") remote.url = member.value.as_string();
      if (member.key() == "key") remote.key = PublicKey::parse(member.value.as_string());
      if (member.key() == "fingerprint") remote.fingerprint = member.value.as_string();
      if (member.key() != "labels") continue;
      for (const core::JsonMember& label : member.value.members()) {
        remote.labels[std::string(label.key())] = label.value.as_string();
      }
    }
    return remote;
  } catch (const Error& error) {
    throw Error(ErrorCode::kCorrupt, "the remote '" + name + "' cannot be read: " + error.what(),
                "isodb remote remove " + name);
  }
}

}  // namespace

void check_remote_name(const std::string& name) {
  std::string problem = refs::ref_name_problem("remotes/" + name + "/x");
  if (name.find('/') != std::string::npos) problem = "it has a '/'";
  if (name == "bundle") problem = "what bundles bring is kept below it";
  if (name.empty() || name.starts_with('-')) problem = "it is empty or begins with '-'";
  if (problem.empty()) return;
  throw Error(ErrorCode::kInvalid, "no name for a remote: '" + name + "': " + problem);
}

namespace {

void check_labels(const Remote& remote) {
  for (const auto& [key, value] : remote.labels) {
    if (key.empty() || key.find_first_of("= \t\n") != std::string::npos) {
      throw Error(ErrorCode::kInvalid,
                  "no label: '" + std::string(key).append("=").append(value) + "'",
                  "a label is KEY=VALUE, and its key has neither spaces nor '='");
    }
  }
}

void check_fingerprint(const std::string& text) {
  if (text.size() == kFingerprintDigits &&
      text.find_first_not_of("0123456789abcdef") == std::string::npos) {
    return;
  }
  throw Error(ErrorCode::kInvalid, "'" + text + "' is no fingerprint",
              "'isodb key fingerprint' prints one: 32 hexadecimal digits");
}

/// A folder is meant whatever the working folder is later.
std::string whole_url(const std::string& url) {
  const Place place = parse_place(url);
  const auto* folder = std::get_if<std::filesystem::path>(&place);
  if (folder == nullptr) return url;
  const std::filesystem::path whole = std::filesystem::absolute(*folder).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).string();
}

}  // namespace

std::vector<Remote> remotes(const Repository& repository) {
  std::vector<Remote> result;
  for (const auto& [key, value] : repository.settings()) {
    if (key.starts_with(kPrefix)) result.push_back(parse(key.substr(kPrefix.size()), value));
  }
  std::ranges::sort(result, {}, &Remote::name);
  return result;
}

std::optional<Remote> find_remote(const Repository& repository, std::string_view name) {
  const auto text = repository.setting(std::string(kPrefix) + std::string(name));
  if (!text) return std::nullopt;
  return parse(std::string(name), *text);
}

void expect_key(Remote& remote, const std::string& key_or_fingerprint) {
  const std::optional<PublicKey> key = PublicKey::parse(key_or_fingerprint);
  if (!key) check_fingerprint(key_or_fingerprint);
  remote.key = key;
  remote.fingerprint = key ? "" : key_or_fingerprint;
}

void set_remote(Repository& repository, Remote remote) {
  check_remote_name(remote.name);
  check_labels(remote);
  if (!remote.fingerprint.empty()) check_fingerprint(remote.fingerprint);
  remote.url = whole_url(remote.url);
  repository.set_setting(std::string(kPrefix) + remote.name, core::write_json(json_of(remote)));
}

bool remove_remote(Repository& repository, const std::string& name) {
  if (!repository.setting(std::string(kPrefix) + name)) return false;
  repository.set_setting(std::string(kPrefix) + name, std::nullopt);
  for (const RefInfo& ref : repository.refs("remotes/" + name + "/")) {
    repository.move_ref(ref.name, ref.target, std::nullopt, "remote removed");
  }
  return true;
}

Remote remote_of(const Repository& repository, const std::string& word) {
  if (std::optional<Remote> named = find_remote(repository, word)) return std::move(*named);
  Remote remote = remote_at(word);
  for (Remote& known : remotes(repository)) {
    if (known.url == remote.url) return std::move(known);
  }
  const Place place = parse_place(remote.url);
  const auto* folder = std::get_if<std::filesystem::path>(&place);
  std::error_code ignored;
  if (folder != nullptr && !std::filesystem::exists(*folder, ignored)) {
    throw Error(ErrorCode::kNotFound, "there is no remote and no folder '" + word + "'",
                "'isodb remote list' names the remotes");
  }
  return remote;
}

Remote remote_at(const std::string& url) {
  Remote remote;
  remote.url = whole_url(url);
  return remote;
}

}  // namespace isodb::sync
