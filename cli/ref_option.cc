#include "cli/ref_option.h"

#include "cli/stale.h"
#include "cli/text.h"

namespace isodb::cli {

std::string existing_ref(const Repository& repository, std::string_view prefix,
                         const std::string& name) {
  std::string full = name.starts_with(prefix) ? name : std::string(prefix) + name;
  if (repository.ref(full)) return full;
  std::vector<std::string> names;
  for (const RefInfo& ref : repository.refs(std::string(prefix))) {
    names.push_back(ref.name.substr(prefix.size()));
  }
  const std::string kind = prefix == kHeadsPrefix ? "branch" : "tag";
  std::string hint = did_you_mean(nearest(name, names));
  if (hint.empty()) hint = "'isodb " + kind + "' lists them";
  throw Error(ErrorCode::kNotFound, "there is no " + kind + " '" + name + "'", hint);
}

std::string new_ref(const Repository& repository, std::string_view prefix,
                    const std::string& name) {
  const bool is_branch = prefix == kHeadsPrefix;
  const std::string kind = is_branch ? "branch" : "tag";
  // Names that could not be typed where a revision or an argument is expected.
  if (name == "@" || name.starts_with('-')) {
    throw Error(ErrorCode::kInvalid, "a " + kind + " cannot be called '" + name + "'",
                name == "@" ? "'@' is the current branch" : "what begins with '-' is an option");
  }
  const std::string full = std::string(prefix) + name;
  if (const auto there = repository.ref(full)) {
    throw Error(ErrorCode::kInvalid,
                "the " + kind + " " + name + " exists already, at " + there->short_hex(),
                is_branch ? "'isodb switch " + name + "' makes it the current one"
                          : "'isodb tag -d " + name + "' deletes it");
  }
  return full;
}

void throw_no_ref(const Repository& repository, const std::string& name) {
  std::vector<std::string> names, near;
  for (const RefInfo& ref : repository.refs()) {
    names.push_back(ref.name);
    if (ref.name.ends_with("/" + name)) near.push_back(ref.name);
  }
  if (near.empty()) near = nearest(name, names);
  std::string hint = did_you_mean(near);
  if (hint.empty()) hint = "'isodb ref list' lists them, with their full names";
  throw Error(ErrorCode::kNotFound, "there is no ref '" + name + "'", hint);
}

void move_ref(Repository& repository, const std::string& name, const std::optional<Id>& expected,
              const std::optional<Id>& next, const std::string& reason) {
  const Repository::SwapResult result = repository.move_ref(name, expected, next, reason);
  if (result.done) return;
  throw StaleError(name + " is " + short_text(result.actual) + ", not " + short_text(expected),
                   "read it again with 'isodb ref get " + name + "', then decide", result.actual);
}

std::string short_text(const std::optional<Id>& id) {
  return id ? id->short_hex() : "nothing";
}

}  // namespace isodb::cli
