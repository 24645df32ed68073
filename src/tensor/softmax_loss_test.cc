#include "tensor/softmax_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "tensor/cpu.h"

namespace attune {
namespace {

/// The same in double, one row after the other: bias [S] of the classes of every row.
double TwinLoss(const std::vector<double>& x, const std::vector<double>& classes, std::size_t width,
                const std::vector<float>& bias, const std::vector<std::uint32_t>& targets) {
  double loss = 0;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    double total = 0;
    double target = 0;
    for (std::size_t n = 0; n < classes.size() / width; ++n) {
      double logit = 0;
      for (std::size_t d = 0; d < width; ++d) logit += x[t * width + d] * classes[n * width + d];
      if (n == targets[t]) {
        target = logit;
        total += std::exp(logit);
      } else if (n < bias.size()) {
        total += std::exp(logit + double{bias[n]});
      }
    }
    loss += std::log(total) - target;
  }
  return loss;
}

TEST(SoftmaxCrossEntropy, AgreesWithFiniteDifferencesOfItsTwin) {
  // Rows, width, classes, of these shared by all rows.
  for (const auto& shape : {std::array<std::size_t, 4>{1, 2, 1, 1},
                            {5, 3, 7, 7},
                            {7, 3, 9, 1},
                            {kSoftmaxTileRows + 1, 4, 35, 35},
                            {kSoftmaxTileRows + 1, 4, 35, 20}}) {
    const std::size_t steps = shape[0];
    const std::size_t width = shape[1];
    const std::size_t class_count = shape[2];
    const std::size_t shared = shape[3];
    Random random(steps);
    std::vector<float> bias(shared);
    for (float& value : bias) value = static_cast<float>(random.Normal());
    std::vector<float> x(steps * width);
    std::vector<float> classes(class_count * width);
    std::vector<std::uint32_t> targets(steps);
    for (float& value : x) value = static_cast<float>(random.Normal());
    for (float& value : classes) value = static_cast<float>(random.Normal());
    for (std::uint32_t& target : targets) target = static_cast<std::uint32_t>(random.Below(class_count));
    std::vector<float> dx(x.size());
    std::vector<float> dclasses(classes.size());

    SoftmaxClasses prepared;
    prepared.Assign(classes, width, bias);
    SoftmaxScratch scratch;
    const double loss = SoftmaxCrossEntropy(prepared, x, targets, dx, dclasses, scratch);

    std::vector<double> x_twin(x.begin(), x.end());
    std::vector<double> classes_twin(classes.begin(), classes.end());
    // Float roundings of up to 65 rows of logits of size 3.
    EXPECT_NEAR(loss, TwinLoss(x_twin, classes_twin, width, bias, targets), 1e-4 * static_cast<double>(steps));
    const auto expect_gradient = [&](std::vector<double>& moved, const std::vector<float>& analytic) {
      constexpr double kStep = 1e-5;
      for (std::size_t i = 0; i < moved.size(); ++i) {
        const double before = moved[i];
        moved[i] = before + kStep;
        const double up = TwinLoss(x_twin, classes_twin, width, bias, targets);
        moved[i] = before - kStep;
        const double down = TwinLoss(x_twin, classes_twin, width, bias, targets);
        moved[i] = before;
        ASSERT_NEAR(analytic[i], (up - down) / (2 * kStep), 1e-3) << steps << " " << i;
      }
    };
    expect_gradient(x_twin, dx);
    expect_gradient(classes_twin, dclasses);
  }
}

struct Loss {
  double loss = 0;
  std::vector<float> dx;
  std::vector<float> dclasses;
};

Loss Compute(const std::vector<float>& x, const std::vector<float>& classes, const std::vector<float>& bias,
             std::size_t width, const std::vector<std::uint32_t>& targets) {
  Loss result{.loss = 0, .dx = std::vector<float>(x.size()), .dclasses = std::vector<float>(classes.size())};
  SoftmaxClasses prepared;
  prepared.Assign(classes, width, bias);
  SoftmaxScratch scratch;
  result.loss = SoftmaxCrossEntropy(prepared, x, targets, result.dx, result.dclasses, scratch);
  return result;
}

enum class Products { kVectors, kTiles, kEmulatedTiles };

class Bf16ProductsTest : public testing::TestWithParam<Products> {
 protected:
  void SetUp() override {
    if (!HasBf16Products()) GTEST_SKIP() << "this processor multiplies no bf16 numbers (AVX512-BF16)";
    if (GetParam() == Products::kTiles && !HasTileProducts())
      GTEST_SKIP() << "this processor has no matrix tiles (AMX)";
    EmulateTileProducts(GetParam() == Products::kEmulatedTiles);
    UseProducts();
  }
  void TearDown() override {
    EmulateTileProducts(false);
    ASSERT_TRUE(CapCpu("amx").ok());
  }
  static void UseProducts() { ASSERT_TRUE(CapCpu(GetParam() == Products::kVectors ? "avx512" : "amx").ok()); }
};

INSTANTIATE_TEST_SUITE_P(ByVectorsAndTiles, Bf16ProductsTest,
                         testing::Values(Products::kVectors, Products::kTiles, Products::kEmulatedTiles));

TEST_P(Bf16ProductsTest, AgreeWithFloatsForOddShapes) {
  // Rows, width, classes, of these shared by all rows.
  for (const auto& [steps, width, class_count, shared] : {std::array<std::size_t, 4>{1, 32, 1, 1},
                                                          {3, 32, 5, 5},
                                                          {64, 64, 64, 64},
                                                          {32, 32, 128, 128},
                                                          {33, 96, 130, 130},
                                                          {65, 64, 131, 131},
                                                          {65, 64, 131, 70},
                                                          {kSoftmaxBf16Rows + 44, 64, 63, 63},
                                                          {kSoftmaxBf16Rows + 1, 96, 200, 64},
                                                          {10, 128, 66, 1},
                                                          {10, 128, 66, 66}}) {
    Random random(steps + width);
    std::vector<float> x(steps * width);
    std::vector<float> classes(class_count * width);
    std::vector<float> bias(shared);
    std::vector<std::uint32_t> targets(steps);
    for (float& value : x) value = static_cast<float>(random.Normal());
    for (float& value : classes) value = static_cast<float>(0.3 * random.Normal());
    for (float& value : bias) value = static_cast<float>(random.Normal());
    for (std::uint32_t& target : targets) target = static_cast<std::uint32_t>(random.Below(class_count));

    const Loss rounded = Compute(x, classes, bias, width, targets);
    ASSERT_TRUE(CapCpu("avx2").ok());
    const Loss exact = Compute(x, classes, bias, width, targets);
    UseProducts();

    EXPECT_NE(rounded.dx, exact.dx) << "nothing was rounded";
    // Factors are off by up to 2^-9, and errors are independent: logits of size 3 by 0.01, gradients of one row
    // likewise.
    EXPECT_NEAR(rounded.loss, exact.loss, 0.02 * static_cast<double>(steps));
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(rounded.dx[i], exact.dx[i], 0.02) << width << " " << i;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      ASSERT_NEAR(rounded.dclasses[i], exact.dclasses[i], 0.02 * std::sqrt(static_cast<double>(steps))) << width;
    }
  }
}

}  // namespace
}  // namespace attune
