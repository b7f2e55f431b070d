#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace isodb::fuzz {

/// JSON that grows from any bytes, each of which says what comes next: few names and values, so
/// that documents grown from bytes that differ a little differ a little.
class GrownJson {
 public:
  static std::string of(std::string_view bytes) {
    GrownJson grown(bytes);
    grown.value(0);
    return grown.out_;
  }

 private:
  explicit GrownJson(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t next() {
    if (at_ == bytes_.size()) return 0xff;
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }

  void value(std::size_t depth) {
    static constexpr std::string_view kLeaves[] = {
        "0",    "1",     "2",    "-1",    "1.0",    "10e-1",       "1e400",       "0.25",
        "null", "false", "true", R"("")", R"("a")", R"("\u0061")", R"("a\nb\n")", R"("a\nc")"};
    const std::uint8_t what = next();
    if (what >= 0xc0 || depth > 6) {
      out_ += kLeaves[what % 16];
    } else if (what >= 0x80) {
      array(what % 8, depth);
    } else {
      object(what % 8, depth);
    }
  }

  void array(std::size_t count, std::size_t depth) {
    out_ += '[';
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ',';
      value(depth + 1);
    }
    out_ += ']';
  }

  void object(std::size_t count, std::size_t depth) {
    static constexpr std::string_view kNames = "cslktmndabi";
    out_ += '{';
    std::uint32_t used = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t name = next() % kNames.size();
      if (used >> name & 1) continue;
      out_ += used == 0 ? "" : ",";
      used |= std::uint32_t{1} << name;
      out_ += name + 1 == kNames.size() ? R"("id")" : '"' + std::string(1, kNames[name]) + '"';
      out_ += ':';
      value(depth + 1);
    }
    out_ += '}';
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace isodb::fuzz
