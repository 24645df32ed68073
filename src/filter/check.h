#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/status.h"
#include "data/schema.h"
#include "filter/ast.h"

namespace attune {

/// The schemas of a group's datasets; types that the group does not have are absent.
using FilterSchemas = std::map<DatasetType, std::shared_ptr<const Schema>>;

/// The dataset that holds the columns of `dataset`: Users for kCurrentUser, Items for kCurrentItem.
DatasetType TypeOfFilterDataset(FilterDataset dataset);

/// Every column the filter reads, once: "ITEMS.PRICE", in upper case.
std::set<std::string> FieldsOf(const FilterExpression& filter);

/// Whether the filter fits the schemas: its datasets and columns exist, columns are neither textual nor boolean,
/// comparisons and numbers meet numeric columns, strings string columns, "*" event types alone, and it reads at most
/// kFieldsPerFilterMax columns. InvalidArgument names the position and the column.
Status CheckFilter(const FilterExpression& filter, const FilterSchemas& schemas);

inline constexpr std::size_t kFieldsPerFilterMax = 10;

}  // namespace attune
