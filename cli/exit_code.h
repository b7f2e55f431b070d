#pragma once

#include "isodb/error.h"

namespace isodb::cli {

/// What the program's exit says to a script (docs/cli.md). The numbers are an interface.
enum class ExitCode : int {
  kDone = 0,
  kNotFound = 1,     ///< what was named does not exist, or (diff) there is a difference
  kUsage = 2,        ///< the command line or the input breaks a rule
  kStale = 3,        ///< a compare-and-swap was lost: read again, then decide
  kConflicts = 4,    ///< conflicts remain
  kUnverified = 5,   ///< damaged bytes or a signature that does not hold
  kUnreachable = 6,  ///< a peer could not be reached
  kFailed = 7,       ///< refused or impossible: disk, rights, a limit, a newer version
  kBusy = 8,         ///< somebody else holds what is needed: the same command may succeed later
  kNotHeld = 9,      ///< this copy is partial and does not hold what is needed
  kErased = 10,      ///< the content was erased for good
};

ExitCode exit_code_of(ErrorCode code);

/// The one of two codes that a script has to know about first.
ExitCode worse_of(ExitCode a, ExitCode b);

}  // namespace isodb::cli
