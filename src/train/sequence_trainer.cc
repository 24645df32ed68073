#include "train/sequence_trainer.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "evaluate/ranking_metrics.h"

namespace attune {
namespace {

constexpr std::size_t kCheckTasks = 32;
constexpr std::size_t kCheckCasesMax = 2000;

/// NDCG@10 over the cases: an answer that is new to its user among the items that are, any other among all.
double Check(const TrainingData& data, std::span<const ValidationCase> cases, const SequenceTransformer& model,
             const Workers& workers) {
  std::vector<double> gained(kCheckTasks);
  const std::size_t count = std::min(cases.size(), kCheckCasesMax);
  workers.ParallelFor(kCheckTasks, [&](std::size_t task) {
    const auto scratch = model.MakeScratch();
    std::vector<float> scores(model.item_count());
    std::vector<std::uint8_t> excluded(model.item_count());
    for (std::size_t i = task; i < count && !workers.cancelled(); i += kCheckTasks) {
      const Query query = CaseQuery(data, cases[i], model.shape().block.length_max);
      const std::uint32_t answer = data.interactions.item[cases[i].position];
      model.Score(query, *scratch, scores);
      const bool repeats = std::find(query.items.begin(), query.items.end(), answer) != query.items.end();
      for (const std::uint32_t item : query.items) excluded[item] = repeats ? 0 : 1;
      gained[task] += NdcgAtRank(ExpectedRank(scores, answer, excluded), 10);
      for (const std::uint32_t item : query.items) excluded[item] = 0;
    }
  });
  return std::accumulate(gained.begin(), gained.end(), 0.0) / static_cast<double>(std::max<std::size_t>(1, count));
}

}  // namespace

double SequenceEpochCost(const TrainingView& view, const SequenceShape& shape, std::size_t history_max) {
  const auto width = static_cast<double>(shape.block.width);
  const double dense = static_cast<double>(SequenceLayout(shape).block_size * shape.block_count);
  double cost = 0;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    const auto steps = static_cast<double>(std::min(view.Length(user), history_max));
    const double looked_back = std::min(steps, static_cast<double>(shape.block.length_max));
    const double attention = looked_back * width * static_cast<double>(shape.block_count);
    // Forward and twice as much backward, a multiplication and an addition each.
    cost += 6 * steps * (dense + static_cast<double>(shape.item_count) * width + attention);
  }
  return cost;
}

Result<SequenceFit> FitSequence(const TrainingView& view, std::span<const ValidationCase> cases,
                                const SequenceShape& shape, const SequenceOptions& options, const Workers& workers,
                                const OnSequenceEpoch& on_epoch) {
  const AttributeEmbeddings attributes(view.data->item_attributes, view.item_count());
  SequenceSteps steps(view, attributes, shape, options.steps, workers);
  SequenceState state = InitialSequenceState(shape, attributes.feature_count(), options.steps.seed);
  SequenceFit best{
      .shape = shape, .steps = options.steps, .parameters = {}, .served = {}, .epochs = 0, .validation_ndcg = -1};
  int checks_without_gain = 0;
  double ndcg = -1;
  for (int epoch = 1; epoch <= options.epochs_max && checks_without_gain < options.checks_without_gain_max; ++epoch) {
    const EpochOutcome outcome = steps.RunEpoch(
        epoch, [](double) { return 1.0f; }, state);
    if (epoch % options.epochs_between_checks == 0 || epoch == options.epochs_max) {
      std::vector<float> served = steps.Served(state.average);
      ndcg = Check(*view.data, cases, SequenceTransformer(shape, served), workers);
      ++checks_without_gain;
      if (ndcg > best.validation_ndcg) {
        checks_without_gain = 0;
        best.parameters = state.average;
        best.served = std::move(served);
        best.epochs = epoch;
        best.validation_ndcg = ndcg;
      }
    }
    if (workers.cancelled()) return Cancelled("training was stopped");
    if (on_epoch) {
      on_epoch({.epoch = epoch,
                .epochs_max = options.epochs_max,
                .loss = outcome.loss,
                .tokens = outcome.tokens,
                .validation_ndcg = ndcg});
    }
  }
  if (workers.cancelled()) return Cancelled("training was stopped");
  return best;
}

Result<SequenceFit> ContinueSequence(const TrainingView& view, const SequenceFit& start, int epochs,
                                     const Workers& workers) {
  SequenceStepOptions own = start.steps;
  own.seed = MixSeed(own.seed, 47);
  const AttributeEmbeddings attributes(view.data->item_attributes, view.item_count());
  SequenceSteps steps(view, attributes, start.shape, own, workers);
  SequenceState state{
      .parameters = start.parameters, .average = start.parameters, .adam = Adam(start.parameters.size()), .step = 0};
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    const auto falling = [&](double done) {
      return static_cast<float>(1 - (epoch - 1 + done) / static_cast<double>(epochs));
    };
    steps.RunEpoch(epoch, falling, state);
    if (workers.cancelled()) return Cancelled("training was stopped");
  }
  SequenceFit fit{.shape = start.shape,
                  .steps = start.steps,
                  .parameters = state.average,
                  .served = steps.Served(state.average),
                  .epochs = start.epochs,
                  .validation_ndcg = start.validation_ndcg};
  return fit;
}

}  // namespace attune
