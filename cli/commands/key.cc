#include "cli/commands.h"

namespace isodb::cli {
namespace {

ExitCode show(Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const PublicKey key = repository.public_key();
  if (context.json()) {
    context.print(JsonObject()
                      .string("key", key.text())
                      .string("fingerprint", key.fingerprint())
                      .string("writer", repository.writer().hex()));
  } else {
    context.out() << "key          " << key.text() << "\n"
                  << "fingerprint  " << context.paint(Style::kYellow, key.fingerprint()) << "\n"
                  << "writer       " << repository.writer().hex() << "\n";
  }
  return ExitCode::kDone;
}

ExitCode export_key(Context& context) {
  const PublicKey key = context.repository(Access::kRead).public_key();
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

}  // namespace

Command key_command() {
  return {.name = "key",
          .summary = "show the key that this device signs with",
          .details =
              "The secret half is in the repository's folder keys and never printed. "
              "'writer' tells this clone from others that use the same key.",
          .examples = {{"isodb key", "the public key, its fingerprint and this clone's writer id"},
                       {"isodb key export > barn-tablet.pub", "hand the public key to others"}},
          .declare = bind(show),
          .children = {
              child("show", "the key, its fingerprint and the writer id", show),
              child("export", "the public key alone, for others", export_key),
              child("fingerprint", "what people compare and files are called by", fingerprint)}};
}

}  // namespace isodb::cli
