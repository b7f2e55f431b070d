#include "repo/metadata.h"

#include <algorithm>
#include <string>

#include "core/json.h"
#include "isodb/entry.h"
#include "isodb/error.h"

namespace isodb::repo {
namespace {

constexpr std::size_t kMediaTypeBytesMax = 127;

}  // namespace

std::optional<Id> write_metadata(objects::ObjectSink& sink, ByteView json) {
  core::Json value;
  try {
    value = core::parse_json(json);
  } catch (const core::JsonError& error) {
    throw Error(error.code(), std::string("a document's metadata is no JSON: ") + error.what());
  }
  if (!value.is_object()) {
    throw Error(ErrorCode::kInvalid, "a document's metadata is not a JSON object");
  }
  if (json.size() > kBlobBytesMax) {
    throw Error(ErrorCode::kLimit, "a document's metadata is longer than 64 KiB");
  }
  if (value.size() == 0) return std::nullopt;
  return sink.put(ObjectType::kBlob, json);
}

void check_media_type(std::string_view type) {
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  if (type.size() <= kMediaTypeBytesMax && std::all_of(type.begin(), type.end(), printable)) return;
  throw Error(ErrorCode::kInvalid,
              "a media type is not printable ASCII without spaces, up to 127 bytes",
              "for example: application/json");
}

}  // namespace isodb::repo
