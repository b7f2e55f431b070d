#pragma once

#include <optional>
#include <string_view>

#include "objects/source.h"

namespace isodb::repo {

/// Stores a document's own metadata: the JSON text of an object. nullopt for an empty object, which
/// is the same as none. Error(kInvalid) for anything else.
std::optional<Id> write_metadata(objects::ObjectSink& sink, ByteView json);

/// Error(kInvalid) unless the format can carry this media type.
void check_media_type(std::string_view type);

}  // namespace isodb::repo
