#pragma once

#include "protocol/generated/personalize_runtime.h"
#include "services/context.h"

namespace attune {

Result<personalize_runtime::GetRecommendationsResponse> GetRecommendations(
    Context& context, const personalize_runtime::GetRecommendationsRequest& request);
Result<personalize_runtime::GetActionRecommendationsResponse> GetActionRecommendations(
    Context& context, const personalize_runtime::GetActionRecommendationsRequest& request);

}  // namespace attune
