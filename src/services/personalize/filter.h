#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

/// The filter is ACTIVE at once: there is nothing to wait for. Its columns must be of the group's datasets.
Result<personalize::CreateFilterResponse> CreateFilter(Context& context,
                                                       const personalize::CreateFilterRequest& request);
Result<personalize::DescribeFilterResponse> DescribeFilter(Context& context,
                                                           const personalize::DescribeFilterRequest& request);
Result<personalize::ListFiltersResponse> ListFilters(Context& context, const personalize::ListFiltersRequest& request);
Status DeleteFilter(Context& context, const personalize::DeleteFilterRequest& request);

}  // namespace attune
