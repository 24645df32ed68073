#include "services/personalize/dataset.h"

#include <fmt/format.h>

#include "data/schema.h"
#include "services/answers.h"
#include "services/personalize/domain.h"

namespace attune {
namespace {

Status CheckSchemaFits(const SchemaResource& resource, const DatasetGroup& group, DatasetType type) {
  if (resource.domain != group.domain) {
    return InvalidArgument(fmt::format("The schema {} is of the domain '{}', the dataset group {} of '{}'.",
                                       resource.arn, resource.domain, group.arn, group.domain));
  }
  ATTUNE_TRY(const auto schema, Schema::Parse(resource.schema_json, DomainOf(resource.domain)));
  return schema.CheckFits(type, DomainOf(group.domain));
}

/// Busy while an import, an export or a training reads or writes the dataset.
Status CheckIsIdle(CatalogTransaction& transaction, const Dataset& dataset) {
  for (const auto kind : {ResourceKind::kDatasetImportJob, ResourceKind::kDatasetExportJob}) {
    ATTUNE_TRY(const auto count, transaction.Count(kind, {.parent_arn = dataset.arn, .statuses = TransientStatuses()}));
    if (count > 0) return Busy(fmt::format("{} of kind {} of {} is not done yet.", count, KindText(kind), dataset.arn));
  }
  ATTUNE_TRY(const auto versions, transaction.All<SolutionVersion>({}, TransientStatuses()));
  for (const auto& version : versions) {
    if (version.dataset_group_arn == dataset.parent_arn) {
      return Busy(fmt::format("The solution version {} is {}.", version.arn, StatusText(version.status)));
    }
  }
  return {};
}

template <class Job>
Status RemoveJobs(CatalogTransaction& transaction, const Dataset& dataset) {
  ATTUNE_TRY(const auto jobs, transaction.All<Job>(dataset.arn));
  for (const Job& job : jobs) ATTUNE_RETURN_IF_ERROR(transaction.Remove(job.arn));
  return {};
}

personalize::DatasetSummary Summarise(const Dataset& dataset) {
  personalize::DatasetSummary out{.name = dataset.name, .dataset_arn = dataset.arn, .dataset_type = dataset.type};
  DescribeCommon(dataset, &out);
  return out;
}

}  // namespace

Result<personalize::CreateDatasetResponse> CreateDataset(Context& context,
                                                         const personalize::CreateDatasetRequest& request) {
  const auto type = ParseDatasetType(request.dataset_type);
  if (!type) {
    return InvalidArgument(
        fmt::format("'{}' is not a datasetType: there are Interactions, Items, Users, Actions and "
                    "Action_Interactions.",
                    request.dataset_type));
  }
  Dataset dataset;
  dataset.name = request.name;
  dataset.parent_arn = request.dataset_group_arn;
  dataset.status = ResourceStatus::kActive;
  dataset.type = DatasetTypeText(*type);
  dataset.schema_arn = request.schema_arn;
  if (type == DatasetType::kActionInteractions) dataset.tracking_id = context.entropy.Uuid();
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto group, FindChecked<DatasetGroup>(transaction, request.dataset_group_arn, "dataset-group"));
    ATTUNE_TRY(const auto schema, FindChecked<SchemaResource>(transaction, request.schema_arn, "schema"));
    const bool is_action = type == DatasetType::kActions || type == DatasetType::kActionInteractions;
    if (is_action && !group.domain.empty()) {
      return InvalidArgument(fmt::format("A domain dataset group cannot have a dataset of type {}.", dataset.type));
    }
    ATTUNE_RETURN_IF_ERROR(CheckSchemaFits(schema, group, *type));
    dataset.arn = NewArn(context, "dataset", group.name + "/" + dataset.type);
    return InsertWithTags(transaction, dataset, request.tags);
  });
  if (!stored.ok()) return stored;
  return personalize::CreateDatasetResponse{.dataset_arn = dataset.arn};
}

