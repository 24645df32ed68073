#include "tensor/adam.h"

#include <gtest/gtest.h>

#include <cmath>

namespace attune {
namespace {

TEST(Adam, MovesByTheRateAtFirst) {
  Adam adam(2);
  std::vector<float> parameters = {1, 1};

  adam.Update(1, {.rate = 0.1f}, 0, std::vector<float>{3, -0.02f}, parameters);

  // Bias-corrected, the first move is the sign of the gradient.
  EXPECT_NEAR(parameters[0], 0.9, 1e-6);
  EXPECT_NEAR(parameters[1], 1.1, 1e-6);
}

TEST(Adam, FindsTheBottomOfABowl) {
  Adam adam(2);
  std::vector<float> parameters = {3, -4};

  for (std::uint64_t step = 1; step <= 2000; ++step) {
    const std::vector<float> gradients = {2 * (parameters[0] - 1), 20 * (parameters[1] - 2)};
    adam.Update(step, {.rate = 0.02f}, 0, gradients, parameters);
  }

  EXPECT_NEAR(parameters[0], 1, 0.02);
  EXPECT_NEAR(parameters[1], 2, 0.02);
}

TEST(Adam, DecaysApartFromTheGradient) {
  Adam adam(1);
  std::vector<float> parameters = {2};

  adam.Update(1, {.rate = 0.1f, .weight_decay = 0.5f}, 0, std::vector<float>{0}, parameters);

  EXPECT_NEAR(parameters[0], 1.9, 1e-6);
}

}  // namespace
}  // namespace attune
