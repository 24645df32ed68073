#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/value.h"
#include "serve/recommender.h"
#include "serve/user_record.h"
#include "services/context.h"
#include "services/personalize_runtime/runtime_index.h"

// What requests to campaigns have in common.
namespace attune {

/// What serves the campaign now. NotFound where there is no such campaign, or none that was ever ACTIVE;
/// ResourceExhausted for an ACTIVE one whose model could not be loaded.
Result<std::shared_ptr<const Deployment>> FindDeployment(Context& context, const std::string& campaign_arn);

/// "RID-<25 characters of a UUID>-CID-<6 digits>": 40 characters, the last of which tell the campaign.
std::string NewRecommendationId(Context& context, const Deployment& deployment);

/// Views of the request's context.
std::vector<NamedValue> ReadContext(const std::optional<StringMap<std::string>>& context);

/// What the Users dataset says of the user now; nothing where the model has no use for it, or where it cannot be read,
/// which is logged: a list without it is better than none.
UserRecord ReadUserRecord(Context& context, const RuntimeCampaign& campaign, const Deployment& deployment,
                          std::string_view user_id);

}  // namespace attune
