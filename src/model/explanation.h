#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/recommender_model.h"

namespace attune {

/// Why an item stands where it does for one query.
struct Explanation {
  double probability = 0;  ///< Of the whole catalogue's.
  /// What each part of the blend adds to the item's log score, beyond what it adds to an item of the catalogue on
  /// average; largest first. Named as the features are; "repeat" is what having taken it before adds,
  /// "changed_attributes" what was put of it since training. Empty for an item
  /// that training never met: its attributes and counts alone speak.
  std::vector<std::pair<std::string, double>> parts;
  /// By how much the item's log probability would fall without an event of the history: the event's place there
  /// (0 is the oldest) and the fall, largest first. Events that speak against the item are at the end, negative.
  std::vector<std::pair<std::size_t, double>> events;
  bool is_cold = false;
  std::uint32_t interactions = 0;  ///< How often it was taken in training.
  /// Numbers of the attributes that the item has in common with items of the history, most frequent first.
  std::vector<std::pair<std::uint32_t, std::size_t>> shared_attributes;
};

/// Explains `item` of the model for the query. Costs one scoring for each of the query's newest kExplainedEventsMax
/// events. Deterministic.
Explanation Explain(const RecommenderModel& model, const Query& query, std::uint32_t item, ScoreScratch& scratch);

inline constexpr std::size_t kExplainedEventsMax = 50;

}  // namespace attune
