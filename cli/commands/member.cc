#include <algorithm>

#include "cli/change.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "merge/members.h"

namespace isodb::cli {
namespace {

using merge::Member;

struct AddArguments {
  std::string key, name, role = "writer";
  std::vector<std::string> prefixes;
};

struct OneArguments {
  std::string member;
};

struct RoleArguments {
  std::string member, role;
  std::vector<std::string> prefixes;
  bool everywhere = false;
};

struct RotateArguments {
  std::string member, key;
  bool revoke = false;
};

struct NamedMember {
  std::string path;
  Member member;
};

std::vector<NamedMember> members_of(const Snapshot& snapshot) {
  std::vector<NamedMember> members;
  for (auto cursor = snapshot.documents(merge::kMembersPrefix); cursor.valid(); cursor.next()) {
    if (auto member = merge::member_at(cursor.path(), cursor.bytes())) {
      members.push_back({cursor.path(), std::move(*member)});
    }
  }
  return members;
}

/// By name, or by the beginning of the fingerprint or of the key. Error(kNotFound), or
/// Error(kInvalid) when several are meant.
NamedMember find_member(const Snapshot& snapshot, const std::string& wanted) {
  std::vector<NamedMember> found;
  std::vector<std::string> names;
  for (NamedMember& named : members_of(snapshot)) {
    names.push_back(named.member.name);
    const Member& member = named.member;
    const bool by_key = wanted.size() >= 4 && (member.key.fingerprint().starts_with(wanted) ||
                                               member.key.text().starts_with(wanted));
    if (member.name == wanted || by_key) found.push_back(std::move(named));
  }
  // The keys that a device had before are called like the one it has.
  if (found.size() > 1) {
    std::vector<NamedMember> valid = found;
    std::erase_if(valid, [](const NamedMember& named) { return named.member.revoked; });
    if (valid.size() == 1) return valid.front();
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no member '" + wanted + "'",
                did_you_mean(nearest(wanted, names)));
  }
  throw Error(ErrorCode::kInvalid, "several members are called '" + wanted + "'",
              "name one by its fingerprint: 'isodb member list'");
}

[[noreturn]] void throw_revoked(const Member& member) {
  throw Error(
      ErrorCode::kInvalid, "the key of '" + printable(member.name) + "' is revoked",
      "clone anew on the device: the clone has a key of its own, which 'isodb member add' lets in");
}

ExitCode list(Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  context.page();
  for (const NamedMember& named : members_of(repository.snapshot())) {
    const Member& member = named.member;
    if (context.json()) {
      JsonObject object;
      object.string("name", member.name)
          .string("fingerprint", member.key.fingerprint())
          .string("key", member.key.text())
          .string("role", merge::role_name(member.role))
          .strings("prefixes", member.prefixes)
          .boolean("revoked", member.revoked);
      if (member.replaces) object.string("replaces", member.replaces->text());
      context.print(object);
      continue;
    }
    context.out() << context.paint(Style::kYellow, member.key.fingerprint()) << "  "
                  << (member.revoked ? context.paint(Style::kRed, "revoked")
                                     : std::string(merge::role_name(member.role)))
                  << "  " << printable(member.name);
    for (const std::string& prefix : member.prefixes) context.out() << "  " << printable(prefix);
    context.out() << "\n";
  }
  return ExitCode::kDone;
}

Outcome put(Transaction& transaction, const Member& member) {
  const std::string path = merge::member_path(member.key);
  const std::optional<Entry> before = transaction.entry(path);
  if (before) {
    transaction.expect_content(path, before->content);
  } else {
    transaction.expect_absent(path);
  }
  transaction.put(path, merge::member_document(member), {.media_type = "application/json"});
  return outcome_of(before, transaction.entry(path));
}

ExitCode write(Context& context, const Member& member, const std::string& message) {
  return change_documents(context, message,
                          [&](Transaction& transaction) { return put(transaction, member); });
}

/// A path or its beginning, so it has no form that no path could have.
void check_prefixes(const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    const std::string problem =
        path_problem(prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix);
    if (problem.empty()) continue;
    throw Error(ErrorCode::kInvalid,
                "no path begins with '" + printable(prefix) + "': the path " + problem,
                "a prefix is like barn/ or cows/ada");
  }
}

void declare_add(Options& options, AddArguments& arguments) {
  options.argument("KEY", &arguments.key, "what 'isodb key export' prints on the other device");
  options.argument("NAME", &arguments.name, "what people call the member");
  options.option("--role ROLE", &arguments.role, "default: writer", {"admin", "writer", "reader"});
  options.option("--prefix PREFIX", &arguments.prefixes,
                 "a writer may change only paths that begin so; any number of times");
}

