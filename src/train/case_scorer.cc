#include "train/case_scorer.h"

namespace attune {

CaseScorer::CaseScorer(std::span<const std::shared_ptr<const Member>> members, std::size_t item_count)
    : members_(members), item_count_(item_count) {
  std::size_t features = 0;
  for (const auto& member : members) {
    scratches_.push_back(member->MakeScratch());
    features += member->feature_names().size();
  }
  features_.resize(features);
}

std::span<const Feature> CaseScorer::Score(const Query& query) {
  std::size_t filled = 0;
  for (std::size_t m = 0; m < members_.size(); ++m) {
    const std::size_t count = members_[m]->feature_names().size();
    members_[m]->Score(query, *scratches_[m], std::span(features_).subspan(filled, count));
    filled += count;
  }
  return features_;
}

std::span<const float> CaseScorer::ScoreDense(const Query& query) {
  dense_.resize(features_.size() * item_count_);
  const auto features = Score(query);
  for (std::size_t f = 0; f < features.size(); ++f) {
    Expand(features[f], std::span(dense_).subspan(f * item_count_, item_count_));
  }
  return dense_;
}

std::vector<std::uint32_t> WarmItems(const TrainingView& view) {
  const auto counts = ItemCounts(view);
  std::vector<std::uint32_t> warm;
  for (std::uint32_t item = 0; item < counts.size(); ++item) {
    if (counts[item] > 0) warm.push_back(item);
  }
  return warm;
}

}  // namespace attune
