"""CreateEventTracker, DescribeEventTracker, ListEventTrackers, DeleteEventTracker."""
import re
import time

from personalize_world import INTERACTIONS_SCHEMA, unique


def test_is_described_and_takes_events_until_it_is_deleted(world, group, refused):
    world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    made = world.personalize.create_event_tracker(name="tracker", datasetGroupArn=group)
    assert re.fullmatch(r".*:event-tracker/[0-9a-f]{8}", made["eventTrackerArn"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["trackingId"])
    described = world.personalize.describe_event_tracker(eventTrackerArn=made["eventTrackerArn"])["eventTracker"]
    assert described["trackingId"] == made["trackingId"] and described["status"] == "ACTIVE"
    assert described["datasetGroupArn"] == group and described["accountId"] == "123456789012"
    listed = world.personalize.list_event_trackers(datasetGroupArn=group)["eventTrackers"]
    assert [each["eventTrackerArn"] for each in listed] == [made["eventTrackerArn"]]
    refused("LimitExceededException", world.personalize.create_event_tracker, name=unique(), datasetGroupArn=group)

    event = {"eventType": "click", "itemId": "i", "sentAt": time.time()}
    world.events.put_events(trackingId=made["trackingId"], sessionId="s", eventList=[event])
    world.personalize.delete_event_tracker(eventTrackerArn=made["eventTrackerArn"])
    refused("InvalidInputException", world.events.put_events, trackingId=made["trackingId"], sessionId="s",
            eventList=[event])
    refused("ResourceNotFoundException", world.personalize.describe_event_tracker,
            eventTrackerArn=made["eventTrackerArn"])
