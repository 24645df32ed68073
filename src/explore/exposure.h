#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/random.h"
#include "explore/contenders.h"

namespace attune {

/// How a policy shows N contenders, over its draws.
struct Exposure {
  std::vector<double> shown;      ///< [N] the chance to be in the slate at all.
  std::vector<double> looked_at;  ///< [N] the chance to be shown and looked at.
};

/// `examination` [K] is the chance that somebody looks at each place of a slate of K. Means over `draw_count` draws:
/// unbiased, with their sampling error; one draw is enough for a policy that draws nothing. O(draws * N log N).
Exposure MeasureExposure(const Policy& policy, double weight, const Contenders& contenders, double deviation_max,
                         std::span<const float> examination, std::size_t draw_count, Random& random);

}  // namespace attune
