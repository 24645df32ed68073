#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/workers.h"
#include "model/sequence_transformer.h"
#include "model/training_view.h"
#include "storage/env.h"
#include "train/sequence_steps.h"
#include "train/validation_case.h"

namespace attune {

inline constexpr double kTokensBetweenReports = 1e6;

struct SequenceOptions {
  SequenceStepOptions steps;
  int epochs_max = 60;
  int epochs_between_checks = 3;
  int checks_without_gain_max = 3;  ///< After so many the training stops.
  double tokens_between_reports = kTokensBetweenReports;
  /// Of a training with impressions and of one without, before one of them goes on: see FitSequenceUnharmed. Earlier
  /// neither ranks well enough to be compared.
  std::size_t trial_steps = 1000;
};

/// What a training gives, and another goes on from.
struct SequenceFit {
  SequenceShape shape;
  SequenceStepOptions steps;
  EventEncoder events;
  std::vector<float> parameters;  ///< As SequenceState has them.
  std::vector<float> served;      ///< As SequenceTransformer reads them.
  int epochs = 0;                 ///< That gave these parameters.
  double validation_ndcg = 0;
};

/// How far a training is: after each epoch, and within one after each SequenceOptions::tokens_between_reports.
struct SequenceProgress {
  int epoch = 0;        ///< From 1.
  int first_epoch = 1;  ///< Of this run: later where it went on from a checkpoint.
  int epochs_max = 0;
  double epoch_share = 1;  ///< What is done of the epoch; what follows is said of whole ones.
  double loss = 0;
  std::size_t tokens = 0;       ///< Of this epoch.
  double validation_ndcg = -1;  ///< At the last check; negative before the first.
  bool is_last_fit = false;     ///< ContinueSequence's, which nothing validates.
  int trial_epochs = 0;         ///< What is trained besides epochs_max: see FitSequenceUnharmed.
};
using OnSequenceEpoch = std::function<void(const SequenceProgress&)>;

/// Where a training leaves how far it is, and looks for it when it begins. What these point to outlives it.
struct CheckpointPlace {
  Env* env = nullptr;  ///< None: no checkpoints.
  const Clock* clock = nullptr;
  std::string path;
  std::int64_t every_ms = 20'000;  ///< At the first epoch's end after so long.
};

/// What an epoch takes.
struct SequenceCost {
  double operations = 0;  ///< Of floating-point numbers, about.
  std::size_t steps = 0;
};
SequenceCost CostOfEpoch(const TrainingView& view, const SequenceShape& shape, const SequenceStepOptions& options);

/// A SequenceTraining from the beginning, or from the checkpoint at `place`, to its end. `on_epoch` may be empty.
/// Cancelled if the workers are.
Result<SequenceFit> FitSequence(const TrainingView& view, std::span<const ValidationCase> cases,
                                const SequenceShape& shape, const SequenceOptions& options, const Workers& workers,
                                const OnSequenceEpoch& on_epoch, const CheckpointPlace& place = {});

/// Goes on from `start` for `epochs` over `view`, which is of the same data, at a rate that falls to nothing.
/// `on_epoch` may be empty.
Result<SequenceFit> ContinueSequence(const TrainingView& view, const SequenceFit& start, int epochs,
                                     const Workers& workers, const OnSequenceEpoch& on_epoch = {},
                                     double tokens_between_reports = kTokensBetweenReports);

}  // namespace attune
