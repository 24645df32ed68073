#pragma once

#include <memory>
#include <vector>

#include "base/workers.h"
#include "model/member.h"
#include "model/sequence_index.h"

namespace attune {

/// "Who took i took j soon after": each item's followers within kWindow events, weighted by one over the gap, less so
/// for followers that are popular everywhere. Kept: the kFollowersMax heaviest per item.
class SequentialRules final : public Member {
 public:
  static std::unique_ptr<SequentialRules> Fit(const SequenceIndex& index, const Workers& workers);
  static Result<std::unique_ptr<Member>> Load(const SnapshotFile& file);

  std::string_view name() const override { return "rules"; }
  std::span<const std::string_view> feature_names() const override;
  std::size_t item_count() const override { return offsets_.size() - 1; }
  std::unique_ptr<MemberScratch> MakeScratch() const override;
  void Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const override;
  Status Save(SnapshotFileWriter& file) const override;

  static constexpr std::size_t kWindow = 20;
  static constexpr std::size_t kFollowersMax = 300;
  /// So many of the newest events of a history speak, each kDecay as loud as the one after it.
  static constexpr std::size_t kEventsRead = 30;
  static constexpr float kDecay = 0.7f;

 private:
  SequentialRules() = default;

  // Constant after Fit or Load. Followers of item i: [offsets_[i], offsets_[i + 1]), heaviest first.
  std::vector<std::uint32_t> offsets_;
  std::vector<std::uint32_t> followers_;
  std::vector<float> weights_;
};

}  // namespace attune
