#pragma once

#include <cstdint>
#include <span>

namespace attune {

/// The cross-entropy of a softmax over all classes, and its gradients, without ever holding all logits: rows pass in
/// tiles of kSoftmaxTileRows. Row t of x [T, D] has logits x · classesᵀ; `transposed` [D, N] holds the same numbers as
/// `classes` [N, D]. Adds the gradients of the sum over rows to dx [T, D] and dclasses [N, D]; returns that sum of
/// -log probability of `targets` [T]. One thread; the twin is in its test.
double SoftmaxCrossEntropy(std::span<const float> x, std::span<const float> classes, std::span<const float> transposed,
                           std::span<const std::uint32_t> targets, std::span<float> dx, std::span<float> dclasses);

/// The same loss alone.
double SoftmaxCrossEntropyLoss(std::span<const float> x, std::span<const float> transposed, std::size_t width,
                               std::span<const std::uint32_t> targets);

inline constexpr std::size_t kSoftmaxTileRows = 64;

}  // namespace attune
