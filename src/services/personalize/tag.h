#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::TagResourceResponse> TagResource(Context& context, const personalize::TagResourceRequest& request);
Result<personalize::UntagResourceResponse> UntagResource(Context& context,
                                                         const personalize::UntagResourceRequest& request);
Result<personalize::ListTagsForResourceResponse> ListTagsForResource(
    Context& context, const personalize::ListTagsForResourceRequest& request);

}  // namespace attune
