#include "services/personalize_events/ingest_index.h"

#include <fmt/format.h>

#include "services/personalize_events/dataset_stream.h"

namespace attune {

Result<IngestTracker> IngestIndex::FindTracker(std::string_view tracking_id) {
  ATTUNE_TRY(const auto snapshot, Current());
  const auto found = snapshot->trackers.find(tracking_id);
  if (found == snapshot->trackers.end()) {
    return InvalidArgument(fmt::format("No event tracker has the trackingId {}.", tracking_id));
  }
  return found->second;
}

Result<IngestDataset> IngestIndex::FindDataset(std::string_view dataset_arn) {
  ATTUNE_TRY(const auto snapshot, Current());
  const auto found = snapshot->datasets.find(dataset_arn);
  if (found == snapshot->datasets.end()) {
    return NotFound(fmt::format("Resource Arn {} does not exist.", dataset_arn));
  }
  return found->second;
}

Result<std::shared_ptr<const IngestIndex::Snapshot>> IngestIndex::Current() {
  const MutexLock lock(mutex_);
  // The count is taken before the catalog is read: a change in between makes the next call read again.
  const std::uint64_t change_count = catalog_.change_count();
  if (snapshot_ && snapshot_->change_count == change_count) return snapshot_;
  ATTUNE_TRY(auto read, Read());
  auto snapshot = std::make_shared<Snapshot>(*read);
  snapshot->change_count = change_count;
  snapshot_ = std::move(snapshot);
  return snapshot_;
}

Result<std::shared_ptr<const IngestIndex::Snapshot>> IngestIndex::Read() const {
  auto snapshot = std::make_shared<Snapshot>();
  ATTUNE_RETURN_IF_ERROR(catalog_.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto datasets, transaction.All<Dataset>());
    std::map<std::string, IngestDataset> interactions_of_group;
    std::map<std::string, std::shared_ptr<GroupDatasets>> datasets_of_group;
    for (const Dataset& dataset : datasets) {
      ATTUNE_TRY(const auto group, transaction.Find<DatasetGroup>(dataset.parent_arn));
      ATTUNE_TRY(const auto resource, transaction.Find<SchemaResource>(dataset.schema_arn));
      ATTUNE_TRY(auto schema, Schema::Parse(resource.schema_json));
      const auto type = ParseDatasetType(dataset.type);
      if (!type) return Internal(fmt::format("{} has the unknown type {}", dataset.arn, dataset.type));
      IngestDataset entry{.arn = dataset.arn,
                          .uid = dataset.uid,
                          .type = *type,
                          .schema = std::make_shared<const Schema>(std::move(schema)),
                          .group_arn = group.arn,
                          .group_uid = group.uid};
      auto& group_datasets = datasets_of_group[group.arn];
      if (!group_datasets) group_datasets = std::make_shared<GroupDatasets>();
      entry.group_datasets = group_datasets;  // Complete when all datasets were seen.
      if (*type == DatasetType::kInteractions) group_datasets->interactions_stream = DatasetStream(dataset.uid);
      if (*type == DatasetType::kItems) {
        group_datasets->items_stream = DatasetStream(dataset.uid);
        group_datasets->item_schema = entry.schema;
      }
      if (*type == DatasetType::kInteractions) interactions_of_group[group.arn] = entry;
      snapshot->datasets[dataset.arn] = std::move(entry);
    }
    ATTUNE_TRY(const auto trackers, transaction.All<EventTracker>());
    for (const EventTracker& tracker : trackers) {
      ATTUNE_TRY(const auto group, transaction.Find<DatasetGroup>(tracker.parent_arn));
      IngestTracker entry{.group_uid = group.uid};
      const auto interactions = interactions_of_group.find(group.arn);
      if (interactions != interactions_of_group.end()) entry.interactions = interactions->second;
      snapshot->trackers[tracker.tracking_id] = std::move(entry);
    }
    return {};
  }));
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

}  // namespace attune
