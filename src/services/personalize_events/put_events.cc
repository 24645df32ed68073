#include "services/personalize_events/put_events.h"

#include <fmt/format.h>

#include "data/put_record.h"
#include "data/training_data.h"
#include "serve/recommendation_record.h"
#include "services/personalize_events/dataset_stream.h"
#include "services/personalize_events/ingest_index.h"

namespace attune {
namespace {

// "Event size: 10 KB" of the service's quotas, of the event as it is stored.
constexpr std::size_t kEventBytesMax = 10 * 1024;

Result<Event> ReadEvent(const IngestDataset& dataset, const personalize_events::PutEventsRequest& request,
                        const personalize_events::Event& source) {
  Event event{.user_id = request.user_id.value_or(""),
              .session_id = request.session_id,
              .item_id = source.item_id.value_or(""),
              .event_type = source.event_type,
              .timestamp_ms = source.sent_at.unix_ms,
              .event_value = source.event_value,
              .event_id = source.event_id.value_or(""),
              .recommendation_id = source.recommendation_id.value_or("")};
  if (source.metric_attribution) event.attribution_source = source.metric_attribution->event_attribution_source;
  if (source.impression) event.impression = *source.impression;
  if (event.timestamp_ms < 0) return InvalidArgument("sentAt lies before 1970.");
  const std::string_view properties =
      source.properties ? std::string_view(source.properties->text) : std::string_view();
  ATTUNE_RETURN_IF_ERROR(ReadEventProperties(*dataset.schema, properties, &event));
  if (event.item_id.empty())
    return InvalidArgument("The event has no itemId, neither of its own nor in its properties.");
  return event;
}

/// What came of lists that are in the recommendation log.
void LogFeedback(RecommendationLog& log, std::span<const Event> events) {
  for (const Event& event : events) {
    if (!event.served || !log.Wants(event.recommendation_id)) continue;
    log.Append(EncodeLogLine(FeedbackRecord{.time_ms = event.timestamp_ms,
                                            .recommendation_id = event.recommendation_id,
                                            .item_id = event.item_id,
                                            .event_type = event.event_type}));
  }
}

/// The service knows no other error for a put that is refused.
Status CheckRoom(const Status& room) { return room.ok() ? room : InvalidArgument(room.message()); }

}  // namespace

Status PutEvents(Context& context, const personalize_events::PutEventsRequest& request) {
  ATTUNE_TRY(const auto tracker, context.ingest_index.FindTracker(request.tracking_id));
  if (!tracker.interactions) {
    return InvalidArgument("The event tracker's dataset group has no Interactions dataset to record events in.");
  }
  std::vector<Event> events;
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < request.event_list.size(); ++i) {
    auto event = ReadEvent(*tracker.interactions, request, request.event_list[i]);
    if (!event.ok()) {
      return InvalidArgument(fmt::format("eventList.{}.member: {}", i + 1, event.status().message()));
    }
    const std::size_t bytes = EncodeEvent(*event).size();
    if (bytes > kEventBytesMax) {
      return InvalidArgument(
          fmt::format("eventList.{}.member is {} bytes; the limit is {}.", i + 1, bytes, kEventBytesMax));
    }
    events.push_back(*std::move(event));
  }
  const auto group = context.live_groups.Get(tracker.group_uid);
  std::vector<std::string_view> item_ids;
  for (const Event& event : events) item_ids.push_back(event.item_id);
  ATTUNE_RETURN_IF_ERROR(CheckRoom(group->CheckRoom(item_ids)));
  // An event is stored with the list that it tells of, so that it says all by itself.
  for (Event& event : events) {
    context.served_lists.Resolve(&event);
    payloads.push_back(EncodeEvent(event));
  }
  // The log first, memory second: what is visible is never lost.
  const auto appended = context.log.Append(DatasetStream(tracker.interactions->uid), payloads);
  if (!appended.ok()) {
    for (const Event& event : events) context.served_lists.Withdraw(event);
    return appended.status();
  }
  LogFeedback(context.recommendation_log, events);
  if (const auto history = context.filter_data.FindHistory(tracker.interactions->uid)) history->Apply(events);
  return group->CatchUp(context.log, *tracker.interactions->group_datasets, context.served_lists);
}

Status PutActionInteractions(Context&, const personalize_events::PutActionInteractionsRequest& request) {
  return NotFound(
      fmt::format("No Action_Interactions dataset takes events under the trackingId {}: the recipe "
                  "aws-next-best-action is not available in this version of attune.",
                  request.tracking_id));
}

}  // namespace attune
