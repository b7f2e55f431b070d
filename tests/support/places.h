#pragma once

namespace isodb::testing {

// Folders, absolute. Defined in one file, so that only that one is compiled anew in another clone.
extern const char* const kSharedData;   ///< real input; may be missing
extern const char* const kTestVectors;  ///< tests/format/vectors
extern const char* const kScriptCases;  ///< tests/unit/script/cases
extern const char* const kDocs;
extern const char* const kProgram;  ///< isodb, as it was built

}  // namespace isodb::testing
