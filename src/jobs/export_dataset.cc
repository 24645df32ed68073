#include "jobs/export_dataset.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/log.h"
#include "data/export.h"
#include "jobs/dataset_contents.h"
#include "jobs/object_location.h"

namespace attune {
namespace {

ExportMode ModeOf(const DatasetExportJob& job) {
  if (job.ingestion_mode == "BULK") return ExportMode::kBulk;
  return job.ingestion_mode == "ALL" ? ExportMode::kAll : ExportMode::kPut;
}

Result<ExportSource> SourceOf(DatasetType type, const DatasetContents& contents) {
  switch (type) {
    case DatasetType::kInteractions:
      return ExportSource{.type = type,
                          .schema = &*contents.interaction_schema,
                          .segments = contents.interaction_segments,
                          .events = contents.events};
    case DatasetType::kItems:
      return ExportSource{.type = type,
                          .schema = &*contents.item_schema,
                          .segments = contents.item_segments,
                          .puts = contents.item_puts};
    case DatasetType::kUsers:
      return ExportSource{.type = type,
                          .schema = &*contents.user_schema,
                          .segments = contents.user_segments,
                          .puts = contents.user_puts};
    case DatasetType::kActions:
    case DatasetType::kActionInteractions: break;
  }
  return InvalidArgument(fmt::format("A dataset of type {} cannot be exported.", DatasetTypeText(type)));
}

/// The object that a job writes.
Result<ObjectLocation> OutputOf(const DatasetExportJob& job) {
  ATTUNE_TRY(auto location, ObjectLocation::Parse(job.output_path));
  if (!location.is_folder()) location.key += '/';
  location.key += job.name + "/part-00000.csv";
  return location;
}

Result<ExportSummary> WriteRows(JobEnvironment& environment, const DatasetExportJob& job, const CancelFlag& cancelled) {
  ATTUNE_TRY(const auto dataset, environment.catalog.Find<Dataset>(job.parent_arn));
  const auto type = ParseDatasetType(dataset.type);
  if (!type) return Internal(fmt::format("the dataset {} has the unknown type {}", dataset.arn, dataset.type));
  ATTUNE_TRY(const auto location, OutputOf(job));
  ATTUNE_RETURN_IF_ERROR(CheckAccess(environment.role_access, job.role_arn, ObjectAction::kWrite, location,
                                     "Failed to create a dataset export job. "));
  ATTUNE_TRY(const auto contents, LoadContents(environment, dataset.parent_arn));
  ATTUNE_TRY(const auto source, SourceOf(*type, contents));
  ATTUNE_TRY(const auto writer,
             environment.objects.BeginPut(location.bucket, location.key, {.content_type = "text/csv"}));
  ATTUNE_TRY(const auto summary, ExportCsv(source, ModeOf(job), [&](std::string_view text) -> Status {
               if (cancelled) return Cancelled("the export was stopped");
               return writer->Append(AsBytes(text));
             }));
  ATTUNE_RETURN_IF_ERROR(writer->Commit().status());
  return summary;
}

void Export(JobEnvironment& environment, DatasetExportJob job, const CancelFlag& cancelled) {
  if (job.status == ResourceStatus::kCreatePending) {
    const Status begun = environment.catalog.Advance(job, ResourceStatus::kCreateInProgress);
    if (!begun.ok()) return LogError("export {}: {}", job.arn, begun.ToString());
  }
  const auto outcome = WriteRows(environment, job, cancelled);
  if (outcome.status().code() == Code::kCancelled) return;  // The next start begins it again.
  const Status recorded =
      outcome.ok() ? environment.catalog.Advance(job, ResourceStatus::kActive)
                   : environment.catalog.Advance(job, ResourceStatus::kCreateFailed, outcome.status().message());
  if (!recorded.ok()) return LogError("export {}: {}", job.arn, recorded.ToString());
  if (outcome.ok()) {
    LogInfo("export {}: {} rows to {}", job.name, outcome->row_count, job.output_path);
  } else {
    LogWarning("export {}: {}", job.name, outcome.status().message());
  }
}

class Source final : public WorkSource {
 public:
  explicit Source(JobEnvironment& environment) : environment_(environment) {}

  Result<std::vector<Work>> Due() override {
    ATTUNE_TRY(const auto jobs, environment_.catalog.All<DatasetExportJob>({}, TransientStatuses()));
    std::vector<Work> due;
    for (const DatasetExportJob& job : jobs) {
      due.push_back({.key = job.arn, .lane = JobLane::kTransfer, .run = [this, job](const CancelFlag& cancelled) {
                       Export(environment_, job, cancelled);
                     }});
    }
    return due;
  }

 private:
  JobEnvironment& environment_;
};

}  // namespace

std::unique_ptr<WorkSource> ExportDatasetWork(JobEnvironment& environment) {
  return std::make_unique<Source>(environment);
}

}  // namespace attune
