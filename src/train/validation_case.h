#pragma once

#include <cstdint>

#include "data/training_data.h"
#include "model/query.h"

namespace attune {

/// A question with a known answer: interaction `position` of the data is what `user` took next; the history is what
/// the user did before it.
struct ValidationCase {
  std::uint32_t user = 0;
  std::uint32_t position = 0;
};

/// The query of a case, of at most `history_max` events. Views into the data.
Query CaseQuery(const TrainingData& data, const ValidationCase& validation_case, std::size_t history_max);

}  // namespace attune
