#include "explore/greedy.h"

#include "explore/ranking.h"

namespace attune {

std::vector<Choice> Greedy::Choose(const SlateRequest& request, Random& /*random*/) const {
  if (!Explores(request)) return PlainChoices(request);
  std::vector<float> values = ExpectedCorrections(request);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += request.scores[i];
  return MarkExplored(request, PlainRanking(values, request.slate_size));
}

}  // namespace attune
