#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::CreateDatasetGroupResponse> CreateDatasetGroup(
    Context& context, const personalize::CreateDatasetGroupRequest& request);
Result<personalize::DescribeDatasetGroupResponse> DescribeDatasetGroup(
    Context& context, const personalize::DescribeDatasetGroupRequest& request);
Result<personalize::ListDatasetGroupsResponse> ListDatasetGroups(Context& context,
                                                                 const personalize::ListDatasetGroupsRequest& request);
Status DeleteDatasetGroup(Context& context, const personalize::DeleteDatasetGroupRequest& request);

}  // namespace attune
