#pragma once

#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>

namespace attune {

/// A softmax over shared classes becomes one over these and a row's own target.
struct OwnTarget {
  double loss = 0;         ///< -log probability of the target.
  float others_share = 0;  ///< What the others' probabilities are multiplied by.
  float gradient = 0;      ///< By the target's logit.
};

/// `others_log_sum`: log Σ exp of the shared classes' logits.
inline OwnTarget AddOwnTarget(double others_log_sum, double logit) {
  const double larger = std::max(others_log_sum, logit);
  const double log_sum = larger + std::log1p(std::exp(std::min(others_log_sum, logit) - larger));
  return {.loss = log_sum - logit,
          .others_share = static_cast<float>(std::exp(others_log_sum - log_sum)),
          .gradient = static_cast<float>(std::expm1(logit - log_sum))};
}

/// The logit of `target` for row x, both [D].
inline float OwnLogit(std::span<const float> x, std::span<const float> target) {
  return std::inner_product(x.begin(), x.end(), target.begin(), 0.0f);
}

/// Adds the gradients that go through the target's logit: to those by x and by the target's row, all [D].
inline void AddOwnGradients(float gradient, std::span<const float> x, std::span<const float> target,
                            std::span<float> dx, std::span<float> dtarget) {
  for (std::size_t d = 0; d < x.size(); ++d) {
    dx[d] += gradient * target[d];
    dtarget[d] += gradient * x[d];
  }
}

}  // namespace attune
