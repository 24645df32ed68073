#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "model/blend.h"
#include "model/member.h"
#include "model/recommender_model.h"

namespace attune {

/// So many items are scored in floats where members round: far more than the usual list shows, so that who is on it,
/// and where, is as if nothing had been rounded. Beyond them scores stay rounded.
inline constexpr std::size_t kRefinedMax = 256;

/// Of members that round, what they said of the best items is put right, in the features and in `scores` [N], which are
/// the blend's of them. Does nothing where nobody rounds. `scratch` as the members' Score has left it.
void RefineBest(const Blend& blend, std::span<const std::shared_ptr<const Member>> members, const Query& query,
                ScoreScratch& scratch, std::span<float> scores);

}  // namespace attune
