#include "explore/epsilon_greedy.h"

#include <algorithm>
#include <limits>

#include "explore/ranking.h"

namespace attune {

std::vector<Choice> EpsilonGreedy::Choose(const SlateRequest& request, Random& random) const {
  if (!Explores(request)) return PlainChoices(request);
  std::vector<float> values = ExpectedCorrections(request);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += request.scores[i];
  std::vector<std::uint32_t> slate = PlainRanking(values, request.slate_size);

  std::vector<std::uint32_t> others;
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    const bool possible = request.eligible[i] != 0 && values[i] > -std::numeric_limits<float>::infinity();
    if (possible && std::find(slate.begin(), slate.end(), i) == slate.end()) others.push_back(i);
  }
  const auto place_count = static_cast<double>(slate.size());
  const double epsilon =
      others.empty() || slate.empty() ? 0 : std::min(1.0, request.weight * epsilon_per_place_ * place_count);
  const bool explores = random.Uniform() < epsilon;
  const std::size_t place = explores ? random.Below(slate.size()) : slate.size();
  if (explores) slate[place] = others[random.Below(others.size())];

  std::vector<Choice> choices = MarkExplored(request, slate);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    choices[i].probability = i == place ? epsilon / static_cast<double>(others.size()) : 1 - epsilon / place_count;
  }
  return choices;
}

}  // namespace attune
