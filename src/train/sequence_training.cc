#include "train/sequence_training.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/log.h"
#include "evaluate/ranking_metrics.h"
#include "train/within_epoch.h"

namespace attune {
namespace {

constexpr std::size_t kCheckTasks = 32;

/// NDCG@10 over the cases: an answer that is new to its user among the items that are, any other among all.
double RankCases(const TrainingData& data, std::span<const ValidationCase> cases, const SequenceTransformer& model,
                 const Workers& workers) {
  std::vector<double> gained(kCheckTasks);
  const std::size_t count = std::min(cases.size(), SequenceTraining::kCheckCasesMax);
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
/// written costs a warning.
class Saver {
 public:
  Saver(const CheckpointPlace& place, std::uint64_t fingerprint) : place_(place), fingerprint_(fingerprint) {
    if (place_.env != nullptr) saved_ms_ = Now();
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

SequenceShape WithEventRows(SequenceShape shape, std::size_t event_rows) {
  shape.event_rows = event_rows;
  return shape;
}

}  // namespace

SequenceTraining::SequenceTraining(const TrainingView& view, std::span<const ValidationCase> cases,
                                   const SequenceShape& shape, const SequenceOptions& options, const Workers& workers,
                                   const OnSequenceEpoch& on_epoch)
    : view_(view),
      cases_(cases),
      options_(options),
      workers_(workers),
      on_epoch_(on_epoch),
      attributes_(view.data->item_attributes, view.item_count()),
      events_(EventEncoder::Fit(view)),
      shape_(WithEventRows(shape, events_.row_count())),
      fingerprint_(SequenceFingerprint(view, cases, shape_, options)) {
  now_.best.validation_ndcg = -1;
  now_.state = InitialSequenceState(shape_, attributes_.feature_count(), options.steps.seed);
}

bool SequenceTraining::ResumeFrom(const CheckpointPlace& place) {
  if (place.env == nullptr) return false;
  auto loaded = LoadSequenceCheckpoint(place, fingerprint_, now_.state.parameters.size());
  if (loaded.ok()) {
    LogInfo("sequence transformer: goes on after epoch {}", loaded->epoch);
    now_ = *std::move(loaded);
    return true;
  }
  if (loaded.status().code() != Code::kNotFound) LogWarning("checkpoint: {}", loaded.status().message());
  return false;
}

Status SequenceTraining::RunTo(int epoch, const CheckpointPlace& place) {
  SequenceSteps steps(view_, attributes_, events_, shape_, options_.steps, workers_);
  Saver saver(place, fingerprint_);
  const int end = std::min(epoch, options_.epochs_max);
  SequenceProgress progress{.first_epoch = now_.epoch + 1, .epochs_max = options_.epochs_max};
  while (now_.epoch < end && now_.checks_without_gain < options_.checks_without_gain_max) {
    progress.epoch = ++now_.epoch;
    progress.validation_ndcg = now_.last_ndcg;
    WithinEpoch within(on_epoch_, options_.tokens_between_reports / static_cast<double>(view_.size()), progress);
    const auto full_rate = [&](double done) {
      within.Tell(done);
      return 1.0f;
    };
    const EpochOutcome outcome = steps.RunEpoch(now_.epoch, full_rate, now_.state);
    if (now_.epoch % options_.epochs_between_checks == 0 || now_.epoch == end) Check();
    if (workers_.cancelled()) return Cancelled("training was stopped");
    saver.Save(now_);
    if (!on_epoch_) continue;
    SequenceProgress done = progress;
    done.loss = outcome.loss;
    done.tokens = outcome.tokens;
    done.validation_ndcg = now_.last_ndcg;
    on_epoch_(done);
  }
  return workers_.cancelled() ? Cancelled("training was stopped") : Status();
}

void SequenceTraining::Check() {
  const SequenceTransformer averaged(shape_, ServedParameters(shape_, attributes_, now_.state.average), events_);
  now_.last_ndcg = RankCases(*view_.data, cases_, averaged, workers_);
  ++now_.checks_without_gain;
  if (now_.last_ndcg <= now_.best.validation_ndcg) return;
  now_.checks_without_gain = 0;
  now_.best.parameters = now_.state.average;
  now_.best.epochs = now_.epoch;
  now_.best.validation_ndcg = now_.last_ndcg;
}

SequenceFit SequenceTraining::Finish() && {
  SequenceFit fit = std::move(now_.best);
  fit.shape = shape_;
  fit.steps = options_.steps;
  fit.events = events_;
  fit.served = ServedParameters(shape_, attributes_, fit.parameters);
  return fit;
}

}  // namespace attune
