#include "filter/values.h"

#include <fmt/format.h>

#include <optional>
#include <set>

namespace attune {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\f\v";

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// The strings of a list in quotes, from the first quote on.
Result<std::vector<std::string>> ReadQuoted(std::string_view name, std::string_view text) {
  std::vector<std::string> values;
  std::string_view rest = text;
  while (true) {
    rest = Trim(rest);
    if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) {
      return InvalidArgument(
          fmt::format("The value of the filter's parameter {} must be strings in quotes, parted by "
                      "commas; value {} of the list is not in quotes.",
                      name, values.size() + 1));
    }
    const std::size_t end = rest.find(rest.front(), 1);
    if (end == std::string_view::npos) {
      return InvalidArgument(
          fmt::format("The value of the filter's parameter {} has a quote without end: value {} of "
                      "the list.",
                      name, values.size() + 1));
    }
    values.emplace_back(rest.substr(1, end - 1));
    rest = Trim(rest.substr(end + 1));
    if (rest.empty()) return values;
    if (rest.front() != ',') {
      return InvalidArgument(
          fmt::format("The value of the filter's parameter {} has text after the quotes of value {} "
                      "where a comma should stand.",
                      name, values.size()));
    }
    rest.remove_prefix(1);
  }
}

/// The parameters of a clause that have no value.
std::optional<std::string> MissingParameter(const FilterClause& clause, const FilterValues& values) {
  const auto missing_of = [&](const FilterConjunction& conditions) -> std::optional<std::string> {
    for (const auto& condition : conditions) {
      for (const auto& operand : condition.operands) {
        if (operand.kind == FilterOperandKind::kParameter && !values.contains(operand.text)) return operand.text;
      }
    }
    return std::nullopt;
  };
  for (const auto& conjunction : clause.any_of) {
    if (auto missing = missing_of(conjunction)) return missing;
  }
  return missing_of(clause.only_if);
}

Status BindConditions(const FilterValues& values, FilterConjunction* conditions) {
  for (auto& condition : *conditions) {
    const bool is_list = condition.op == FilterOperator::kIn || condition.op == FilterOperator::kNotIn;
    std::vector<FilterOperand> bound;
    for (const auto& operand : condition.operands) {
      if (operand.kind != FilterOperandKind::kParameter) {
        bound.push_back(operand);
        continue;
      }
      ATTUNE_TRY(const auto texts, ReadFilterValue(operand.text, values.find(operand.text)->second));
      if (!is_list && texts.size() != 1) {
        return InvalidArgument(
            fmt::format("The value of the filter's parameter {} has {} numbers; the comparison of "
                        "{} takes one.",
                        operand.text, texts.size(), FilterFieldText(condition.field)));
      }
      for (const auto& text : texts) {
        bound.push_back({.kind = text == "*" ? FilterOperandKind::kAny : FilterOperandKind::kText,
                         .text = text,
                         .number = {},
                         .position = operand.position});
      }
    }
    condition.operands = std::move(bound);
  }
  return {};
}

Status CheckAllAreKnown(const FilterExpression& filter, const FilterValues& values) {
  std::set<std::string_view> names;
  const auto add = [&](const FilterConjunction& conditions) {
    for (const auto& condition : conditions) {
      for (const auto& operand : condition.operands) {
        if (operand.kind == FilterOperandKind::kParameter) names.insert(operand.text);
      }
    }
  };
  for (const auto& clause : filter.clauses) {
    for (const auto& conjunction : clause.any_of) add(conjunction);
    add(clause.only_if);
  }
  for (const auto& [name, text] : values) {
    if (!names.contains(name)) {
      return InvalidArgument(fmt::format(
          "filterValues has the key {}, but the filter has no parameter ${}; names compare with case.", name, name));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> ReadFilterValue(std::string_view name, std::string_view text) {
  const std::string_view trimmed = Trim(text);
  if (trimmed.empty()) return std::vector<std::string>();
  if (trimmed.front() == '"' || trimmed.front() == '\'') return ReadQuoted(name, trimmed);
  if (trimmed.find(',') == std::string_view::npos) {
    if (trimmed.find('"') != std::string_view::npos) {
      return InvalidArgument(
          fmt::format("The value of the filter's parameter {} has a quote inside; strings begin with one.", name));
    }
    return std::vector<std::string>{std::string(trimmed)};
  }
  std::vector<std::string> values;
  std::string_view rest = trimmed;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view part = Trim(rest.substr(0, comma));
    if (!FilterNumber::Parse(part)) {
      return InvalidArgument(
          fmt::format("The value of the filter's parameter {} is a list of strings without quotes: "
                      "write \"one\",\"two\".",
                      name));
    }
    values.emplace_back(part);
    if (comma == std::string_view::npos) return values;
    rest.remove_prefix(comma + 1);
  }
}

Result<FilterExpression> BindFilterValues(const FilterExpression& filter, const FilterValues& values) {
  ATTUNE_RETURN_IF_ERROR(CheckAllAreKnown(filter, values));
  FilterExpression bound{.target = filter.target, .clauses = {}};
  for (FilterClause clause : filter.clauses) {
    if (const auto missing = MissingParameter(clause, values)) {
      if (clause.action == FilterAction::kExclude) continue;
      return InvalidArgument(
          fmt::format("filterValues lacks the key {}: the filter's INCLUDE needs ${}.", *missing, *missing));
    }
    for (auto& conjunction : clause.any_of) ATTUNE_RETURN_IF_ERROR(BindConditions(values, &conjunction));
    ATTUNE_RETURN_IF_ERROR(BindConditions(values, &clause.only_if));
    bound.clauses.push_back(std::move(clause));
  }
  return bound;
}

}  // namespace attune
