#include "train/sequence_plan.h"

#include <gtest/gtest.h>

#include "train/test_world.h"

namespace attune {
namespace {

class PlanSequenceTest : public testing::Test {
 protected:
  const TestWorld world_ = MakeTestWorld({.users = 40, .items = 40, .events_each = 14});
  const TrainingView view_ = WholeView(world_.data);
};

TEST_F(PlanSequenceTest, SpendsTheOperationsOnEpochs) {
  const double epoch = CostOfEpoch(view_, {.item_count = view_.item_count()}, {}).operations;
  const auto epochs = [&](double operations) {
    const auto plan = PlanSequence(view_, {.operations_max = operations});
    return plan ? plan->options.epochs_max : 0;
  };

  EXPECT_EQ(epochs((kSequenceEpochsMin - 0.1) * epoch), 0);
  EXPECT_EQ(epochs((kSequenceEpochsMin + 0.1) * epoch), kSequenceEpochsMin);
  EXPECT_EQ(epochs((kSequenceEpochsMax + 0.1) * epoch), kSequenceEpochsMax);
  EXPECT_EQ(epochs((kSequenceEpochsMax + 1.1) * epoch), kSequenceEpochsMax);
  EXPECT_EQ(epochs(0), 0);
  EXPECT_GT(epochs(kOperationsByRule), 0);
}

TEST_F(PlanSequenceTest, GivesFewInteractionsWithManyItemsTheEpochsTheyNeed) {
  TrainingData data = world_.data;
  for (int item = 0; data.items.size() < kFullSoftmaxItemsMax; ++item) data.items.Add("more" + std::to_string(item));
  const TrainingView view = WholeView(data);
  const auto by_rule = PlanSequence(view, {.operations_max = kOperationsByRule});
  ASSERT_TRUE(by_rule);
  EXPECT_EQ(by_rule->options.epochs_max, kSequenceEpochsWanted);
  const auto by_wish = PlanSequence(view, {.operations_max = OperationsByRule(view.size())});
  EXPECT_LT(by_wish ? by_wish->options.epochs_max : 0, kSequenceEpochsWanted) << "who asks for less gets less";
}

TEST_F(PlanSequenceTest, SamplesTheSoftmaxOfACatalogueBeyondTheLimit) {
  TrainingData data = world_.data;
  const auto plan_for = [&](std::size_t items) {
    for (std::size_t item = data.items.size(); item < items; ++item) data.items.Add("more" + std::to_string(item));
    return PlanSequence(WholeView(data), {.operations_max = 1e15});
  };

  EXPECT_EQ(plan_for(kFullSoftmaxItemsMax)->options.steps.negatives, 0u);
  const auto sampled = plan_for(kFullSoftmaxItemsMax + 1);
  EXPECT_EQ(sampled->options.steps.negatives, kSequenceNegatives);
  EXPECT_EQ(sampled->shape.item_count, kFullSoftmaxItemsMax + 1);
  EXPECT_TRUE(plan_for(kSequenceItemsMax));
  EXPECT_FALSE(plan_for(kSequenceItemsMax + 1));
}

TEST_F(PlanSequenceTest, LetsFewEpochsDoWhereTheyHaveManySteps) {
  // So many users that an epoch has the steps wanted.
  const TrainingData data = FewUsers(128 * kSequenceStepsMin, 2);
  const TrainingView view = WholeView(data);
  const SequenceCost cost = CostOfEpoch(view, PlanSequence(view, {.operations_max = 1e18})->shape, {});
  EXPECT_EQ(cost.steps, kSequenceStepsMin);

  const auto plan = PlanSequence(view, {.operations_max = 1.1 * cost.operations});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->options.epochs_max, 1);
  EXPECT_EQ(plan->options.epochs_between_checks, 1);
  EXPECT_FALSE(PlanSequence(view, {.operations_max = 0.9 * cost.operations}));
}

TEST_F(PlanSequenceTest, HonoursTheRecipesParameters) {
  const auto plan = PlanSequence(view_, {.seed = 9, .hidden_dimension = 149, .bptt = 7, .operations_max = 1e15});

  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->shape.block.width, 160u);
  EXPECT_EQ(plan->shape.block.hidden, 320u);
  EXPECT_EQ(plan->shape.block.length_max, 7u);
  EXPECT_EQ(plan->options.steps.history_max, 200u);
  EXPECT_EQ(plan->options.steps.seed, 9u);
  const auto plain = PlanSequence(view_, {.operations_max = 1e15});
  EXPECT_EQ(plain->shape.block.width, 64u);
  EXPECT_EQ(plain->shape.block.length_max, 200u);
}

TEST_F(PlanSequenceTest, EstimatesMemoryThatGrowsWithTheCatalogue) {
  const auto bytes = [](std::size_t items, std::size_t width) {
    return SequenceBytes(
        {.shape = {.item_count = items, .block = {.width = width, .hidden = 2 * width}}, .options = {}});
  };

  // 20,000 embeddings of 64 floats alone are 5 MB a copy.
  EXPECT_GT(bytes(20'000, 64), 80'000'000u);
  EXPECT_LT(bytes(20'000, 64), 300'000'000u);
  EXPECT_GT(bytes(20'000, 128), bytes(20'000, 64));
  // What a step holds of a large catalogue does not grow with it: a million embeddings are 256 MB a copy.
  SequencePlan sampled{.shape = {.item_count = 1'000'000, .block = {.width = 64, .hidden = 128}}, .options = {}};
  sampled.options.steps.negatives = kSequenceNegatives;
  EXPECT_GT(SequenceBytes(sampled), 2'000'000'000u);
  EXPECT_LT(SequenceBytes(sampled), 3'500'000'000u);
}

TEST(OperationsByRule, GrowsFasterThanTheDataBetweenLimits) {
  EXPECT_DOUBLE_EQ(OperationsByRule(1'000'000), 6e13);
  EXPECT_NEAR(OperationsByRule(100'000), 1.9e12, 1e10);
  EXPECT_DOUBLE_EQ(OperationsByRule(1'843'000), kOperationsMax);
  EXPECT_LT(OperationsByRule(1'841'000), kOperationsMax);
  EXPECT_DOUBLE_EQ(OperationsByRule(6200), kOperationsMin);
  EXPECT_GT(OperationsByRule(6400), kOperationsMin);
}

TEST(RateByRule, IsLargerForFewEpochs) {
  EXPECT_FLOAT_EQ(RateByRule(60), 1e-3f);
  EXPECT_FLOAT_EQ(RateByRule(45), 1e-3f);
  EXPECT_FLOAT_EQ(RateByRule(20), 2.25e-3f);
  EXPECT_FLOAT_EQ(RateByRule(15), 3e-3f);
  EXPECT_FLOAT_EQ(RateByRule(6), 3e-3f);
}

TEST(DropoutByRule, IsLargerWhereItemsAreRare) {
  EXPECT_FLOAT_EQ(DropoutByRule(999'611, 3416), 0.2f);
  EXPECT_NEAR(DropoutByRule(100'000, 1682), 0.305, 0.001);
  EXPECT_NEAR(DropoutByRule(198'502, 12'101), 0.398, 0.001);
  EXPECT_FLOAT_EQ(DropoutByRule(10, 1000), 0.5f);
  EXPECT_FLOAT_EQ(DropoutByRule(0, 0), 0.5f);
}

}  // namespace
}  // namespace attune
