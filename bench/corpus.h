#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace isodb::bench {

/// One document of the corpus and the path it has in the database.
struct Document {
  std::string path;
  std::string json;
};

/// A fixed, endless series of JSON documents, each a pure function of its number and version:
/// the same on every machine. Documents have 300 to 800 bytes, 609 in the mean, and hold what
/// records of a field service hold: names, places, dates, measurements, amounts, short texts.
/// Nothing but numbers is kept in memory. Thread-safe.
class Corpus {
 public:
  static constexpr std::uint64_t kSeed = 0x69736f6462;

  /// The path of document `number`: "records/", 16 hex digits in no order, ".json".
  static std::string path(std::uint64_t number);
  /// Its text; versions after 0 differ from version 0 in a few fields, as edited records do.
  static void document(std::uint64_t number, std::uint32_t version, std::string& out);
};

/// The order in which a load meets the documents.
enum class Order { kRandom, kSorted };

/// Writes documents 0 to `count` - 1 to `file` in `order` (by number, whose paths are scattered, or
/// by path). Loads read this file, so that no engine's time or memory contains the generator's.
void write_corpus(const std::filesystem::path& file, std::uint64_t count, Order order);

/// Reads such a file front to back through one buffer of 1 MiB: what every load starts from.
class CorpusReader {
 public:
  explicit CorpusReader(const std::filesystem::path& file);
  ~CorpusReader();
  CorpusReader(const CorpusReader&) = delete;
  CorpusReader& operator=(const CorpusReader&) = delete;

  /// False at the end. The views stay valid until the next call.
  bool next(std::string_view& path, std::string_view& json);

 private:
  bool fill(std::size_t bytes);

  int file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace isodb::bench
