#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::CreateDatasetImportJobResponse> CreateDatasetImportJob(
    Context& context, const personalize::CreateDatasetImportJobRequest& request);
Result<personalize::DescribeDatasetImportJobResponse> DescribeDatasetImportJob(
    Context& context, const personalize::DescribeDatasetImportJobRequest& request);
Result<personalize::ListDatasetImportJobsResponse> ListDatasetImportJobs(
    Context& context, const personalize::ListDatasetImportJobsRequest& request);

Result<personalize::CreateDatasetExportJobResponse> CreateDatasetExportJob(
    Context& context, const personalize::CreateDatasetExportJobRequest& request);
Result<personalize::DescribeDatasetExportJobResponse> DescribeDatasetExportJob(
    Context& context, const personalize::DescribeDatasetExportJobRequest& request);
Result<personalize::ListDatasetExportJobsResponse> ListDatasetExportJobs(
    Context& context, const personalize::ListDatasetExportJobsRequest& request);

}  // namespace attune
