#pragma once

#include "protocol/generated/personalize.h"
#include "services/context.h"

namespace attune {

Result<personalize::CreateEventTrackerResponse> CreateEventTracker(
    Context& context, const personalize::CreateEventTrackerRequest& request);
Result<personalize::DescribeEventTrackerResponse> DescribeEventTracker(
    Context& context, const personalize::DescribeEventTrackerRequest& request);
Result<personalize::ListEventTrackersResponse> ListEventTrackers(Context& context,
                                                                 const personalize::ListEventTrackersRequest& request);
Status DeleteEventTracker(Context& context, const personalize::DeleteEventTrackerRequest& request);

}  // namespace attune
