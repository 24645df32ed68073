#pragma once

#include "protocol/generated/personalize_events.h"
#include "services/context.h"

namespace attune {

/// Records up to ten interactions of one session: durable, then visible to the next request, then answered.
Status PutEvents(Context& context, const personalize_events::PutEventsRequest& request);
/// Needs an Action_Interactions dataset's trackingId, which no dataset of this version hands events to.
Status PutActionInteractions(Context& context, const personalize_events::PutActionInteractionsRequest& request);

}  // namespace attune
