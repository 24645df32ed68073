#include "reference_policies.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace attune::exploration_bench {
namespace {

constexpr float kUnknownLast = -9;
constexpr float kPriorVariance = 0.8F * 0.8F + 0.5F * 0.5F;

class ReferencePolicy final : public SimulatedPolicy {
 public:
  ReferencePolicy(Reference kind, double parameter) : kind_(kind), parameter_(static_cast<float>(parameter)) {}

  void Start(const Episode& episode) override {
    episode_ = &episode;
    beliefs_.assign(episode.population().item_count, Belief{});
  }

  std::vector<std::uint32_t> Choose(const LiveRequest& request, Random& random) override {
    scores_.resize(request.items.size());
    for (std::size_t i = 0; i < scores_.size(); ++i) scores_[i] = Score(request, i, random);
    order_.resize(scores_.size());
    std::iota(order_.begin(), order_.end(), 0U);
    std::partial_sort(order_.begin(), order_.begin() + kSlateSize, order_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return scores_[a] != scores_[b] ? scores_[a] > scores_[b] : request.items[a] < request.items[b];
    });
    std::vector<std::uint32_t> slate(order_.begin(), order_.begin() + kSlateSize);

    std::vector<std::uint32_t> fresh;
    for (std::uint32_t i = 0; i < scores_.size(); ++i) {
      if (request.is_new[i] != 0) fresh.push_back(i);
    }
    if (fresh.empty()) return slate;
    if (kind_ == Reference::kRandomSlot) slate.back() = fresh[random.Below(fresh.size())];
    if (kind_ == Reference::kEpsilonGreedy && random.Uniform() < parameter_ * kSlateSize) {
      slate[random.Below(kSlateSize)] = fresh[random.Below(fresh.size())];
    }
    return slate;
  }

  void Observe(std::size_t /*user*/, std::span<const Shown> slate) override {
    for (const Shown& shown : slate) {
      if (!shown.is_new || !shown.examined) continue;
      Belief& belief = beliefs_[shown.item];
      const float predicted = 1 / (1 + std::exp(-(shown.base_logit + belief.mean)));
      belief.variance = 1 / (1 / belief.variance + predicted * (1 - predicted));
      belief.mean += belief.variance * (static_cast<float>(shown.clicked) - predicted);
      (shown.clicked ? belief.clicks : belief.ignored) += 1;
    }
  }

 private:
  struct Belief {
    float mean = 0;
    float variance = kPriorVariance;
    float clicks = 1;
    float ignored = 1;
  };

  float Score(const LiveRequest& request, std::size_t i, Random& random) const {
    const float base = request.base_logits[i];
    if (kind_ == Reference::kOracle) return static_cast<float>(episode_->TrueLogit(request.user, request.items[i]));
    if (request.is_new[i] == 0) return base;
    const Belief& belief = beliefs_[request.items[i]];
    switch (kind_) {
      case Reference::kNewLast: return kUnknownLast;
      case Reference::kRandomSlot: return base + kUnknownLast;
      case Reference::kBetaThompson: {
        const float a = std::gamma_distribution<float>(belief.clicks)(random);
        const float b = std::gamma_distribution<float>(belief.ignored)(random);
        return std::log(a / b + 1e-9F);
      }
      case Reference::kUcb: return base + belief.mean + parameter_ * std::sqrt(belief.variance);
      case Reference::kThompson:
        return base + belief.mean + parameter_ * std::sqrt(belief.variance) * static_cast<float>(random.Normal());
      default: return base + belief.mean;
    }
  }

  const Reference kind_;
  const float parameter_;
  const Episode* episode_ = nullptr;
  std::vector<Belief> beliefs_;
  std::vector<float> scores_;
  std::vector<std::uint32_t> order_;
};

}  // namespace

std::unique_ptr<SimulatedPolicy> MakeReference(Reference kind, double parameter) {
  return std::make_unique<ReferencePolicy>(kind, parameter);
}

}  // namespace attune::exploration_bench
