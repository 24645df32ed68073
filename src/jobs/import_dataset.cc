#include "jobs/import_dataset.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "data/importer.h"
#include "jobs/object_location.h"

namespace attune {
namespace {

/// The bytes of one object, from its beginning.
class ObjectSource final : public ByteSource {
 public:
  explicit ObjectSource(std::unique_ptr<ObjectReader> reader) : reader_(std::move(reader)) {}

  Result<std::size_t> Read(std::span<char> buffer) override {
    ATTUNE_TRY(const std::size_t count, reader_->ReadAt(offset_, std::as_writable_bytes(buffer)));
    offset_ += count;
    return count;
  }

 private:
  const std::unique_ptr<ObjectReader> reader_;
  std::uint64_t offset_ = 0;
};

/// "Failed to create a data import job for interactions dataset....", as the service begins its sentences.
std::string FailurePrefix(const Dataset& dataset) {
  std::string type = dataset.type;
  for (char& c : type) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return fmt::format("Failed to create a data import job for {} dataset....", type);
}

Result<std::vector<ImportFile>> OpenFiles(JobEnvironment& environment, const DatasetImportJob& job,
                                          const Dataset& dataset) {
  ATTUNE_TRY(const auto location, ObjectLocation::Parse(job.data_location));
  const std::string prefix = FailurePrefix(dataset);
  if (location.is_folder()) {
    ATTUNE_RETURN_IF_ERROR(CheckAccess(environment.role_access, job.role_arn, ObjectAction::kList, location, prefix));
  }
  ATTUNE_TRY(const auto keys, ListCsvFiles(environment.objects, location));
  std::vector<ImportFile> files;
  for (const auto& key : keys) {
    const ObjectLocation object{.bucket = location.bucket, .key = key};
    ATTUNE_RETURN_IF_ERROR(CheckAccess(environment.role_access, job.role_arn, ObjectAction::kRead, object, prefix));
    auto reader = environment.objects.OpenObject(location.bucket, key);
    if (reader.status().code() == Code::kNotFound) {
      return InvalidArgument(fmt::format("There is no object s3://{}/{}.", location.bucket, key));
    }
    if (!reader.ok()) return reader.status();
    files.push_back({.name = key, .source = std::make_unique<ObjectSource>(*std::move(reader))});
  }
  return files;
}

Result<ImportSummary> ReadFiles(JobEnvironment& environment, const DatasetImportJob& job, const CancelFlag& cancelled) {
  ATTUNE_TRY(const auto dataset, environment.catalog.Find<Dataset>(job.parent_arn));
  ATTUNE_TRY(const auto schema_resource, environment.catalog.Find<SchemaResource>(dataset.schema_arn));
  ATTUNE_TRY(const auto schema, Schema::Parse(schema_resource.schema_json));
  const auto type = ParseDatasetType(dataset.type);
  if (!type) return Internal(fmt::format("the dataset {} has the unknown type {}", dataset.arn, dataset.type));
  ATTUNE_RETURN_IF_ERROR(environment.env.CreateDirectories(environment.DatasetFolder(dataset.uid)));
  ATTUNE_TRY(auto files, OpenFiles(environment, job, dataset));
  std::uint64_t logged = 0;
  std::uint64_t counted = 0;
  const auto count = [&](std::uint64_t rows) {
    if (environment.imported_rows != nullptr) *environment.imported_rows += rows - counted;
    counted = rows;
  };
  auto summary = ImportCsv(environment.env,
                           {.type = *type,
                            .schema = &schema,
                            .files = std::move(files),
                            .segment_path = JoinPath(environment.DatasetFolder(dataset.uid), SegmentName(job.uid)),
                            .cancelled = &cancelled,
                            .on_progress = [&](std::uint64_t rows) {
                              count(rows);
                              constexpr std::uint64_t kRowsBetweenLines = 1'000'000;
                              if (rows / kRowsBetweenLines == logged) return;
                              logged = rows / kRowsBetweenLines;
                              LogInfo("import {}: {} rows", job.name, rows);
                            }});
  if (summary.ok()) count(summary->row_count);
  return summary;
}

/// The job's outcome and, if it is good, its segment in the dataset's list, in one transaction.
Status RecordOutcome(JobEnvironment& environment, const DatasetImportJob& job, const Result<ImportSummary>& outcome) {
  return environment.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto current, transaction.Find<DatasetImportJob>(job.arn));
    if (!outcome.ok()) {
      return transaction.Advance(current, ResourceStatus::kCreateFailed, outcome.status().message());
    }
    ATTUNE_TRY(auto dataset, transaction.Find<Dataset>(job.parent_arn));
    if (job.import_mode != "INCREMENTAL") dataset.segments.clear();
    dataset.segments.push_back(SegmentName(job.uid));
    ATTUNE_RETURN_IF_ERROR(transaction.Update(dataset));
    return transaction.Advance(current, ResourceStatus::kActive);
  });
}

void Import(JobEnvironment& environment, DatasetImportJob job, const CancelFlag& cancelled) {
  if (job.status == ResourceStatus::kCreatePending) {
    const Status begun = environment.catalog.Advance(job, ResourceStatus::kCreateInProgress);
    if (!begun.ok()) return LogError("import {}: {}", job.arn, begun.ToString());
  }
  const auto outcome = ReadFiles(environment, job, cancelled);
  if (outcome.status().code() == Code::kCancelled) return;  // The next start begins it again.
  const Status recorded = RecordOutcome(environment, job, outcome);
  if (!recorded.ok()) return LogError("import {}: {}", job.arn, recorded.ToString());
  if (outcome.ok()) {
    LogInfo("import {}: {} rows of {}", job.name, outcome->row_count, job.data_location);
  } else {
    LogWarning("import {}: {}", job.name, outcome.status().message());
  }
}

class Source final : public WorkSource {
 public:
  explicit Source(JobEnvironment& environment) : environment_(environment) {}

  Result<std::vector<Work>> Due() override {
    ATTUNE_TRY(const auto jobs, environment_.catalog.All<DatasetImportJob>({}, TransientStatuses()));
    std::vector<Work> due;
    for (const DatasetImportJob& job : jobs) {
      // The key is the dataset's: its imports exclude each other, and the oldest is found first.
      due.push_back({.key = job.parent_arn,
                     .lane = JobLane::kTransfer,
                     .run = [this, job](const CancelFlag& cancelled) { Import(environment_, job, cancelled); }});
    }
    return due;
  }

 private:
  JobEnvironment& environment_;
};

}  // namespace

std::unique_ptr<WorkSource> ImportDatasetWork(JobEnvironment& environment) {
  return std::make_unique<Source>(environment);
}

}  // namespace attune
