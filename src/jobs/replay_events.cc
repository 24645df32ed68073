#include "jobs/replay_events.h"

#include "base/log.h"
#include "data/put_record.h"

namespace attune {

Status ReplayEvents(JobEnvironment& environment) {
  ATTUNE_TRY(const auto datasets, environment.catalog.All<Dataset>());
  for (const Dataset& dataset : datasets) {
    if (ParseDatasetType(dataset.type) != DatasetType::kInteractions) continue;
    ATTUNE_TRY(const auto group, environment.catalog.Find<DatasetGroup>(dataset.parent_arn));
    const auto live_group = environment.live_groups.Get(group.uid);
    std::uint64_t count = 0;
    ATTUNE_RETURN_IF_ERROR(environment.log.Read(DatasetStream(dataset.uid), 0,
                                                [&](std::uint64_t sequence, std::string_view payload) -> Status {
                                                  ATTUNE_TRY(const Event event, DecodeEvent(payload));
                                                  live_group->Apply({&event, 1}, sequence, environment.served_lists);
                                                  ++count;
                                                  return {};
                                                }));
    if (count > 0) LogInfo("{}: {} events replayed from the log", dataset.arn, count);
  }
  return {};
}

}  // namespace attune
