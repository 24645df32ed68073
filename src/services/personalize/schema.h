#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::CreateSchemaResponse> CreateSchema(Context& context,
                                                       const personalize::CreateSchemaRequest& request);
Result<personalize::DescribeSchemaResponse> DescribeSchema(Context& context,
                                                           const personalize::DescribeSchemaRequest& request);
Result<personalize::ListSchemasResponse> ListSchemas(Context& context, const personalize::ListSchemasRequest& request);
Status DeleteSchema(Context& context, const personalize::DeleteSchemaRequest& request);

}  // namespace attune
