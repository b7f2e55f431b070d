#include "cli/commands.h"
#include "cli/move.h"

namespace isodb::cli {

Command cp_command() {
  return {.name = "cp",
          .summary = "copy a document or a folder",
          .details =
              "Media type and metadata go with it. A copy takes no space: both paths name "
              "the same bytes.",
          .examples = {{"isodb cp template.json farm/field-8.json", "copy a document"},
                       {"isodb cp farm farm-2026", "copy every document in a folder"}},
          .declare = bind_move(KeepSource::kYes),
          .children = {}};
}

}  // namespace isodb::cli
