#include "serve/few_taken.h"

#include <algorithm>
#include <utility>

namespace attune {
namespace {

/// In training.
std::uint32_t MeetingsOf(const RecommenderModel& model, std::uint32_t item) {
  const ItemPrior prior = model.item_prior(item);
  return prior.interactions + prior.impressions;
}

}  // namespace

FewTaken::FewTaken(const RecommenderModel& model) : base_count_(model.item_count()) {
  std::vector<std::pair<std::int64_t, std::uint32_t>> found;
  for (std::uint32_t item = 0; item < base_count_; ++item) {
    if (MeetingsOf(model, item) < kFewInteractions) found.emplace_back(model.item_created_ms(item), item);
  }
  std::ranges::sort(found, std::greater<>());
  found.resize(std::min(found.size(), kListMax));
  for (const auto& [created_ms, item] : found) newest_first_.push_back(item);
}

std::vector<std::uint32_t> FewTaken::AddTo(ItemSet& eligible, const RecommenderModel& model, const Posterior& posterior,
                                           const ItemSet* kept, std::size_t count_max, std::size_t unmet_max) const {
  std::vector<std::uint32_t> added;
  std::size_t unmet = 0;
  const auto consider = [&](std::uint32_t item) {
    if (added.size() >= count_max || eligible.Has(item) || (kept != nullptr && !kept->Has(item))) return;
    const Posterior::Meetings since = posterior.MeetingsOf(item);
    if (since.clicked == 0 && unmet >= unmet_max) return;  // Whichever way it is met, there is no room for it.
    const float met = static_cast<float>(MeetingsOf(model, item)) + since.ignored + static_cast<float>(since.clicked);
    const bool is_unmet = met < static_cast<float>(kFewInteractions);
    if (is_unmet ? unmet >= unmet_max : since.clicked == 0) return;
    unmet += is_unmet ? 1 : 0;
    added.push_back(item);
    eligible.Set(item, true);
  };
  for (auto item = static_cast<std::uint32_t>(base_count_); item < model.item_count(); ++item) consider(item);
  constexpr std::size_t kAhead = 16;  // Beliefs lie far from each other.
  for (std::size_t i = 0; i < newest_first_.size(); ++i) {
    if (i + kAhead < newest_first_.size()) posterior.Expect(newest_first_[i + kAhead]);
    consider(newest_first_[i]);
  }
  return added;
}

}  // namespace attune
