#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::CreateSolutionVersionResponse> CreateSolutionVersion(
    Context& context, const personalize::CreateSolutionVersionRequest& request);
Result<personalize::DescribeSolutionVersionResponse> DescribeSolutionVersion(
    Context& context, const personalize::DescribeSolutionVersionRequest& request);
Result<personalize::ListSolutionVersionsResponse> ListSolutionVersions(
    Context& context, const personalize::ListSolutionVersionsRequest& request);
Status StopSolutionVersionCreation(Context& context, const personalize::StopSolutionVersionCreationRequest& request);
Result<personalize::GetSolutionMetricsResponse> GetSolutionMetrics(
    Context& context, const personalize::GetSolutionMetricsRequest& request);

}  // namespace attune
