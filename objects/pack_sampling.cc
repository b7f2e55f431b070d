#include "objects/pack_sampling.h"

namespace isodb::objects {
namespace {

constexpr std::size_t kSampleBytesMin = 16;
constexpr std::size_t kSampleBytesMax = 16 * 1024;
constexpr std::size_t kSamplesMin = 32;
// Every so many samples one is kept from the training to measure by.
constexpr std::size_t kMeasureEvery = 16;

}  // namespace

bool is_sample(const PackItem& item) {
  return item.type == ObjectType::kBlob && !item.compressed && item.base == nullptr &&
         !item.other_base && item.size >= kSampleBytesMin && item.size <= kSampleBytesMax;
}

std::unique_ptr<core::Dictionary> make_dictionary(const std::vector<ByteView>& samples,
                                                  const PackWriter::Options& options) {
  if (options.dictionary_bytes == 0 || samples.size() < kSamplesMin) return nullptr;
  std::vector<ByteView> training, measured;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    (i % kMeasureEvery == 0 ? measured : training).push_back(samples[i]);
  }
  Bytes content = core::train_dictionary(training, options.dictionary_bytes);
  if (content.empty()) return nullptr;
  if (options.is_private) core::mark_private(content);
  const std::size_t cost = content.size();
  auto dictionary = std::make_unique<core::Dictionary>(std::move(content), options.level);
  std::size_t without = 0, with = 0;
  Bytes packed;
  for (const ByteView sample : measured) {
    packed.clear();
    core::compress(packed, sample, options.level);
    without += std::min(packed.size(), sample.size());
    packed.clear();
    core::compress(packed, sample, *dictionary);
    with += std::min(packed.size(), sample.size());
  }
  const bool repays = with < without && (without - with) * kMeasureEvery > cost;
  return repays ? std::move(dictionary) : nullptr;
}

}  // namespace isodb::objects
