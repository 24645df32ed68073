#include "train/attribute_embeddings.h"

namespace attune {

AttributeEmbeddings::AttributeEmbeddings(const Attributes& attributes, std::size_t item_count) {
  const AttributeEncoder encoder = AttributeEncoder::Fit(attributes, item_count);
  feature_count_ = encoder.feature_count();
  if (feature_count_ == 0) return;
  for (std::size_t item = 0; item < item_count; ++item) items_.push_back(encoder.EncodeRow(attributes, item));
}

void AttributeEmbeddings::Add(std::span<const float> features, std::size_t width, std::span<const std::uint32_t> items,
                              std::span<float> rows) const {
  if (feature_count_ == 0) return;
  for (std::size_t i = 0; i < items.size(); ++i) {
    float* row = rows.data() + i * width;
    for (const auto& [feature, value] : items_[items[i]]) {
      const float* embedding = features.data() + feature * width;
      for (std::size_t d = 0; d < width; ++d) row[d] += value * embedding[d];
    }
  }
}

void AttributeEmbeddings::AddBackward(std::span<const float> drows, std::size_t width,
                                      std::span<const std::uint32_t> items, std::span<float> dfeatures) const {
  if (feature_count_ == 0) return;
  for (const std::uint32_t item : items) {
    const float* drow = drows.data() + item * width;
    for (const auto& [feature, value] : items_[item]) {
      float* dembedding = dfeatures.data() + feature * width;
      for (std::size_t d = 0; d < width; ++d) dembedding[d] += value * drow[d];
    }
  }
}

}  // namespace attune
