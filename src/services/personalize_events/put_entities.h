#pragma once

#include "protocol/generated/personalize_events.h"
#include "services/context.h"

namespace attune {

// Each records up to ten whole records of its dataset, which replace older ones of the same id: durable, then answered.
Status PutItems(Context& context, const personalize_events::PutItemsRequest& request);
Status PutUsers(Context& context, const personalize_events::PutUsersRequest& request);
Status PutActions(Context& context, const personalize_events::PutActionsRequest& request);

}  // namespace attune
