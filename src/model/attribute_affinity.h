#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/workers.h"
#include "model/attribute_encoder.h"
#include "model/member.h"
#include "model/training_view.h"

namespace attune {

/// Which attributes speak: the user's own, or the contextual ones of the moment.
enum class AttributeSource { kUser, kContext };

/// What people like this one, or people at such a moment, take: for every feature f of an attribute ("AGE#3",
/// "DEVICE=phone"), how much more often item i was taken with it than altogether,
///
///     log (n_fi + k p_i) / ((n_f + k) p_i)
///
/// where n are counts, p the items' shares of all interactions and k prior interactions that know no attribute (the
/// posterior mean of a multinomial with a Dirichlet prior). An item's value is the sum over the features of the query.
/// For those with no history it is all there is besides popularity. Immutable.
class AttributeAffinity final : public Member {
 public:
  /// Counts the view. Requires that the data has attributes of the source, see Has.
  static std::unique_ptr<AttributeAffinity> Fit(const TrainingView& view, AttributeSource source,
                                                double prior_interactions);
  static Result<std::unique_ptr<Member>> Load(AttributeSource source, const SnapshotFile& file);

  /// Whether there is anything to learn of.
  static bool Has(const TrainingData& data, AttributeSource source);
  static std::string_view NameOf(AttributeSource source);

  std::string_view name() const override { return NameOf(source_); }
  std::span<const std::string_view> feature_names() const override;
  std::size_t item_count() const override { return shares_.size(); }
  std::unique_ptr<MemberScratch> MakeScratch() const override;
  void Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const override;
  Status Save(SnapshotFileWriter& file) const override;

  /// Σ over the features of `values` of log((n_fi + k p_i) / (n_f + k)), each a log probability of its own: how well
  /// they foresee that `item` is taken.
  double LogLikelihood(std::span<const NamedValue> values, std::uint32_t item) const;

  /// Of one feature the items that were taken with it most; the others count as never taken with it.
  static constexpr std::size_t kItemsPerFeatureMax = 20'000;

 private:
  AttributeAffinity(AttributeSource source, AttributeEncoder encoder) : source_(source), encoder_(std::move(encoder)) {}
  std::span<const NamedValue> ValuesOf(const Query& query) const;
  /// log (n_fi + k p_i) / (n_f + k)
  double LogShare(std::uint32_t feature, float count, std::uint32_t item) const;
  void FindLifts();

  const AttributeSource source_;
  const AttributeEncoder encoder_;
  double prior_interactions_ = 0;       ///< k
  std::vector<float> shares_;           ///< p [N], at least half an interaction's.
  std::vector<float> totals_;           ///< n_f [F]
  std::vector<std::uint64_t> offsets_;  ///< [F + 1]
  std::vector<std::uint32_t> items_;    ///< Of each feature, ascending.
  std::vector<float> counts_;           ///< n_fi, above 0.
  std::vector<float> never_;            ///< What a feature says of an item that was never taken with it. [F]
  std::vector<float> lifts_;            ///< Of items_: how much more it says of this one.
};

}  // namespace attune
