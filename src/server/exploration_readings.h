#pragma once

#include "base/metrics.h"
#include "serve/deployments.h"
#include "serve/recommendation_log.h"
#include "serve/score_cache.h"
#include "serve/served_lists.h"
#include "serve/slate_cache.h"

namespace attune {

/// Adds what campaigns show and learn to `metrics`, over all campaigns together: attune_explored_share and the rest of
/// docs/guides/metrics.md. The others must outlive it.
void AddExplorationReadings(Metrics& metrics, Deployments& deployments, const ServedLists& served_lists,
                            const RecommendationLog& recommendation_log, const ScoreCache& score_cache,
                            const SlateCache& slate_cache);

}  // namespace attune
