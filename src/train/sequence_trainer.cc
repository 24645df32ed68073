#include "train/sequence_trainer.h"

#include <algorithm>
#include <numeric>

#include "base/log.h"
#include "base/random.h"
#include "evaluate/ranking_metrics.h"
#include "train/sequence_checkpoint.h"

namespace attune {
namespace {

constexpr std::size_t kCheckTasks = 32;
constexpr std::size_t kCheckCasesMax = 2000;
// What could be computed while a parameter, its moments, average and gradient are read and written: 36 bytes.
constexpr double kOperationsPerParameter = 200;

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
      const CaseQuery asked(data, cases[i], model.shape().block.length_max);
      const Query& query = asked.query();
      const std::uint32_t answer = data.interactions.item[cases[i].position];
      model.ScoreDense(query, *scratch, scores);
      const bool repeats = std::find(query.items.begin(), query.items.end(), answer) != query.items.end();
      for (const std::uint32_t item : query.items) excluded[item] = repeats ? 0 : 1;
      gained[task] += NdcgAtRank(ExpectedRank(scores, answer, excluded), 10);
      for (const std::uint32_t item : query.items) excluded[item] = 0;
    }
  });
  return std::accumulate(gained.begin(), gained.end(), 0.0) / static_cast<double>(std::max<std::size_t>(1, count));
}

/// Writes checkpoints now and then, where there is a place for them. A checkpoint is a convenience: one that cannot be
/// written or read costs a warning.
class Saver {
 public:
  Saver(const CheckpointPlace& place, std::uint64_t fingerprint) : place_(place), fingerprint_(fingerprint) {
    if (place_.env != nullptr) saved_ms_ = Now();
  }

  /// Where the last one stopped, or the very beginning.
  SequenceCheckpoint Begin(const SequenceShape& shape, std::size_t feature_count,
                           const SequenceOptions& options) const {
    SequenceCheckpoint fresh;
    fresh.best.validation_ndcg = -1;
    fresh.state = InitialSequenceState(shape, feature_count, options.steps.seed);
    if (place_.env == nullptr) return fresh;
    auto loaded = LoadSequenceCheckpoint(place_, fingerprint_, fresh.state.parameters.size());
    if (loaded.ok()) {
      LogInfo("sequence transformer: goes on after epoch {}", loaded->epoch);
      return std::move(*loaded);
    }
    if (loaded.status().code() != Code::kNotFound) LogWarning("checkpoint: {}", loaded.status().message());
    return fresh;
  }

  void Save(const SequenceCheckpoint& checkpoint) {
    if (place_.env == nullptr || Now() - saved_ms_ < place_.every_ms) return;
    const Status saved = SaveSequenceCheckpoint(place_, fingerprint_, checkpoint);
    if (!saved.ok()) LogWarning("checkpoint: {}", saved.message());
    saved_ms_ = Now();
  }

 private:
  std::int64_t Now() const { return place_.clock->MonotonicNanoseconds() / 1'000'000; }

  const CheckpointPlace& place_;
  const std::uint64_t fingerprint_;
  std::int64_t saved_ms_ = 0;
};

/// Tells how far an epoch is, each time that `share_between` of it was done since.
class WithinEpoch {
 public:
  WithinEpoch(const OnSequenceEpoch& on_epoch, double share_between, const SequenceProgress& progress)
      : on_epoch_(on_epoch), share_between_(share_between), progress_(progress) {
    progress_.epoch_share = 0;
  }

  void Tell(double done) {
    if (!on_epoch_ || done - progress_.epoch_share < share_between_) return;
    progress_.epoch_share = done;
    on_epoch_(progress_);
  }

 private:
  const OnSequenceEpoch& on_epoch_;
  const double share_between_;
  SequenceProgress progress_;
};

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
                                const SequenceShape& planned, const SequenceOptions& options, const Workers& workers,
                                const OnSequenceEpoch& on_epoch, const CheckpointPlace& place) {
  const AttributeEmbeddings attributes(view.data->item_attributes, view.item_count());
  const EventEncoder events = EventEncoder::Fit(view);
  SequenceShape shape = planned;
  shape.event_rows = events.row_count();
  SequenceSteps steps(view, attributes, events, shape, options.steps, workers);
  Saver saver(place, SequenceFingerprint(view, cases, shape, options));
  SequenceCheckpoint now = saver.Begin(shape, attributes.feature_count(), options);
  const int first_epoch = now.epoch + 1;
  while (now.epoch < options.epochs_max && now.checks_without_gain < options.checks_without_gain_max) {
    ++now.epoch;
    WithinEpoch within(on_epoch, options.tokens_between_reports / static_cast<double>(view.size()),
                       {.epoch = now.epoch,
                        .first_epoch = first_epoch,
                        .epochs_max = options.epochs_max,
                        .validation_ndcg = now.last_ndcg});
    const auto full_rate = [&](double done) {
      within.Tell(done);
      return 1.0f;
    };
    const EpochOutcome outcome = steps.RunEpoch(now.epoch, full_rate, now.state);
    if (now.epoch % options.epochs_between_checks == 0 || now.epoch == options.epochs_max) {
      const SequenceTransformer averaged(shape, steps.Served(now.state.average), events);
      now.last_ndcg = Check(*view.data, cases, averaged, workers);
      ++now.checks_without_gain;
      if (now.last_ndcg > now.best.validation_ndcg) {
        now.checks_without_gain = 0;
        now.best.parameters = now.state.average;
        now.best.epochs = now.epoch;
        now.best.validation_ndcg = now.last_ndcg;
      }
    }
    if (workers.cancelled()) return Cancelled("training was stopped");
    saver.Save(now);
    if (on_epoch) {
      on_epoch({.epoch = now.epoch,
                .first_epoch = first_epoch,
                .epochs_max = options.epochs_max,
                .loss = outcome.loss,
                .tokens = outcome.tokens,
                .validation_ndcg = now.last_ndcg});
    }
  }
  if (workers.cancelled()) return Cancelled("training was stopped");
  now.best.shape = shape;
  now.best.steps = options.steps;
  now.best.events = events;
  now.best.served = steps.Served(now.best.parameters);
  return std::move(now.best);
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
                  .served = steps.Served(state.average),
                  .epochs = start.epochs,
                  .validation_ndcg = start.validation_ndcg};
  return fit;
}

}  // namespace attune
