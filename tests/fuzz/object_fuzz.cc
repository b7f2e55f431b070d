// Any bytes as a list, a commit, a merge, a tag and a document of deleted paths: refused as
// corrupt, or the one encoding of what they say.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "isodb/describe.h"
#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/content.h"

namespace {

using namespace isodb;
using namespace isodb::objects;

/// Whether `read` took the bytes; then what `again` makes of it are the same bytes.
template <typename Read, typename Write>
bool is_one_encoding(ByteView bytes, const Read& read, const Write& write) {
  try {
    const auto value = read(bytes);
    if (write(value) != bytes) std::abort();
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) std::abort();
    return false;
  }
}

/// A list is described, for people, exactly where it is read.
void check_description(ByteView bytes, bool is_list) {
  try {
    if (describe_object(ObjectType::kList, bytes).empty() || !is_list) std::abort();
  } catch (const Error&) {
    if (is_list) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  check_description(bytes, is_one_encoding(bytes, decode_list, [](const List& list) {
                      return encode_list(list.level, list.items);
                    }));
  is_one_encoding(bytes, decode_commit, encode_commit);
  is_one_encoding(bytes, decode_merge, encode_merge);
  is_one_encoding(bytes, decode_tag, encode_tag);
  is_one_encoding(bytes, decode_deleted_paths, encode_deleted_paths);
  return 0;
}
