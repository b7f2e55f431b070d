#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "isodb/bytes.h"
#include "isodb/hybrid_time.h"
#include "isodb/id.h"

namespace isodb {

/// How a document's bytes are stored.
enum class ContentKind : std::uint8_t {
  kBlob = 0,  ///< one blob, up to 64 KiB
  kList = 1,  ///< blobs named by a list object
};

/// What merging made of an entry. The numbers are bits of the tree format.
enum EntryFlag : std::uint8_t {
  kFlagMerged = 0x04,    ///< computed from several versions
  kFlagConflict = 0x08,  ///< the default choice decided something
  kFlagErased = 0x10,    ///< the content was erased for good
};
inline constexpr std::uint8_t kEntryFlagMask = kFlagMerged | kFlagConflict | kFlagErased;

/// What the tree knows of one document's version. A plain value.
struct Entry {
  Id content;  ///< id of the blob or list
  ContentKind kind = ContentKind::kBlob;
  std::uint8_t flags = 0;               ///< EntryFlag bits
  std::uint64_t size = 0;               ///< bytes of the document
  std::string media_type;               ///< "" when unknown; at most 127 bytes of printable ASCII
  Stamp stamp;                          ///< of the commit that wrote this version
  std::uint64_t merge_digest_tail = 0;  ///< merged entries only: the last 8 of the stamp's 24 bytes
  std::optional<Id> metadata;           ///< blob with a JSON object of the user's own fields

  friend bool operator==(const Entry&, const Entry&) = default;
};

inline constexpr std::size_t kPathBytesMax = 1024;
/// Documents up to this size are one blob.
inline constexpr std::size_t kBlobBytesMax = 64 * 1024;
/// Where what governs the repository lives.
inline constexpr std::string_view kGovernedPrefix = ".isodb/";

/// Empty when `path` may name a document; otherwise the rule it breaks, for people ("is empty",
/// "has an empty segment", "is longer than 1024 bytes", "is not UTF-8", "has a control character",
/// "has a '.' or '..' segment").
std::string path_problem(std::string_view path);
/// Error(kInvalid) naming the path and the rule it breaks.
void check_path(std::string_view path);

/// The number that the format stores for a media type: 0 for unknown (""), 1.. for the frozen
/// registry, nullopt for a type that is spelled out. Numbers are never reassigned.
std::optional<std::uint8_t> media_type_number(std::string_view type);
std::optional<std::string_view> media_type_from_number(std::uint8_t number);
/// The type commonly meant by a path's extension; "" when there is none. Frozen table, not the
/// system's.
std::string_view media_type_for_path(std::string_view path);
/// True for types whose bytes are compressed already (images, video, archives), which are stored as
/// they are.
bool media_type_is_compressed(std::string_view type);
bool media_type_is_json(std::string_view type);
bool media_type_is_text(std::string_view type);

}  // namespace isodb
