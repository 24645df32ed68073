#include "campaign_policy.h"

#include <algorithm>
#include <cmath>

#include "explore/gaussian_thompson.h"

namespace attune::exploration_bench {
namespace {

constexpr std::size_t kAnchors = 256;
constexpr std::size_t kSampledUsers = 1'000;

float LogSumExp(std::span<const float> values) {
  const float highest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const float value : values) sum += std::exp(value - highest);
  return highest + static_cast<float>(std::log(sum));
}

}  // namespace

void CampaignPolicy::Start(const Episode& episode) {
  Random random(11);
  std::vector<std::uint32_t> anchors = episode.KnownItems();
  std::shuffle(anchors.begin(), anchors.end(), random);
  anchors.resize(std::min(anchors.size(), kAnchors));
  const std::size_t user_count = episode.population().user_count;
  const auto scores_of = [&](std::size_t user) {
    std::vector<float> scores;
    for (const std::uint32_t item : anchors) scores.push_back(episode.BaseLogit(user, item));
    return scores;
  };

  UserFactors user_factors;
  if (options_.factor_count > 0) {
    std::vector<float> sample;
    for (std::size_t i = 0; i < std::min(user_count, kSampledUsers); ++i) {
      const std::vector<float> scores = scores_of(random.Below(user_count));
      sample.insert(sample.end(), scores.begin(), scores.end());
    }
    user_factors = UserFactors::Fit(sample, anchors.size(), options_.factor_count);
  }
  factor_count_ = user_factors.factor_count();
  factors_.resize(user_count * factor_count_);
  for (std::size_t user = 0; factor_count_ > 0 && user < user_count; ++user) {
    user_factors.Project(scores_of(user), std::span(factors_).subspan(user * factor_count_, factor_count_));
  }

  posterior_ = std::make_unique<Posterior>(Posterior::Options{
      .factor_count = factor_count_, .scores_are_click_logits = !options_.service_view, .items_max = 100'000});
  for (const std::uint32_t item : episode.new_items()) {
    std::vector<std::uint64_t> attributes;
    for (const std::uint32_t category : episode.attributes(item)) attributes.push_back(category);
    if (!options_.shares_attributes) attributes.clear();
    ATTUNE_CHECK(posterior_->SetItem(item, 0, attributes).ok());
  }
  normalizers_.assign(user_count, 0.0F);
}

std::vector<std::uint32_t> CampaignPolicy::Choose(const LiveRequest& request, Random& random) {
  scores_.assign(request.base_logits.begin(), request.base_logits.end());
  if (options_.service_view) {
    normalizers_[request.user] = LogSumExp(scores_);
    for (float& score : scores_) score -= normalizers_[request.user];
  }
  const SlateBeliefs beliefs = ReadBeliefs(*posterior_, request.items, request.is_new, FactorsOf(request.user));
  const SlateRequest slate_request{.scores = scores_,
                                   .eligible = request.is_new,
                                   .beliefs = &beliefs,
                                   .slate_size = kSlateSize,
                                   .weight = options_.weight};
  std::vector<std::uint32_t> slate;
  for (const Choice& choice : policy_->Choose(slate_request, random)) slate.push_back(choice.index);
  return slate;
}

void CampaignPolicy::Observe(std::size_t user, std::span<const Shown> slate) {
  std::vector<Impression> list;
  for (const Shown& shown : slate) {
    list.push_back({.item = shown.item,
                    .rank = shown.rank,
                    .score = shown.base_logit - normalizers_[user],
                    .feedback = shown.clicked ? Feedback::kClicked : Feedback::kIgnored});
  }
  ATTUNE_CHECK(posterior_->Observe(list, FactorsOf(user)).ok());
}

std::unique_ptr<CampaignPolicy> MakeCampaign(const CampaignOptions& options) {
  return std::make_unique<CampaignPolicy>(
      std::make_unique<GaussianThompson>(GaussianThompson::Options{.propensity_draws = options.propensity_draws}),
      options);
}

}  // namespace attune::exploration_bench
