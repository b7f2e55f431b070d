#include "bench/corpus.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <system_error>

#include "bench/random.h"
#include "bench/words.h"

namespace isodb::bench {
namespace {

// A text ends with the last word or phrase that fits, so documents are a few bytes shorter.
constexpr int kBytesMin = 328, kBytesMax = 766;
constexpr char kHex[] = "0123456789abcdef";

/// Appends the fields of one document. Every draw comes from `random`, in the order of the calls.
class Writer {
 public:
  Writer(std::string& out, std::uint64_t seed) : out_(out), random_(seed) {}

  Writer& text(std::string_view literal) {
    out_ += literal;
    return *this;
  }
  Writer& number(int value) {
    out_ += std::to_string(value);
    return *this;
  }
  Writer& number(int low, int high) { return number(random_.between(low, high)); }
  /// A decimal with `digits` places, drawn from `low` to `high` in units of the last place.
  Writer& decimal(int low, int high, int digits) {
    int value = random_.between(low, high);
    if (value < 0) out_ += '-';
    value = std::abs(value);
    int unit = 1;
    for (int i = 0; i < digits; ++i) unit *= 10;
    const std::string fraction = std::to_string(value % unit);
    return number(value / unit)
        .text(".")
        .text(std::string(digits - fraction.size(), '0') + fraction);
  }
  Writer& word(const std::vector<std::string_view>& list) {
    out_ += list[random_.below(static_cast<std::uint32_t>(list.size()))];
    return *this;
  }
  Writer& name() { return word(words().given_names).text(" ").word(words().family_names); }
  Writer& date(int first_year, int last_year) {
    return number(first_year, last_year).text("-").two(1, 12).text("-").two(1, 28);
  }
  Writer& time() {
    return date(2024, 2026)
        .text("T")
        .two(5, 20)
        .text(":")
        .two(0, 59)
        .text(":")
        .two(0, 59)
        .text("Z");
  }
  Writer& hex(int digits) {
    for (std::uint64_t bits = random_.next(); digits > 0; --digits, bits >>= 4) {
      out_ += kHex[bits & 15];
    }
    return *this;
  }
  Writer& uuid() {
    return hex(8).text("-").hex(4).text("-4").hex(3).text("-a").hex(3).text("-").hex(12);
  }
  Writer& position() {
    return text("{\"lat\":")
        .decimal(-5500000, 7000000, 5)
        .text(",\"lon\":")
        .decimal(-17900000, 17900000, 5)
        .text("}");
  }
  /// Sentences of common words until the document has `bytes_max` bytes, `closing` included.
  void sentences(std::size_t bytes_max, std::string_view closing) {
    int left_in_sentence = 0;
    for (;;) {
      const bool first = left_in_sentence == 0;
      if (first) left_in_sentence = random_.between(3, 9);
      const std::string_view word = words_or_phrase();
      const bool last = --left_in_sentence == 0;
      if (out_.size() + word.size() + 2 + closing.size() > bytes_max) break;
      out_ += word;
      if (first && word[0] >= 'a') out_[out_.size() - word.size()] -= 'a' - 'A';
      out_ += last ? ". " : " ";
    }
    if (out_.back() == ' ') out_.pop_back();
    out_ += closing;
  }
  Random& random() { return random_; }

 private:
  Writer& two(int low, int high) {
    const int value = random_.between(low, high);
    return text(value < 10 ? "0" : "").number(value);
  }
  /// The list begins with the most frequent words. Records repeat whole phrases, too: without them
  /// the text would compress worse than real records do.
  std::string_view words_or_phrase() {
    const auto& common = words().common;
    const auto& phrases = words().phrases;
    switch (random_.below(5)) {
      case 0:
        return phrases[random_.below(static_cast<std::uint32_t>(phrases.size()))];
      case 1:
        return common[random_.below(18)];
      default:
        return common[random_.below(static_cast<std::uint32_t>(common.size()))];
    }
  }

