#include "filter/evaluate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/segment.h"

namespace attune {
namespace {

template <class T>
bool Compare(FilterOperator op, T value, T bound) {
  switch (op) {
    case FilterOperator::kIn:
    case FilterOperator::kNotIn:
    case FilterOperator::kEqual: return value == bound;
    case FilterOperator::kNotEqual: return value != bound;
    case FilterOperator::kLess: return value < bound;
    case FilterOperator::kLessEqual: return value <= bound;
    case FilterOperator::kGreater: return value > bound;
    case FilterOperator::kGreaterEqual: return value >= bound;
  }
  return false;
}

bool Compare(FilterOperator op, std::int64_t value, const FilterNumber& bound) {
  return bound.whole ? Compare(op, value, *bound.whole) : Compare(op, static_cast<double>(value), bound.real);
}
bool Compare(FilterOperator op, double value, const FilterNumber& bound) { return Compare(op, value, bound.real); }

/// Of a value that is not null.
template <class T>
bool NumberHolds(const FilterPredicate& predicate, T value) {
  const bool found = std::ranges::any_of(
      predicate.numbers, [&](const FilterNumber& number) { return Compare(predicate.op, value, number); });
  return predicate.op == FilterOperator::kNotIn ? !found : found;
}

bool IsWanted(const FilterPredicate& predicate, std::string_view text) {
  return std::ranges::binary_search(predicate.texts, text, std::less<>());
}

bool HoldsForRecord(const FilterPredicate& predicate, const MetadataTable* table, std::optional<std::uint32_t> row,
                    std::string_view id) {
  const bool is_not = predicate.op == FilterOperator::kNotIn;
  if (predicate.is_id) return IsWanted(predicate, id) != is_not;
  if (table == nullptr || !row) return is_not;
  if (table->schema().fields()[predicate.column].type == FieldType::kString) {
    const auto texts = table->Texts(*row, predicate.column);
    return std::ranges::any_of(texts, [&](std::string_view text) { return IsWanted(predicate, text); }) != is_not;
  }
  const Value cell = table->Cell(*row, predicate.column);
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return NumberHolds(predicate, *whole);
  if (const auto* real = std::get_if<double>(&cell)) return NumberHolds(predicate, *real);
  return is_not;
}

template <class Holds>
bool AnyConjunction(const CompiledClause& clause, Holds holds) {
  return std::ranges::any_of(
      clause.any_of, [&](const FilterPredicates& predicates) { return std::ranges::all_of(predicates, holds); });
}

/// Sets `holds[row]` for every row of a column of strings.
void TextHolds(const FilterPredicate& predicate, const MetadataColumn& column, std::span<std::uint8_t> holds) {
  const bool is_not = predicate.op == FilterOperator::kNotIn;
  std::ranges::fill(holds, is_not ? 1 : 0);
  std::vector<std::uint8_t> is_wanted(column.texts.size());
  bool any = false;
  for (const auto& text : predicate.texts) {
    if (const auto code = column.texts.Find(text)) {
      is_wanted[*code] = 1;
      any = true;
    }
  }
  if (!any) return;
  for (std::size_t row = 0; row < holds.size(); ++row) {
    for (const std::uint32_t code : column.Codes(row)) {
      if (is_wanted[code] != 0) holds[row] = is_not ? 0 : 1;
    }
  }
}

template <class T, class IsNull>
void NumbersHold(const FilterPredicate& predicate, std::span<const T> values, IsNull is_null,
                 std::span<std::uint8_t> holds) {
  const bool is_not = predicate.op == FilterOperator::kNotIn;
  for (std::size_t row = 0; row < holds.size(); ++row) {
    holds[row] = is_null(values[row]) ? is_not : NumberHolds(predicate, values[row]);
  }
}

void HoldsInChunk(const FilterPredicate& predicate, const MetadataTable& table, std::size_t chunk,
                  std::span<std::uint8_t> holds) {
  const MetadataColumn& column = table.Column(chunk, predicate.column);
  switch (table.schema().fields()[predicate.column].type) {
    case FieldType::kString: return TextHolds(predicate, column, holds);
    case FieldType::kInt:
    case FieldType::kLong:
      return NumbersHold<std::int64_t>(
          predicate, column.integers, [](std::int64_t value) { return value == kNullInteger; }, holds);
    case FieldType::kFloat:
    case FieldType::kDouble:
      return NumbersHold<double>(
          predicate, column.reals, [](double value) { return std::isnan(value); }, holds);
    case FieldType::kBoolean: std::ranges::fill(holds, 0);  // CheckFilter refuses it.
  }
}

bool EventsHold(const FilterPredicate& predicate, std::span<const std::string_view> event_types) {
  const bool found =
      predicate.any_event ? !event_types.empty() : std::ranges::any_of(event_types, [&](std::string_view event_type) {
        return IsWanted(predicate, event_type);
      });
  return found != (predicate.op == FilterOperator::kNotIn);
}

}  // namespace

bool ClauseApplies(const CompiledClause& clause, const MetadataTable* users, std::string_view user_id) {
  if (clause.only_if.empty()) return true;
  const auto row = users != nullptr ? users->Find(user_id) : std::nullopt;
  return std::ranges::all_of(
      clause.only_if, [&](const FilterPredicate& predicate) { return HoldsForRecord(predicate, users, row, user_id); });
}

CompiledClause WithCurrentItem(const CompiledClause& clause, const MetadataTable* items,
                               std::optional<std::uint32_t> row) {
  CompiledClause resolved = clause;
  for (auto& predicates : resolved.any_of) {
    for (auto& predicate : predicates) {
      if (!predicate.current_item_column) continue;
      const std::size_t column = *predicate.current_item_column;
      predicate.current_item_column.reset();
      if (items == nullptr || !row) continue;  // Without values IN and comparisons hold for nothing.
      if (items->schema().fields()[column].type == FieldType::kString) {
        for (const auto text : items->Texts(*row, column)) predicate.texts.emplace_back(text);
        std::ranges::sort(predicate.texts);
        continue;
      }
      const Value cell = items->Cell(*row, column);
      if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
        predicate.numbers.push_back({.real = static_cast<double>(*whole), .whole = *whole});
      } else if (const auto* real = std::get_if<double>(&cell)) {
        predicate.numbers.push_back({.real = *real, .whole = std::nullopt});
      }
    }
  }
  resolved.key = KeyOf(resolved);
  return resolved;
}

