#include "services/personalize/schema.h"

#include <fmt/format.h>

#include "data/schema.h"
#include "services/answers.h"
#include "services/personalize/domain.h"

namespace attune {

Result<personalize::CreateSchemaResponse> CreateSchema(Context& context,
                                                       const personalize::CreateSchemaRequest& request) {
  ATTUNE_RETURN_IF_ERROR(Schema::Parse(request.schema, DomainOf(request.domain.value_or(""))).status());
  SchemaResource schema;
  schema.name = request.name;
  schema.arn = NewArn(context, "schema", request.name);
  schema.status = ResourceStatus::kActive;
  schema.schema_json = request.schema;
  schema.domain = request.domain.value_or("");
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_RETURN_IF_ERROR(transaction.Insert(schema));
    ATTUNE_TRY(const auto count,
               transaction.Count(ResourceKind::kSchema, {.arn_prefix = NewArn(context, "schema", "")}));
    return CheckLimit(count - 1, context.limits.schemas, fmt::format("More than {} schemas.", context.limits.schemas));
  });
  if (!stored.ok()) return stored;
  return personalize::CreateSchemaResponse{.schema_arn = schema.arn};
}

Result<personalize::DescribeSchemaResponse> DescribeSchema(Context& context,
                                                           const personalize::DescribeSchemaRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.schema_arn, "schema"));
  ATTUNE_TRY(const auto schema, context.catalog.Find<SchemaResource>(request.schema_arn));
  return personalize::DescribeSchemaResponse{
      .schema = personalize::DatasetSchema{.name = schema.name,
                                           .schema_arn = schema.arn,
                                           .schema = schema.schema_json,
                                           .creation_date_time = Timestamp{schema.created_ms},
                                           .last_updated_date_time = Timestamp{schema.updated_ms},
                                           .domain = IfSet(schema.domain)}};
}

namespace {

personalize::DatasetSchemaSummary Summarise(const SchemaResource& schema) {
  return {.name = schema.name,
          .schema_arn = schema.arn,
          .creation_date_time = Timestamp{schema.created_ms},
          .last_updated_date_time = Timestamp{schema.updated_ms},
          .domain = IfSet(schema.domain)};
}

}  // namespace

Result<personalize::ListSchemasResponse> ListSchemas(Context& context, const personalize::ListSchemasRequest& request) {
  personalize::ListSchemasResponse out;
  ATTUNE_RETURN_IF_ERROR(ListPage(context, std::nullopt, "", request, &out.schemas, &out.next_token, &Summarise));
  return out;
}

Status DeleteSchema(Context& context, const personalize::DeleteSchemaRequest& request) {
  return context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto schema, FindChecked<SchemaResource>(transaction, request.schema_arn, "schema"));
    ATTUNE_TRY(const auto datasets, transaction.All<Dataset>());
    for (const Dataset& dataset : datasets) {
      if (dataset.schema_arn == schema.arn) {
        return Busy(fmt::format("The schema {} is used by the dataset {}.", schema.arn, dataset.arn));
      }
    }
    return transaction.Remove(schema.arn);
  });
}

}  // namespace attune
