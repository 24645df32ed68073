#include "filter/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace attune {
namespace {

bool IsNumeric(FieldType type) { return type != FieldType::kString && type != FieldType::kBoolean; }

std::string_view TypeText(FieldType type) {
  switch (type) {
    case FieldType::kString: return "string";
    case FieldType::kInt: return "int";
    case FieldType::kLong: return "long";
    case FieldType::kFloat: return "float";
    case FieldType::kDouble: return "double";
    case FieldType::kBoolean: return "boolean";
  }
  return "";
}

bool IsInteractions(FilterDataset dataset) {
  return dataset == FilterDataset::kInteractions || dataset == FilterDataset::kActionInteractions;
}

Status Refuse(const FilterField& field, std::string_view why) {
  return InvalidArgument(
      fmt::format("Invalid Expression: {} at position {} {}", FilterFieldText(field), field.position, why));
}

/// The schema's field that a filter may ask for.
Result<const Field*> FindField(const FilterField& field, const FilterSchemas& schemas) {
  const DatasetType type = TypeOfFilterDataset(field.dataset);
  const auto schema = schemas.find(type);
  if (schema == schemas.end()) {
    return Refuse(field,
                  fmt::format("names a dataset that the dataset group does not have: {}.", DatasetTypeText(type)));
  }
  const auto column = schema->second->FindColumn(field.column);
  if (!column) {
    std::string names;
    for (const Field& each : schema->second->fields()) names += (names.empty() ? "" : ", ") + each.name;
    return Refuse(field, fmt::format("is not a column of the dataset's schema; there are {}.", names));
  }
  const Field& found = schema->second->fields()[*column];
  if (found.textual) return Refuse(field, "is a textual column, which filters cannot use.");
  if (found.type == FieldType::kBoolean) return Refuse(field, "is a boolean column, which filters cannot use.");
  const std::string folded = FoldName(found.name);
  if (IsInteractions(field.dataset) && folded != "eventtype") {
    return Refuse(field, "cannot be filtered by; EVENT_TYPE is the only column of interactions that can.");
  }
  if (type == DatasetType::kActions &&
      (folded == "actionexpirationtimestamp" || folded == "expirationtimestamp" || folded == "repeatfrequency")) {
    return Refuse(field, "cannot be filtered by.");
  }
  return &found;
}

Status CheckOperand(const FilterCondition& condition, const Field& field, const FilterOperand& operand,
                    const FilterSchemas& schemas) {
  switch (operand.kind) {
    case FilterOperandKind::kParameter: return {};
    case FilterOperandKind::kText:
      if (field.type == FieldType::kString) return {};
      return Refuse(condition.field, fmt::format("is of type {}; the string \"{}\" at position {} should be a number.",
                                                 TypeText(field.type), operand.text, operand.position));
    case FilterOperandKind::kNumber:
      if (IsNumeric(field.type)) return {};
      return Refuse(condition.field, fmt::format("is of type string; {} at position {} should stand in quotes.",
                                                 operand.text, operand.position));
    case FilterOperandKind::kAny:
      if (IsInteractions(condition.field.dataset)) return {};
      return Refuse(condition.field, fmt::format("cannot take * at position {}: only EVENT_TYPE of interactions can.",
                                                 operand.position));
    case FilterOperandKind::kCurrentItem: {
      const FilterField other{
          .dataset = FilterDataset::kCurrentItem, .column = operand.text, .position = operand.position};
      ATTUNE_TRY(const Field* const found, FindField(other, schemas));
      if (IsNumeric(found->type) == IsNumeric(field.type)) return {};
      return Refuse(condition.field, fmt::format("is of type {}, {} at position {} of type {}.", TypeText(field.type),
                                                 FilterFieldText(other), operand.position, TypeText(found->type)));
    }
  }
  return {};
}

Status CheckCondition(const FilterCondition& condition, const FilterSchemas& schemas) {
  ATTUNE_TRY(const Field* const field, FindField(condition.field, schemas));
  const bool is_list = condition.op == FilterOperator::kIn || condition.op == FilterOperator::kNotIn;
  if (!is_list && !IsNumeric(field->type)) {
    return Refuse(condition.field, "is of type string; comparisons are for numbers, use IN or NOT IN.");
  }
  for (const auto& operand : condition.operands) {
    ATTUNE_RETURN_IF_ERROR(CheckOperand(condition, *field, operand, schemas));
  }
  return {};
}

/// Calls `visit` with every condition, those of IF included, until it returns an error.
template <class Visit>
Status EachCondition(const FilterExpression& filter, Visit visit) {
  for (const auto& clause : filter.clauses) {
    for (const auto& conjunction : clause.any_of) {
      for (const auto& condition : conjunction) ATTUNE_RETURN_IF_ERROR(visit(condition));
    }
    for (const auto& condition : clause.only_if) ATTUNE_RETURN_IF_ERROR(visit(condition));
  }
  return {};
}

}  // namespace

DatasetType TypeOfFilterDataset(FilterDataset dataset) {
  switch (dataset) {
    case FilterDataset::kInteractions: return DatasetType::kInteractions;
    case FilterDataset::kItems:
    case FilterDataset::kCurrentItem: return DatasetType::kItems;
    case FilterDataset::kUsers:
    case FilterDataset::kCurrentUser: return DatasetType::kUsers;
    case FilterDataset::kActions: return DatasetType::kActions;
    case FilterDataset::kActionInteractions: return DatasetType::kActionInteractions;
  }
  return DatasetType::kItems;
}

std::set<std::string> FieldsOf(const FilterExpression& filter) {
  std::set<std::string> fields;
  const auto add = [&](FilterDataset dataset, std::string_view column) {
    std::string name = fmt::format("{}.{}", DatasetTypeText(TypeOfFilterDataset(dataset)), column);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    fields.insert(std::move(name));
  };
  const Status visited = EachCondition(filter, [&](const FilterCondition& condition) -> Status {
    add(condition.field.dataset, condition.field.column);
    for (const auto& operand : condition.operands) {
      if (operand.kind == FilterOperandKind::kCurrentItem) add(FilterDataset::kCurrentItem, operand.text);
    }
    return {};
  });
  ATTUNE_CHECK(visited.ok());
  return fields;
}

Status CheckFilter(const FilterExpression& filter, const FilterSchemas& schemas) {
  ATTUNE_RETURN_IF_ERROR(
      EachCondition(filter, [&](const FilterCondition& condition) { return CheckCondition(condition, schemas); }));
  const std::size_t count = FieldsOf(filter).size();
  if (count > kFieldsPerFilterMax) {
    return InvalidArgument(
        fmt::format("The filter reads {} distinct columns; the limit is {}.", count, kFieldsPerFilterMax));
  }
  return {};
}

}  // namespace attune
