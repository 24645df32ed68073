#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// The embeddings [N, D] of all classes in the forms in which the loss reads them. Filled once a step, then read by any
/// number of threads.
class SoftmaxClasses {
 public:
  /// `bias` [N] is added to the logits; empty: nothing is. Where D is whole vectors and the processor multiplies bf16
  /// numbers, they are rounded to those; else they stay floats.
  void Assign(std::span<const float> classes, std::size_t width, std::span<const float> bias = {});

  std::size_t count() const { return count_; }
  std::size_t width() const { return width_; }
  bool bf16() const { return bf16_; }
  std::size_t padded_count() const { return bias_.size(); }
  const float* bias() const { return bias_.data(); }                          ///< Far below zero where padded.
  std::span<const float> rows() const { return rows_; }                       ///< [N, D], floats.
  std::span<const float> columns() const { return columns_; }                 ///< [D, N], floats.
  const std::uint16_t* bf16_rows() const { return bf16_rows_.data(); }        ///< [N / 2][D][2]
  const std::uint16_t* bf16_columns() const { return bf16_columns_.data(); }  ///< [N / 64][D / 2][64][2]

  /// Classes are padded to a multiple of this.
  static constexpr std::size_t kPadding = 64;

 private:
  void FillBf16(std::span<const float> classes);

  std::size_t count_ = 0;
  std::size_t width_ = 0;
  bool bf16_ = false;
  std::vector<float> bias_;
  std::vector<float> rows_;
  std::vector<float> columns_;
  std::vector<std::uint16_t> bf16_rows_;
  std::vector<std::uint16_t> bf16_columns_;
};

/// Memory that the loss works in, reused from call to call. One thread at a time.
struct SoftmaxScratch {
  std::vector<float> logits;
  std::vector<std::uint16_t> x, x_pairs, gradient, gradient_pairs;
};

/// The cross-entropy of a softmax over all classes, and its gradients, without ever holding all logits: rows pass in
/// tiles of kSoftmaxTileRows. Row t of x [T, D] has the logits x · classesᵀ + bias. Adds the gradients of the sum over
/// rows to dx [T, D] and dclasses [N, D]; returns that sum of -log probability of `targets` [T]. One thread; the twin
/// is in its test.
double SoftmaxCrossEntropy(const SoftmaxClasses& classes, std::span<const float> x,
                           std::span<const std::uint32_t> targets, std::span<float> dx, std::span<float> dclasses,
                           SoftmaxScratch& scratch);

inline constexpr std::size_t kSoftmaxTileRows = 64;

}  // namespace attune
