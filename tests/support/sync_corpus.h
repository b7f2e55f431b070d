#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

namespace isodb::testing {

/// The corpus of the gates of sync: JSON documents of about 500 bytes, 44 of them chance, as a
/// vet's visits might be recorded. The same on every machine.
class SyncCorpus {
 public:
  /// Document `i`; `weight` replaces one field's value, in tenths.
  static std::string document(std::uint64_t i, std::uint64_t weight = 0) {
    Random random{i * 0x9e3779b97f4a7c15ULL + 1};
    std::string text = "{\"id\":\"" + hex(random, 12) + "\",\"kind\":\"animal-visit\",\"animal\":{";
    text +=
        "\"name\":\"" + pick(random, kNames) + "\",\"breed\":\"" + pick(random, kBreeds) + "\",";
    text +=
        "\"ear_tag\":\"DE " + padded(random(16), 2) + " " + padded(random(100'000'000), 8) + "\"},";
    text += "\"farm\":\"farm-" + padded(random(300), 3) + "\",\"visited_at\":\"2026-" +
            padded(random(12) + 1, 2) + "-" + padded(random(28) + 1, 2) + "T" +
            padded(random(13) + 6, 2) + ":" + padded(random(60), 2) + ":00Z\",";
    const std::uint64_t first = 3000 + random(5000);
    text += "\"weight_kg\":" + tenths(weight == 0 ? first : weight) + ",";
    text += "\"temperature_c\":" + tenths(375 + random(30)) + ",\"pregnant\":";
    text += random(2) == 0 ? "false" : "true";
    text += ",\"milk_litres\":" + tenths(50 + random(350)) +
            ",\"position\":{\"lat\":" + std::to_string(47 + random(8)) + "." +
            padded(random(100'000), 5) + ",\"lon\":" + std::to_string(6 + random(9)) + "." +
            padded(random(100'000), 5) + "},";
    text += "\"notes\":\"";
    for (std::uint64_t n = 12 + random(10); n > 0; --n) text += pick(random, kWords) + " ";
    text += "\",\"sample\":\"" + hex(random, 20) + "\",\"status\":\"done\",\"version\":1}\n";
    return text;
  }
  /// Its path: chance, so that documents made after each other do not lie together.
  static std::string path(std::uint64_t i) {
    Random random{i * 0xd1342543de82ef95ULL + 7};
    return "visits/" + hex(random, 2) + "/" + hex(random, 12) + ".json";
  }

 private:
  /// SplitMix64 (Steele, Lea and Flood, 2014).
  struct Random {
    std::uint64_t state;
    std::uint64_t operator()() {
      std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
      return z ^ (z >> 31);
    }
    std::uint64_t operator()(std::uint64_t below) { return (*this)() % below; }
  };
  static std::string padded(std::uint64_t value, int digits) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%0*llu", digits,
                  static_cast<unsigned long long>(value));
    return text.data();
  }
  static std::string tenths(std::uint64_t value) {
    return std::to_string(value / 10) + "." + std::to_string(value % 10);
  }
  static std::string hex(Random& random, int digits) {
    std::string text;
    for (int i = 0; i < digits; ++i) text += "0123456789abcdef"[random(16)];
    return text;
  }
  template <std::size_t n>
  static std::string pick(Random& random, const std::array<const char*, n>& words) {
    return words[random(n)];
  }
  static constexpr std::array kNames{"Bella", "Luna", "Max", "Rosa",
                                     "Flora", "Alma", "Zoe", "Nora"};
  static constexpr std::array kBreeds{"Holstein", "Jersey", "Fleckvieh", "Brown Swiss", "Angus"};
  static constexpr std::array kWords{
      "calm",   "lame",   "left",  "hind",    "treated", "follow-up", "due",  "next",
      "week",   "milk",   "yield", "reduced", "fever",   "observed",  "good", "vaccinated",
      "second", "dose",   "moved", "to",      "pasture", "north",     "shed", "farmer",
      "called", "sample", "taken", "lab",     "result",  "pending",   "ear",  "replaced"};
};

}  // namespace isodb::testing
