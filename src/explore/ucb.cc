#include "explore/ucb.h"

#include "explore/ranking.h"

namespace attune {

std::vector<Choice> Ucb::Choose(const SlateRequest& request, Random& /*random*/) const {
  if (!Explores(request)) return PlainChoices(request);
  std::vector<float> deviations;
  std::vector<float> values = ExpectedCorrections(request, &deviations);
  const auto width = static_cast<float>(width_ * request.weight);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += request.scores[i] + width * deviations[i];
  return MarkExplored(request, PlainRanking(values, request.slate_size));
}

}  // namespace attune
