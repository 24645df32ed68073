#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// What a filter chooses among: after INCLUDE or EXCLUDE, "ItemID", "UserID" or "ActionID".
enum class FilterTarget { kItems, kUsers, kActions };

enum class FilterAction { kInclude, kExclude };

/// Where a column stands. kCurrentUser and kCurrentItem are the request's own user and item.
enum class FilterDataset {
  kInteractions,
  kItems,
  kUsers,
  kActions,
  kActionInteractions,
  kCurrentUser,
  kCurrentItem,
};

/// "Items", as messages name it.
std::string_view FilterDatasetText(FilterDataset dataset);

enum class FilterOperator { kIn, kNotIn, kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

struct FilterField {
  FilterDataset dataset = FilterDataset::kItems;
  std::string column;        ///< As it was written; columns compare without case.
  std::size_t position = 0;  ///< In the expression, counted in characters from 1.
};

/// "Items.PRICE"
std::string FilterFieldText(const FilterField& field);

/// A number as it was written. Whole ones are kept exactly, beyond 2^53 too.
struct FilterNumber {
  double real = 0;
  std::optional<std::int64_t> whole;

  /// Nothing unless all of `text` is one finite decimal number.
  static std::optional<FilterNumber> Parse(std::string_view text);
};

enum class FilterOperandKind {
  kText,
  kNumber,
  kParameter,    ///< Its name, without '$'.
  kAny,          ///< "*": every event type.
  kCurrentItem,  ///< A column of the request's item.
};

/// One value on the right-hand side of a condition.
struct FilterOperand {
  FilterOperandKind kind = FilterOperandKind::kText;
  std::string text;  ///< What was written, without quotes; a parameter's name; a column of the current item.
  FilterNumber number;
  std::size_t position = 0;
};

/// `field` op `operands`: one operand for comparisons, one or more for lists.
struct FilterCondition {
  FilterField field;
  FilterOperator op = FilterOperator::kIn;
  std::vector<FilterOperand> operands;
};

/// Conditions of which all must hold.
using FilterConjunction = std::vector<FilterCondition>;

struct FilterClause {
  FilterAction action = FilterAction::kInclude;
  std::vector<FilterConjunction> any_of;  ///< AND binds tighter than OR. All conditions are of one dataset.
  FilterConjunction only_if;              ///< Of the current user: the clause counts only if all hold.
};

/// A filter as it was written. The union of what INCLUDE clauses match (everything, if there are none) less the union
/// of what EXCLUDE clauses match.
struct FilterExpression {
  FilterTarget target = FilterTarget::kItems;
  std::vector<FilterClause> clauses;
};

}  // namespace attune
