#include "server/exploration_readings.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace attune {
namespace {

Exploration::Figures SumOverCampaigns(Deployments& deployments) {
  Exploration::Figures sum;
  for (const std::string& key : deployments.Keys()) {
    const auto deployment = deployments.Find(key);
    if (!deployment) continue;
    const auto figures = deployment->exploration().figures();
    sum.served_items += figures.served_items;
    sum.explored_items += figures.explored_items;
    sum.new_impressions += figures.new_impressions;
    sum.new_clicks += figures.new_clicks;
    sum.old_impressions += figures.old_impressions;
    sum.old_clicks += figures.old_clicks;
    sum.new_items += figures.new_items;
    sum.never_shown += figures.never_shown;
    sum.deviations.insert(sum.deviations.end(), figures.deviations.begin(), figures.deviations.end());
  }
  std::ranges::sort(sum.deviations);
  return sum;
}

double Quantile(const std::vector<float>& ascending, double share) {
  if (ascending.empty()) return 0;
  return static_cast<double>(ascending[static_cast<std::size_t>(share * static_cast<double>(ascending.size() - 1))]);
}

}  // namespace

void AddExplorationReadings(Metrics& metrics, Deployments& deployments, const ServedLists& served_lists) {
  using Figures = Exploration::Figures;
  const auto add = [&](const char* name, const char* help, double (*read)(const Figures&)) {
    metrics.AddReading(name, help, [&deployments, read] { return read(SumOverCampaigns(deployments)); });
  };
  add("attune_explored_share", "Of the recommended items since the start, those that exploration put there.",
      [](const Figures& f) {
        return f.served_items == 0 ? 0.0 : static_cast<double>(f.explored_items) / static_cast<double>(f.served_items);
      });
  add("attune_recommended_items", "Places of lists since the start.",
      [](const Figures& f) { return static_cast<double>(f.served_items); });
  add("attune_new_item_impressions", "Showings of items that training did not meet, as events tell.",
      [](const Figures& f) { return static_cast<double>(f.new_impressions); });
  add("attune_new_item_clicks", "Rewarded showings among them.",
      [](const Figures& f) { return static_cast<double>(f.new_clicks); });
  add("attune_old_item_impressions", "Showings of items that training met, as events tell.",
      [](const Figures& f) { return static_cast<double>(f.old_impressions); });
  add("attune_old_item_clicks", "Rewarded showings among them.",
      [](const Figures& f) { return static_cast<double>(f.old_clicks); });
  add("attune_new_items", "Items that training did not meet.",
      [](const Figures& f) { return static_cast<double>(f.new_items); });
  add("attune_new_items_never_shown", "Those of them that no event has told to be shown.",
      [](const Figures& f) { return static_cast<double>(f.never_shown); });
  add("attune_belief_deviation_p10", "How uncertain new items are (standard deviation, log units): a tenth is surer.",
      [](const Figures& f) { return Quantile(f.deviations, 0.1); });
  add("attune_belief_deviation_p50", "As above: half is surer.",
      [](const Figures& f) { return Quantile(f.deviations, 0.5); });
  add("attune_belief_deviation_p90", "As above: nine tenths are surer.",
      [](const Figures& f) { return Quantile(f.deviations, 0.9); });
  metrics.AddReading("attune_served_lists", "Lists remembered by recommendationId.",
                     [&served_lists] { return static_cast<double>(served_lists.size()); });
  metrics.AddReading("attune_served_lists_bytes", "What they take on disk.",
                     [&served_lists] { return static_cast<double>(served_lists.bytes()); });
}

}  // namespace attune
