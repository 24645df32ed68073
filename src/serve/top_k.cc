#include "serve/top_k.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attune {

std::vector<std::uint32_t> TopK(std::span<const float> scores, std::size_t k) {
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  };
  // A heap of the best so far, the worst of them on top: most scores fail one comparison with it.
  std::vector<std::uint32_t> best;
  best.reserve(std::min(k, scores.size()));
  float worst = -std::numeric_limits<float>::infinity();
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (!(scores[i] > worst)) continue;  // A tie with the worst loses: its index is higher.
    if (best.size() == k) {
      if (k == 0) break;
      std::pop_heap(best.begin(), best.end(), before);
      best.back() = i;
    } else {
      best.push_back(i);
    }
    std::push_heap(best.begin(), best.end(), before);
    if (best.size() == k) worst = scores[best.front()];
  }
  std::sort_heap(best.begin(), best.end(), before);
  return best;
}

}  // namespace attune
