#include "serve/top_k.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "base/check.h"

namespace attune {

namespace {

/// The best so far, as a heap with the worst of them on top: most scores fail one comparison with it. Indexes must be
/// offered in rising order.
class BestScores {
 public:
  BestScores(std::span<const float> scores, std::size_t k) : scores_(scores), k_(k) {
    best_.reserve(std::min(k, scores.size()));
  }

  /// All of them, in their order.
  void OfferAll() {
    RaiseWorst();
    std::uint32_t i = 0;
    for (; i + kBlock <= scores_.size(); i += kBlock) {
      if (!AnyBetter(scores_.data() + i)) continue;
      for (std::uint32_t each = i; each < i + kBlock; ++each) Offer(each);
    }
    for (; i < scores_.size(); ++i) Offer(i);
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
  struct Before {
    std::span<const float> scores;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
    }
  };

  static constexpr std::uint32_t kBlock = 32;
  static constexpr std::size_t kGroupSizeMin = 8;
  static constexpr std::size_t kGroupSizeMax = 64;

  /// Of twice as many groups of scores as are looked for, k have a maximum that is no worse than the k-th best of their
  /// maxima: what is below that is not among the best. So few scores are offered before the heap holds good ones. The
  /// first scores alone tell nearly as much as all.
  void RaiseWorst() {
    const std::size_t groups = 2 * k_;
    if (scores_.size() / groups < kGroupSizeMin) return;
    std::vector<float> maxima(groups, worst_);
    const std::size_t end = std::min(scores_.size(), groups * kGroupSizeMax);
    for (std::size_t from = 0; from + groups <= end; from += groups) {
      for (std::size_t g = 0; g < groups; ++g) maxima[g] = std::max(maxima[g], scores_[from + g]);
    }
    const auto kth = maxima.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(maxima.begin(), kth, maxima.end(), std::greater<>());
    worst_ = std::nextafter(*kth, worst_);
  }

  /// Whether one of kBlock scores would be taken: without a branch, so that the compiler compares several at once.
  bool AnyBetter(const float* scores) const {
    int better = 0;
    for (std::uint32_t i = 0; i < kBlock; ++i) better |= scores[i] > worst_ ? 1 : 0;
    return better != 0;
  }

  const std::span<const float> scores_;
  const std::size_t k_;
  const Before before_{scores_};
  std::vector<std::uint32_t> best_;
  float worst_ = -std::numeric_limits<float>::infinity();
};

/// Calls `visit` with every kept item, by rising index.
template <class Visit>
void ForEachKept(std::size_t count, const ItemSet* kept, Visit visit) {
  if (kept == nullptr) {
    for (std::uint32_t i = 0; i < count; ++i) visit(i);
    return;
  }
  ATTUNE_CHECK(kept->size() == count);
  ForEachItem(*kept, visit);
}

}  // namespace

std::vector<std::uint32_t> TopK(std::span<const float> scores, std::size_t k, const ItemSet* kept) {
  if (k == 0) return {};
  BestScores best(scores, k);
  if (kept == nullptr) {
    best.OfferAll();
  } else {
    ForEachKept(scores.size(), kept, [&](std::uint32_t i) { best.Offer(i); });
  }
  return best.Take();
}

std::vector<std::uint32_t> TopKByIndex(std::span<const float> scores, std::size_t k, const ItemSet* kept) {
  std::vector<std::uint32_t> items;
  if (scores.size() > k && (kept == nullptr || kept->Count() > k)) {
    items = TopK(scores, k, kept);
    std::ranges::sort(items);
    return items;
  }
  ForEachKept(scores.size(), kept, [&](std::uint32_t i) {
    if (scores[i] > -std::numeric_limits<float>::infinity()) items.push_back(i);
  });
  return items;
}

}  // namespace attune
