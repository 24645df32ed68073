#include "services/personalize/unavailable.h"

#include <fmt/format.h>

#include "services/answers.h"

namespace attune {
namespace {

Status Unavailable(std::string_view operation) {
  return Unimplemented(fmt::format("{} is not available in this version of attune.", operation));
}

Status Missing(const std::string& arn, std::string_view type) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(arn, type));
  return NotFound(fmt::format("Resource Arn {} does not exist.", arn));
}

/// An empty list gives no tokens, so every token is a wrong one.
template <class Response>
Result<Response> EmptyList(const std::optional<std::string>& parent_arn, std::string_view parent_type,
                           const std::optional<std::string>& next_token) {
  if (parent_arn) ATTUNE_RETURN_IF_ERROR(CheckArn(*parent_arn, parent_type));
  if (next_token) return Status(Code::kInvalidPageToken, "The nextToken is not one that this list returned.");
  return Response{};
}

}  // namespace

Result<personalize::CreateRecommenderResponse> CreateRecommender(Context&,
                                                                 const personalize::CreateRecommenderRequest&) {
  return Unavailable("CreateRecommender");
}

Result<personalize::DescribeRecommenderResponse> DescribeRecommender(
    Context&, const personalize::DescribeRecommenderRequest& request) {
  return Missing(request.recommender_arn, "recommender");
}

Result<personalize::UpdateRecommenderResponse> UpdateRecommender(Context&,
                                                                 const personalize::UpdateRecommenderRequest& request) {
  return Missing(request.recommender_arn, "recommender");
}

Result<personalize::StartRecommenderResponse> StartRecommender(Context&,
                                                               const personalize::StartRecommenderRequest& request) {
  return Missing(request.recommender_arn, "recommender");
}

Result<personalize::StopRecommenderResponse> StopRecommender(Context&,
                                                             const personalize::StopRecommenderRequest& request) {
  return Missing(request.recommender_arn, "recommender");
}

Status DeleteRecommender(Context&, const personalize::DeleteRecommenderRequest& request) {
  return Missing(request.recommender_arn, "recommender");
}

Result<personalize::CreateBatchInferenceJobResponse> CreateBatchInferenceJob(
    Context&, const personalize::CreateBatchInferenceJobRequest&) {
  return Unavailable("CreateBatchInferenceJob");
}

Result<personalize::DescribeBatchInferenceJobResponse> DescribeBatchInferenceJob(
    Context&, const personalize::DescribeBatchInferenceJobRequest& request) {
  return Missing(request.batch_inference_job_arn, "batch-inference-job");
}

Result<personalize::CreateBatchSegmentJobResponse> CreateBatchSegmentJob(
    Context&, const personalize::CreateBatchSegmentJobRequest&) {
  return Unavailable("CreateBatchSegmentJob");
}

Result<personalize::DescribeBatchSegmentJobResponse> DescribeBatchSegmentJob(
    Context&, const personalize::DescribeBatchSegmentJobRequest& request) {
  return Missing(request.batch_segment_job_arn, "batch-segment-job");
}

Result<personalize::CreateMetricAttributionResponse> CreateMetricAttribution(
    Context&, const personalize::CreateMetricAttributionRequest&) {
  return Unavailable("CreateMetricAttribution");
}

Result<personalize::DescribeMetricAttributionResponse> DescribeMetricAttribution(
    Context&, const personalize::DescribeMetricAttributionRequest& request) {
  return Missing(request.metric_attribution_arn, "metric-attribution");
}

Status DeleteMetricAttribution(Context&, const personalize::DeleteMetricAttributionRequest& request) {
  return Missing(request.metric_attribution_arn, "metric-attribution");
}

Result<personalize::UpdateMetricAttributionResponse> UpdateMetricAttribution(
    Context&, const personalize::UpdateMetricAttributionRequest& request) {
  if (!request.metric_attribution_arn) return InvalidArgument("metricAttributionArn is missing.");
  return Missing(*request.metric_attribution_arn, "metric-attribution");
}

Result<personalize::CreateDataDeletionJobResponse> CreateDataDeletionJob(
    Context&, const personalize::CreateDataDeletionJobRequest&) {
  return Unavailable("CreateDataDeletionJob");
}

Result<personalize::DescribeDataDeletionJobResponse> DescribeDataDeletionJob(
    Context&, const personalize::DescribeDataDeletionJobRequest& request) {
  return Missing(request.data_deletion_job_arn, "data-deletion-job");
}

Result<personalize::ListRecommendersResponse> ListRecommenders(Context&,
                                                               const personalize::ListRecommendersRequest& request) {
  return EmptyList<personalize::ListRecommendersResponse>(request.dataset_group_arn, "dataset-group",
                                                          request.next_token);
}

Result<personalize::ListBatchInferenceJobsResponse> ListBatchInferenceJobs(
    Context&, const personalize::ListBatchInferenceJobsRequest& request) {
  return EmptyList<personalize::ListBatchInferenceJobsResponse>(request.solution_version_arn, "solution",
                                                                request.next_token);
}

Result<personalize::ListBatchSegmentJobsResponse> ListBatchSegmentJobs(
    Context&, const personalize::ListBatchSegmentJobsRequest& request) {
  return EmptyList<personalize::ListBatchSegmentJobsResponse>(request.solution_version_arn, "solution",
                                                              request.next_token);
}

Result<personalize::ListMetricAttributionsResponse> ListMetricAttributions(
    Context&, const personalize::ListMetricAttributionsRequest& request) {
  return EmptyList<personalize::ListMetricAttributionsResponse>(request.dataset_group_arn, "dataset-group",
                                                                request.next_token);
}

Result<personalize::ListMetricAttributionMetricsResponse> ListMetricAttributionMetrics(
    Context&, const personalize::ListMetricAttributionMetricsRequest& request) {
  return EmptyList<personalize::ListMetricAttributionMetricsResponse>(request.metric_attribution_arn,
                                                                      "metric-attribution", request.next_token);
}

Result<personalize::ListDataDeletionJobsResponse> ListDataDeletionJobs(
    Context&, const personalize::ListDataDeletionJobsRequest& request) {
  return EmptyList<personalize::ListDataDeletionJobsResponse>(request.dataset_group_arn, "dataset-group",
                                                              request.next_token);
}

}  // namespace attune
