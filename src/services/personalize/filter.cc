#include "services/personalize/filter.h"

#include <fmt/format.h>

#include "filter/check.h"
#include "filter/parser.h"
#include "services/answers.h"

namespace attune {
namespace {

/// An error of the filter language, as the service begins its sentences.
Status CouldNotCreate(const Status& why) {
  return Status(why.code(), fmt::format("Could not create filter. {}", why.message()));
}

Result<FilterSchemas> SchemasOf(CatalogTransaction& transaction, const std::string& group_arn) {
  FilterSchemas schemas;
  ATTUNE_TRY(const auto datasets, transaction.All<Dataset>(group_arn));
  for (const Dataset& dataset : datasets) {
    ATTUNE_TRY(const auto resource, transaction.Find<SchemaResource>(dataset.schema_arn));
    ATTUNE_TRY(auto schema, Schema::Parse(resource.schema_json));
    const auto type = ParseDatasetType(dataset.type);
    if (!type) return Internal(fmt::format("{} has the unknown type {}", dataset.arn, dataset.type));
    schemas[*type] = std::make_shared<const Schema>(std::move(schema));
  }
  return schemas;
}

/// LimitExceeded if the filters of the group, with one more that reads `fields`, are too many or read too much.
Status CheckGroupHasRoom(Context& context, CatalogTransaction& transaction, const std::string& group_arn,
                         std::set<std::string> fields) {
  ATTUNE_TRY(const auto filters, transaction.All<FilterResource>(group_arn));
  ATTUNE_RETURN_IF_ERROR(CheckLimit(filters.size(), context.limits.filters_per_group,
                                    fmt::format("The dataset group {} has {} filters already; the limit is {}.",
                                                group_arn, filters.size(), context.limits.filters_per_group)));
  for (const FilterResource& filter : filters) {
    ATTUNE_TRY(const auto parsed, ParseFilter(filter.expression));
    fields.merge(FieldsOf(parsed));
  }
  if (fields.size() <= context.limits.filter_columns_per_group) return {};
  return LimitExceeded(
      fmt::format("Could not create filter. With it the filters of the dataset group {} would read {} "
                  "distinct columns; the limit is {}.",
                  group_arn, fields.size(), context.limits.filter_columns_per_group));
}

personalize::FilterSummary Summarise(const FilterResource& filter) {
  personalize::FilterSummary out{.name = filter.name, .filter_arn = filter.arn, .dataset_group_arn = filter.parent_arn};
  DescribeCommon(filter, &out);
  return out;
}

}  // namespace

Result<personalize::CreateFilterResponse> CreateFilter(Context& context,
                                                       const personalize::CreateFilterRequest& request) {
  const auto parsed = ParseFilter(request.filter_expression);
  if (!parsed.ok()) return CouldNotCreate(parsed.status());
  FilterResource filter;
  filter.name = request.name;
  filter.arn = NewArn(context, "filter", request.name);
  filter.parent_arn = request.dataset_group_arn;
  filter.status = ResourceStatus::kActive;
  filter.expression = request.filter_expression;
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_RETURN_IF_ERROR(FindChecked<DatasetGroup>(transaction, request.dataset_group_arn, "dataset-group").status());
    ATTUNE_TRY(const auto schemas, SchemasOf(transaction, request.dataset_group_arn));
    if (const Status fits = CheckFilter(*parsed, schemas); !fits.ok()) return CouldNotCreate(fits);
    // A name that is taken is told before a limit: the insert is undone where the limit is reached.
    const Status room = CheckGroupHasRoom(context, transaction, request.dataset_group_arn, FieldsOf(*parsed));
    ATTUNE_RETURN_IF_ERROR(InsertWithTags(transaction, filter, request.tags));
    return room;
  });
  if (!stored.ok()) return stored;
  return personalize::CreateFilterResponse{.filter_arn = filter.arn};
}

Result<personalize::DescribeFilterResponse> DescribeFilter(Context& context,
                                                           const personalize::DescribeFilterRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.filter_arn, "filter"));
  ATTUNE_TRY(const auto filter, context.catalog.Find<FilterResource>(request.filter_arn));
  personalize::Filter out{.name = filter.name,
                          .filter_arn = filter.arn,
                          .dataset_group_arn = filter.parent_arn,
                          .filter_expression = filter.expression};
  DescribeCommon(filter, &out);
  return personalize::DescribeFilterResponse{.filter = std::move(out)};
}

Result<personalize::ListFiltersResponse> ListFilters(Context& context, const personalize::ListFiltersRequest& request) {
  personalize::ListFiltersResponse out;
  ATTUNE_RETURN_IF_ERROR(ListPage(context, request.dataset_group_arn, "dataset-group", request, &out.filters,
                                  &out.next_token, &Summarise));
  return out;
}

Status DeleteFilter(Context& context, const personalize::DeleteFilterRequest& request) {
  return context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto filter, FindChecked<FilterResource>(transaction, request.filter_arn, "filter"));
    return transaction.Remove(filter.arn);
  });
}

}  // namespace attune
