#pragma once

#include <memory>
#include <vector>

#include "base/workers.h"
#include "model/member.h"
#include "model/training_view.h"

namespace attune {

/// Item-to-item weights that reconstruct each history from its other items best (ridge regression with a diagonal of
/// zeros: Steck, "Embarrassingly shallow autoencoders for sparse data", 2019), applied to a history whose events fade
/// with age. Learned for the kItemsMax most frequent items; kept: the kWeightsMax largest weights per item.
class LinearModel final : public Member {
 public:
  /// Cost O(items³ + sum of squared history lengths), memory 4 x items² bytes, items up to kItemsMax.
  static std::unique_ptr<LinearModel> Fit(const TrainingView& view, const Workers& workers);
  static Result<std::unique_ptr<Member>> Load(const SnapshotFile& file);

  std::string_view name() const override { return "linear"; }
  std::span<const std::string_view> feature_names() const override;
  std::size_t item_count() const override { return offsets_.size() - 1; }
  std::unique_ptr<MemberScratch> MakeScratch() const override;
  void Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const override;
  Status Save(SnapshotFileWriter& file) const override;

  static constexpr std::size_t kItemsMax = 8192;
  static constexpr std::size_t kWeightsMax = 512;
  static constexpr std::size_t kEventsRead = 200;
  static constexpr float kDecay = 0.98f;
  /// The ridge is this many times the mean number of users of an item, and at least kRidgeMin.
  static constexpr double kRidgePerUser = 3.4;
  static constexpr double kRidgeMin = 10;

 private:
  LinearModel() = default;
  void FindReached();

  // Constant after Fit or Load. Weights from item i: [offsets_[i], offsets_[i + 1]).
  std::vector<std::uint32_t> offsets_;
  std::vector<std::uint32_t> targets_;
  std::vector<float> weights_;
  std::vector<std::uint32_t> reached_;  ///< Every item that some weight goes to, once, ascending.
};

}  // namespace attune
