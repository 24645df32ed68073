#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace attune {

struct AdamOptions {
  float rate = 1e-3f;
  float beta1 = 0.9f;
  float beta2 = 0.98f;
  float epsilon = 1e-8f;
  float weight_decay = 0;  ///< Decoupled (Loshchilov and Hutter, 2019).
};

/// Adam (Kingma and Ba, 2015) over a fixed number of parameters. Ranges of the same step may be updated by different
/// threads.
class Adam {
 public:
  explicit Adam(std::size_t parameter_count) : mean_(parameter_count), square_(parameter_count) {}
  /// Goes on from the moments of another, of as many parameters each.
  Adam(std::vector<float> mean, std::vector<float> square) : mean_(std::move(mean)), square_(std::move(square)) {}

  /// Moves parameters [begin, begin + gradients.size()) by step number `step`, counted from 1.
  void Update(std::uint64_t step, const AdamOptions& options, std::size_t begin, std::span<const float> gradients,
              std::span<float> parameters);

  const std::vector<float>& mean() const { return mean_; }
  const std::vector<float>& square() const { return square_; }

 private:
  std::vector<float> mean_;
  std::vector<float> square_;
};

}  // namespace attune
