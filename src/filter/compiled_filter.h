#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "filter/ast.h"
#include "filter/check.h"
#include "filter/values.h"

namespace attune {

/// One condition as evaluation takes it: a column by its place in the schema, and values of the column's own type.
struct FilterPredicate {
  std::size_t column = 0;
  FilterOperator op = FilterOperator::kIn;
  bool is_id = false;  ///< The column is the candidate's own id, which candidates without a record have too.
  std::vector<std::string> texts;                  ///< Of string columns; lower case where they are event types.
  std::vector<FilterNumber> numbers;               ///< Of numeric columns; milliseconds where the column holds moments.
  bool any_event = false;                          ///< "*"
  std::optional<std::size_t> current_item_column;  ///< Its value takes the place of those above.
};

using FilterPredicates = std::vector<FilterPredicate>;  ///< All must hold.

struct CompiledClause {
  FilterAction action = FilterAction::kInclude;
  bool reads_events = false;  ///< Of the user's interactions; otherwise of the candidates' own records.
  std::vector<FilterPredicates> any_of;
  FilterPredicates only_if;  ///< Of the user's record.
  /// Equal for clauses that match the same candidates of one table, so that what was found can be kept. IF and the
  /// action have no part in it. Empty where events or the current item do.
  std::string key;

  bool needs_current_item() const;
};

/// A filter with its values, ready to be evaluated. Immutable.
struct CompiledFilter {
  FilterTarget target = FilterTarget::kItems;
  std::vector<CompiledClause> clauses;

  bool needs_user() const;  ///< Whether it asks for interactions or for the current user.
  bool needs_current_item() const;
};

/// CompiledClause::key of the clause as it is.
std::string KeyOf(const CompiledClause& clause);

/// Puts the values in their places (see BindFilterValues) and finds the columns. InvalidArgument for what
/// BindFilterValues refuses, for values that are not of their column's type, and for what CheckFilter refuses: schemas
/// may have changed since the filter was made.
Result<CompiledFilter> CompileFilter(const FilterExpression& filter, const FilterSchemas& schemas,
                                     const FilterValues& values);

}  // namespace attune
