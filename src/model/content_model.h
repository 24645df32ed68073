#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/workers.h"
#include "model/attribute_encoder.h"
#include "model/latent_factors.h"
#include "model/member.h"
#include "model/new_item.h"
#include "model/training_view.h"
#include "tensor/row_scan.h"

namespace attune {

using LatentPlace = std::array<float, kLatentDimensions>;

/// What attributes alone say of an item.
struct ItemContent {
  SparseVector attributes;   ///< Unit length, or empty.
  LatentPlace place{};       ///< Where among the latent factors it is expected.
  float log_popularity = 0;  ///< Natural log of how often it would be taken, up to a constant.
};

/// Items of a history added up.
struct ContentSum {
  LatentPlace place{};            ///< Unit length, or zero.
  std::vector<float> attributes;  ///< [features] unit length, or zero.
};

/// A user as the sum of the items of their history: what they took last, and what they took altogether.
struct ContentProfile {
  ContentSum recent;        ///< The newest loudest.
  ContentSum steady;        ///< All alike.
  float length_factor = 0;  ///< Blend::LengthFactor of the history.
};

/// What a profile adds to a new item's log probability, its weights multiplied in.
struct ColdTaste {
  double constant = 0;
  LatentPlace place{};
  std::vector<float> attributes;  ///< [features]
};

/// Says from its attributes alone how an item that nobody has met will be taken by a user: places among the latent
/// factors and popularity are regressed on attributes (ridge), and how far to trust them was fitted on items held out
/// of that regression. Immutable once fitted.
class ContentModel {
 public:
  /// What a new item's log probability is a weighted sum of: 1, closeness to the recent place, the same times length
  /// factor, expected popularity, cosine with the recent attributes, closeness to the steady place, cosine with the
  /// steady attributes.
  static constexpr std::size_t kColdFeatures = 7;
  using ColdFeatures = std::array<float, kColdFeatures>;

  /// Regresses `factors` [N, D] and log counts on the attributes of the items that occur in `view` and are not
  /// `held_out` (a flag per item, or empty).
  static ContentModel Fit(const TrainingView& view, std::span<const float> factors,
                          std::span<const std::uint8_t> held_out, const Workers& workers);
  static Result<ContentModel> Load(const SnapshotFile& file);
  Status Save(SnapshotFileWriter& file) const;

  ItemContent Describe(const AttributeValues& values) const;
  ItemContent Describe(const Attributes& attributes, std::size_t row) const;
  ColdFeatures Features(const ContentProfile& profile, const ItemContent& item) const;

  /// An item that was taken `interactions` times and is known as `known`, under other attributes. Its place moves by
  /// what they say, as far as what was taken has left them a say.
  ItemContent Redescribe(const ItemContent& known, const AttributeValues& values, std::uint32_t interactions) const;
  /// The difference between what both sets of attributes say, scaled by how much attributes still say of an item that
  /// was taken so often: what was learned of it stays.
  ItemContent Change(const SparseVector& from, const SparseVector& to, std::uint32_t interactions) const;
  /// What a change adds to the item's log score, by the same measure as that of a new item.
  float LogChange(const ColdTaste& taste, const ItemContent& change) const;
  /// The weighted sum of Features, with what does not depend on the item multiplied once: many items cost little.
  ColdTaste Taste(const ContentProfile& profile) const;
  double LogPrior(const ColdTaste& taste, const ItemContent& item) const;
  /// Log probability of a new item, given how often it was taken since it came: more than expected raises it, as a
  /// gamma prior would. Less does not lower it, for nobody knows whether it was ever shown: exploration counts that.
  /// The prior is worth kPriorInteractionsMin interactions or more.
  static constexpr double kPriorInteractionsMin = 5;
  float LogProbability(double log_prior, std::uint32_t interactions, std::uint64_t events_since) const;

