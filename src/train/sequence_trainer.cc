#include "train/sequence_trainer.h"

#include <algorithm>

#include "base/random.h"
#include "train/sequence_training.h"
#include "train/within_epoch.h"

namespace attune {
namespace {

// What could be computed while a parameter, its moments, average and gradient are read and written: 36 bytes.
constexpr double kOperationsPerParameter = 200;

}  // namespace

SequenceCost CostOfEpoch(const TrainingView& view, const SequenceShape& shape, const SequenceStepOptions& options) {
  const auto width = static_cast<double>(shape.block.width);
  const double dense = static_cast<double>(SequenceLayout(shape).block_size * shape.block_count);
  const auto classes = static_cast<double>(options.negatives == 0 ? shape.item_count : options.negatives);
  SequenceCost cost;
  std::size_t users = 0;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    users += view.Length(user) > 1;
    const auto tokens = static_cast<double>(std::min(view.Length(user), options.history_max));
    const double looked_back = std::min(tokens, static_cast<double>(shape.block.length_max));
    const double attention = looked_back * width * static_cast<double>(shape.block_count);
    // Forward and twice as much backward, a multiplication and an addition each.
    cost.operations += 6 * tokens * (dense + classes * width + attention);
  }
  const std::size_t users_per_step = SequenceUsersPerStep(users, options);
  cost.steps = (users + users_per_step - 1) / users_per_step;
  // Every step moves every parameter, where memory is the limit.
  if (options.negatives > 0) {
    const auto parameters = static_cast<double>(SequenceLayout(shape).size);
    cost.operations += kOperationsPerParameter * parameters * static_cast<double>(cost.steps);
  }
  return cost;
}

Result<SequenceFit> FitSequence(const TrainingView& view, std::span<const ValidationCase> cases,
                                const SequenceShape& shape, const SequenceOptions& options, const Workers& workers,
                                const OnSequenceEpoch& on_epoch, const CheckpointPlace& place) {
  SequenceTraining training(view, cases, shape, options, workers, on_epoch);
  training.ResumeFrom(place);
  ATTUNE_RETURN_IF_ERROR(training.RunTo(options.epochs_max, place));
  return std::move(training).Finish();
}

Result<SequenceFit> ContinueSequence(const TrainingView& view, const SequenceFit& start, int epochs,
                                     const Workers& workers, const OnSequenceEpoch& on_epoch,
                                     double tokens_between_reports) {
  SequenceStepOptions own = start.steps;
  own.seed = MixSeed(own.seed, 47);
  const AttributeEmbeddings attributes(view.data->item_attributes, view.item_count());
  SequenceSteps steps(view, attributes, start.events, start.shape, own, workers);
  SequenceState state{
      .parameters = start.parameters, .average = start.parameters, .adam = Adam(start.parameters.size()), .step = 0};
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    SequenceProgress progress{.epoch = epoch, .epochs_max = epochs, .is_last_fit = true};
    WithinEpoch within(on_epoch, tokens_between_reports / static_cast<double>(view.size()), progress);
    const auto falling = [&](double done) {
      within.Tell(done);
      return static_cast<float>(1 - (epoch - 1 + done) / static_cast<double>(epochs));
    };
    const EpochOutcome outcome = steps.RunEpoch(epoch, falling, state);
    if (workers.cancelled()) return Cancelled("training was stopped");
    progress.loss = outcome.loss;
    progress.tokens = outcome.tokens;
    if (on_epoch) on_epoch(progress);
  }
  SequenceFit fit{.shape = start.shape,
                  .steps = start.steps,
                  .events = start.events,
                  .parameters = state.average,
                  .served = ServedParameters(start.shape, attributes, state.average),
                  .epochs = start.epochs,
                  .validation_ndcg = start.validation_ndcg};
  return fit;
}

}  // namespace attune
