#include "cli/error_report.h"

#include <unistd.h>

#include <iostream>

#include "cli/json_object.h"
#include "cli/output.h"
#include "cli/stale.h"
#include "cli/text.h"

namespace isodb::cli {

void report_error(const Error& error, ExitCode code, ErrorForm form) {
  if (form == ErrorForm::kJson) {
    JsonObject object;
    object.string("error", error_code_name(error.code()))
        .string("message", error.what())
        .string("hint", error.hint())
        .number("exit", static_cast<std::uint64_t>(code));
    if (const auto* stale = dynamic_cast<const StaleError*>(&error)) {
      object.id("actual", stale->actual()).strings("paths", stale->paths());
    }
    std::cerr << object.text() << "\n";
    return;
  }
  const bool color = wants_color(STDERR_FILENO, ColorWhen::kAuto);
  const char* red = color ? "\x1b[31m" : "";
  const char* plain = color ? "\x1b[0m" : "";
  std::cerr << red << "isodb:" << plain << " " << printable(error.what()) << "\n";
  if (!error.hint().empty()) std::cerr << "hint: " << printable(error.hint()) << "\n";
}

}  // namespace isodb::cli
