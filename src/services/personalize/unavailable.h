#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

// Kinds of resources that this version cannot make yet. Their Create says so, in an error that names the operation;
// since there are none, their lists are empty, and whatever names one is not found. Requests are validated all the
// same.
namespace attune {

Result<personalize::CreateRecommenderResponse> CreateRecommender(Context& context,
                                                                 const personalize::CreateRecommenderRequest& request);
Result<personalize::DescribeRecommenderResponse> DescribeRecommender(
    Context& context, const personalize::DescribeRecommenderRequest& request);
Result<personalize::UpdateRecommenderResponse> UpdateRecommender(Context& context,
                                                                 const personalize::UpdateRecommenderRequest& request);
Result<personalize::StartRecommenderResponse> StartRecommender(Context& context,
                                                               const personalize::StartRecommenderRequest& request);
Result<personalize::StopRecommenderResponse> StopRecommender(Context& context,
                                                             const personalize::StopRecommenderRequest& request);
Status DeleteRecommender(Context& context, const personalize::DeleteRecommenderRequest& request);
Result<personalize::CreateBatchInferenceJobResponse> CreateBatchInferenceJob(
    Context& context, const personalize::CreateBatchInferenceJobRequest& request);
Result<personalize::DescribeBatchInferenceJobResponse> DescribeBatchInferenceJob(
    Context& context, const personalize::DescribeBatchInferenceJobRequest& request);
Result<personalize::CreateBatchSegmentJobResponse> CreateBatchSegmentJob(
    Context& context, const personalize::CreateBatchSegmentJobRequest& request);
Result<personalize::DescribeBatchSegmentJobResponse> DescribeBatchSegmentJob(
    Context& context, const personalize::DescribeBatchSegmentJobRequest& request);
Result<personalize::CreateMetricAttributionResponse> CreateMetricAttribution(
    Context& context, const personalize::CreateMetricAttributionRequest& request);
Result<personalize::DescribeMetricAttributionResponse> DescribeMetricAttribution(
    Context& context, const personalize::DescribeMetricAttributionRequest& request);
Status DeleteMetricAttribution(Context& context, const personalize::DeleteMetricAttributionRequest& request);
Result<personalize::UpdateMetricAttributionResponse> UpdateMetricAttribution(
    Context& context, const personalize::UpdateMetricAttributionRequest& request);
Result<personalize::CreateDataDeletionJobResponse> CreateDataDeletionJob(
    Context& context, const personalize::CreateDataDeletionJobRequest& request);
Result<personalize::DescribeDataDeletionJobResponse> DescribeDataDeletionJob(
    Context& context, const personalize::DescribeDataDeletionJobRequest& request);
Result<personalize::ListRecommendersResponse> ListRecommenders(Context& context,
                                                               const personalize::ListRecommendersRequest& request);
Result<personalize::ListBatchInferenceJobsResponse> ListBatchInferenceJobs(
    Context& context, const personalize::ListBatchInferenceJobsRequest& request);
Result<personalize::ListBatchSegmentJobsResponse> ListBatchSegmentJobs(
    Context& context, const personalize::ListBatchSegmentJobsRequest& request);
Result<personalize::ListMetricAttributionsResponse> ListMetricAttributions(
    Context& context, const personalize::ListMetricAttributionsRequest& request);
Result<personalize::ListMetricAttributionMetricsResponse> ListMetricAttributionMetrics(
    Context& context, const personalize::ListMetricAttributionMetricsRequest& request);
Result<personalize::ListDataDeletionJobsResponse> ListDataDeletionJobs(
    Context& context, const personalize::ListDataDeletionJobsRequest& request);

}  // namespace attune
