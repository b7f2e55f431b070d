#pragma once

#include <string>
#include <vector>

#include "tests/reference/random.h"
#include "tests/reference/world.h"

namespace isodb::reference {

/// The paths of random histories that rules reach.
const std::vector<std::string>& document_paths();

/// A new document for a path: JSON, text or bytes, in one of several layouts.
PlannedDocument random_document(Random& random, const std::string& path);
/// A document that an author made from one that it saw.
PlannedDocument edit_document(Random& random, const std::string& path, const PlannedDocument& seen);

/// A document `.isodb/merge.json`; now and then one that holds no rules.
Bytes random_rules(Random& random);
/// A script under the one path that these rules name.
extern const std::string kScriptPath;
Bytes random_script(Random& random);

}  // namespace isodb::reference
