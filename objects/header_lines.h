#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "isodb/commit.h"

namespace isodb::objects {

// Commits, merges and tags are text: "name value" lines, an empty line, a message, an empty line, a
// signature line; a merge is such lines alone. These are the parts that the codecs share
// (docs/format.md, "Commit").

inline constexpr std::size_t kParentsMax = 4096;
inline constexpr std::size_t kOriginFieldsMax = 4096;
inline constexpr std::size_t kOriginValueBytesMax = 64 * 1024;
inline constexpr std::size_t kMessageBytesMax = 1024 * 1024;
inline constexpr std::string_view kSignatureWord = "signature ";

void append_header(Bytes& out, std::string_view name, std::string_view value);

/// "" or the rule that the field breaks, for people.
std::string origin_field_problem(const OriginField& field);
void check_origin_field(const OriginField& field);
/// "" or the rule that a tag's name breaks, for people.
std::string tag_name_problem(std::string_view name);

/// Reads header lines in their fixed order, strictly: anything else is Error(kCorrupt) that names
/// the object's type and what is wrong. Borrows the payload; one thread at a time.
class HeaderReader {
 public:
  HeaderReader(ByteView payload, std::string_view type) : rest_(payload), type_(type) {}

  /// The value of the next line if it is a `name` line.
  std::optional<ByteView> optional(std::string_view name);
  ByteView required(std::string_view name);
  Id id(std::string_view name) { return id_value(required(name)); }
  Id id_value(ByteView value) const;
  std::uint64_t number(std::string_view name);
  PublicKey author();
  HybridTime clock();
  /// Nothing may follow the headers read so far.
  void end() const;
  /// Everything after the headers.
  void body(Bytes* message, Signature* signature) const;
  [[noreturn]] void fail(std::string_view problem) const;

 private:
  ByteView rest_;
  std::string_view type_;
};

}  // namespace isodb::objects
