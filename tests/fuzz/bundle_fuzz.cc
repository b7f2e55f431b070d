// Any bytes as a bundle, in two portions: they are read to the end or refused with an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "isodb/error.h"
#include "sync/bundle_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  isodb::sync::BundleParser parser({});
  try {
    parser.add(bytes.substr(0, size / 2));
    parser.add(bytes.substr(size / 2));
    parser.finish();
  } catch (const isodb::Error&) {
    return 0;
  }
  return 0;
}
