#pragma once

#include <array>
#include <span>

#include "train/model_fit.h"

namespace attune {

/// Fits how far to trust a content model about items that nobody met: items are held out of a second content model,
/// and the answers among them tell. No event of a held-out item enters a profile. Three questions weigh alike: of each
/// case, which of all items comes next; of its user, which new item came next at some earlier time, and which new item
/// they took at any time at all. The last keeps a steady taste in sight, which the next event alone would forget.
Result<std::array<double, ContentModel::kColdFeatures>> FitColdWeights(
    const ModelParts& parts, std::span<const float> factors, const TrainingView& view,
    std::span<const ValidationCase> cases, const FitOptions& options, const FitContext& context);

}  // namespace attune
