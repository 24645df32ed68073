#include "explore/click_calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace attune {
namespace {

TEST(ClickCalibration, ExpectsAModestClickRateOfTheFirstList) {
  ClickCalibration calibration;
  calibration.Anchor(-6.5);
  calibration.Anchor(-1);  // Only the first counts.

  EXPECT_NEAR(1 / (1 + std::exp(-calibration.Logit(-6.5))), 0.05, 1e-12);
  EXPECT_NEAR(calibration.Logit(-5.5) - calibration.Logit(-6.5), 1, 1e-12);
  EXPECT_NEAR(calibration.Score(calibration.Logit(-3)), -3, 1e-9);
}

TEST(ClickCalibration, ExpectsTheSameOfAListWithoutScores) {
  const ClickCalibration calibration;

  EXPECT_NEAR(1 / (1 + std::exp(-calibration.Logit(calibration.centre()))), ClickCalibration::kFirstClickRate, 1e-9);
}

TEST(ClickCalibration, LearnsHowScoresBecomeClicks) {
  Random random(2);
  ClickCalibration calibration;
  calibration.Anchor(-5);

  for (int i = 0; i < 200'000; ++i) {
    const double score = -5 + 1.5 * random.Normal();
    const bool clicked = random.Uniform() < 1 / (1 + std::exp(-(1.5 + 0.6 * score)));
    calibration.Learn(score, 0, 1, clicked);
  }

  EXPECT_NEAR(calibration.slope(), 0.6, 0.03);
  EXPECT_NEAR(calibration.Logit(-5), -1.5, 0.05);
}

TEST(ClickCalibration, LeavesKnownLogitsAlone) {
  ClickCalibration calibration(true);
  calibration.Anchor(-6.5);
  for (int i = 0; i < 100; ++i) calibration.Learn(-2, 0, 1, true);

  EXPECT_EQ(calibration.Logit(-2.25), -2.25);
  EXPECT_EQ(calibration.Score(-2.25), -2.25);
}

TEST(ClickCalibration, KeepsTheSlopeWithinItsBounds) {
  ClickCalibration calibration;
  calibration.Anchor(0);
  for (int i = 0; i < 20'000; ++i) calibration.Learn(i % 2 == 0 ? 3 : -3, 0, 1, i % 2 != 0);  // Clicks on the worst.

  EXPECT_EQ(calibration.slope(), ClickCalibration::kSlopeMin);
}

}  // namespace
}  // namespace attune
