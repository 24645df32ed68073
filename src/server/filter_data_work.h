#pragma once

#include <memory>

#include "jobs/runner.h"
#include "services/context.h"
#include "services/personalize_runtime/runtime_index.h"

namespace attune {

/// Reads what filters ask for as soon as it is there to be read, so that no request has to: of every group that has
/// filters, after a start, after an import, and after the group's first filter. `index`, `data`, `env` and `log` must
/// outlive it.
std::unique_ptr<WorkSource> FilterDataWork(RuntimeIndex& index, FilterData& data, Env& env, const EventLog& log);

}  // namespace attune
