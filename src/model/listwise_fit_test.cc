#include "model/listwise_fit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>
#include <thread>

#include "base/random.h"

namespace attune {
namespace {

/// Lists of 20 whose first was drawn from the softmax of known weights.
ListwiseProblem Draw(std::span<const double> truth, std::size_t lists, std::uint64_t seed) {
  Random random(seed);
  ListwiseProblem problem{.feature_count = truth.size(), .features = {}, .offsets = {}};
  for (std::size_t list = 0; list < lists; ++list) {
    std::vector<std::vector<float>> rows(20, std::vector<float>(truth.size()));
    std::size_t best = 0;
    double best_value = -HUGE_VAL;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      double value = -std::log(random.Exponential());
      for (std::size_t f = 0; f < truth.size(); ++f) {
        rows[row][f] = static_cast<float>(random.Normal());
        value += truth[f] * rows[row][f];
      }
      if (value > best_value) {
        best_value = value;
        best = row;
      }
    }
    std::swap(rows[0], rows[best]);
    for (const auto& row : rows) problem.features.insert(problem.features.end(), row.begin(), row.end());
    problem.offsets.resize(problem.offsets.size() + rows.size());
    problem.list_begin.push_back(problem.offsets.size());
  }
  return problem;
}

std::vector<std::size_t> All(const ListwiseProblem& problem) {
  std::vector<std::size_t> lists(problem.list_count());
  std::iota(lists.begin(), lists.end(), 0u);
  return lists;
}

TEST(FitListwise, FindsTheWeightsThatDrewTheData) {
  const std::vector<double> truth = {1.5, -0.5, 0};
  const auto problem = Draw(truth, 4000, 1);
  ThreadPool pool(1, 8);

  const auto weights =
      FitListwise(problem, All(problem), std::vector<double>(3), std::vector<double>{1e-6, 1e-6, 1e-6}, pool);

  // The standard error of a weight from 4,000 lists is about 0.03.
  for (std::size_t f = 0; f < 3; ++f) EXPECT_NEAR(weights[f], truth[f], 0.1);
}

TEST(FitListwise, HasNoGradientLeft) {
  const auto problem = Draw(std::vector<double>{0.7, 0.2}, 300, 2);
  const std::vector<double> ridge = {2, 5};
  const auto lists = All(problem);
  ThreadPool pool(1, 8);

  const auto weights = FitListwise(problem, lists, std::vector<double>(2), ridge, pool);

  const auto objective = [&](std::vector<double> at) {
    double value = ListwiseLoss(problem, lists, at) * static_cast<double>(lists.size());
    for (std::size_t f = 0; f < 2; ++f) value += ridge[f] * at[f] * at[f] / 2;
    return value;
  };
  for (std::size_t f = 0; f < 2; ++f) {
    auto up = weights;
    auto down = weights;
    up[f] += 1e-4;
    down[f] -= 1e-4;
    // Central differences of a loss of size 1,000: exact to about 1e-6 / 1e-4.
    EXPECT_NEAR((objective(up) - objective(down)) / 2e-4, 0, 0.02);
  }
}

TEST(FitListwise, LeavesHeldWeightsAtTheirStart) {
  const auto problem = Draw(std::vector<double>{0.7, 0.7}, 300, 2);
  ThreadPool pool(1, 8);

  const auto weights =
      FitListwise(problem, All(problem), std::vector<double>{0, 0.25}, std::vector<double>{0.1, kHeldRidge}, pool);

  EXPECT_GT(weights[0], 0.3);
  EXPECT_NEAR(weights[1], 0.25, 1e-6);
}

TEST(FitListwise, MayBeStoppedAtAnyMoment) {
  const std::vector<double> start(3);
  const std::vector<double> ridge(3, 1e-6);
  const auto problem = Draw(std::vector<double>{1.5, -0.5, 0}, 60, 3);
  const auto lists = All(problem);
  ThreadPool pool(1, 8);
  for (int round = 0; round < 400; ++round) {
    std::atomic<bool> stopped{false};
    std::atomic<bool> begun{false};
    std::thread stopper([&] {
      while (!begun) continue;
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(round);
      while (std::chrono::steady_clock::now() < until) continue;
      stopped = true;
    });
    begun = true;
    const auto weights = FitListwise(problem, lists, start, ridge, Workers(pool, stopped));
    stopper.join();
    EXPECT_EQ(weights.size(), 3u);
  }
}

TEST(ListwiseRanks, CountTiesByHalf) {
  const ListwiseProblem problem{
      .feature_count = 1, .features = {1, 2, 1, 0}, .offsets = {0, 0, 0, 9}, .list_begin = {0, 4}};

  EXPECT_EQ(ListwiseRanks(problem, All(problem), std::vector<double>{1}), (std::vector<double>{1.5}));
}

}  // namespace
}  // namespace attune
