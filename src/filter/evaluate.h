#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/metadata_table.h"
#include "filter/compiled_filter.h"
#include "filter/item_set.h"

namespace attune {

// A null or a missing record makes every condition false but NOT IN. All functions are thread-safe.

/// Whether the clause counts for the user: its IF holds. `users` may be null where there are no records of users.
bool ClauseApplies(const CompiledClause& clause, const MetadataTable* users, std::string_view user_id);

/// The clause with the values of the current item, a row of `items`, in their places, and a key; without a row they are
/// null.
CompiledClause WithCurrentItem(const CompiledClause& clause, const MetadataTable* items,
                               std::optional<std::uint32_t> row);

/// Whether the clause matches one candidate by its record. Requires !clause.reads_events, as MatchChunk does.
/// `table` may be null where there are no records.
bool MatchesRecord(const CompiledClause& clause, const MetadataTable* table, std::optional<std::uint32_t> row,
                   std::string_view id);

/// The same of all rows of one chunk of the table: `matches` becomes [RowsOfChunk(chunk)] of 0 and 1.
void MatchChunk(const CompiledClause& clause, const MetadataTable& table, std::size_t chunk,
                std::vector<std::uint8_t>* matches);

/// The user did something with a candidate.
struct FilterEvent {
  std::uint32_t candidate = 0;
  std::string_view event_type;  ///< Lower case.
};

/// Whether the clause matches a candidate of which the user has events of these types. Requires clause.reads_events.
bool MatchesEvents(const CompiledClause& clause, std::span<const std::string_view> event_types);

/// The candidates of [0, candidate_count) that the clause matches for a user with these events, in any order.
/// O(candidate_count / 64 + events log events).
ItemSet MatchEvents(const CompiledClause& clause, std::span<const FilterEvent> events, std::size_t candidate_count);

/// What one clause that applies matched.
struct ClauseMatches {
  FilterAction action = FilterAction::kInclude;
  const ItemSet* matches = nullptr;
};

/// What stays of `candidate_count`: the union of the INCLUDEs, or everything if there are none, less all EXCLUDEs.
ItemSet CombineMatches(std::span<const ClauseMatches> clauses, std::size_t candidate_count);

}  // namespace attune
