#include "jobs/dataset_contents.h"

#include <algorithm>

namespace attune {
namespace {

Result<std::vector<ImportedSegment>> LoadSegments(JobEnvironment& environment, const Dataset& dataset) {
  ATTUNE_TRY(const auto jobs, environment.catalog.All<DatasetImportJob>(dataset.arn));
  std::vector<ImportedSegment> segments;
  for (const auto& name : dataset.segments) {
    ATTUNE_TRY(auto segment, Segment::Open(environment.env, JoinPath(environment.DatasetFolder(dataset.uid), name)));
    // The import counts from when it was asked for: what was put later is newer.
    const auto job = std::ranges::find_if(jobs, [&](const auto& each) { return SegmentName(each.uid) == name; });
    segments.push_back({.segment = std::move(segment), .received_ms = job == jobs.end() ? 0 : job->created_ms});
  }
  return segments;
}

Result<Schema> LoadSchema(JobEnvironment& environment, const Dataset& dataset) {
  ATTUNE_TRY(const auto resource, environment.catalog.Find<SchemaResource>(dataset.schema_arn));
  return Schema::Parse(resource.schema_json);
}

template <class Record>
Result<std::vector<Record>> LoadPuts(JobEnvironment& environment, const Dataset& dataset, std::uint64_t last_sequence,
                                     Result<Record> (*decode)(std::string_view)) {
  std::vector<Record> records;
  const Status read = environment.log.Read(DatasetStream(dataset.uid), 0,
                                           [&](std::uint64_t sequence, std::string_view payload) -> Status {
                                             if (sequence > last_sequence) return Cancelled("past the end");
                                             ATTUNE_TRY(auto record, decode(payload));
                                             records.push_back(std::move(record));
                                             return {};
                                           });
  if (!read.ok() && read.code() != Code::kCancelled) return read;
  return records;
}

Result<std::vector<Dataset>> InteractionsAndItems(JobEnvironment& environment, std::string_view group_arn) {
  ATTUNE_TRY(auto datasets, environment.catalog.All<Dataset>(group_arn));
  std::erase_if(datasets, [](const Dataset& dataset) {
    const auto type = ParseDatasetType(dataset.type);
    return type != DatasetType::kInteractions && type != DatasetType::kItems;
  });
  return datasets;
}

}  // namespace

Result<ContentsMark> MarkContents(JobEnvironment& environment, std::string_view group_arn) {
  ContentsMark mark{.segments = {}, .sequence = environment.log.LastSequence()};
  ATTUNE_TRY(const auto datasets, InteractionsAndItems(environment, group_arn));
  for (const Dataset& dataset : datasets) {
    mark.segments.insert(mark.segments.end(), dataset.segments.begin(), dataset.segments.end());
  }
  return mark;
}

Result<bool> HasNewContents(JobEnvironment& environment, std::string_view group_arn, const ContentsMark& since) {
  ATTUNE_TRY(const ContentsMark now, MarkContents(environment, group_arn));
  if (now.segments != since.segments) return true;
  if (now.sequence == since.sequence) return false;
  ATTUNE_TRY(const auto datasets, InteractionsAndItems(environment, group_arn));
  for (const Dataset& dataset : datasets) {
    const Status read = environment.log.Read(DatasetStream(dataset.uid), since.sequence + 1,
                                             [](std::uint64_t, std::string_view) { return Cancelled("there is one"); });
    if (read.code() == Code::kCancelled) return true;
    if (!read.ok()) return read;
  }
  return false;
}

Result<DatasetContents> LoadContents(JobEnvironment& environment, std::string_view group_arn) {
  DatasetContents contents;
  contents.log_sequence = environment.log.LastSequence();
  ATTUNE_TRY(const auto datasets, environment.catalog.All<Dataset>(group_arn));
  for (const Dataset& dataset : datasets) {
    const auto type = ParseDatasetType(dataset.type);
    if (type == DatasetType::kInteractions) {
      ATTUNE_TRY(contents.interaction_segments, LoadSegments(environment, dataset));
      ATTUNE_TRY(contents.interaction_schema, LoadSchema(environment, dataset));
      ATTUNE_TRY(contents.events, LoadPuts(environment, dataset, contents.log_sequence, &DecodeEvent));
    } else if (type == DatasetType::kItems) {
      ATTUNE_TRY(contents.item_segments, LoadSegments(environment, dataset));
      ATTUNE_TRY(contents.item_schema, LoadSchema(environment, dataset));
      ATTUNE_TRY(contents.item_puts, LoadPuts(environment, dataset, contents.log_sequence, &DecodeEntityPut));
    } else if (type == DatasetType::kUsers) {
      ATTUNE_TRY(contents.user_segments, LoadSegments(environment, dataset));
      ATTUNE_TRY(contents.user_schema, LoadSchema(environment, dataset));
      ATTUNE_TRY(contents.user_puts, LoadPuts(environment, dataset, contents.log_sequence, &DecodeEntityPut));
    }
  }
  return contents;
}

Result<GroupDatasets> FindGroupDatasets(Catalog& catalog, std::string_view group_arn) {
  GroupDatasets found;
  ATTUNE_RETURN_IF_ERROR(catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto datasets, transaction.All<Dataset>(group_arn));
    for (const Dataset& dataset : datasets) {
      const auto type = ParseDatasetType(dataset.type);
      if (type == DatasetType::kInteractions) found.interactions_stream = DatasetStream(dataset.uid);
      if (type != DatasetType::kItems) continue;
      found.items_stream = DatasetStream(dataset.uid);
      ATTUNE_TRY(const auto resource, transaction.Find<SchemaResource>(dataset.schema_arn));
      ATTUNE_TRY(auto schema, Schema::Parse(resource.schema_json));
      found.item_schema = std::make_shared<const Schema>(std::move(schema));
    }
    return {};
  }));
  return found;
}

Result<bool> ImportsArePending(Catalog& catalog, std::string_view group_arn) {
  bool pending = false;
  ATTUNE_RETURN_IF_ERROR(catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto datasets, transaction.All<Dataset>(group_arn));
    for (const Dataset& dataset : datasets) {
      ATTUNE_TRY(const auto count, transaction.Count(ResourceKind::kDatasetImportJob,
                                                     {.parent_arn = dataset.arn, .statuses = TransientStatuses()}));
      pending = pending || count > 0;
    }
    return {};
  }));
  return pending;
}

}  // namespace attune
