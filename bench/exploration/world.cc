#include "world.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <numeric>

#include "base/check.h"

namespace attune::exploration_bench {
namespace {

constexpr double kRidge = 10;
constexpr std::uint32_t kFoundImpressions = 20;

double Sigmoid(double logit) { return 1 / (1 + std::exp(-logit)); }

/// Solves `matrix` [n, n] X = `right` [n, m] in place by Gauss-Jordan; the matrix is positive definite.
void Solve(std::vector<double>& matrix, std::vector<double>& right, std::size_t n) {
  const std::size_t m = right.size() / n;
  for (std::size_t pivot = 0; pivot < n; ++pivot) {
    const double scale = 1 / matrix[pivot * n + pivot];
    for (std::size_t c = 0; c < n; ++c) matrix[pivot * n + c] *= scale;
    for (std::size_t c = 0; c < m; ++c) right[pivot * m + c] *= scale;
    for (std::size_t r = 0; r < n; ++r) {
      const double factor = matrix[r * n + pivot];
      if (r == pivot || factor == 0) continue;
      for (std::size_t c = 0; c < n; ++c) matrix[r * n + c] -= factor * matrix[pivot * n + c];
      for (std::size_t c = 0; c < m; ++c) right[r * m + c] -= factor * right[pivot * m + c];
    }
  }
}

}  // namespace

std::span<const double> ExaminationByRank() {
  static const auto examination = [] {
    std::array<double, kSlateSize> values{};
    for (std::size_t i = 0; i < kSlateSize; ++i) values[i] = 1 / std::pow(static_cast<double>(i + 1), 0.6);
    return values;
  }();
  return examination;
}

Episode::Episode(const Population& population, const Scenario& scenario, std::uint64_t seed)
    : population_(population), scenario_(scenario) {
  Random random(MixSeed(seed, 1));
  DrawItems(random);
  DrawQualities(random);
  FitContentModel();
  Random user_random(MixSeed(seed, 2));
  for (std::size_t i = 0; i < scenario.request_count; ++i) {
    users_.push_back(static_cast<std::uint32_t>(user_random.Below(population.user_count)));
  }
}

void Episode::DrawItems(Random& random) {
  std::vector<std::uint32_t> eligible;
  for (std::uint32_t item = 0; item < population_.item_count; ++item) {
    if (population_.popularity[item] >= scenario_.popularity_min) eligible.push_back(item);
  }
  ATTUNE_CHECK(eligible.size() >= scenario_.live_count + scenario_.new_count);
  std::shuffle(eligible.begin(), eligible.end(), random);
  const auto middle = eligible.begin() + static_cast<std::ptrdiff_t>(scenario_.live_count);
  old_items_.assign(eligible.begin(), middle);
  new_items_.assign(middle, middle + static_cast<std::ptrdiff_t>(scenario_.new_count));

  for (std::size_t i = 0; i < scenario_.new_count; ++i) {
    arrivals_.push_back(scenario_.new_from_start ? 0 : random.Below(scenario_.request_count));
  }
  std::sort(arrivals_.begin(), arrivals_.end());
  new_index_.assign(population_.item_count, -1);
  for (std::size_t i = 0; i < new_items_.size(); ++i) new_index_[new_items_[i]] = static_cast<std::int32_t>(i);

  feature_item_.resize(population_.item_count);
  std::iota(feature_item_.begin(), feature_item_.end(), 0U);
  if (scenario_.attributes == Attributes::kUseless) std::shuffle(feature_item_.begin(), feature_item_.end(), random);
}

void Episode::DrawQualities(Random& random) {
  quality_.resize(population_.item_count);
  for (auto& value : quality_) value = static_cast<float>(random.Normal() * scenario_.quality_deviation);
  if (scenario_.attributes != Attributes::kQuality) return;
  std::vector<double> effects(population_.feature_count);
  for (auto& value : effects) value = random.Normal() * scenario_.quality_deviation;
  for (std::uint32_t item = 0; item < population_.item_count; ++item) {
    double shared = 0;
    for (const std::uint32_t category : attributes(item)) shared += effects[category];
    const double scale = std::sqrt(std::max<double>(1, static_cast<double>(attributes(item).size())));
    quality_[item] = static_cast<float>(std::sqrt(0.5) * (quality_[item] + shared / scale));
  }
}

const float* Episode::Features(std::uint32_t item) const {
  return &population_.features[feature_item_[item] * population_.feature_count];
}

std::span<const std::uint32_t> Episode::attributes(std::uint32_t item) const {
  return population_.attributes[feature_item_[item]];
}

std::vector<std::uint32_t> Episode::KnownItems() const {
  std::vector<std::uint32_t> items;
  for (std::uint32_t item = 0; item < population_.item_count; ++item) {
    if (!is_new(item)) items.push_back(item);
  }
  return items;
}

/// Ridge regression of each user's affinities for known items on the items' features.
void Episode::FitContentModel() {
  const std::size_t n = population_.feature_count;
  std::vector<double> gram(n * n, 0.0);
  std::vector<double> right(n * population_.user_count, 0.0);  // [F, U]
  for (std::size_t f = 0; f < n; ++f) gram[f * n + f] = kRidge;
  for (const std::uint32_t item : KnownItems()) {
    const float* features = Features(item);
    for (std::size_t r = 0; r < n; ++r) {
      if (features[r] == 0) continue;
      for (std::size_t c = 0; c < n; ++c) gram[r * n + c] += features[r] * features[c];
    }
  }
  const std::vector<std::uint32_t> known = KnownItems();
  for (std::size_t user = 0; user < population_.user_count; ++user) {
    for (const std::uint32_t item : known) {
      const float* features = Features(item);
      const float affinity = population_.Affinity(user, item);
      for (std::size_t f = 0; f < n; ++f) {
        if (features[f] != 0) right[f * population_.user_count + user] += features[f] * affinity;
      }
    }
  }
  Solve(gram, right, n);
  content_weights_.resize(population_.user_count * n);
  for (std::size_t user = 0; user < population_.user_count; ++user) {
    for (std::size_t f = 0; f < n; ++f) {
      content_weights_[user * n + f] = static_cast<float>(right[f * population_.user_count + user]);
    }
  }
}

float Episode::ContentLogit(std::size_t user, std::uint32_t item) const {
  const std::size_t n = population_.feature_count;
  const float* features = Features(item);
  const float* weights = &content_weights_[user * n];
  float sum = 0;
  for (std::size_t f = 0; f < n; ++f) sum += weights[f] * features[f];
  return static_cast<float>(scenario_.intercept + scenario_.affinity_weight * sum);
}

std::vector<std::uint32_t> Episode::GoodItems() const {
  std::vector<std::pair<double, std::uint32_t>> ranked;
  for (const std::uint32_t item : new_items_) {
    double mean = 0;
    for (std::size_t user = 0; user < population_.user_count; ++user) mean += population_.Affinity(user, item);
    mean /= static_cast<double>(population_.user_count);
    ranked.emplace_back(-(quality_[item] + scenario_.affinity_weight * mean), item);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::uint32_t> good;
  for (std::size_t i = 0; i < ranked.size() / 5; ++i) good.push_back(ranked[i].second);
  return good;
}

namespace {

/// The run of one policy through one episode.
class Simulation {
 public:
  Simulation(const Episode& episode, SimulatedPolicy& policy, std::uint64_t seed)
      : episode_(episode),
        policy_(policy),
        random_(MixSeed(seed, 3)),
        live_(episode.old_items().begin(), episode.old_items().end()) {}

  Outcome Run() {
    policy_.Start(episode_);
    impressions_.resize(episode_.population().item_count);
    const std::size_t request_count = episode_.scenario().request_count;
    for (std::size_t t = 0; t < request_count; ++t) {
      Arrive(t);
      Serve(episode_.UserOf(t));
      while (pending_.size() > episode_.scenario().delay_requests) Deliver();
      if ((t + 1) * kCurvePoints / request_count > outcome_.regret_curve.size()) {
        outcome_.regret_curve.push_back(outcome_.regret_percent());
      }
    }
    for (const std::uint32_t item : episode_.new_items()) outcome_.never_shown += impressions_[item] == 0;
    for (const std::uint32_t item : episode_.GoodItems()) {
      outcome_.good_found += impressions_[item] >= kFoundImpressions;
    }
    return outcome_;
  }

 private:
  struct Feedback {
    std::size_t user = 0;
    std::vector<Shown> slate;
  };

  void Arrive(std::size_t t) {
    while (arrived_ < episode_.new_items().size() && episode_.arrivals()[arrived_] <= t) {
      live_.push_back(episode_.new_items()[arrived_++]);
      if (!episode_.scenario().new_from_start) live_.pop_front();
    }
  }

  void Serve(std::size_t user) {
    items_.assign(live_.begin(), live_.end());
    base_logits_.resize(items_.size());
    truth_.resize(items_.size());
    is_new_.resize(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i) {
      base_logits_[i] = episode_.BaseLogit(user, items_[i]);
      truth_[i] = episode_.TrueLogit(user, items_[i]);
      is_new_[i] = episode_.is_new(items_[i]) ? 1 : 0;
    }
    const std::vector<std::uint32_t> chosen =
        policy_.Choose({.user = user, .items = items_, .base_logits = base_logits_, .is_new = is_new_}, random_);
    ATTUNE_CHECK(chosen.size() == kSlateSize);

    const auto examination = ExaminationByRank();
    Feedback feedback{.user = user};
    double value = 0;
    for (std::size_t place = 0; place < kSlateSize; ++place) {
      const std::uint32_t index = chosen[place];
      const double probability = Sigmoid(truth_[index]);
      value += examination[place] * probability;
      const bool examined = random_.Uniform() < examination[place];
      const bool clicked = random_.Uniform() < probability && examined;
      Count(items_[index], is_new_[index] != 0, clicked);
      feedback.slate.push_back({.item = items_[index],
                                .rank = static_cast<std::uint32_t>(place + 1),
                                .base_logit = base_logits_[index],
                                .is_new = is_new_[index] != 0,
                                .examined = examined,
                                .clicked = clicked});
    }
    const double best = OracleValue();
    outcome_.regret += best - value;
    outcome_.oracle_clicks += best;
    pending_.push_back(std::move(feedback));
  }

  void Count(std::uint32_t item, bool is_new, bool clicked) {
    ++outcome_.impressions;
    ++impressions_[item];
    outcome_.clicks += clicked;
    outcome_.new_impressions += is_new;
    outcome_.new_clicks += is_new && clicked;
  }

  double OracleValue() {
    std::partial_sort(truth_.begin(), truth_.begin() + kSlateSize, truth_.end(), std::greater<>());
    double value = 0;
    for (std::size_t place = 0; place < kSlateSize; ++place)
      value += ExaminationByRank()[place] * Sigmoid(truth_[place]);
    return value;
  }

  void Deliver() {
    policy_.Observe(pending_.front().user, pending_.front().slate);
    pending_.pop_front();
  }

  const Episode& episode_;
  SimulatedPolicy& policy_;
  Random random_;
  std::deque<std::uint32_t> live_;
  std::size_t arrived_ = 0;
  std::vector<std::uint32_t> items_;
  std::vector<float> base_logits_;
  std::vector<double> truth_;
  std::vector<std::uint8_t> is_new_;
  std::vector<std::uint32_t> impressions_;
  std::deque<Feedback> pending_;
  Outcome outcome_;
};

}  // namespace

Outcome Simulate(const Episode& episode, SimulatedPolicy& policy, std::uint64_t seed) {
  return Simulation(episode, policy, seed).Run();
}

}  // namespace attune::exploration_bench
