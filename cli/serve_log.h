#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "isodb/serve.h"

namespace isodb::cli {

enum class LogTo { kStandardOutput, kStandardError };

/// What `serve` says: a line for each thing that happens, as text or as JSON. Where nobody reads it
/// any more, serving goes on. One thread at a time.
class ServeLog {
 public:
  ServeLog(Context& context, LogTo to) : context_(context), to_(to) {}

  void listening(const PublicKey& key, const std::vector<std::string>& addresses);
  void note(const sync::ServeEvent& event);
  void stopped();

 private:
  void write(const std::string& text, const JsonObject& object);

  Context& context_;
  const LogTo to_;
  bool is_broken_ = false;
};

}  // namespace isodb::cli
