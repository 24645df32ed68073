#include "train/step_items.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "train/test_world.h"

namespace attune {
namespace {

using Sequences = std::vector<std::span<const std::uint32_t>>;

TEST(StepItems, AreAllWhereNoNegativesAreAskedFor) {
  const TestWorld world = MakeTestWorld({.users = 20, .items = 30});
  StepItems items(WholeView(world.data), 0);

  items.Choose(1, Sequences{});

  ASSERT_EQ(items.items().size(), 30u);
  for (std::uint32_t item = 0; item < 30; ++item) {
    EXPECT_EQ(items.items()[item], item);
    EXPECT_EQ(items.RowOf(item), item);
    EXPECT_EQ(items.bias()[item], 0);
  }
}

TEST(StepItems, HoldEachOfTheStepsOwnOnceAfterTheNegatives) {
  const TestWorld world = MakeTestWorld({.users = 50, .items = 400});
  const TrainingView view = WholeView(world.data);
  StepItems items(view, 20);
  const Sequences held = {view.Items(3), view.Items(7)};

  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    items.Choose(seed, held);

    std::set<std::uint32_t> own;
    for (const auto& sequence : held) own.insert(sequence.begin(), sequence.end());
    const auto chosen = items.items();
    EXPECT_EQ(std::set<std::uint32_t>(chosen.begin(), chosen.end()).size(), chosen.size());
    for (std::size_t row = 0; row < chosen.size(); ++row) {
      EXPECT_EQ(items.RowOf(chosen[row]), row);
      EXPECT_TRUE(row < items.bias().size() || own.contains(chosen[row]));
    }
    for (const std::uint32_t item : own) EXPECT_EQ(chosen[items.RowOf(item)], item);
  }
}

/// What log-q correction rests on: the sum over negatives of f(item) / chance is on average that over all items.
TEST(StepItems, AreDrawnWithTheChancesThatTheirBiasSays) {
  const TestWorld world = MakeTestWorld({.users = 50, .items = 400});
  StepItems items(WholeView(world.data), 40);
  constexpr int kDraws = 4000;
  std::vector<double> sums(400);
  double drawn = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    items.Choose(static_cast<std::uint64_t>(draw), Sequences{});
    drawn += static_cast<double>(items.items().size());
    for (std::size_t row = 0; row < items.items().size(); ++row) {
      sums[items.items()[row]] += std::exp(double{items.bias()[row]});
    }
  }

  EXPECT_NEAR(drawn / kDraws, 40, 1);
  for (const double sum : sums) {
    // The rarest have a chance of 40 / 2 / 400: sd of the mean sqrt(1 / 0.05 / 4000) = 0.07; four of it.
    EXPECT_NEAR(sum / kDraws, 1, 0.28);
  }
}

}  // namespace
}  // namespace attune
