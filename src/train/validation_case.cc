#include "train/validation_case.h"

#include <algorithm>

namespace attune {

CaseQuery::CaseQuery(const TrainingData& data, const ValidationCase& validation_case, std::size_t history_max)
    : user_attributes_(data.user_attributes, validation_case.user),
      context_(data.interactions.context, validation_case.position) {
  const std::uint32_t begin = data.interactions.user_offsets[validation_case.user];
  const std::size_t length = std::min<std::size_t>(validation_case.position - begin, history_max);
  const std::size_t first = validation_case.position - length;
  const Interactions& interactions = data.interactions;
  query_ = {.items = std::span(interactions.item).subspan(first, length),
            .timestamp_ms = std::span(interactions.timestamp_ms).subspan(first, length),
            .event_type = std::span(interactions.event_type).subspan(first, length),
            .event_value = std::span(interactions.event_value).subspan(first, length),
            .trained_user = validation_case.user,
            .context = context_.values(),
            .user_attributes = user_attributes_.values()};
}

}  // namespace attune
