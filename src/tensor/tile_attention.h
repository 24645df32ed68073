#pragma once

#include <span>

#include "tensor/attention.h"

namespace attune {

/// AttentionForward and AttentionBackward with every product of matrices rounded to bf16, sums in floats, by
/// TileProducts: only blocks of the matrix on and below its diagonal are computed. Require TilesFit(width, width).
void TileAttentionForward(const SequenceBatch& batch, std::size_t width, const AttentionParameters& parameters,
                          std::span<const float> qkv, std::span<const float> factors, std::span<float> weights,
                          std::span<float> attended);
void TileAttentionBackward(const SequenceBatch& batch, std::size_t width, std::span<const float> qkv,
                           std::span<const float> factors, std::span<const float> weights,
                           std::span<const float> dattended, std::span<float> dqkv, std::span<float> ddistance,
                           std::span<float> dtime);

}  // namespace attune
