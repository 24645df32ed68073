#include "serve/top_k.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/check.h"
#include "tensor/best_values.h"

namespace attune {

namespace {

constexpr std::size_t kManyScores = 4096;  // A heap of the best of fewer is as fast.

struct Before {
  std::span<const float> scores;
  bool operator()(std::uint32_t a, std::uint32_t b) const {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  }
};

/// The best so far, as a heap with the worst of them on top: most scores fail one comparison with it. Indexes must be
/// offered in rising order.
class BestScores {
 public:
  BestScores(std::span<const float> scores, std::size_t k) : scores_(scores), k_(k) {
    best_.reserve(std::min(k, scores.size()));
  }

  void Offer(std::uint32_t i) {
    if (!(scores_[i] > worst_)) return;  // A tie with the worst loses: its index is higher.
    if (best_.size() == k_) {
      std::pop_heap(best_.begin(), best_.end(), before_);
      best_.back() = i;
    } else {
      best_.push_back(i);
    }
    std::push_heap(best_.begin(), best_.end(), before_);
    if (best_.size() == k_) worst_ = scores_[best_.front()];
  }

  std::vector<std::uint32_t> Take() {
    std::sort_heap(best_.begin(), best_.end(), before_);
    return std::move(best_);
  }

 private:
  const std::span<const float> scores_;
  const std::size_t k_;
  const Before before_{scores_};
  std::vector<std::uint32_t> best_;
  float worst_ = -std::numeric_limits<float>::infinity();
};

/// Calls `visit` with every kept item, by rising index.
template <class Visit>
void ForEachKept(std::size_t count, const ItemSet& kept, Visit visit) {
  ATTUNE_CHECK(kept.size() == count);
  ForEachItem(kept, visit);
}

}  // namespace

std::vector<std::uint32_t> TopK(std::span<const float> scores, std::size_t k, const ItemSet* kept) {
  if (k == 0) return {};
  if (kept == nullptr && scores.size() >= kManyScores) {
    std::vector<std::uint32_t> items = TopKByIndex(scores, k);
    std::ranges::sort(items, Before{scores});
    return items;
  }
  BestScores best(scores, k);
  if (kept == nullptr) {
    for (std::uint32_t i = 0; i < scores.size(); ++i) best.Offer(i);
  } else {
    ForEachKept(scores.size(), *kept, [&](std::uint32_t i) { best.Offer(i); });
  }
  return best.Take();
}

std::vector<std::uint32_t> TopKByIndex(std::span<const float> scores, std::size_t k, const ItemSet* kept) {
  std::vector<std::uint32_t> items;
  if (kept != nullptr && kept->Count() > k) {
    items = TopK(scores, k, kept);
    std::ranges::sort(items);
    return items;
  }
  const auto is_chosen = [&](std::uint32_t i) { return scores[i] > -std::numeric_limits<float>::infinity(); };
  if (kept == nullptr) {
    items = BestValues(scores, k);
    std::erase_if(items, std::not_fn(is_chosen));
    return items;
  }
  ForEachKept(scores.size(), *kept, [&](std::uint32_t i) {
    if (is_chosen(i)) items.push_back(i);
  });
  return items;
}

}  // namespace attune
