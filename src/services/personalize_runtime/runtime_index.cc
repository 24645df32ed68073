#include "services/personalize_runtime/runtime_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "filter/parser.h"
#include "services/personalize/recipe_catalogue.h"
#include "services/personalize_events/dataset_stream.h"

namespace attune {
namespace {

Status DoesNotExist(std::string_view arn) { return NotFound(fmt::format("Resource Arn {} does not exist.", arn)); }

}  // namespace

Result<RuntimeCampaign> RuntimeIndex::FindCampaign(std::string_view arn) {
  ATTUNE_TRY(const auto snapshot, Current());
  const auto found = snapshot->campaigns.find(arn);
  if (found == snapshot->campaigns.end()) return DoesNotExist(arn);
  return found->second;
}

Result<RuntimeFilter> RuntimeIndex::FindFilter(std::string_view arn) {
  ATTUNE_TRY(const auto snapshot, Current());
  const auto found = snapshot->filters.find(arn);
  if (found == snapshot->filters.end()) return DoesNotExist(arn);
  return found->second;
}

Result<std::vector<std::shared_ptr<const RuntimeGroup>>> RuntimeIndex::Groups() {
  ATTUNE_TRY(const auto snapshot, Current());
  std::vector<std::shared_ptr<const RuntimeGroup>> groups;
  for (const auto& [arn, group] : snapshot->groups) groups.push_back(group);
  return groups;
}

Result<std::shared_ptr<const RuntimeIndex::Snapshot>> RuntimeIndex::Current() {
  const MutexLock lock(mutex_);
  // The count is taken before the catalog is read: a change in between makes the next call read again.
  const std::uint64_t change_count = catalog_.change_count();
  if (snapshot_ && snapshot_->change_count == change_count) return snapshot_;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->change_count = change_count;
  ATTUNE_RETURN_IF_ERROR(
      catalog_.Transact([&](CatalogTransaction& transaction) -> Status { return Read(transaction, snapshot.get()); }));
  snapshot_ = std::move(snapshot);
  return snapshot_;
}

Status RuntimeIndex::Read(CatalogTransaction& transaction, Snapshot* snapshot) const {
  ATTUNE_TRY(const auto campaigns, transaction.All<Campaign>());
  ATTUNE_TRY(const auto groups, transaction.All<DatasetGroup>());
  for (const DatasetGroup& group : groups) {
    const bool has_campaigns =
        std::ranges::any_of(campaigns, [&](const Campaign& each) { return each.dataset_group_arn == group.arn; });
    ATTUNE_TRY(snapshot->groups[group.arn], ReadGroup(transaction, group.arn, has_campaigns));
  }
  for (const Campaign& campaign : campaigns) {
    const auto solution = transaction.Find<Solution>(campaign.parent_arn);
    const RecipeEntry* recipe = solution.ok() ? FindRecipe(solution->recipe_arn) : nullptr;
    // A solution without a recipe is one of performAutoML.
    snapshot->campaigns[campaign.arn] = {
        .recipe_name = std::string(recipe != nullptr ? recipe->name : "aws-user-personalization"),
        .recipe_type = std::string(recipe != nullptr ? recipe->type : "USER_PERSONALIZATION"),
        .group = snapshot->groups[campaign.dataset_group_arn]};
  }
  ATTUNE_TRY(const auto filters, transaction.All<FilterResource>());
  for (const FilterResource& filter : filters) {
    ATTUNE_TRY(auto parsed, ParseFilter(filter.expression));
    snapshot->filters[filter.arn] = {.expression = std::make_shared<const FilterExpression>(std::move(parsed)),
                                     .group_arn = filter.parent_arn};
  }
  return {};
}

Result<std::shared_ptr<const RuntimeGroup>> RuntimeIndex::ReadGroup(CatalogTransaction& transaction,
                                                                    const std::string& arn, bool has_campaigns) const {
  auto group = std::make_shared<RuntimeGroup>();
  group->arn = arn;
  group->has_campaigns = has_campaigns;
  ATTUNE_TRY(const auto filter_count, transaction.Count(ResourceKind::kFilter, {.parent_arn = arn}));
  group->has_filters = filter_count > 0;
  ATTUNE_TRY(const auto datasets, transaction.All<Dataset>(arn));
  for (const Dataset& dataset : datasets) {
    const auto type = ParseDatasetType(dataset.type);
    if (!type) return Internal(fmt::format("{} has the unknown type {}", dataset.arn, dataset.type));
    ATTUNE_TRY(auto stored, ReadDataset(transaction, dataset));
    group->schemas[*type] = stored->schema;
    group->datasets[*type] = std::move(stored);
  }
  return std::shared_ptr<const RuntimeGroup>(std::move(group));
}

Result<std::shared_ptr<const StoredDataset>> RuntimeIndex::ReadDataset(CatalogTransaction& transaction,
                                                                       const Dataset& dataset) const {
  ATTUNE_TRY(const auto resource, transaction.Find<SchemaResource>(dataset.schema_arn));
  ATTUNE_TRY(auto schema, Schema::Parse(resource.schema_json));
  auto stored =
      std::make_shared<StoredDataset>(StoredDataset{.uid = dataset.uid,
                                                    .stream = DatasetStream(dataset.uid),
                                                    .schema_name = resource.uid,
                                                    .schema = std::make_shared<const Schema>(std::move(schema)),
                                                    .segments = {}});
  ATTUNE_TRY(const auto jobs, transaction.All<DatasetImportJob>(dataset.arn));
  for (const std::string& name : dataset.segments) {
    // The import counts from when it was asked for: what was put later is newer.
    const auto job = std::ranges::find_if(jobs, [&](const auto& each) { return name == each.uid + ".segment"; });
    stored->segments.push_back({.path = JoinPath(JoinPath(datasets_path_, dataset.uid), name),
                                .received_ms = job == jobs.end() ? 0 : job->created_ms});
  }
  return std::shared_ptr<const StoredDataset>(std::move(stored));
}

}  // namespace attune
