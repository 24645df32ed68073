#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "data/training_data.h"
#include "evaluate/ranking_metrics.h"
#include "storage/env.h"
#include "train/model_fit.h"

namespace attune {

/// The quality of one ranking over all tests: "ndcg_at_10", "hr_at_10", "mrr_at_10", "precision_at_10" and the same at
/// 5 and 25; "coverage", the share of the catalogue in anybody's first ten, and "tail_share", the share of those places
/// that hold an item outside of the most popular fifth.
struct RankingQuality {
  std::map<std::string, double> figures;
  std::map<std::string, PairedDifference> intervals;  ///< Of "ndcg_at_10" and "hr_at_10", by bootstrap over users.
  std::vector<double> ndcg_at_10;                     ///< [tests]
};

struct LeaveOneOutReport {
  RankingQuality blend;
  std::map<std::string, RankingQuality> members;               ///< By the name of the feature that the blend weighs.
  std::map<std::string, PairedDifference> blend_minus_member;  ///< Of NDCG@10.
  std::size_t test_count = 0;
  double fit_seconds = 0;  ///< Search, members, blend, and the artifact written.
  /// Events that the sequence transformer learned from in a second, from its first epoch's end to its last's, checks on
  /// validation included; 0 where it was left out.
  double train_tokens_per_second = 0;
};

/// Each user's last event is the answer, the one before it validation, the rest training. The model is fitted on the
/// training part alone; at the test the history ends with the validation event. Users with fewer than three events
/// train and are not tested; an answer that stands in the history is a miss. All items of the catalogue but those of
/// the user's history are ranked; ties count at their expected rank. The artifact is written into `artifact_folder`.
Result<LeaveOneOutReport> EvaluateLeaveOneOut(const TrainingData& data, const FitOptions& options,
                                              const FitContext& context, Env& env, const Clock& clock,
                                              const std::string& artifact_folder);

/// Validation users that the blend is fitted on, at most: evenly spread over all.
inline constexpr std::size_t kLeaveOneOutFitCasesMax = 6000;

}  // namespace attune
