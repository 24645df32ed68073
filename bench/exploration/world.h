#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "population.h"

namespace attune::exploration_bench {

inline constexpr std::size_t kSlateSize = 10;

enum class Attributes {
  kInformative,  ///< Features tell part of the affinity, nothing of the quality: the reference world.
  kUseless,      ///< Features of another item, drawn at random.
  kQuality,      ///< As informative, and half of the quality's variance goes with the item's categories.
};

/// A world is a population and these. The defaults are the reference world.
struct Scenario {
  std::size_t request_count = 40'000;
  std::size_t live_count = 300;
  std::size_t new_count = 600;
  bool new_from_start = false;  ///< All new items stand beside the old ones from the first request; nothing retires.
  double intercept = -4.2;
  double affinity_weight = 0.9;
  double quality_deviation = 0.8;
  Attributes attributes = Attributes::kInformative;
  std::size_t delay_requests = 0;     ///< Feedback reaches the policy that many requests later.
  std::uint32_t popularity_min = 30;  ///< Of the items that take part.
};

/// The probability that each place of a slate is looked at. [kSlateSize]
std::span<const double> ExaminationByRank();

/// One seed's draw of a world: who is new, when each arrives, how good it is, and what the content model thinks.
/// Immutable.
class Episode {
 public:
  Episode(const Population& population, const Scenario& scenario, std::uint64_t seed);

  const Population& population() const { return population_; }
  const Scenario& scenario() const { return scenario_; }
  std::span<const std::uint32_t> old_items() const { return old_items_; }  ///< Live at the first request.
  std::span<const std::uint32_t> new_items() const { return new_items_; }  ///< In the order of arrival.
  /// Request at which new_items()[i] arrives, rising.
  std::span<const std::size_t> arrivals() const { return arrivals_; }
  bool is_new(std::uint32_t item) const { return new_index_[item] >= 0; }
  /// Every item that is not new, live or not: the model knows them all.
  std::vector<std::uint32_t> KnownItems() const;
  /// Categories of the item as policies see them.
  std::span<const std::uint32_t> attributes(std::uint32_t item) const;

  double TrueLogit(std::size_t user, std::uint32_t item) const {
    return scenario_.intercept + scenario_.affinity_weight * population_.Affinity(user, item) + quality_[item];
  }
  /// What a policy is told: the truth for known items, the content model's opinion for new ones.
  float BaseLogit(std::size_t user, std::uint32_t item) const {
    if (new_index_[item] < 0) return static_cast<float>(TrueLogit(user, item));
    return ContentLogit(user, item);
  }
  /// The content model's opinion, for known items too.
  float ContentLogit(std::size_t user, std::uint32_t item) const;
  std::size_t UserOf(std::size_t request) const { return users_[request]; }
  /// The best new items, by quality and mean affinity: a fifth of them.
  std::vector<std::uint32_t> GoodItems() const;

 private:
  void DrawItems(Random& random);
  void DrawQualities(Random& random);
  void FitContentModel();
  const float* Features(std::uint32_t item) const;

  const Population& population_;
  const Scenario scenario_;
  std::vector<std::uint32_t> old_items_;
  std::vector<std::uint32_t> new_items_;
  std::vector<std::size_t> arrivals_;
  std::vector<std::int32_t> new_index_;      ///< [I], -1 for known items.
  std::vector<std::uint32_t> feature_item_;  ///< [I], whose features the item seems to have.
  std::vector<float> quality_;               ///< [I]
  std::vector<float> content_weights_;       ///< [U, F]
  std::vector<std::uint32_t> users_;         ///< [requests]
};

/// One item of a slate and what came of it.
struct Shown {
  std::uint32_t item = 0;
  std::uint32_t rank = 1;  ///< From 1.
  float base_logit = 0;
  bool is_new = false;
  bool examined = false;  ///< Only the reference policies may look: a service does not see it.
  bool clicked = false;
};

struct LiveRequest {
  std::size_t user = 0;
  std::span<const std::uint32_t> items;  ///< Live now.
  std::span<const float> base_logits;    ///< Of each live item.
  std::span<const std::uint8_t> is_new;
};

/// A way of choosing slates, as the simulator drives it. One thread at a time.
class SimulatedPolicy {
 public:
  virtual ~SimulatedPolicy() = default;
  virtual void Start(const Episode& episode) = 0;
  /// kSlateSize positions of `request.items`, best place first.
  virtual std::vector<std::uint32_t> Choose(const LiveRequest& request, Random& random) = 0;
  virtual void Observe(std::size_t user, std::span<const Shown> slate) = 0;
};

struct Outcome {
  double regret = 0;         ///< Expected clicks below the oracle's.
  double oracle_clicks = 0;  ///< Expected.
  double clicks = 0;
  double new_impressions = 0;
  double new_clicks = 0;
  std::size_t impressions = 0;
  std::size_t never_shown = 0;
  std::size_t good_found = 0;        ///< Good new items with at least 20 impressions.
  std::vector<double> regret_curve;  ///< In percent of the oracle's clicks so far, at kCurvePoints equal steps.

  double regret_percent() const { return 100 * regret / oracle_clicks; }
};
inline constexpr std::size_t kCurvePoints = 80;

Outcome Simulate(const Episode& episode, SimulatedPolicy& policy, std::uint64_t seed);

}  // namespace attune::exploration_bench
