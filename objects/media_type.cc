#include <algorithm>
#include <array>
#include <cstddef>

#include "isodb/entry.h"

namespace isodb {
namespace {

// The number that the tree format stores is the index + 1. Frozen: a name is never changed, moved,
// removed or added, for a type has one encoding (docs/format.md, "Media types").
constexpr std::array<std::string_view, 76> kTypes = {
    // structured text
    "application/json", "application/x-ndjson", "application/ld+json", "application/geo+json",
    "application/schema+json", "application/json-patch+json", "application/merge-patch+json",
    "application/fhir+json", "application/yaml", "application/toml", "application/xml",
    "application/sql", "application/x-sh", "application/gpx+xml",
    "application/vnd.google-earth.kml+xml",
    // text
    "text/plain", "text/csv", "text/tab-separated-values", "text/markdown", "text/html", "text/css",
    "text/javascript", "text/xml", "text/calendar", "text/vcard", "message/rfc822",
    // binary data
    "application/octet-stream", "application/cbor", "application/vnd.msgpack",
    "application/protobuf", "application/vnd.sqlite3", "application/vnd.apache.parquet",
    "application/wasm", "application/dicom",
    // documents
    "application/pdf", "application/rtf", "application/epub+zip", "application/msword",
    "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    // archives
    "application/zip", "application/gzip", "application/zstd", "application/x-xz",
    "application/x-bzip2", "application/x-7z-compressed", "application/x-tar",
    // images
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/heic",
    "image/svg+xml", "image/tiff", "image/bmp", "image/vnd.microsoft.icon",
    // sound and video
    "audio/mpeg", "audio/mp4", "audio/ogg", "audio/flac", "audio/wav", "video/mp4", "video/webm",
    "video/quicktime", "video/x-matroska",
    // fonts
    "font/woff2", "font/woff", "font/ttf", "font/otf"};

constexpr bool by_name(std::uint8_t a, std::uint8_t b) {
  return kTypes[a - 1] < kTypes[b - 1];
}

constexpr auto kNumbersByName = [] {
  std::array<std::uint8_t, kTypes.size()> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::uint8_t>(i + 1);
  std::sort(numbers.begin(), numbers.end(), by_name);
  return numbers;
}();

struct Extension {
  std::string_view name;  // lower case
  std::string_view type;
};

// Sorted by name. Part of the sync protocol: docs/format.md, "Media types by extension".
constexpr Extension kExtensions[] = {
    {"7z", "application/x-7z-compressed"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/plain"},
    {"cbor", "application/cbor"},
    {"cc", "text/plain"},
    {"cfg", "text/plain"},
    {"conf", "text/plain"},
    {"cpp", "text/plain"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"dcm", "application/dicom"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"go", "text/plain"},
    {"gpx", "application/gpx+xml"},
    {"gz", "application/gzip"},
    {"h", "text/plain"},
    {"har", "application/har+json"},
    {"heic", "image/heic"},
    {"hpp", "text/plain"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"ini", "text/plain"},
    {"ipynb", "application/x-ipynb+json"},
    {"java", "text/plain"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonl", "application/x-ndjson"},
    {"jsonld", "application/ld+json"},
    {"kml", "application/vnd.google-earth.kml+xml"},
    {"log", "text/plain"},
    {"m4a", "audio/mp4"},
    {"markdown", "text/markdown"},
    {"md", "text/markdown"},
    {"mjs", "text/javascript"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"msgpack", "application/vnd.msgpack"},
    {"ndjson", "application/x-ndjson"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"parquet", "application/vnd.apache.parquet"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"py", "text/plain"},
    {"rs", "text/plain"},
    {"rtf", "application/rtf"},
    {"sh", "application/x-sh"},
    {"sql", "application/sql"},
    {"sqlite", "application/vnd.sqlite3"},
    {"sqlite3", "application/vnd.sqlite3"},
    {"star", "text/plain"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"toml", "application/toml"},
    {"topojson", "application/topo+json"},
    {"ts", "text/plain"},
    {"tsv", "text/tab-separated-values"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};
constexpr std::size_t kExtensionBytesMax = 11;

constexpr bool extension_before(const Extension& a, const Extension& b) {
  return a.name < b.name;
}
static_assert(std::is_sorted(std::begin(kExtensions), std::end(kExtensions), extension_before));

constexpr std::string_view kCompressed[] = {
    "application/zip",
    "application/gzip",
    "application/zstd",
    "application/x-xz",
    "application/x-bzip2",
    "application/x-7z-compressed",
    "application/vnd.apache.parquet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/heic",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/flac",
    "font/woff2",
    "font/woff"};

constexpr std::string_view kTextual[] = {
    "application/json", "application/x-ndjson",   "application/yaml",
    "application/toml", "application/xml",        "application/sql",
    "application/x-sh", "application/javascript", "message/rfc822"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What stands before the parameters, in lower case: "Text/HTML; charset=utf-8" is "text/html".
std::string essence(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  std::string plain(type);
  std::transform(plain.begin(), plain.end(), plain.begin(), lower);
  return plain;
}

template <std::size_t N>
bool is_one_of(const std::string_view (&types)[N], std::string_view type) {
  return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

}  // namespace

std::optional<std::uint8_t> media_type_number(std::string_view type) {
  if (type.empty()) return 0;
  if (type == kTypes[0]) return 1;  // by far the commonest
  const auto at = std::lower_bound(
      kNumbersByName.begin(), kNumbersByName.end(), type,
      [](std::uint8_t number, std::string_view name) { return kTypes[number - 1] < name; });
  if (at == kNumbersByName.end() || kTypes[*at - 1] != type) return std::nullopt;
  return *at;
}

std::optional<std::string_view> media_type_from_number(std::uint8_t number) {
  if (number == 0) return std::string_view();
  if (number > kTypes.size()) return std::nullopt;
  return kTypes[number - 1];
}

std::string_view media_type_for_path(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  const std::string_view written = name.substr(dot + 1);
  if (written.size() > kExtensionBytesMax) return {};
  std::string extension(written);
  std::transform(extension.begin(), extension.end(), extension.begin(), lower);
  const auto* at = std::lower_bound(std::begin(kExtensions), std::end(kExtensions),
                                    Extension{extension, {}}, extension_before);
  if (at == std::end(kExtensions) || at->name != extension) return {};
  return at->type;
}

bool media_type_is_compressed(std::string_view type) {
  if (type == kTypes[0]) return false;  // by far the commonest
  const std::string plain = essence(type);
  return plain.starts_with("video/") || plain.ends_with("+zip") || plain.ends_with("+gzip") ||
         is_one_of(kCompressed, plain);
}

bool media_type_is_json(std::string_view type) {
  const std::string plain = essence(type);
  return plain == "application/json" || plain.ends_with("+json");
}

bool media_type_is_text(std::string_view type) {
  const std::string plain = essence(type);
  return plain.starts_with("text/") || plain.ends_with("+json") || plain.ends_with("+xml") ||
         is_one_of(kTextual, plain);
}

}  // namespace isodb
