#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::CreateDatasetResponse> CreateDataset(Context& context,
                                                         const personalize::CreateDatasetRequest& request);
Result<personalize::DescribeDatasetResponse> DescribeDataset(Context& context,
                                                             const personalize::DescribeDatasetRequest& request);
Result<personalize::ListDatasetsResponse> ListDatasets(Context& context,
                                                       const personalize::ListDatasetsRequest& request);
Result<personalize::UpdateDatasetResponse> UpdateDataset(Context& context,
                                                         const personalize::UpdateDatasetRequest& request);
Status DeleteDataset(Context& context, const personalize::DeleteDatasetRequest& request);

}  // namespace attune
