#include "tensor/softmax_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace attune {
namespace {

/// The same in double, one row after the other.
double TwinLoss(const std::vector<double>& x, const std::vector<double>& classes, std::size_t width,
                const std::vector<std::uint32_t>& targets) {
  double loss = 0;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    double total = 0;
    double target = 0;
    for (std::size_t n = 0; n < classes.size() / width; ++n) {
      double logit = 0;
      for (std::size_t d = 0; d < width; ++d) logit += x[t * width + d] * classes[n * width + d];
      total += std::exp(logit);
      if (n == targets[t]) target = logit;
    }
    loss += std::log(total) - target;
  }
  return loss;
}

TEST(SoftmaxCrossEntropy, AgreesWithFiniteDifferencesOfItsTwin) {
  for (const auto& [steps, width, class_count] :
       {std::array<std::size_t, 3>{1, 2, 1}, {5, 3, 7}, {kSoftmaxTileRows + 1, 4, 35}}) {
    Random random(steps);
    std::vector<float> x(steps * width);
    std::vector<float> classes(class_count * width);
    std::vector<std::uint32_t> targets(steps);
    for (float& value : x) value = static_cast<float>(random.Normal());
    for (float& value : classes) value = static_cast<float>(random.Normal());
    for (std::uint32_t& target : targets) target = static_cast<std::uint32_t>(random.Below(class_count));
    std::vector<float> transposed(classes.size());
    for (std::size_t n = 0; n < class_count; ++n) {
      for (std::size_t d = 0; d < width; ++d) transposed[d * class_count + n] = classes[n * width + d];
    }
    std::vector<float> dx(x.size());
    std::vector<float> dclasses(classes.size());

    const double loss = SoftmaxCrossEntropy(x, classes, transposed, targets, dx, dclasses);

    std::vector<double> x_twin(x.begin(), x.end());
    std::vector<double> classes_twin(classes.begin(), classes.end());
    // Float roundings of up to 65 rows of logits of size 3.
    EXPECT_NEAR(loss, TwinLoss(x_twin, classes_twin, width, targets), 1e-4 * static_cast<double>(steps));
    EXPECT_NEAR(SoftmaxCrossEntropyLoss(x, transposed, width, targets), loss, 1e-6 * static_cast<double>(steps));
    const auto expect_gradient = [&](std::vector<double>& moved, const std::vector<float>& analytic) {
      constexpr double kStep = 1e-5;
      for (std::size_t i = 0; i < moved.size(); ++i) {
        const double before = moved[i];
        moved[i] = before + kStep;
        const double up = TwinLoss(x_twin, classes_twin, width, targets);
        moved[i] = before - kStep;
        const double down = TwinLoss(x_twin, classes_twin, width, targets);
        moved[i] = before;
        ASSERT_NEAR(analytic[i], (up - down) / (2 * kStep), 1e-3) << steps << " " << i;
      }
    };
    expect_gradient(x_twin, dx);
    expect_gradient(classes_twin, dclasses);
  }
}

}  // namespace
}  // namespace attune