  std::size_t attribute_count() const { return encoder_.feature_count(); }
  std::string_view attribute_name(std::uint32_t attribute) const { return encoder_.feature_name(attribute); }
  const std::array<double, kColdFeatures>& cold_weights() const { return cold_weights_; }
  void set_cold_weights(const std::array<double, kColdFeatures>& weights) { cold_weights_ = weights; }
  /// Of a new item's log probability, from how far the regression missed popularity on held-out items.
  double standard_deviation() const { return standard_deviation_; }
  /// The ridge chosen on held-out items.
  double ridge() const { return ridge_; }

 private:
  explicit ContentModel(AttributeEncoder encoder) : encoder_(std::move(encoder)) {}
  ItemContent Describe(SparseVector attributes) const;

  AttributeEncoder encoder_;
  std::vector<float> weights_;    ///< [features, D + 1]: of places and popularity.
  std::vector<float> intercept_;  ///< [D + 1]
  std::array<double, kColdFeatures> cold_weights_{};
  double standard_deviation_ = 1;
  double ridge_ = 1;
};

/// What is known of each item of the catalogue, by index, for profiles. [C]
using ItemContents = std::vector<ItemContent>;

/// Adds up the newest kProfileEvents of a history. `content_of(item)` gives an item's ItemContent or nullptr.
template <class ContentOf>
ContentProfile MakeProfile(std::span<const std::uint32_t> history, std::size_t attribute_count, float length_factor,
                           const ContentOf& content_of);
/// As many as a session keeps. The recent part hears fewer, for beyond them nothing is loud enough.
inline constexpr std::size_t kProfileEvents = 200;
inline constexpr std::size_t kRecentEvents = 100;
inline constexpr float kProfileDecay = 0.97f;

/// Closeness of the user's place to each item's, as a member: what was taken pulls an item's place away from where its
/// attributes alone would put it, the more the more often it was taken.
class LatentMember final : public Member {
 public:
  static std::unique_ptr<LatentMember> Fit(std::span<const ItemContent> contents);
  static Result<std::unique_ptr<Member>> Load(const SnapshotFile& file);

  std::string_view name() const override { return "latent"; }
  std::span<const std::string_view> feature_names() const override;
  std::size_t item_count() const override { return places_.size() / kLatentDimensions; }
  std::unique_ptr<MemberScratch> MakeScratch() const override;
  void Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const override;
  bool rounds() const override { return scan_.is_rounded(); }
  void Refine(std::span<const std::uint32_t> items, MemberScratch& scratch) const override;
  Status Save(SnapshotFileWriter& file) const override;

 private:
  explicit LatentMember(std::vector<float> places) : places_(std::move(places)), scan_(places_, kLatentDimensions) {}

  const std::vector<float> places_;  ///< [N, D]
  const RowScan scan_;               ///< The same.
};

/// The contents of all items of `view`: for those taken, the place between what `factors` [N, D] and attributes say.
ItemContents DescribeItems(const ContentModel& model, const TrainingView& view, std::span<const float> factors,
                           const Workers& workers);

/// Adds `content` to `sum`, `loudness` times.
void AddTo(ContentSum& sum, const ItemContent& content, float loudness);
void Normalise(ContentSum& sum);

template <class ContentOf>
ContentProfile MakeProfile(std::span<const std::uint32_t> history, std::size_t attribute_count, float length_factor,
                           const ContentOf& content_of) {
  ContentProfile profile{.recent = {.place = {}, .attributes = std::vector<float>(attribute_count)},
                         .steady = {.place = {}, .attributes = std::vector<float>(attribute_count)},
                         .length_factor = length_factor};
  float loudness = 1;
  const std::size_t read = std::min(history.size(), kProfileEvents);
  for (std::size_t age = 1; age <= read; ++age, loudness *= kProfileDecay) {
    const ItemContent* content = content_of(history[history.size() - age]);
    if (content == nullptr) continue;
    if (age <= kRecentEvents) AddTo(profile.recent, *content, loudness);
    AddTo(profile.steady, *content, 1);
  }
  Normalise(profile.recent);
  Normalise(profile.steady);
  return profile;
}

}  // namespace attune
