#pragma once

#include <memory>
#include <vector>

#include "model/member.h"
#include "model/training_view.h"

namespace attune {

/// How often items are taken: over all time, and with a weight that halves every half-life before the newest
/// interaction. The floor for everything, and all there is for users without history.
class Popularity final : public Member {
 public:
  /// `half_life_ms` 0 leaves the feature of recent popularity out.
  static std::unique_ptr<Popularity> Fit(const TrainingView& view, std::int64_t half_life_ms);
  /// The same from interactions in any order: `items` and their times, of equal length.
  static std::unique_ptr<Popularity> Fit(std::size_t item_count, std::span<const std::uint32_t> items,
                                         std::span<const std::int64_t> timestamp_ms, std::int64_t half_life_ms);
  static Result<std::unique_ptr<Member>> Load(const SnapshotFile& file);

  std::string_view name() const override { return "popularity"; }
  std::span<const std::string_view> feature_names() const override;
  std::size_t item_count() const override { return item_count_; }
  std::unique_ptr<MemberScratch> MakeScratch() const override { return std::make_unique<MemberScratch>(); }
  void Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const override;
  Status Save(SnapshotFileWriter& file) const override;

  /// Events that every item is taken to have had besides its own.
  static constexpr double kPriorEvents = 0.3;

 private:
  Popularity(std::size_t item_count, std::vector<float> features)
      : item_count_(item_count), features_(std::move(features)) {}

  const std::size_t item_count_;
  const std::vector<float> features_;  ///< [1 or 2, N] log shares.
};

}  // namespace attune
