#pragma once

#include "base/metrics.h"
#include "serve/deployments.h"
#include "serve/served_lists.h"

namespace attune {

/// Adds what campaigns show and learn to `metrics`, over all campaigns together: attune_explored_share and the rest of
/// docs/guides/metrics.md. Both others must outlive it.
void AddExplorationReadings(Metrics& metrics, Deployments& deployments, const ServedLists& served_lists);

}  // namespace attune
