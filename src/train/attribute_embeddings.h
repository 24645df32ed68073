#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/training_data.h"
#include "model/attribute_encoder.h"

namespace attune {

/// What items share with each other: an embedding of an item is its own plus those of its attributes, A · features, for
/// the sparse matrix A [N, F] of AttributeEncoder. Immutable; any number of threads.
class AttributeEmbeddings {
 public:
  AttributeEmbeddings(const Attributes& attributes, std::size_t item_count);

  std::size_t feature_count() const { return feature_count_; }
  /// rows [I, D] += the rows `items` [I] of A · features [F, D]
  void Add(std::span<const float> features, std::size_t width, std::span<const std::uint32_t> items,
           std::span<float> rows) const;
  /// dfeatures [F, D] += Aᵀ · drows [N, D], where those of all but `items` are zeros.
  void AddBackward(std::span<const float> drows, std::size_t width, std::span<const std::uint32_t> items,
                   std::span<float> dfeatures) const;

 private:
  std::size_t feature_count_ = 0;
  std::vector<SparseVector> items_;
};

}  // namespace attune
