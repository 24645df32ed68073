#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::ListRecipesResponse> ListRecipes(Context& context, const personalize::ListRecipesRequest& request);
Result<personalize::DescribeRecipeResponse> DescribeRecipe(Context& context,
                                                           const personalize::DescribeRecipeRequest& request);
Result<personalize::DescribeAlgorithmResponse> DescribeAlgorithm(Context& context,
                                                                 const personalize::DescribeAlgorithmRequest& request);
Result<personalize::DescribeFeatureTransformationResponse> DescribeFeatureTransformation(
    Context& context, const personalize::DescribeFeatureTransformationRequest& request);

}  // namespace attune
