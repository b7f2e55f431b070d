#include "tests/support/places.h"

namespace isodb::testing {

const char* const kSharedData = ISODB_SHARED_DATA;
const char* const kTestVectors = ISODB_TEST_VECTORS;
const char* const kScriptCases = ISODB_SCRIPT_CASES;
const char* const kDocs = ISODB_DOCS;
const char* const kProgram = ISODB_PROGRAM;

}  // namespace isodb::testing
