#pragma once

#include <array>
#include <span>

#include "train/model_fit.h"

namespace attune {

/// Fits how far to trust a content model about items that nobody met: items are held out of a second content model,
/// and the answers among them tell. Zero events of held-out items enter a profile.
Result<std::array<double, ContentModel::kColdFeatures>> FitColdWeights(
    const ModelParts& parts, std::span<const float> factors, const TrainingView& view,
    std::span<const ValidationCase> cases, const FitOptions& options, const FitContext& context);

}  // namespace attune
