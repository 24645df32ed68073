#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/aligned_numbers.h"

namespace attune {

/// The embeddings [N, D] of classes in the forms in which the loss reads them: the first S are classes of every row,
/// the others only of rows whose target they are. Filled once a step, then read by any number of threads.
class SoftmaxClasses {
 public:
  /// All N are of every row, and nothing is added to their logits. Where D is a multiple of
  /// kBf16Width and the processor multiplies bf16 numbers, they are rounded to those; else they stay floats.
  void Assign(std::span<const float> classes, std::size_t width);
  /// The first S = bias.size() classes are of every row. `bias` [S] is added to their logits, but not to a target's.
  void Assign(std::span<const float> classes, std::size_t width, std::span<const float> bias);

  std::size_t count() const { return count_; }          ///< N
  std::size_t shared_count() const { return shared_; }  ///< S
  std::size_t width() const { return width_; }
  bool bf16() const { return bf16_; }
  std::size_t padded_count() const { return bias_.size(); }    ///< Of the S.
  const float* bias() const { return bias_.data(); }           ///< Far below zero where padded.
  std::span<const float> rows() const { return rows_; }        ///< [N, D]; with bf16 of those that are not shared.
  std::span<const float> columns() const { return columns_; }  ///< [S / 64][D][64], floats, S padded with zeros.
  const std::uint16_t* bf16_rows() const { return bf16_rows_.data(); }        ///< [S][D], S padded.
  const std::uint16_t* bf16_columns() const { return bf16_columns_.data(); }  ///< [S / 64][D][64]
  /// The row [D] of a class that is not shared.
  std::span<const float> OwnRow(std::size_t index) const {
    return rows().subspan((bf16_ ? index - shared_ : index) * width_, width_);
  }

  /// Classes are padded to a multiple of this.
  static constexpr std::size_t kPadding = 64;
  static constexpr std::size_t kBf16Width = 32;
  /// Far below any logit, and finite.
  static constexpr float kNever = -1e30F;

 private:
  void FillBf16(std::span<const float> classes);

  std::size_t count_ = 0;
  std::size_t shared_ = 0;
  std::size_t width_ = 0;
  bool bf16_ = false;
  std::vector<float> bias_;
  AlignedFloats rows_;
  AlignedFloats columns_;
  AlignedBf16 bf16_rows_;
  AlignedBf16 bf16_columns_;
};

/// Memory that the loss works in, reused from call to call. One thread at a time.
struct SoftmaxScratch {
  AlignedFloats logits;
  // Of the products of bf16 numbers: what softmax_bf16.cc says.
  AlignedFloats top, sum, shift, dx, edge;
  AlignedBf16 x_rows, x_columns, x_pairs, shares, share_pairs;
};

/// The cross-entropy of a softmax over each row's classes, and its gradients, without ever holding all logits: rows
/// pass in tiles of kSoftmaxTileRows, or, where HasTileProducts(), of kSoftmaxBf16Rows. Row t of x [T,
/// D] has the logits x · classesᵀ, plus bias but for its target. Adds the gradients of the sum over rows to dx [T, D]
/// and dclasses [N, D]; returns that sum of -log probability of `targets` [T]. Where the S shared classes are drawn
/// from many, each with a chance q of its own, the bias -log q makes the sum of exponentials right on average; the
/// target is there for sure. One thread; the twin is in its test.
double SoftmaxCrossEntropy(const SoftmaxClasses& classes, std::span<const float> x,
                           std::span<const std::uint32_t> targets, std::span<float> dx, std::span<float> dclasses,
                           SoftmaxScratch& scratch);

inline constexpr std::size_t kSoftmaxTileRows = 48;
inline constexpr std::size_t kSoftmaxBf16Rows = 256;

}  // namespace attune
