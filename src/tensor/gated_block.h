#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/aligned_numbers.h"
#include "tensor/attention.h"

namespace attune {

/// The sizes of a block. Shapes: T steps of all sequences of a batch, D width, H hidden width.
struct BlockShape {
  std::size_t width = 64;        ///< D
  std::size_t hidden = 128;      ///< H
  std::size_t length_max = 200;  ///< T is at most this.
  /// Where the processor has matrix tiles, products but those of attention are of numbers rounded to bf16: in training.
  bool rounds_products = false;
};

/// Where in one array of a block's parameters each of them begins. Matrices are row-major [in, out].
struct BlockLayout {
  explicit BlockLayout(const BlockShape& shape);

  std::size_t norm1_scale, norm1_shift;  // [D]
  std::size_t qkv, qkv_shift;            // [D, 3D], [3D]
  std::size_t attended, attended_shift;  // [D, D], [D]
  std::size_t gate1, gate1_shift;        // [D, D], [D]
  std::size_t distance;                  // [length_max]: bias of looking so many steps back
  std::size_t time;                      // [kTimeBuckets]: bias of looking back over so much time
  std::size_t norm2_scale, norm2_shift;  // [D]
  std::size_t expand, expand_shift;      // [D, 2H], [2H]
  std::size_t contract, contract_shift;  // [H, D], [D]
  std::size_t gate2, gate2_shift;        // [D, D], [D]
  std::size_t size;                      // of all
};

/// What a forward pass leaves for the backward pass of the same batch; reused from batch to batch.
struct BlockCache {
  AlignedFloats x, normed1, inverse1, qkv, weights, attended, projected1, gate1;
  AlignedFloats middle, normed2, inverse2, expanded, hidden, projected2, gate2;
  AlignedFloats drop_weights, drop1, drop_hidden, drop2;  ///< Factors; empty: nothing was dropped.
};

/// Which values are dropped in training: a pure function of seed and place, so that threads and order do not matter.
struct Dropout {
  float rate = 0;
  std::uint64_t seed = 0;
};

/// Fills `factors` with 0 or 1 / (1 - rate) for `count` values that `place` tells from others of the same seed; empty
/// for rate 0.
void DrawDropout(const Dropout& dropout, std::uint64_t place, std::size_t count, AlignedFloats& factors);

/// One block of a causal sequence model, in place on `x` [T, D]:
///   y = norm(x);  x += sigmoid(y G1 + g1) * drop(attention(y) W + w)
///   y = norm(x);  x += sigmoid(y G2 + g2) * drop(drop(silu(y U + u) * (y V + v)) C + c)
/// Attention as in AttentionForward, with dropout of its weights. The gates are those of Chai et al. ("Highway
/// transformer", 2020), the hidden layer Shazeer's SwiGLU (2020). No sequence is longer than length_max. One thread;
/// the twin is reference::GatedBlockForward.
void GatedBlockForward(const BlockShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                       const Dropout& dropout, std::span<float> x, BlockCache& cache);

/// The last row of the same for one sequence, out [D], where nothing is dropped: all rows are looked at, but only the
/// last one looks. `x` stays as it is. A sixth of the products, for long sequences.
void GatedBlockForwardOfLast(const BlockShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                             std::span<const float> x, std::span<float> out, BlockCache& cache);

/// The gradients of a loss: from that by the block's output, in place, to that by its input; adds those by the
/// parameters to `gradients`. `cache` is what GatedBlockForward left.
void GatedBlockBackward(const BlockShape& shape, std::span<const float> parameters, const SequenceBatch& batch,
                        const BlockCache& cache, std::span<float> dx, std::span<float> gradients);

}  // namespace attune
