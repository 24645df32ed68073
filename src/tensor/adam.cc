#include "tensor/adam.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/adam.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {

/// The compiler makes vectors of it.
void UpdateKernel(const AdamOptions& options, float mean_scale, float square_scale, const float* HWY_RESTRICT gradients,
                  std::size_t count, float* HWY_RESTRICT means, float* HWY_RESTRICT squares,
                  float* HWY_RESTRICT parameters) {
  const AdamOptions o = options;
  for (std::size_t i = 0; i < count; ++i) {
    means[i] = o.beta1 * means[i] + (1 - o.beta1) * gradients[i];
    squares[i] = o.beta2 * squares[i] + (1 - o.beta2) * gradients[i] * gradients[i];
    const float move = means[i] * mean_scale / (std::sqrt(squares[i] * square_scale) + o.epsilon);
    parameters[i] -= o.rate * (move + o.weight_decay * parameters[i]);
  }
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune {
namespace {
HWY_EXPORT(UpdateKernel);
}  // namespace

void Adam::Update(std::uint64_t step, const AdamOptions& options, std::size_t begin, std::span<const float> gradients,
                  std::span<float> parameters) {
  const auto mean_scale = static_cast<float>(1 / (1 - std::pow(double{options.beta1}, static_cast<double>(step))));
  const auto square_scale = static_cast<float>(1 / (1 - std::pow(double{options.beta2}, static_cast<double>(step))));
  HWY_DYNAMIC_DISPATCH(UpdateKernel)
  (options, mean_scale, square_scale, gradients.data(), gradients.size(), mean_.data() + begin, square_.data() + begin,
   parameters.data() + begin);
}

}  // namespace attune
#endif