Result<personalize::DescribeDatasetResponse> DescribeDataset(Context& context,
                                                             const personalize::DescribeDatasetRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.dataset_arn, "dataset"));
  ATTUNE_TRY(const auto dataset, context.catalog.Find<Dataset>(request.dataset_arn));
  personalize::Dataset out{.name = dataset.name,
                           .dataset_arn = dataset.arn,
                           .dataset_group_arn = dataset.parent_arn,
                           .dataset_type = dataset.type,
                           .schema_arn = dataset.schema_arn,
                           .tracking_id = IfSet(dataset.tracking_id)};
  if (dataset.update) {
    out.latest_dataset_update =
        personalize::DatasetUpdateSummary{.schema_arn = dataset.update->schema_arn,
                                          .status = std::string(StatusText(ResourceStatus::kActive)),
                                          .creation_date_time = Timestamp{dataset.update->created_ms},
                                          .last_updated_date_time = Timestamp{dataset.update->updated_ms}};
  }
  DescribeCommon(dataset, &out);
  return personalize::DescribeDatasetResponse{.dataset = std::move(out)};
}

Result<personalize::ListDatasetsResponse> ListDatasets(Context& context,
                                                       const personalize::ListDatasetsRequest& request) {
  personalize::ListDatasetsResponse out;
  ATTUNE_RETURN_IF_ERROR(ListPage(context, request.dataset_group_arn, "dataset-group", request, &out.datasets,
                                  &out.next_token, &Summarise));
  return out;
}

Result<personalize::UpdateDatasetResponse> UpdateDataset(Context& context,
                                                         const personalize::UpdateDatasetRequest& request) {
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto dataset, FindChecked<Dataset>(transaction, request.dataset_arn, "dataset"));
    ATTUNE_TRY(const auto new_schema, FindChecked<SchemaResource>(transaction, request.schema_arn, "schema"));
    ATTUNE_TRY(const auto old_schema, transaction.Find<SchemaResource>(dataset.schema_arn));
    ATTUNE_TRY(const auto group, transaction.Find<DatasetGroup>(dataset.parent_arn));
    const auto type = ParseDatasetType(dataset.type);
    if (type != DatasetType::kItems && type != DatasetType::kUsers) {
      return InvalidArgument(fmt::format(
          "The schema of a dataset of type {} cannot be replaced: only those of ITEMS and USERS can.", dataset.type));
    }
    ATTUNE_RETURN_IF_ERROR(CheckSchemaFits(new_schema, group, *type));
    ATTUNE_TRY(const auto old_parsed, Schema::Parse(old_schema.schema_json));
    ATTUNE_TRY(const auto new_parsed, Schema::Parse(new_schema.schema_json));
    ATTUNE_RETURN_IF_ERROR(old_parsed.CheckReplaceableBy(new_parsed));
    ATTUNE_RETURN_IF_ERROR(CheckIsIdle(transaction, dataset));
    const std::int64_t now_ms = context.clock.UnixMilliseconds();
    dataset.schema_arn = new_schema.arn;
    dataset.update = DatasetUpdate{.schema_arn = new_schema.arn, .created_ms = now_ms, .updated_ms = now_ms};
    return transaction.Update(dataset);
  });
  if (!stored.ok()) return stored;
  return personalize::UpdateDatasetResponse{.dataset_arn = request.dataset_arn};
}

Status DeleteDataset(Context& context, const personalize::DeleteDatasetRequest& request) {
  std::string uid;
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto dataset, FindChecked<Dataset>(transaction, request.dataset_arn, "dataset"));
    ATTUNE_RETURN_IF_ERROR(CheckIsIdle(transaction, dataset));
    // Its jobs go with it: a dataset made again under the same ARN has none, and their names are free.
    ATTUNE_RETURN_IF_ERROR(RemoveJobs<DatasetImportJob>(transaction, dataset));
    ATTUNE_RETURN_IF_ERROR(RemoveJobs<DatasetExportJob>(transaction, dataset));
    uid = dataset.uid;
    return transaction.Remove(dataset.arn);
  });
  if (!stored.ok()) return stored;
  context.filter_data.ForgetDataset(uid);
  return {};
}

}  // namespace attune
