#include "services/operations.h"

#include "services/personalize/campaign.h"
#include "services/personalize/dataset.h"
#include "services/personalize/dataset_group.h"
#include "services/personalize/dataset_job.h"
#include "services/personalize/event_tracker.h"
#include "services/personalize/filter.h"
#include "services/personalize/recipe.h"
#include "services/personalize/schema.h"
#include "services/personalize/solution.h"
#include "services/personalize/solution_version.h"
#include "services/personalize/tag.h"
#include "services/personalize/unavailable.h"
#include "services/personalize_events/put_entities.h"
#include "services/personalize_events/put_events.h"
#include "services/personalize_runtime/get_personalized_ranking.h"
#include "services/personalize_runtime/get_recommendations.h"

namespace attune {

std::span<const BoundOperation<Context>> PersonalizeOperations() {
  static const BoundOperation<Context> kOperations[] = {
      Bind("CreateDatasetGroup", &CreateDatasetGroup),
      Bind("DescribeDatasetGroup", &DescribeDatasetGroup),
      Bind("ListDatasetGroups", &ListDatasetGroups),
      Bind("DeleteDatasetGroup", &DeleteDatasetGroup),
      Bind("CreateSchema", &CreateSchema),
      Bind("DescribeSchema", &DescribeSchema),
      Bind("ListSchemas", &ListSchemas),
      Bind("DeleteSchema", &DeleteSchema),
      Bind("CreateDataset", &CreateDataset),
      Bind("DescribeDataset", &DescribeDataset),
      Bind("ListDatasets", &ListDatasets),
      Bind("UpdateDataset", &UpdateDataset),
      Bind("DeleteDataset", &DeleteDataset),
      Bind("CreateDatasetImportJob", &CreateDatasetImportJob),
      Bind("DescribeDatasetImportJob", &DescribeDatasetImportJob),
      Bind("ListDatasetImportJobs", &ListDatasetImportJobs),
      Bind("CreateDatasetExportJob", &CreateDatasetExportJob),
      Bind("DescribeDatasetExportJob", &DescribeDatasetExportJob),
      Bind("ListDatasetExportJobs", &ListDatasetExportJobs),
      Bind("CreateEventTracker", &CreateEventTracker),
      Bind("DescribeEventTracker", &DescribeEventTracker),
      Bind("ListEventTrackers", &ListEventTrackers),
      Bind("DeleteEventTracker", &DeleteEventTracker),
      Bind("ListRecipes", &ListRecipes),
      Bind("DescribeRecipe", &DescribeRecipe),
      Bind("DescribeAlgorithm", &DescribeAlgorithm),
      Bind("DescribeFeatureTransformation", &DescribeFeatureTransformation),
      Bind("CreateSolution", &CreateSolution),
      Bind("DescribeSolution", &DescribeSolution),
      Bind("ListSolutions", &ListSolutions),
      Bind("UpdateSolution", &UpdateSolution),
      Bind("DeleteSolution", &DeleteSolution),
      Bind("CreateSolutionVersion", &CreateSolutionVersion),
      Bind("DescribeSolutionVersion", &DescribeSolutionVersion),
      Bind("ListSolutionVersions", &ListSolutionVersions),
      Bind("StopSolutionVersionCreation", &StopSolutionVersionCreation),
      Bind("GetSolutionMetrics", &GetSolutionMetrics),
      Bind("CreateCampaign", &CreateCampaign),
      Bind("DescribeCampaign", &DescribeCampaign),
      Bind("ListCampaigns", &ListCampaigns),
      Bind("UpdateCampaign", &UpdateCampaign),
      Bind("DeleteCampaign", &DeleteCampaign),
      Bind("TagResource", &TagResource),
      Bind("UntagResource", &UntagResource),
      Bind("ListTagsForResource", &ListTagsForResource),
      Bind("CreateFilter", &CreateFilter),
      Bind("DescribeFilter", &DescribeFilter),
      Bind("DeleteFilter", &DeleteFilter),
      Bind("CreateRecommender", &CreateRecommender),
      Bind("DescribeRecommender", &DescribeRecommender),
      Bind("UpdateRecommender", &UpdateRecommender),
      Bind("StartRecommender", &StartRecommender),
      Bind("StopRecommender", &StopRecommender),
      Bind("DeleteRecommender", &DeleteRecommender),
      Bind("CreateBatchInferenceJob", &CreateBatchInferenceJob),
      Bind("DescribeBatchInferenceJob", &DescribeBatchInferenceJob),
      Bind("CreateBatchSegmentJob", &CreateBatchSegmentJob),
      Bind("DescribeBatchSegmentJob", &DescribeBatchSegmentJob),
      Bind("CreateMetricAttribution", &CreateMetricAttribution),
      Bind("DescribeMetricAttribution", &DescribeMetricAttribution),
      Bind("DeleteMetricAttribution", &DeleteMetricAttribution),
      Bind("UpdateMetricAttribution", &UpdateMetricAttribution),
      Bind("CreateDataDeletionJob", &CreateDataDeletionJob),
      Bind("DescribeDataDeletionJob", &DescribeDataDeletionJob),
      Bind("ListFilters", &ListFilters),
      Bind("ListRecommenders", &ListRecommenders),
      Bind("ListBatchInferenceJobs", &ListBatchInferenceJobs),
      Bind("ListBatchSegmentJobs", &ListBatchSegmentJobs),
      Bind("ListMetricAttributions", &ListMetricAttributions),
      Bind("ListMetricAttributionMetrics", &ListMetricAttributionMetrics),
      Bind("ListDataDeletionJobs", &ListDataDeletionJobs),
  };
  return kOperations;
}

std::span<const BoundOperation<Context>> PersonalizeRuntimeOperations() {
  static const BoundOperation<Context> kOperations[] = {
      Bind("GetActionRecommendations", &GetActionRecommendations),
      Bind("GetPersonalizedRanking", &GetPersonalizedRanking),
      Bind("GetRecommendations", &GetRecommendations),
  };
  return kOperations;
}

std::span<const BoundOperation<Context>> PersonalizeEventsOperations() {
  static const BoundOperation<Context> kOperations[] = {
      Bind("PutActionInteractions", &PutActionInteractions),
      Bind("PutActions", &PutActions),
      Bind("PutEvents", &PutEvents),
      Bind("PutItems", &PutItems),
      Bind("PutUsers", &PutUsers),
  };
  return kOperations;
}

}  // namespace attune
