#include "explore/gaussian_thompson.h"

#include "explore/gaussian_draws.h"

namespace attune {

std::vector<Choice> GaussianThompson::Choose(const SlateRequest& request, Random& random) const {
  return GaussianDraws(request, options_).Choose(random);
}

}  // namespace attune
