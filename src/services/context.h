#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "serve/deployments.h"
#include "serve/filter_data.h"
#include "serve/live_group.h"
#include "serve/recommendation_log.h"
#include "serve/score_cache.h"
#include "serve/served_lists.h"
#include "serve/slate_cache.h"
#include "services/limits.h"
#include "storage/env.h"
#include "storage/event_log.h"

namespace attune {

class IngestIndex;
class RuntimeIndex;

/// Everything that a handler may use. One for each request; what it refers to outlives it.
struct Context {
  // Of the caller.
  std::string account_id;
  std::string region;  ///< Of the request's credential scope; stands in the ARNs of what is made.

  // Of the server.
  Env& env;
  Catalog& catalog;
  const Clock& clock;
  Entropy& entropy;
  EventLog& log;
  Deployments& deployments;
  LiveGroups& live_groups;
  ServedLists& served_lists;
  RecommendationLog& recommendation_log;
  ScoreCache& score_cache;
  SlateCache& slate_cache;
  IngestIndex& ingest_index;
  RuntimeIndex& runtime_index;
  FilterData& filter_data;
  const Limits& limits;
};

}  // namespace attune
