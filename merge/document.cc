#include "merge/document.h"

#include <utility>

#include "core/utf8.h"

namespace isodb::merge {

namespace {

std::optional<core::Json> parse(ByteView text) {
  if (text.size() > kMergedBytesMax) return std::nullopt;
  try {
    return core::parse_json(text);
  } catch (const core::JsonError&) {
    return std::nullopt;  // opaque bytes, which is no fault
  }
}

}  // namespace

DocumentPtr Document::make(Parts parts) {
  if (parts.content.size() > kMergedBytesMax) {
    throw Error(ErrorCode::kInvalid, "content above 16 MiB is merged by its id alone");
  }
  const std::shared_ptr<Document> document(new Document);
  document->bytes_ = parts.content.size();
  document->parts_ = std::move(parts);
  return document;
}

DocumentPtr Document::make_large(Parts parts, const Id& content_id, std::uint64_t bytes) {
  const std::shared_ptr<Document> document(new Document);
  document->bytes_ = bytes;
  document->large_id_ = content_id;
  document->parts_ = std::move(parts);
  return document;
}

const core::Json* Document::json() const {
  if (is_large()) return nullptr;
  std::call_once(content_json_.once, [this] { content_json_.value = parse(content()); });
  return content_json_.value ? &*content_json_.value : nullptr;
}

const core::Json* Document::metadata_json() const {
  std::call_once(metadata_json_.once, [this] {
    metadata_json_.value = metadata() ? parse(*metadata()) : core::Json::object();
  });
  return metadata_json_.value ? &*metadata_json_.value : nullptr;
}

bool Document::is_text() const {
  return !is_large() && content().find('\0') == Bytes::npos && core::is_utf8(content());
}

bool Document::same_content(const Document& other) const {
  return this == &other || (large_id_ == other.large_id_ && content() == other.content());
}

}  // namespace isodb::merge
