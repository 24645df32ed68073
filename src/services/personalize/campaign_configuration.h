#pragma once

#include <optional>
#include <string_view>

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

/// Takes in what a client gave as campaignConfig: kept for the echo as it came, and read into the typed members, what
/// is absent as its default. InvalidArgument for unknown keys of itemExplorationConfig and values out of range.
Status SetCampaignConfig(const std::optional<personalize::CampaignConfig>& config, CampaignConfiguration* out);

/// InvalidArgument where the configuration does not go with the version's recipe, or with $LATEST.
Status CheckCampaignConfig(const CampaignConfiguration& configuration, const SolutionVersion& version);

/// The version that `arn` names: itself, or the newest ACTIVE one for "<solution>/$LATEST"; noted in `out`. Busy unless
/// it is ACTIVE.
Result<SolutionVersion> ResolveVersion(CatalogTransaction& transaction, std::string_view arn,
                                       CampaignConfiguration* out);

}  // namespace attune
