#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "data/vocabulary.h"

namespace attune {

/// Marks an absent number in a column of floats.
inline constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
/// Marks an absent index.
inline constexpr std::uint32_t kNoIndex = std::numeric_limits<std::uint32_t>::max();

/// A column whose cells hold any number of categories: `categories[values[offsets[row]] … values[offsets[row + 1]])`.
struct CategoricalColumn {
  std::string name;  ///< As the schema spells it.
  Vocabulary categories;
  std::vector<std::uint32_t> offsets;  ///< [rows + 1]
  std::vector<std::uint32_t> values;   ///< Indexes into categories.

  std::span<const std::uint32_t> Row(std::size_t row) const {
    return std::span(values).subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
};

struct NumericColumn {
  std::string name;
  std::vector<float> values;  ///< [rows], kMissing where null.
};

struct TextColumn {
  std::string name;
  std::vector<std::string> values;  ///< [rows], "" where null.
};

/// What is known of each item, or of each user, in the order of a vocabulary. Rows of ids that only interactions
/// mention hold nothing.
struct Attributes {
  std::vector<CategoricalColumn> categorical;
  std::vector<NumericColumn> numeric;
  std::vector<TextColumn> text;
};

/// One user's interactions stand together, oldest first; ties in the order of arrival. Arrays of length `size()`.
struct Interactions {
  std::vector<std::uint32_t> user;
  std::vector<std::uint32_t> item;
  std::vector<std::int64_t> timestamp_ms;  ///< Since 1970 UTC.
  std::vector<std::uint32_t> event_type;   ///< Index into event_types, kNoIndex where null.
  std::vector<float> event_value;          ///< kMissing where null.
  /// Items shown with interaction i, ImpressionItemsMax at most: impressions[impression_offsets[i] …
  /// impression_offsets[i + 1]). The offsets are empty when no interaction has any.
  std::vector<std::uint32_t> impression_offsets;
  std::vector<std::uint32_t> impressions;
  Attributes context;      ///< The schema's own further columns, a row per interaction.
  Vocabulary event_types;  ///< Lower case: event types compare without case.

  /// Interactions of user u: [user_offsets[u], user_offsets[u + 1]).
  std::vector<std::uint32_t> user_offsets;  ///< [users + 1]

  std::size_t size() const { return item.size(); }
  std::span<const std::uint32_t> Items(std::uint32_t user_index) const {
    return std::span(item).subspan(user_offsets[user_index], user_offsets[user_index + 1] - user_offsets[user_index]);
  }
  std::span<const std::int64_t> Times(std::uint32_t user_index) const {
    return std::span(timestamp_ms)
        .subspan(user_offsets[user_index], user_offsets[user_index + 1] - user_offsets[user_index]);
  }
};

/// Everything a model may learn from: deduplicated, filtered by event type and value, anonymous sessions merged.
/// Immutable once built.
struct TrainingData {
  Vocabulary users;
  Vocabulary items;  ///< Items of interactions first, in order of first sight by time, then those with attributes only.
  Interactions interactions;
  Attributes user_attributes;
  Attributes item_attributes;
  /// CREATION_TIMESTAMP, else the oldest interaction, else the newest interaction of all. [items]
  std::vector<std::int64_t> item_created_ms;
  /// Of imports, and of events as GroupClock believes them: a client whose clock is years ahead makes nothing old.
  std::int64_t newest_interaction_ms = 0;
  /// The last entry of the event log that is included: later ones are new to a model fitted on this.
  std::uint64_t log_sequence = 0;
};

}  // namespace attune
