#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::CreateSolutionResponse> CreateSolution(Context& context,
                                                           const personalize::CreateSolutionRequest& request);
Result<personalize::DescribeSolutionResponse> DescribeSolution(Context& context,
                                                               const personalize::DescribeSolutionRequest& request);
Result<personalize::ListSolutionsResponse> ListSolutions(Context& context,
                                                         const personalize::ListSolutionsRequest& request);
Result<personalize::UpdateSolutionResponse> UpdateSolution(Context& context,
                                                           const personalize::UpdateSolutionRequest& request);
Status DeleteSolution(Context& context, const personalize::DeleteSolutionRequest& request);

}  // namespace attune
