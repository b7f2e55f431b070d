#include "cli/commands.h"
#include "cli/held_back.h"
#include "cli/passphrase.h"
#include "isodb/device_key.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

struct ProtectArguments {
  std::optional<std::string> new_file;
};

struct RotateArguments {
  bool now = false;
};

struct ExportArguments {
  bool next = false;
};

ExitCode show(Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const DeviceKey device = device_key(repository);
  const std::string fingerprint = device.key.fingerprint();
  if (context.json()) {
    JsonObject object;
    object.string("key", device.key.text())
        .string("fingerprint", fingerprint)
        .string("writer", repository.writer().hex())
        .boolean("protected", device.is_protected);
    if (device.next) {
      object.string("next", device.next->text());
    } else {
      object.null("next");
    }
    context.print(object);
    return ExitCode::kDone;
  }
  context.out() << "key          " << device.key.text() << "\n"
                << "fingerprint  " << context.paint(Style::kYellow, fingerprint) << "\n"
                << "writer       " << repository.writer().hex() << "\n"
                << "on disk      " << (device.is_protected ? "under a passphrase" : "plain")
                << "\n";
  if (device.next) {
    context.out() << "next         " << device.next->text()
                  << "\n             'isodb key rotate' goes on with it\n";
  }
  return ExitCode::kDone;
}

void declare_protect(Options& options, ProtectArguments& arguments) {
  options.option("--new-passphrase-file FILE", &arguments.new_file,
                 "the new passphrase is this file's first line; default: typed twice, or, where "
                 "the key is plain, as --passphrase-file says");
}

ExitCode print_protected(Context& context, const PublicKey& key, bool is_protected) {
  if (context.json()) {
    context.print(
        JsonObject().string("fingerprint", key.fingerprint()).boolean("protected", is_protected));
  } else if (!context.quiet()) {
    context.out() << "the key " << key.fingerprint() << " is "
                  << (is_protected ? "under the new passphrase" : "plain") << "\n";
  }
  return ExitCode::kDone;
}

ExitCode protect(const ProtectArguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const DeviceKey device = device_key(repository);
  if (device.is_protected) context.passphrase();  // before the new one
  const bool by_file = !device.is_protected && context.passphrase_file();
  const Passphrase chosen = arguments.new_file ? passphrase_in_file(context, *arguments.new_file)
                            : by_file          ? context.passphrase()
                                               : typed_new_passphrase();
  protect_key(repository, chosen);
  if (!device.is_protected) {
    context.note(
        "the plain key may remain in blocks of the disk that are free now, and in backups; "
        "'isodb key rotate' makes one that never lay there");
  }
  return print_protected(context, device.key, true);
}

ExitCode unprotect(Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  unprotect_key(repository);
  return print_protected(context, repository.public_key(), false);
}

void declare_rotate(Options& options, RotateArguments& arguments) {
  options.flag("--now", arguments.now,
               "do not wait until others have heard of the new key; they may not let it in");
}

std::string_view step_name(Rotation::Step step) {
  switch (step) {
    case Rotation::Step::kWaiting:
      return "waiting";
    case Rotation::Step::kLetIn:
      return "let-in";
    case Rotation::Step::kDone:
      return "done";
  }
  return "";
}

/// What is to be done next, and by whom.
std::string advice(const Rotation& rotation) {
  const std::string before = rotation.before.fingerprint(), after = rotation.after.text();
  switch (rotation.step) {
    case Rotation::Step::kWaiting:
      return "the new key is made, and waits until an admin lets it in:\n  isodb member rotate " +
             before + " " + after + "\nSync then, and run 'isodb key rotate' again.";
    case Rotation::Step::kLetIn:
      return "the new key " + rotation.after.fingerprint() +
             " is a member; this device signs with the old one still.\nSync with every device that "
             "this one meets, and run 'isodb key rotate' again.";
    case Rotation::Step::kDone:
      break;
  }
  const std::string done = "this device signs with " + rotation.after.fingerprint() + " now";
  if (rotation.is_revoked) return done + ", and the old key is revoked. Sync.";
  return done + ". Sync; then an admin revokes the old one:\n  isodb member remove " + before;
}

