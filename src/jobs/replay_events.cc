#include "jobs/replay_events.h"

#include "jobs/dataset_contents.h"

namespace attune {

Status ReplayEvents(JobEnvironment& environment) {
  ATTUNE_TRY(const auto groups, environment.catalog.All<DatasetGroup>());
  for (const DatasetGroup& group : groups) {
    ATTUNE_TRY(const auto datasets, FindGroupDatasets(environment.catalog, group.arn));
    ATTUNE_RETURN_IF_ERROR(
        environment.live_groups.Get(group.uid)->CatchUp(environment.log, datasets, environment.served_lists));
  }
  return {};
}

}  // namespace attune
