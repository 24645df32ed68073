#include "services/personalize/event_tracker.h"

#include <fmt/format.h>

#include "services/answers.h"

namespace attune {

Result<personalize::CreateEventTrackerResponse> CreateEventTracker(
    Context& context, const personalize::CreateEventTrackerRequest& request) {
  EventTracker tracker;
  tracker.name = request.name;
  tracker.parent_arn = request.dataset_group_arn;
  tracker.status = ResourceStatus::kActive;
  tracker.tracking_id = context.entropy.Uuid();
  tracker.account_id = context.account_id;
  tracker.arn = NewArn(context, "event-tracker", context.entropy.Hex(8));
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_RETURN_IF_ERROR(FindChecked<DatasetGroup>(transaction, request.dataset_group_arn, "dataset-group").status());
    ATTUNE_TRY(const auto trackers, transaction.All<EventTracker>(request.dataset_group_arn));
    for (const auto& other : trackers) {
      if (other.name == request.name) {
        return AlreadyExists(fmt::format("Another resource with Arn {} already exists.", other.arn));
      }
    }
    ATTUNE_RETURN_IF_ERROR(
        CheckLimit(trackers.size(), context.limits.event_trackers_per_group,
                   fmt::format("The dataset group {} has {} event tracker already; the limit is {}.",
                               request.dataset_group_arn, trackers.size(), context.limits.event_trackers_per_group)));
    return InsertWithTags(transaction, tracker, request.tags);
  });
  if (!stored.ok()) return stored;
  return personalize::CreateEventTrackerResponse{.event_tracker_arn = tracker.arn, .tracking_id = tracker.tracking_id};
}

Result<personalize::DescribeEventTrackerResponse> DescribeEventTracker(
    Context& context, const personalize::DescribeEventTrackerRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.event_tracker_arn, "event-tracker"));
  ATTUNE_TRY(const auto tracker, context.catalog.Find<EventTracker>(request.event_tracker_arn));
  personalize::EventTracker out{.name = tracker.name,
                                .event_tracker_arn = tracker.arn,
                                .account_id = tracker.account_id,
                                .tracking_id = tracker.tracking_id,
                                .dataset_group_arn = tracker.parent_arn};
  DescribeCommon(tracker, &out);
  return personalize::DescribeEventTrackerResponse{.event_tracker = std::move(out)};
}

namespace {

personalize::EventTrackerSummary Summarise(const EventTracker& tracker) {
  personalize::EventTrackerSummary out{.name = tracker.name, .event_tracker_arn = tracker.arn};
  DescribeCommon(tracker, &out);
  return out;
}

}  // namespace

Result<personalize::ListEventTrackersResponse> ListEventTrackers(Context& context,
                                                                 const personalize::ListEventTrackersRequest& request) {
  personalize::ListEventTrackersResponse out;
  ATTUNE_RETURN_IF_ERROR(ListPage(context, request.dataset_group_arn, "dataset-group", request, &out.event_trackers,
                                  &out.next_token, &Summarise));
  return out;
}

Status DeleteEventTracker(Context& context, const personalize::DeleteEventTrackerRequest& request) {
  return context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto tracker, FindChecked<EventTracker>(transaction, request.event_tracker_arn, "event-tracker"));
    return transaction.Remove(tracker.arn);
  });
}

}  // namespace attune
