#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/member.h"
#include "model/training_view.h"

namespace attune {

/// Scores queries with all members into one array. One thread at a time.
class CaseScorer {
 public:
  CaseScorer(std::span<const std::shared_ptr<const Member>> members, std::size_t item_count)
      : members_(members), item_count_(item_count) {
    std::size_t features = 0;
    for (const auto& member : members) {
      scratches_.push_back(member->MakeScratch());
      features += member->feature_names().size();
    }
    features_.resize(features * item_count);
  }

  std::span<const float> Score(const Query& query) {
    std::size_t filled = 0;
    for (std::size_t m = 0; m < members_.size(); ++m) {
      const std::size_t size = members_[m]->feature_names().size() * item_count_;
      members_[m]->Score(query, *scratches_[m], std::span(features_).subspan(filled, size));
      filled += size;
    }
    return features_;
  }

 private:
  const std::span<const std::shared_ptr<const Member>> members_;
  const std::size_t item_count_;
  std::vector<std::unique_ptr<MemberScratch>> scratches_;
  std::vector<float> features_;
};

/// The items that occur in the view, ascending.
std::vector<std::uint32_t> WarmItems(const TrainingView& view);

}  // namespace attune
