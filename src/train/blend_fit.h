#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "train/model_fit.h"

namespace attune {

/// Fits the blend of `members` on `cases` by listwise cross-entropy: each list holds the answer, the items that any
/// feature puts on top, the history, and a sample of the rest that stands for all of it. Whether weights move with the
/// history's length, and whether answers that no feature sees coming are learned from, is decided by NDCG@10 in
/// two-fold cross-validation; a blend that ranks worse there than a single feature gives way to that feature. `figures`
/// gets the cross-validated NDCG@10 of the blend and of each feature.
Result<Blend> FitBlend(std::span<const std::shared_ptr<const Member>> members, const TrainingView& view,
                       std::span<const ValidationCase> cases, const FitOptions& options, const FitContext& context,
                       std::map<std::string, double>& figures);

}  // namespace attune
