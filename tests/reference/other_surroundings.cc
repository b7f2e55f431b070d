// Linked into a program of its own, whose results must not show it: numbers are written with commas
// by whoever asks the C++ locale, and what the standard library's hash tables call in its shared
// library is another thing. Strings hash otherwise, and tables have other numbers of buckets, so
// whatever walks through one walks in another order.
#include <functional>
#include <locale>
#include <unordered_map>

namespace {

struct Commas : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\1\2"; }
  std::string do_truename() const override { return "wahr"; }
};

[[maybe_unused]] const std::locale before =
    std::locale::global(std::locale(std::locale::classic(), new Commas));

}  // namespace

#if defined(__GLIBCXX__)

namespace std {

size_t _Hash_bytes(const void* bytes, size_t length, size_t seed) {
  size_t hash = seed ^ 0x9ae16a3b2f90404f;
  for (size_t i = 0; i < length; ++i) {
    hash = (hash ^ static_cast<const unsigned char*>(bytes)[i]) * 0xff51afd7ed558ccd;
    hash ^= hash >> 29;
  }
  return hash;
}

namespace __detail {

size_t _Prime_rehash_policy::_M_next_bkt(size_t count) const {
  const size_t buckets = 3 * count + 7;
  _M_next_resize = static_cast<size_t>(static_cast<float>(buckets) * _M_max_load_factor);
  return buckets;
}

pair<bool, size_t> _Prime_rehash_policy::_M_need_rehash(size_t buckets, size_t elements,
                                                        size_t added) const {
  if (elements + added <= _M_next_resize && buckets > 1) return {false, 0};
  return {true, _M_next_bkt(_M_bkt_for_elements(elements + added))};
}

}  // namespace __detail
}  // namespace std

#endif
