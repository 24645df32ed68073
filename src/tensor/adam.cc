#include "tensor/adam.h"

#include <cmath>

namespace attune {

void Adam::Update(std::uint64_t step, const AdamOptions& options, std::size_t begin, std::span<const float> gradients,
                  std::span<float> parameters) {
  const auto mean_scale = static_cast<float>(1 / (1 - std::pow(double{options.beta1}, static_cast<double>(step))));
  const auto square_scale = static_cast<float>(1 / (1 - std::pow(double{options.beta2}, static_cast<double>(step))));
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    float& mean = mean_[begin + i];
    float& square = square_[begin + i];
    mean = options.beta1 * mean + (1 - options.beta1) * gradients[i];
    square = options.beta2 * square + (1 - options.beta2) * gradients[i] * gradients[i];
    const float move = mean * mean_scale / (std::sqrt(square * square_scale) + options.epsilon);
    parameters[begin + i] -= options.rate * (move + options.weight_decay * parameters[begin + i]);
  }
}

}  // namespace attune
