#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/workers.h"
#include "model/sequence_transformer.h"
#include "model/training_view.h"
#include "train/validation_case.h"

namespace attune {

struct SequenceOptions {
  std::uint64_t seed = 1;
  int epochs_max = 60;
  int epochs_between_checks = 3;
  int checks_without_gain_max = 3;  ///< After so many the training stops.
  /// Users whose gradients are added before a step: a fortieth of all, within these. Small data needs many steps.
  std::size_t users_per_step_min = 16;
  std::size_t users_per_step_max = 128;
  float rate = 1e-3f;
  int warm_up_steps = 100;
  float dropout = 0.2f;
  float average = 0.99f;  ///< Of the moving average of parameters.
};

/// What a training gives, and another goes on from.
struct SequenceFit {
  SequenceShape shape;
  std::vector<float> parameters;
  int epochs = 0;  ///< That gave these parameters.
  double validation_ndcg = 0;
};

/// How many floating-point operations an epoch over `view` takes, about.
double SequenceEpochCost(const TrainingView& view, const SequenceShape& shape);

/// Trains on the newest length_max + 1 events of every user by full softmax at every step; keeps the moving average of
/// parameters that ranks `cases` best by NDCG@10; items of the history are left out where the answer is none of them.
/// Sums are added in a fixed order: the same bits for any number of threads. `on_epoch(epoch, loss)` may be empty.
/// Cancelled if the workers are.
Result<SequenceFit> FitSequence(const TrainingView& view, std::span<const ValidationCase> cases,
                                const SequenceShape& shape, const SequenceOptions& options, const Workers& workers,
                                const std::function<void(int, double)>& on_epoch);

/// Goes on from `start` for `epochs` over `view`, at the full rate with a falling end.
Result<SequenceFit> ContinueSequence(const TrainingView& view, const SequenceFit& start, int epochs,
                                     const SequenceOptions& options, const Workers& workers);

}  // namespace attune
