#pragma once

#include <string>

#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb {

/// An object's payload as text for people, one line an item: a leaf's documents, an inner node's
/// children, a list's parts. Objects that are text already (commits, merges, tags) and documents
/// come back as they are. Error(kCorrupt) for bytes that are no such object. Thread-safe.
std::string describe_object(ObjectType type, ByteView payload);

}  // namespace isodb
