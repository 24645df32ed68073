#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::CreateCampaignResponse> CreateCampaign(Context& context,
                                                           const personalize::CreateCampaignRequest& request);
Result<personalize::DescribeCampaignResponse> DescribeCampaign(Context& context,
                                                               const personalize::DescribeCampaignRequest& request);
Result<personalize::ListCampaignsResponse> ListCampaigns(Context& context,
                                                         const personalize::ListCampaignsRequest& request);
Result<personalize::UpdateCampaignResponse> UpdateCampaign(Context& context,
                                                           const personalize::UpdateCampaignRequest& request);
Status DeleteCampaign(Context& context, const personalize::DeleteCampaignRequest& request);

}  // namespace attune
