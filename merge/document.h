#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/json.h"
#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::merge {

/// Content above this many bytes is neither parsed nor compared by lines.
inline constexpr std::size_t kMergedBytesMax = std::size_t{16} << 20;

/// One version of a document as merging sees it: content, media type, metadata. Immutable; owns its
/// bytes and, from the first call of json() on, what they say. Thread-safe.
class Document {
 public:
  struct Parts {
    Bytes content;
    std::string media_type;
    std::optional<Bytes> metadata;  ///< a JSON object
  };

  static std::shared_ptr<const Document> make(Parts parts);
  /// Content above kMergedBytesMax, which merging tells by its id alone; `parts.content` is empty.
  static std::shared_ptr<const Document> make_large(Parts parts, const Id& content_id,
                                                    std::uint64_t bytes);

  const Bytes& content() const { return parts_.content; }  ///< "" where is_large()
  const std::string& media_type() const { return parts_.media_type; }
  const std::optional<Bytes>& metadata() const { return parts_.metadata; }
  bool is_large() const { return large_id_.has_value(); }
  const std::optional<Id>& large_id() const { return large_id_; }
  std::uint64_t bytes() const { return bytes_; }

  /// What the content says; nullptr where it is no JSON document: not JSON, two members of one name
  /// in an object, a lone surrogate, or too large. Whatever the media type. The tree stays where it
  /// is as long as this lives.
  const core::Json* json() const;
  /// The same of the metadata, an empty object where there is none.
  const core::Json* metadata_json() const;
  /// UTF-8 without NUL, not large.
  bool is_text() const;
  bool same_content(const Document& other) const;

 private:
  struct Parsed {
    std::once_flag once;
    std::optional<core::Json> value;
  };

  Document() = default;

  Parts parts_;
  std::uint64_t bytes_ = 0;
  std::optional<Id> large_id_;
  mutable Parsed content_json_, metadata_json_;
};
using DocumentPtr = std::shared_ptr<const Document>;

}  // namespace isodb::merge