bool MatchesRecord(const CompiledClause& clause, const MetadataTable* table, std::optional<std::uint32_t> row,
                   std::string_view id) {
  return AnyConjunction(clause,
                        [&](const FilterPredicate& predicate) { return HoldsForRecord(predicate, table, row, id); });
}

void MatchChunk(const CompiledClause& clause, const MetadataTable& table, std::size_t chunk,
                std::vector<std::uint8_t>* matches) {
  const std::size_t rows = table.RowsOfChunk(chunk);
  matches->assign(rows, 0);
  std::vector<std::uint8_t> all(rows);
  std::vector<std::uint8_t> holds(rows);
  for (const auto& predicates : clause.any_of) {
    std::ranges::fill(all, 1);
    for (const auto& predicate : predicates) {
      HoldsInChunk(predicate, table, chunk, holds);
      for (std::size_t row = 0; row < rows; ++row) all[row] &= holds[row];
    }
    for (std::size_t row = 0; row < rows; ++row) (*matches)[row] |= all[row];
  }
}

bool MatchesEvents(const CompiledClause& clause, std::span<const std::string_view> event_types) {
  return AnyConjunction(clause, [&](const FilterPredicate& predicate) { return EventsHold(predicate, event_types); });
}

ItemSet MatchEvents(const CompiledClause& clause, std::span<const FilterEvent> events, std::size_t candidate_count) {
  std::vector<FilterEvent> by_candidate(events.begin(), events.end());
  std::ranges::sort(by_candidate, {}, &FilterEvent::candidate);
  // Most candidates have no events: what holds for one of them holds for all.
  ItemSet matches(candidate_count, MatchesEvents(clause, {}));
  std::vector<std::string_view> event_types;
  for (std::size_t i = 0; i < by_candidate.size(); ++i) {
    event_types.push_back(by_candidate[i].event_type);
    const bool is_last = i + 1 == by_candidate.size() || by_candidate[i + 1].candidate != by_candidate[i].candidate;
    if (!is_last) continue;
    matches.Set(by_candidate[i].candidate, MatchesEvents(clause, event_types));
    event_types.clear();
  }
  return matches;
}

ItemSet CombineMatches(std::span<const ClauseMatches> clauses, std::size_t candidate_count) {
  const bool has_include =
      std::ranges::any_of(clauses, [](const auto& each) { return each.action == FilterAction::kInclude; });
  ItemSet kept(candidate_count, !has_include);
  for (const auto& clause : clauses) {
    if (clause.action == FilterAction::kInclude) kept.Unite(*clause.matches);
  }
  for (const auto& clause : clauses) {
    if (clause.action == FilterAction::kExclude) kept.Subtract(*clause.matches);
  }
  return kept;
}

}  // namespace attune
