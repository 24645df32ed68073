#include "serve/filter_request.h"

#include <algorithm>

#include "filter/evaluate.h"

namespace attune {
namespace {

/// The clauses that count for this request, with the current item's values in their places.
std::vector<CompiledClause> ClausesFor(const FilterRequest& request) {
  const auto current = request.items.table ? request.items.table->Find(request.current_item_id) : std::nullopt;
  std::vector<CompiledClause> clauses;
  for (const CompiledClause& clause : request.filter->clauses) {
    if (!ClauseApplies(clause, request.users.get(), request.user_id)) continue;
    clauses.push_back(clause.needs_current_item() ? WithCurrentItem(clause, request.items.table.get(), current)
                                                  : clause);
  }
  return clauses;
}

std::vector<FilterEvent> EventsOf(const FilterRequest& request, const RecommenderModel& model) {
  std::vector<FilterEvent> events;
  for (const auto& entry : request.events) {
    if (const auto item = model.FindItem(entry.item_id)) events.push_back({*item, entry.event_type});
  }
  return events;
}

/// Sets may know items that joined while the request was under way.
std::shared_ptr<const ItemSet> CutTo(std::shared_ptr<const ItemSet> set, std::size_t size) {
  if (set->size() == size) return set;
  auto cut = std::make_shared<ItemSet>(*set);
  cut->Resize(size, false);
  return cut;
}

}  // namespace

ItemSet KeptItems(const FilterRequest& request, const std::shared_ptr<const RecommenderModel>& model,
                  FilterCatalogue& catalogue) {
  const std::size_t count = model->item_count();
  const auto clauses = ClausesFor(request);
  const auto events = EventsOf(request, *model);
  std::vector<std::shared_ptr<const ItemSet>> sets;
  std::vector<ClauseMatches> matches;
  for (const CompiledClause& clause : clauses) {
    sets.push_back(clause.reads_events ? std::make_shared<const ItemSet>(MatchEvents(clause, events, count))
                                       : CutTo(catalogue.Matches(clause, model, request.items), count));
    matches.push_back({clause.action, sets.back().get()});
  }
  return CombineMatches(matches, count);
}

std::vector<bool> KeptIds(const FilterRequest& request, std::span<const std::string_view> item_ids) {
  const auto clauses = ClausesFor(request);
  const MetadataTable* const table = request.items.table.get();
  const bool has_include = std::ranges::any_of(
      clauses, [](const CompiledClause& clause) { return clause.action == FilterAction::kInclude; });
  std::vector<bool> kept;
  for (const std::string_view item_id : item_ids) {
    const auto row = table != nullptr ? table->Find(item_id) : std::nullopt;
    std::vector<std::string_view> event_types;
    for (const auto& entry : request.events) {
      if (entry.item_id == item_id) event_types.push_back(entry.event_type);
    }
    bool is_included = !has_include;
    bool is_excluded = false;
    for (const CompiledClause& clause : clauses) {
      const bool matches =
          clause.reads_events ? MatchesEvents(clause, event_types) : MatchesRecord(clause, table, row, item_id);
      bool& side = clause.action == FilterAction::kInclude ? is_included : is_excluded;
      side = side || matches;
    }
    kept.push_back(is_included && !is_excluded);
  }
  return kept;
}

}  // namespace attune