  std::string& out_;
  Random random_;
};

void visit(Writer& w) {
  w.text("{\"type\":\"visit\",\"id\":\"").uuid().text("\",\"patient\":{\"name\":\"").name();
  w.text("\",\"born\":\"").date(1932, 2023).text("\",\"phone\":\"+").number(20, 998).text(" ");
  w.number(1000000, 99999999).text("\"},\"nurse\":\"").name().text("\",\"at\":\"").time();
  w.text("\",\"place\":\"").word(words().towns).text("\",\"vitals\":{\"pulse\":").number(48, 140);
  w.text(",\"temperature\":").decimal(352, 407, 1).text(",\"systolic\":").number(85, 190);
  w.text(",\"diastolic\":").number(50, 115).text("},\"medicines\":[");
  for (int i = 0, count = w.random().between(0, 2); i < count; ++i) {
    w.text(i == 0 ? "{\"name\":\"" : ",{\"name\":\"").word(words().medicines);
    w.text("\",\"mg\":").number(w.random().between(1, 40) * 25).text(",\"days\":");
    w.number(3, 30).text("}");
  }
  w.text("],\"note\":\"");
}

void order(Writer& w) {
  w.text("{\"type\":\"order\",\"number\":")
      .number(100000, 9999999)
      .text(",\"customer\":{\"name\":\"");
  w.name().text("\",\"street\":\"").word(words().streets).text(" Road ").number(1, 240);
  w.text("\",\"town\":\"")
      .word(words().towns)
      .text("\"},\"placed\":\"")
      .time()
      .text("\",\"lines\":[");
  for (int i = 0, count = w.random().between(1, 3); i < count; ++i) {
    w.text(i == 0 ? "{\"item\":\"" : ",{\"item\":\"").word(words().goods).text("\",\"count\":");
    w.number(1, 120).text(",\"price\":").decimal(15, 250000, 2).text("}");
  }
  w.text("],\"paid\":").text(w.random().below(2) != 0 ? "true" : "false").text(",\"reference\":\"");
  w.hex(10).text("\",\"comment\":\"");
}

void reading(Writer& w) {
  w.text("{\"type\":\"reading\",\"station\":\"").word(words().towns).text("-").number(1, 99);
  w.text("\",\"sensor\":\"")
      .hex(12)
      .text("\",\"at\":\"")
      .time()
      .text("\",\"position\":")
      .position();
  w.text(",\"battery\":").decimal(1080, 1480, 2).text(",\"values\":[");
  for (int i = 0, count = w.random().between(4, 18); i < count; ++i) {
    w.text(i == 0 ? "" : ",").decimal(-2000, 45000, 3);
  }
  w.text("],\"by\":\"").name().text("\",\"remark\":\"");
}

void customer(Writer& w) {
  w.text("{\"type\":\"customer\",\"id\":\"").uuid().text("\",\"name\":\"").name();
  w.text("\",\"email\":\"").hex(6).text("@").word(words().streets).text(".example\",\"phone\":\"+");
  w.number(20, 998).text(" ").number(1000000, 99999999).text("\",\"address\":{\"street\":\"");
  w.word(words().streets)
      .text(" Street ")
      .number(1, 240)
      .text("\",\"code\":\"")
      .number(1000, 99999);
  w.text("\",\"town\":\"").word(words().towns).text("\",\"at\":").position();
  w.text("},\"since\":\"").date(1998, 2026).text("\",\"balance\":").decimal(-500000, 900000, 2);
  w.text(",\"remark\":\"");
}

}  // namespace

std::string Corpus::path(std::uint64_t number) {
  std::string path = "records/0000000000000000.json";
  std::uint64_t bits = scatter(number ^ kSeed);
  for (int i = 23; i >= 8; --i, bits >>= 4) path[i] = kHex[bits & 15];
  return path;
}

void Corpus::document(std::uint64_t number, std::uint32_t version, std::string& out) {
  out.clear();
  Writer writer(out, scatter(number + (kSeed << 20)));
  // The larger of two draws: more long documents than short ones, 609 bytes in the mean.
  const int bytes = std::max(writer.random().between(kBytesMin, kBytesMax),
                             writer.random().between(kBytesMin, kBytesMax));
  static constexpr void (*kKinds[])(Writer&) = {visit, order, reading, customer};
  kKinds[writer.random().below(4)](writer);
  std::string closing = "\"";
  if (version != 0) {
    Writer edit(closing, scatter(number ^ scatter(version)));
    edit.text(",\"edited\":\"").time().text("\"");
  }
  writer.sentences(static_cast<std::size_t>(bytes), closing + "}");
}

void write_corpus(const std::filesystem::path& file, std::uint64_t count, Order order) {
  std::vector<std::uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  if (order == Order::kSorted) {
    std::sort(numbers.begin(), numbers.end(), [](std::uint32_t a, std::uint32_t b) {
      return scatter(a ^ Corpus::kSeed) < scatter(b ^ Corpus::kSeed);
    });
  }
  std::FILE* out = std::fopen(file.c_str(), "wb");
  bool good = out != nullptr;
  std::string json;
  for (std::uint32_t number : numbers) {
    if (!good) break;
    const std::string path = Corpus::path(number);
    Corpus::document(number, 0, json);
    const std::uint16_t sizes[2] = {static_cast<std::uint16_t>(path.size()),
                                    static_cast<std::uint16_t>(json.size())};
    good = std::fwrite(sizes, sizeof(sizes), 1, out) == 1 &&
           std::fwrite(path.data(), path.size(), 1, out) == 1 &&
           std::fwrite(json.data(), json.size(), 1, out) == 1;
  }
  if (out != nullptr && std::fclose(out) != 0) good = false;
  if (!good)
    throw std::system_error(errno, std::generic_category(), "cannot write " + file.string());
}

CorpusReader::CorpusReader(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)), buffer_(1 << 20) {
  if (file_ < 0)
    throw std::system_error(errno, std::generic_category(), "cannot read " + file.string());
}

CorpusReader::~CorpusReader() {
  ::close(file_);
}

bool CorpusReader::fill(std::size_t bytes) {
  if (end_ - begin_ >= bytes) return true;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (end_ < bytes) {
    const ssize_t got = ::read(file_, buffer_.data() + end_, buffer_.size() - end_);
    if (got < 0) throw std::system_error(errno, std::generic_category(), "cannot read the corpus");
    if (got == 0) break;
    end_ += static_cast<std::size_t>(got);
  }
  return end_ >= bytes;
}

bool CorpusReader::next(std::string_view& path, std::string_view& json) {
  std::uint16_t sizes[2];
  if (!fill(sizeof(sizes))) return false;
  std::memcpy(sizes, buffer_.data() + begin_, sizeof(sizes));
  const std::size_t bytes = sizeof(sizes) + sizes[0] + sizes[1];
  if (!fill(bytes)) throw std::runtime_error("the corpus file ends within a document");
  path = {buffer_.data() + begin_ + sizeof(sizes), sizes[0]};
  json = {path.data() + path.size(), sizes[1]};
  begin_ += bytes;
  return true;
}

}  // namespace isodb::bench
