#pragma once

#include <memory>
#include <vector>

#include "core/compress.h"
#include "objects/pack.h"
#include "objects/pack_encoder.h"

namespace isodb::objects {

/// Whether an object shows what a dictionary should hold: a small document without an older version
/// that would serve it better.
bool is_sample(const PackItem& item);

/// A dictionary for what is like `samples`; null where one would not repay its bytes in the pack.
std::unique_ptr<core::Dictionary> make_dictionary(const std::vector<ByteView>& samples,
                                                  const PackWriter::Options& options);

}  // namespace isodb::objects
