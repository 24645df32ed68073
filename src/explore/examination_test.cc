#include "explore/examination.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace attune {
namespace {

TEST(Examination, IsByDefaultThePowerOfTheRank) {
  const ExaminationCurve curve;

  EXPECT_FLOAT_EQ(curve.At(1), 1);
  EXPECT_NEAR(curve.At(2), 0.659754, 1e-5);
  EXPECT_NEAR(curve.At(10), 0.251189, 1e-5);
  EXPECT_FLOAT_EQ(curve.At(0), 1);  // An unknown place.
  EXPECT_GT(curve.At(1'000'000), 0);
}

TEST(Examination, IsLearnedFromClicksWhateverTheItemsAtEachRank) {
  Random random(1);
  ExaminationEstimator estimator;
  for (int i = 0; i < 100'000; ++i) {
    for (std::uint32_t rank = 1; rank <= 5; ++rank) {
      const double attraction = 0.3 / rank;  // Better items stand higher.
      const bool clicked = random.Uniform() < attraction * std::pow(rank, -1.2);
      estimator.Add(rank, attraction, clicked);
    }
  }

  const ExaminationCurve curve = estimator.Estimate();

  for (std::uint32_t rank = 1; rank <= 5; ++rank) {
    EXPECT_NEAR(curve.At(rank), std::pow(rank, -1.2), 0.02) << "rank " << rank;
  }
  EXPECT_NEAR(curve.At(10) / curve.At(5), std::pow(2, -0.6), 1e-4);  // Unseen ranks follow the default's shape.
}

TEST(Examination, NeverRisesAndStaysAboveZero) {
  ExaminationEstimator estimator;
  for (int i = 0; i < 10'000; ++i) {
    estimator.Add(1, 0.1, i % 20 == 0);
    estimator.Add(2, 0.1, i % 2 == 0);  // Clicked far more often than predicted.
    estimator.Add(3, 0.9, false);
  }

  const ExaminationCurve curve = estimator.Estimate();

  EXPECT_LE(curve.At(2), curve.At(1));
  EXPECT_LT(curve.At(3), 0.01F);
  EXPECT_GT(curve.At(3), 0);
}

TEST(Examination, PassesOverRanksBeyondTheLimit) {
  ExaminationEstimator estimator;

  estimator.Add(ExaminationEstimator::kRanksMax - 1, 0.1, true);
  EXPECT_EQ(estimator.state().size(), 2 * ExaminationEstimator::kRanksMax - 2);
  estimator.Add(ExaminationEstimator::kRanksMax, 0.1, true);
  EXPECT_EQ(estimator.state().size(), 2 * ExaminationEstimator::kRanksMax);
  estimator.Add(ExaminationEstimator::kRanksMax + 1, 0.1, true);
  EXPECT_EQ(estimator.state().size(), 2 * ExaminationEstimator::kRanksMax);
}

TEST(Examination, CountsAClickThatCameLate) {
  ExaminationEstimator estimator;
  estimator.Add(2, 0.25, false);
  estimator.AddLateClick(2);
  estimator.AddLateClick(9);  // Never counted as shown.

  EXPECT_EQ(estimator.state()[2], 1);
  EXPECT_EQ(estimator.state()[3], 0.25);
  EXPECT_EQ(estimator.state().size(), 4U);
}

}  // namespace
}  // namespace attune
