#include "server/exploration_readings.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace attune {
namespace {

/// What events tell, not the campaign.
constexpr std::array kTold = {&Exploration::Figures::new_impressions, &Exploration::Figures::new_clicks,
                              &Exploration::Figures::old_impressions, &Exploration::Figures::old_clicks,
                              &Exploration::Figures::new_items,       &Exploration::Figures::never_shown};

/// Places of lists are added up. Every campaign of a group hears of every event: of what events tell, a group's count
/// is that of the campaign that heard most.
Exploration::Figures SumOverGroups(Deployments& deployments) {
  Exploration::Figures sum;
  std::map<const LiveGroup*, Exploration::Figures> groups;
  for (const std::string& key : deployments.Keys()) {
    const auto deployment = deployments.Find(key);
    if (!deployment) continue;
    const auto figures = deployment->exploration().figures();
    sum.served_items += figures.served_items;
    sum.explored_items += figures.explored_items;
    sum.deviations.insert(sum.deviations.end(), figures.deviations.begin(), figures.deviations.end());
    Exploration::Figures& group = groups[&deployment->group()];
    for (const auto count : kTold) group.*count = std::max(group.*count, figures.*count);
  }
  for (const auto& [group, figures] : groups) {
    for (const auto count : kTold) sum.*count += figures.*count;
  }
  std::ranges::sort(sum.deviations);
  return sum;
}

template <class Cache>
std::vector<double> FiguresOf(const Cache& cache) {
  const auto figures = cache.figures();
  return {static_cast<double>(figures.asked), static_cast<double>(figures.found), static_cast<double>(figures.bytes)};
}

double Quantile(const std::vector<float>& ascending, double share) {
  if (ascending.empty()) return 0;
  return static_cast<double>(ascending[static_cast<std::size_t>(share * static_cast<double>(ascending.size() - 1))]);
}

}  // namespace

void AddExplorationReadings(Metrics& metrics, Deployments& deployments, const ServedLists& served_lists,
                            const RecommendationLog& recommendation_log, const ScoreCache& score_cache,
                            const SlateCache& slate_cache) {
  // Every campaign is looked at once for all of them.
  metrics.AddReadings(
      {{"attune_explored_share", "Of the recommended items since the start, those that exploration put there."},
       {"attune_recommended_items", "Places of lists since the start."},
       {"attune_new_item_impressions", "Showings of items that training did not meet, as events tell."},
       {"attune_new_item_clicks", "Rewarded showings among them."},
       {"attune_old_item_impressions", "Showings of items that training met, as events tell."},
       {"attune_old_item_clicks", "Rewarded showings among them."},
       {"attune_new_items", "Items that training did not meet."},
       {"attune_new_items_never_shown", "Those of them that no event has told to be shown."},
       {"attune_belief_deviation_p10",
        "How uncertain new items are (standard deviation, log units): a tenth is surer."},
       {"attune_belief_deviation_p50", "As above: half is surer."},
       {"attune_belief_deviation_p90", "As above: nine tenths are surer."}},
      [&deployments] {
        const Exploration::Figures f = SumOverGroups(deployments);
        const auto number = [](std::uint64_t count) { return static_cast<double>(count); };
        return std::vector<double>{f.served_items == 0 ? 0 : number(f.explored_items) / number(f.served_items),
                                   number(f.served_items),
                                   number(f.new_impressions),
                                   number(f.new_clicks),
                                   number(f.old_impressions),
                                   number(f.old_clicks),
                                   number(f.new_items),
                                   number(f.never_shown),
                                   Quantile(f.deviations, 0.1),
                                   Quantile(f.deviations, 0.5),
                                   Quantile(f.deviations, 0.9)};
      });
  metrics.AddReading("attune_served_lists", "Lists remembered by recommendationId.",
                     [&served_lists] { return static_cast<double>(served_lists.size()); });
  metrics.AddReading("attune_served_lists_bytes", "What they take on disk.",
                     [&served_lists] { return static_cast<double>(served_lists.bytes()); });
  metrics.AddReadings({{"attune_recommendation_log_lines", "Written to the recommendation log since the start."},
                       {"attune_recommendation_log_lost_lines", "Lines that were not: the disk was slow or full."},
                       {"attune_recommendation_log_bytes", "What the log takes on disk."}},
                      [&recommendation_log] {
                        const auto figures = recommendation_log.figures();
                        return std::vector<double>{static_cast<double>(figures.written_lines),
                                                   static_cast<double>(figures.lost_lines),
                                                   static_cast<double>(figures.bytes)};
                      });
  metrics.AddReadings({{"attune_scores_asked", "How often a catalogue's scores were needed since the start."},
                       {"attune_scores_found", "How often they were at hand: the user had done nothing since."},
                       {"attune_scores_bytes", "What the scores at hand take in memory."}},
                      [&score_cache] { return FiguresOf(score_cache); });
  metrics.AddReadings(
      {{"attune_slates_asked", "How often those a list is drawn from were needed for scores at hand, since the start."},
       {"attune_slates_found", "How often they were at hand too: nobody had done anything since."},
       {"attune_slates_bytes", "What those at hand take in memory."}},
      [&slate_cache] { return FiguresOf(slate_cache); });
}

}  // namespace attune