ExitCode rotate(const RotateArguments& arguments, Context& context) {
  const Rotation rotation = rotate_key(context.repository(Access::kWrite), {.now = arguments.now});
  if (context.json()) {
    context.print(JsonObject()
                      .string("step", step_name(rotation.step))
                      .string("before", rotation.before.text())
                      .string("after", rotation.after.text())
                      .boolean("revoked", rotation.is_revoked));
  } else if (!context.quiet()) {
    context.out() << advice(rotation) << "\n";
    note_held_back(context, held_back(context.repository(Access::kWrite)), "the newest commit");
  }
  return ExitCode::kDone;
}

void declare_export(Options& options, ExportArguments& arguments) {
  options.flag("--next", arguments.next, "the one that 'key rotate' made");
}

ExitCode export_key(const ExportArguments& arguments, Context& context) {
  const DeviceKey device = device_key(context.repository(Access::kRead));
  if (arguments.next && !device.next) {
    throw Error(ErrorCode::kNotFound, "no key is to come after " + device.key.fingerprint(),
                "'isodb key rotate' makes one");
  }
  const PublicKey key = arguments.next ? *device.next : device.key;
  if (context.json()) {
    context.print(JsonObject().string("key", key.text()));
  } else {
    context.out() << key.text() << "\n";
  }
  return ExitCode::kDone;
}

ExitCode fingerprint(Context& context) {
  const PublicKey key = context.repository(Access::kRead).public_key();
  if (context.json()) {
    context.print(JsonObject().string("fingerprint", key.fingerprint()));
  } else {
    context.out() << key.fingerprint() << "\n";
  }
  return ExitCode::kDone;
}

Command child(std::string name, std::string summary, ExitCode (*run)(Context&)) {
  return {.name = std::move(name),
          .summary = std::move(summary),
          .details = {},
          .examples = {},
          .declare = bind(run),
          .children = {}};
}

template <typename Arguments>
Command child(std::string name, std::string summary, std::string details,
              void (*declare)(Options&, Arguments&), ExitCode (*run)(const Arguments&, Context&)) {
  return {.name = std::move(name),
          .summary = std::move(summary),
          .details = std::move(details),
          .examples = {},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace

Command key_command() {
  return {.name = "key",
          .summary = "show, protect or rotate the key that this device signs with",
          .details =
              "The secret half is in the repository's folder keys and never printed. "
              "'writer' tells this clone from others that use the same key. What a key can do, and "
              "what to do when a device is lost: docs/keys.md.",
          .examples = {{"isodb key", "the public key, its fingerprint and this clone's writer id"},
                       {"isodb key export > barn-tablet.pub", "hand the public key to others"},
                       {"isodb key protect", "under a passphrase from now on, or under another"},
                       {"isodb key rotate", "a step towards a new key; says what comes next"}},
          .declare = bind(show),
          .children = {
              child("show", "the key, its fingerprint and the writer id", show),
              child("export", "the public key alone, for others", "", declare_export, export_key),
              child("fingerprint", "what people compare and files are called by", fingerprint),
              child("protect", "put the secret key under a passphrase, or under another one",
                    "Whoever signs, or talks with another device, is asked for it; reading needs "
                    "none.",
                    declare_protect, protect),
              child("unprotect", "keep the secret key without a passphrase", unprotect),
              child("rotate", "go one step towards a new key",
                    "An admin's device lets its new key in itself; once others have heard of it by "
                    "a sync, the second step revokes the old key and takes the new one. Any other "
                    "device waits until an admin has let the new key in.",
                    declare_rotate, rotate)}};
}

}  // namespace isodb::cli