/// Of nobody so far.
PublicKey new_key(const Repository& repository, const std::string& text) {
  const std::optional<PublicKey> key = PublicKey::parse(text);
  if (!key) {
    throw Error(ErrorCode::kInvalid, "'" + text + "' is no public key",
                "'isodb key export' prints one: ed25519: and 64 hexadecimal digits");
  }
  const std::string path = merge::member_path(*key);
  const std::optional<Bytes> document = repository.snapshot().get(path);
  if (!document) return *key;
  const std::optional<Member> member = merge::member_at(path, *document);
  if (member && member->revoked) throw_revoked(*member);
  throw Error(ErrorCode::kInvalid, "the key is a member's already",
              "'isodb member list' shows it; 'isodb member role' changes what it may do");
}

ExitCode add(const AddArguments& arguments, Context& context) {
  check_prefixes(arguments.prefixes);
  const PublicKey key = new_key(context.repository(Access::kWrite), arguments.key);
  return write(context,
               {arguments.name, key, merge::parse_role(arguments.role), arguments.prefixes, false},
               "member: add " + arguments.name + " as " + arguments.role);
}

void declare_one(Options& options, OneArguments& arguments) {
  options.argument("MEMBER", &arguments.member, "a name, or the beginning of a fingerprint");
}

ExitCode remove(const OneArguments& arguments, Context& context) {
  NamedMember named = find_member(context.repository(Access::kWrite).snapshot(), arguments.member);
  named.member.revoked = true;
  return write(context, named.member, "member: revoke " + named.member.name);
}

void declare_rotate(Options& options, RotateArguments& arguments) {
  options.argument("MEMBER", &arguments.member, "a name, or the beginning of a fingerprint");
  options.argument("KEY", &arguments.key, "the new key, as the other device prints it");
  options.flag(
      "--revoke", arguments.revoke,
      "revoke the old key at once: what the device wrote and nobody has yet does not count");
}

/// The old key stays until the device has gone over to the new one and what it wrote has come.
ExitCode rotate(const RotateArguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kWrite);
  NamedMember old = find_member(repository.snapshot(), arguments.member);
  Member heir = old.member;
  heir.key = new_key(repository, arguments.key);
  heir.replaces = old.member.key;
  heir.revoked = false;
  old.member.revoked = old.member.revoked || arguments.revoke;
  const std::string message = "member: " + heir.key.fingerprint() + " comes after " +
                              old.member.key.fingerprint() + " of " + heir.name;
  return change_documents(context, message, [&](Transaction& transaction) {
    put(transaction, heir);
    if (arguments.revoke) put(transaction, old.member);
    return Outcome::kChanged;
  });
}

void declare_role(Options& options, RoleArguments& arguments) {
  options.argument("MEMBER", &arguments.member, "a name, or the beginning of a fingerprint");
  options.argument("ROLE", &arguments.role, "admin, writer or reader");
  options.option("--prefix PREFIX", &arguments.prefixes,
                 "a writer may change only paths that begin so; any number of times; default: as "
                 "before");
  options.flag("--everywhere", arguments.everywhere, "a writer may change paths without a prefix");
}

ExitCode set_role(const RoleArguments& arguments, Context& context) {
  check_prefixes(arguments.prefixes);
  if (arguments.everywhere && !arguments.prefixes.empty()) {
    throw Error(ErrorCode::kInvalid, "only one of --prefix and --everywhere can be given");
  }
  NamedMember named = find_member(context.repository(Access::kWrite).snapshot(), arguments.member);
  if (named.member.revoked) throw_revoked(named.member);
  named.member.role = merge::parse_role(arguments.role);
  if (arguments.everywhere || !arguments.prefixes.empty()) {
    named.member.prefixes = arguments.prefixes;
  }
  return write(context, named.member,
               "member: " + named.member.name + " becomes " + arguments.role);
}

template <typename Arguments>
Command child(std::string name, std::string summary, void (*declare)(Options&, Arguments&),
              ExitCode (*run)(const Arguments&, Context&)) {
  return {.name = std::move(name),
          .summary = std::move(summary),
          .details = "",
          .examples = {},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace

Command member_command() {
  return {.name = "member",
          .summary = "say who may write what",
          .details =
              "Members are documents under .isodb/members/, so whoever has the commits can judge "
              "every one of them offline. Only admins change them. A member that is removed is "
              "revoked: what it wrote without knowing does not count any more once the revocation "
              "arrives, unless somebody else's commit builds on it.",
          .examples = {{"isodb member add \"$(cat tablet.pub)\" barn-tablet --prefix barn/",
                        "let a device write below barn/"},
                       {"isodb member remove barn-tablet", "it was lost"},
                       {"isodb member rotate barn-tablet \"$(cat new.pub)\"",
                        "it gets a new key, with the same name and rights"}},
          .declare = bind(list),
          .children = {{.name = "list",
                        .summary = "the members, their roles and prefixes",
                        .details = "",
                        .examples = {},
                        .declare = bind(list),
                        .children = {}},
                       child("add", "let a key in", declare_add, add),
                       child("remove", "revoke a member's key", declare_one, remove),
                       child("role", "change what a member may do", declare_role, set_role),
                       child("rotate", "let in the key that comes after a member's", declare_rotate,
                             rotate)}};
}

}  // namespace isodb::cli
