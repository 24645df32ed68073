#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "data/training_data.h"

namespace attune {

/// One named value that comes with a request: a contextual field, or an attribute of the user, as text.
struct NamedValue {
  std::string_view name;
  std::string_view value;
};

/// What is known when a list is asked for. The arrays of events stand oldest first; those of types and values have the
/// length of `items` or are empty. Items are indexes into the model's catalogue. Views only: the owner outlives it.
struct Query {
  std::span<const std::uint32_t> items;
  std::span<const std::int64_t> timestamp_ms;
  std::span<const std::uint32_t> event_type;  ///< Index into the model's event types, kNoIndex for others.
  std::span<const float> event_value;         ///< kMissing where there is none.
  /// The user's index among the users of training, so that nobody is their own neighbour; kNoIndex for new users.
  std::uint32_t trained_user = kNoIndex;
  std::span<const NamedValue> context;
  std::span<const NamedValue> user_attributes;
};

}  // namespace attune
