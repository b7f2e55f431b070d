#include "cli/commands.h"
#include "cli/move.h"

namespace isodb::cli {

Command mv_command() {
  return {.name = "mv",
          .summary = "rename a document or a folder",
          .details =
              "Media type and metadata go with it. Content is never copied: both paths "
              "name the same bytes.",
          .examples = {{"isodb mv draft.json farm/field-7.json", "rename a document"},
                       {"isodb mv farm/2019 archive/", "move a folder into another"}},
          .declare = bind_move(KeepSource::kNo),
          .children = {}};
}

}  // namespace isodb::cli
