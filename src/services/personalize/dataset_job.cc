#include "services/personalize/dataset_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/answers.h"

namespace attune {
namespace {

/// "s3://bucket" with or without a key.
Status CheckLocation(std::string_view location) {
  constexpr std::string_view kScheme = "s3://";
  const bool is_s3 =
      location.starts_with(kScheme) && location.size() > kScheme.size() && location[kScheme.size()] != '/';
  return is_s3 ? Status() : InvalidArgument("Invalid Data location.");
}

/// INCREMENTAL adds to what a FULL import brought, which may still be on its way.
Status CheckIncremental(CatalogTransaction& transaction, const Dataset& dataset) {
  if (!dataset.segments.empty()) return {};
  ATTUNE_TRY(const auto jobs, transaction.All<DatasetImportJob>(dataset.arn));
  const bool is_coming = std::ranges::any_of(jobs, [](const auto& job) { return IsTransient(job.status); });
  if (is_coming) return {};
  return InvalidArgument(
      fmt::format("An INCREMENTAL import into {} needs an earlier FULL import; there was none.", dataset.arn));
}

personalize::DatasetImportJobSummary SummariseImport(const DatasetImportJob& job) {
  personalize::DatasetImportJobSummary out{
      .dataset_import_job_arn = job.arn, .job_name = job.name, .import_mode = job.import_mode};
  DescribeCommon(job, &out);
  return out;
}

personalize::DatasetExportJobSummary SummariseExport(const DatasetExportJob& job) {
  personalize::DatasetExportJobSummary out{.dataset_export_job_arn = job.arn, .job_name = job.name};
  DescribeCommon(job, &out);
  return out;
}

}  // namespace

Result<personalize::CreateDatasetImportJobResponse> CreateDatasetImportJob(
    Context& context, const personalize::CreateDatasetImportJobRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckLocation(request.data_source.data_location.value_or("")));
  if (!request.role_arn) return InvalidArgument("roleArn is missing: an import reads the bucket as that role.");
  if (request.publish_attribution_metrics_to_s3.value_or(false)) {
    return InvalidArgument(
        "publishAttributionMetricsToS3 needs a metric attribution, which this version does not have.");
  }
  DatasetImportJob job;
  job.name = request.job_name;
  job.arn = NewArn(context, "dataset-import-job", request.job_name);
  job.parent_arn = request.dataset_arn;
  job.data_location = *request.data_source.data_location;
  job.role_arn = *request.role_arn;
  job.import_mode = request.import_mode.value_or("FULL");
  job.publish_attribution_metrics_to_s3 = request.publish_attribution_metrics_to_s3;
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto dataset, FindChecked<Dataset>(transaction, request.dataset_arn, "dataset"));
    ATTUNE_RETURN_IF_ERROR(
        CheckInProgress(context, transaction, ResourceKind::kDatasetImportJob, context.limits.import_jobs_in_progress));
    if (job.import_mode == "INCREMENTAL") ATTUNE_RETURN_IF_ERROR(CheckIncremental(transaction, dataset));
    return InsertWithTags(transaction, job, request.tags);
  });
  if (!stored.ok()) return stored;
  return personalize::CreateDatasetImportJobResponse{.dataset_import_job_arn = job.arn};
}

Result<personalize::DescribeDatasetImportJobResponse> DescribeDatasetImportJob(
    Context& context, const personalize::DescribeDatasetImportJobRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.dataset_import_job_arn, "dataset-import-job"));
  ATTUNE_TRY(const auto job, context.catalog.Find<DatasetImportJob>(request.dataset_import_job_arn));
  personalize::DatasetImportJob out{.job_name = job.name,
                                    .dataset_import_job_arn = job.arn,
                                    .dataset_arn = job.parent_arn,
                                    .data_source = personalize::DataSource{.data_location = job.data_location},
                                    .role_arn = job.role_arn,
                                    .import_mode = job.import_mode,
                                    .publish_attribution_metrics_to_s3 = job.publish_attribution_metrics_to_s3};
  DescribeCommon(job, &out);
  return personalize::DescribeDatasetImportJobResponse{.dataset_import_job = std::move(out)};
}

Result<personalize::ListDatasetImportJobsResponse> ListDatasetImportJobs(
    Context& context, const personalize::ListDatasetImportJobsRequest& request) {
  personalize::ListDatasetImportJobsResponse out;
  ATTUNE_RETURN_IF_ERROR(ListPage(context, request.dataset_arn, "dataset", request, &out.dataset_import_jobs,
                                  &out.next_token, &SummariseImport));
  return out;
}

Result<personalize::CreateDatasetExportJobResponse> CreateDatasetExportJob(
    Context& context, const personalize::CreateDatasetExportJobRequest& request) {
  const auto& destination = request.job_output.s3_data_destination;
  ATTUNE_RETURN_IF_ERROR(CheckLocation(destination.path));
  DatasetExportJob job;
  job.name = request.job_name;
  job.arn = NewArn(context, "dataset-export-job", request.job_name);
  job.parent_arn = request.dataset_arn;
  job.ingestion_mode = request.ingestion_mode.value_or("PUT");
  job.role_arn = request.role_arn;
  job.output_path = destination.path;
  job.job_output_json = ToJson(request.job_output);
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto dataset, FindChecked<Dataset>(transaction, request.dataset_arn, "dataset"));
    if (dataset.type == "ACTIONS" || dataset.type == "ACTION_INTERACTIONS") {
      return InvalidArgument(fmt::format("A dataset of type {} cannot be exported.", dataset.type));
    }
    ATTUNE_RETURN_IF_ERROR(
        CheckInProgress(context, transaction, ResourceKind::kDatasetExportJob, context.limits.export_jobs_in_progress));
    return InsertWithTags(transaction, job, request.tags);
  });
  if (!stored.ok()) return stored;
  return personalize::CreateDatasetExportJobResponse{.dataset_export_job_arn = job.arn};
}

Result<personalize::DescribeDatasetExportJobResponse> DescribeDatasetExportJob(
    Context& context, const personalize::DescribeDatasetExportJobRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.dataset_export_job_arn, "dataset-export-job"));
  ATTUNE_TRY(const auto job, context.catalog.Find<DatasetExportJob>(request.dataset_export_job_arn));
  ATTUNE_TRY(auto job_output, FromJson<personalize::DatasetExportJobOutput>(job.job_output_json));
  personalize::DatasetExportJob out{.job_name = job.name,
                                    .dataset_export_job_arn = job.arn,
                                    .dataset_arn = job.parent_arn,
                                    .ingestion_mode = job.ingestion_mode,
                                    .role_arn = job.role_arn,
                                    .job_output = std::move(job_output)};
  DescribeCommon(job, &out);
  return personalize::DescribeDatasetExportJobResponse{.dataset_export_job = std::move(out)};
}

Result<personalize::ListDatasetExportJobsResponse> ListDatasetExportJobs(
    Context& context, const personalize::ListDatasetExportJobsRequest& request) {
  personalize::ListDatasetExportJobsResponse out;
  ATTUNE_RETURN_IF_ERROR(ListPage(context, request.dataset_arn, "dataset", request, &out.dataset_export_jobs,
                                  &out.next_token, &SummariseExport));
  return out;
}

}  // namespace attune
