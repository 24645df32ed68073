#pragma once

#include <cstdint>

#include "data/training_data.h"
#include "model/model_parts.h"

namespace attune {

/// What UPDATE training makes of a previous model and newer data. Items and users that are new join at the end of
/// their vocabularies; histories, popularity, counts and the contents of items that training never met are taken from
/// the data, popularity with the half-life that was chosen; all other members, the blend and the content model stay.
ModelParts UpdateParts(ModelParts previous, const TrainingData& data, std::int64_t half_life_ms,
                       std::size_t history_max);

}  // namespace attune
