#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "data/training_data.h"
#include "storage/env.h"
#include "train/sequence_plan.h"

namespace attune {

/// What may be asked of a training.
struct TrainParameters {
  std::string recipe = "aws-user-personalization";
  /// algorithmHyperParameters and featureTransformationParameters of the solution, by name, as given. Names that the
  /// recipe does not have, and values out of range, are refused (CheckTrainParameters).
  std::map<std::string, std::string> parameters;
  /// Of the solution, for the sentence of a failure alone: the data is filtered already.
  std::string event_type;
  std::uint64_t seed = 1;
  /// Floating-point operations that the sequence transformer's training may take; 0 leaves it out, kOperationsByRule
  /// follows the size of the data. About 1e11 a second on one core with AVX-512.
  double sequence_operations_max = kOperationsByRule;
};

struct TrainProgress {
  std::string_view step;  ///< "fitting neighbours"
  double fraction = 0;    ///< Of the whole training, 0 … 1, never falling.
};

struct TrainReport {
  /// By the keys of GetSolutionMetrics, four decimals.
  std::map<std::string, double> metrics;
  double seconds = 0;
  std::uint64_t peak_bytes_estimate = 0;
};

/// Everything that a training needs from outside. All of it outlives the call.
struct TrainContext {
  Env& env;
  const Clock& clock;
  ThreadPool& pool;
  /// Set by another thread to stop: the training returns Cancelled within a second and leaves no artifact.
  const std::atomic<bool>& cancelled;
  std::function<void(const TrainProgress&)> on_progress;  ///< May be empty. Called on the caller's thread.
  std::uint64_t memory_bytes_max = 0;                     ///< 0: no limit.
};

/// InvalidArgument for a name the recipe does not have or a value out of range; says which. For CreateSolution too.
Status CheckTrainParameters(const TrainParameters& parameters);

/// Trains from nothing and writes the artifact into `artifact_folder`, which must not exist; it appears complete or
/// not at all. InvalidArgument, with the sentence for failureReason, where the data does not suffice: fewer than
/// kInteractionsMin interactions, fewer than kUsersMin users with two or more, more than kEventTypesMax event types.
/// ResourceExhausted where the estimate of memory exceeds the limit. A training that was killed leaves a checkpoint,
/// and the next one into the same folder goes on from it to the same artifact, if data and parameters are the same. The
/// same data, parameters and seed give the same bytes, whatever the number of threads.
Result<TrainReport> TrainFull(const TrainingData& data, const TrainParameters& parameters, TrainContext& context,
                              const std::string& artifact_folder);

/// A new artifact from a previous one and newer data: items that are new join (from events alone too), counts of
/// popularity and exploration are refreshed; what was learned about users stays. Reports the previous metrics.
Result<TrainReport> TrainUpdate(const std::string& previous_folder, const TrainingData& data,
                                const TrainParameters& parameters, TrainContext& context,
                                const std::string& artifact_folder);

/// Beside the artifact folder while a training runs.
inline constexpr std::string_view kCheckpointSuffix = ".checkpoint";
inline constexpr std::size_t kInteractionsMin = 1000;
inline constexpr std::size_t kUsersMin = 25;
inline constexpr std::size_t kEventTypesMax = 10;

}  // namespace attune
