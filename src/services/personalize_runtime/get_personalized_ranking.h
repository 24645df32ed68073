#pragma once

#include "protocol/generated/personalize_runtime.h"
#include "services/context.h"

namespace attune {

/// The input's items for one user: those that the model knows by falling score, then the others in the input's order
/// without a score. What the filter does not keep is left out; that does not change the scores of the others, which
/// are shares of the whole input.
Result<personalize_runtime::GetPersonalizedRankingResponse> GetPersonalizedRanking(
    Context& context, const personalize_runtime::GetPersonalizedRankingRequest& request);

}  // namespace attune
