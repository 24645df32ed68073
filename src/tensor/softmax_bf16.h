#pragma once

#include <cstdint>
#include <span>

#include "tensor/softmax_loss.h"

namespace attune {

/// One tile of SoftmaxCrossEntropy, of at most kSoftmaxBf16Rows rows, by products of bf16 numbers with float sums:
/// logits, probabilities and both gradients have the error of bf16 factors, 2⁻⁹ of each product. Blocks of classes pass
/// twice, once for each row's sum, once for its gradients. Where tiles make logits quickly they are made twice and
/// never leave the nearest cache; else rows are fewer, and their logits are kept. Requires HasBf16Products() and
/// classes.bf16().
double SoftmaxCrossEntropyBf16(const SoftmaxClasses& classes, std::span<const float> x,
                               std::span<const std::uint32_t> targets, std::span<float> dx, std::span<float> dclasses,
                               SoftmaxScratch& scratch);

}  // namespace attune
