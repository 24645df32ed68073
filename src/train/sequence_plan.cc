#include "train/sequence_plan.h"

#include <algorithm>
#include <cmath>

namespace attune {
namespace {

// For a million interactions; OperationsByRule grows with the power 1.5 of their number.
constexpr double kOperationsPerMillion = 6e13;
constexpr double kOperationsGrowth = 1.5;

}  // namespace

double OperationsByRule(std::size_t interaction_count) {
  const double millions = static_cast<double>(interaction_count) * 1e-6;
  return std::clamp(kOperationsPerMillion * std::pow(millions, kOperationsGrowth), kOperationsMin, kOperationsMax);
}

float DropoutByRule(std::size_t interaction_count, std::size_t item_count) {
  const double each =
      static_cast<double>(interaction_count) / static_cast<double>(std::max<std::size_t>(1, item_count));
  return static_cast<float>(std::clamp(0.2 + 0.05 * std::log2(256 / std::max(1.0, each)), 0.2, 0.5));
}

float RateByRule(int epochs) { return std::clamp(0.045f / static_cast<float>(epochs), 1e-3f, 3e-3f); }

std::uint64_t SequenceBytes(const SequencePlan& plan) {
  const std::size_t width = plan.shape.block.width;
  const std::uint64_t parameters =
      SequenceLayout(plan.shape).size + (AttributeEncoder::kFeaturesMax + EventEncoder::kRowsMax) * width;
  const SequenceStepOptions& steps = plan.options.steps;
  SequenceShape of_step = plan.shape;
  if (steps.negatives > 0) {
    of_step.item_count =
        std::min(plan.shape.item_count, 2 * steps.negatives + steps.users_per_step_max * (steps.history_max + 1) +
                                            SequenceSteps::kPassedOverHeldMax);
  }
  const std::uint64_t step_parameters = SequenceLayout(of_step).size;
  const std::uint64_t classes = steps.negatives > 0 ? 2 * steps.negatives : plan.shape.item_count;
  // Of a slot: logits of a tile, and what the passes over a batch, with its last history, leave of each token.
  const std::uint64_t tokens = SequenceSteps::kBatchTokens + plan.options.steps.history_max;
  const std::uint64_t values_each =
      plan.shape.block_count * (22 * width + 2 * plan.shape.block.length_max) + 20 * width;
  const std::uint64_t slot = step_parameters + kSoftmaxTileRows * classes + tokens * values_each;
  // State and best of two trainings, served parameters and gradients; the step's parameters and its classes in two
  // orders.
  return 4 * (12 * parameters + 3 * step_parameters + SequenceSteps::kSlotsMax * slot);
}

std::optional<SequencePlan> PlanSequence(const TrainingView& view, const SequenceWishes& wishes) {
  const double operations =
      wishes.operations_max == kOperationsByRule ? OperationsByRule(view.size()) : wishes.operations_max;
  if (view.item_count() > kSequenceItemsMax || operations <= 0) return std::nullopt;
  const std::size_t wished = wishes.hidden_dimension == 0 ? kSequenceWidth : wishes.hidden_dimension;
  const std::size_t width = (wished + kSequenceWidthStep - 1) / kSequenceWidthStep * kSequenceWidthStep;
  const std::size_t length = wishes.bptt == 0 ? wishes.history_max : std::min(wishes.bptt, wishes.history_max);
  SequencePlan plan{
      .shape = {.item_count = view.item_count(),
                .block_count = 2,
                .block = {.width = width, .hidden = 2 * width, .length_max = length, .rounds_products = true}},
      .options = {.steps = {.seed = wishes.seed,
                            .history_max = wishes.history_max,
                            .negatives = view.item_count() > kFullSoftmaxItemsMax ? kSequenceNegatives : 0,
                            .dropout = DropoutByRule(view.size(), view.item_count())}}};
  const SequenceCost cost = CostOfEpoch(view, plan.shape, plan.options.steps);
  const double epoch_cost = std::max(1.0, cost.operations);
  double epochs = operations / epoch_cost;
  // Few interactions with many items: the rule counts interactions alone, and would leave out what helps most there.
  if (wishes.operations_max == kOperationsByRule) {
    epochs = std::max(epochs, std::min<double>(kSequenceEpochsWanted, kOperationsMax / epoch_cost));
  }
  plan.options.epochs_max = static_cast<int>(std::min<double>(kSequenceEpochsMax, epochs));
  if (plan.options.epochs_max < kSequenceEpochsMin) {
    const auto steps = static_cast<std::size_t>(std::max(0, plan.options.epochs_max)) * cost.steps;
    if (steps < kSequenceStepsMin) return std::nullopt;
    plan.options.epochs_between_checks = 1;
  }
  plan.options.steps.rate = RateByRule(plan.options.epochs_max);
  return plan;
}

}  // namespace attune
