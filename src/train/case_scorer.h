#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/member.h"
#include "model/training_view.h"

namespace attune {

/// Scores queries with all members. One thread at a time.
class CaseScorer {
 public:
  CaseScorer(std::span<const std::shared_ptr<const Member>> members, std::size_t item_count);

  /// [F] of all members, valid until the next query.
  std::span<const Feature> Score(const Query& query);
  /// The same written out: [F, N].
  std::span<const float> ScoreDense(const Query& query);

 private:
  const std::span<const std::shared_ptr<const Member>> members_;
  const std::size_t item_count_;
  std::vector<std::unique_ptr<MemberScratch>> scratches_;
  std::vector<Feature> features_;
  std::vector<float> dense_;
};

/// The items that occur in the view, ascending.
std::vector<std::uint32_t> WarmItems(const TrainingView& view);

}  // namespace attune
