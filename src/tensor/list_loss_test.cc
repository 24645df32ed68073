#include "tensor/list_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace attune {
namespace {

constexpr std::size_t kWidth = 3;
constexpr float kWeight = 0.7f;

/// Rows 0 and 2 of four chose, row 2 twice, one list of a single member.
ChoiceLists Lists() {
  return {.rows = {0, 2, 2, 3}, .offsets = {0, 3, 5, 9, 10}, .members = {4, 0, 1, 1, 4, 2, 3, 0, 1, 2}};
}

/// The same in double.
double TwinLoss(const ChoiceLists& lists, const std::vector<double>& classes, const std::vector<double>& x) {
  double loss = 0;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    double total = 0;
    double chosen = 0;
    for (std::size_t m = lists.offsets[i]; m < lists.offsets[i + 1]; ++m) {
      double logit = 0;
      for (std::size_t d = 0; d < kWidth; ++d) {
        logit += x[lists.rows[i] * kWidth + d] * classes[lists.members[m] * kWidth + d];
      }
      if (m == lists.offsets[i]) chosen = logit;
      total += std::exp(logit);
    }
    loss += std::log(total) - chosen;
  }
  return double{kWeight} * loss;
}

TEST(ListCrossEntropy, AgreesWithFiniteDifferencesOfItsTwin) {
  const ChoiceLists lists = Lists();
  Random random(4);
  std::vector<float> x(4 * kWidth);
  std::vector<float> classes(6 * kWidth);
  for (float& value : x) value = static_cast<float>(random.Normal());
  for (float& value : classes) value = static_cast<float>(random.Normal());
  std::vector<float> dx(x.size(), 1);  // It adds.
  std::vector<float> dclasses(classes.size(), 1);

  const double loss = ListCrossEntropy(lists, classes, kWidth, x, kWeight, dx, dclasses);

  std::vector<double> x_twin(x.begin(), x.end());
  std::vector<double> classes_twin(classes.begin(), classes.end());
  EXPECT_NEAR(loss, TwinLoss(lists, classes_twin, x_twin), 1e-5);  // Float roundings of a few logits of size 3.
  const auto expect_gradient = [&](std::vector<double>& moved, const std::vector<float>& analytic) {
    constexpr double kStep = 1e-5;
    for (std::size_t i = 0; i < moved.size(); ++i) {
      const double before = moved[i];
      moved[i] = before + kStep;
      const double up = TwinLoss(lists, classes_twin, x_twin);
      moved[i] = before - kStep;
      const double down = TwinLoss(lists, classes_twin, x_twin);
      moved[i] = before;
      ASSERT_NEAR(analytic[i], 1 + (up - down) / (2 * kStep), 1e-5) << i;
    }
  };
  expect_gradient(x_twin, dx);
  expect_gradient(classes_twin, dclasses);
}

TEST(ListCrossEntropy, IsNothingWithoutLists) {
  std::vector<float> x(kWidth, 1), classes(kWidth, 1), dx(kWidth), dclasses(kWidth);

  EXPECT_EQ(ListCrossEntropy({}, classes, kWidth, x, 1, dx, dclasses), 0);
  EXPECT_EQ(dx, std::vector<float>(kWidth));
}

TEST(ListCrossEntropy, StaysFiniteForHugeLogits) {
  const ChoiceLists lists{.rows = {0}, .offsets = {0, 2}, .members = {0, 1}};
  std::vector<float> x = {1000}, classes = {-1000, 1000}, dx(1), dclasses(2);

  EXPECT_EQ(ListCrossEntropy(lists, classes, 1, x, 1, dx, dclasses), 2e6);
  EXPECT_EQ(dx[0], 2000);
  EXPECT_EQ(dclasses, (std::vector<float>{-1000, 1000}));
}

}  // namespace
}  // namespace attune
