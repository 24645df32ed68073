#include "filter/compiled_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/moments.h"
#include "filter/fold.h"

namespace attune {
namespace {

bool IsInteractions(FilterDataset dataset) {
  return dataset == FilterDataset::kInteractions || dataset == FilterDataset::kActionInteractions;
}

/// Filters speak of moments in seconds, as data files do; tables hold milliseconds.
FilterNumber InMilliseconds(FilterNumber number) {
  if (number.whole) {
    number.whole = ToMilliseconds(*number.whole);
    number.real = static_cast<double>(*number.whole);
  } else if (std::abs(number.real) <= static_cast<double>(kSecondsMax)) {
    number.real *= 1000;
  }
  return number;
}

Status AddOperand(const FilterCondition& condition, const Field& field, const FilterOperand& operand,
                  const FilterSchemas& schemas, FilterPredicate* predicate) {
  if (operand.kind == FilterOperandKind::kCurrentItem) {
    predicate->current_item_column = schemas.at(DatasetType::kItems)->FindColumn(operand.text);
    return {};
  }
  const bool is_event = IsInteractions(condition.field.dataset);
  if (operand.kind == FilterOperandKind::kAny) {
    if (!is_event) {
      return InvalidArgument(
          fmt::format("{} cannot take *: only EVENT_TYPE of interactions can.", FilterFieldText(condition.field)));
    }
    predicate->any_event = true;
  } else if (field.type == FieldType::kString) {
    predicate->texts.push_back(is_event ? FoldCase(operand.text) : operand.text);
  } else {
    const auto number = operand.kind == FilterOperandKind::kNumber ? operand.number : FilterNumber::Parse(operand.text);
    if (!number) {
      return InvalidArgument(fmt::format("{} compares with numbers; its parameter has the value '{}', which is none.",
                                         FilterFieldText(condition.field), operand.text));
    }
    predicate->numbers.push_back(IsTimeColumn(field.name) ? InMilliseconds(*number) : *number);
  }
  return {};
}

Result<FilterPredicates> CompileConditions(const FilterConjunction& conditions, const FilterSchemas& schemas) {
  FilterPredicates predicates;
  for (const auto& condition : conditions) {
    const DatasetType type = TypeOfFilterDataset(condition.field.dataset);
    const Schema& schema = *schemas.at(type);
    const std::size_t column = schema.FindColumn(condition.field.column).value_or(0);
    const Field& field = schema.fields()[column];
    const std::string folded = FoldName(field.name);
    FilterPredicate predicate{.column = column,
                              .op = condition.op,
                              .is_id = (type == DatasetType::kItems && folded == "itemid") ||
                                       (type == DatasetType::kUsers && folded == "userid") ||
                                       (type == DatasetType::kActions && folded == "actionid")};
    for (const auto& operand : condition.operands) {
      ATTUNE_RETURN_IF_ERROR(AddOperand(condition, field, operand, schemas, &predicate));
    }
    std::ranges::sort(predicate.texts);
    predicates.push_back(std::move(predicate));
  }
  return predicates;
}

}  // namespace

bool CompiledClause::needs_current_item() const {
  return std::ranges::any_of(any_of, [](const FilterPredicates& predicates) {
    return std::ranges::any_of(predicates, [](const auto& each) { return each.current_item_column.has_value(); });
  });
}

bool CompiledFilter::needs_user() const {
  return std::ranges::any_of(clauses, [](const auto& each) { return each.reads_events || !each.only_if.empty(); });
}

bool CompiledFilter::needs_current_item() const {
  return std::ranges::any_of(clauses, &CompiledClause::needs_current_item);
}

std::string KeyOf(const CompiledClause& clause) {
  if (clause.reads_events || clause.needs_current_item()) return {};
  std::string key;
  for (const auto& predicates : clause.any_of) {
    key += '|';
    for (const auto& predicate : predicates) {
      fmt::format_to(std::back_inserter(key), "&{} {}", predicate.column, static_cast<int>(predicate.op));
      // Lengths keep texts apart, whatever they hold.
      for (const auto& text : predicate.texts) fmt::format_to(std::back_inserter(key), ",{}:{}", text.size(), text);
      for (const auto& number : predicate.numbers) {
        if (number.whole) {
          fmt::format_to(std::back_inserter(key), ",w{}", *number.whole);
        } else {
          fmt::format_to(std::back_inserter(key), ",r{}", number.real);
        }
      }
    }
  }
  return key;
}

Result<CompiledFilter> CompileFilter(const FilterExpression& filter, const FilterSchemas& schemas,
                                     const FilterValues& values) {
  ATTUNE_RETURN_IF_ERROR(CheckFilter(filter, schemas));
  ATTUNE_TRY(const auto bound, BindFilterValues(filter, values));
  CompiledFilter compiled{.target = bound.target, .clauses = {}};
  for (const auto& clause : bound.clauses) {
    CompiledClause out{.action = clause.action,
                       .reads_events = IsInteractions(clause.any_of.front().front().field.dataset)};
    for (const auto& conditions : clause.any_of) {
      ATTUNE_TRY(auto predicates, CompileConditions(conditions, schemas));
      out.any_of.push_back(std::move(predicates));
    }
    ATTUNE_TRY(out.only_if, CompileConditions(clause.only_if, schemas));
    out.key = KeyOf(out);
    compiled.clauses.push_back(std::move(out));
  }
  return compiled;
}

}  // namespace attune
