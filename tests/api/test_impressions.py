"""Impressions and events at their edges: lists that are too long, items that nobody put, clocks that are years wrong."""
import time

from personalize_world import Trained, World, unique
from test_exploration import readings
from test_live_item_limits import put as put_items
from test_recommendations import items, recommend

IMPRESSION_MAX = 25
YEAR = 365 * 24 * 3600
AWAITED_ITEMS_MAX = 10_000


def put(world, trained, **event):
    world.events.put_events(trackingId=trained.tracking_id, userId=unique("user"), sessionId="s", eventList=[
        {"eventType": "view", "itemId": "i1", "sentAt": time.time(), **event}])


def test_an_impression_holds_25_items_and_no_more(world, trained, refused):
    put(world, trained, impression=[f"i{item}" for item in range(IMPRESSION_MAX)])
    said = refused("InvalidInputException", lambda: put(world, trained, impression=[f"i{n}" for n in range(26)]))
    assert "impression" in said and "less than or equal to 25" in said, said


def test_items_of_an_impression_need_not_exist(world, trained):
    unknown = unique("unknown")
    put(world, trained, impression=["i1", unknown])
    # It was shown, says the client; nobody put it, so it is not recommended.
    assert unknown not in items(recommend(world, trained, "u1", numResults=500))


def test_events_of_other_years_are_kept_and_move_nothing_else(world, trained):
    before = items(recommend(world, trained, "u4"))
    for sent_at in (time.time() - 20 * YEAR, time.time() + 20 * YEAR, 1):
        put(world, trained, sentAt=sent_at)
    assert items(recommend(world, trained, "u4")) == before


def test_a_clock_that_runs_backwards_loses_no_event(world, trained):
    user = unique("user")
    filter_arn = world.personalize.create_filter(
        name=unique("filter"), datasetGroupArn=trained.group_arn,
        filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("backwards")')["filterArn"]
    for back, item in enumerate(("i3", "i4", "i5")):
        world.events.put_events(trackingId=trained.tracking_id, userId=user, sessionId="s", eventList=[
            {"eventType": "backwards", "itemId": item, "sentAt": time.time() - back * 3600}])
    listed = items(recommend(world, trained, user, numResults=500, filterArn=filter_arn))
    assert not {"i3", "i4", "i5"} & set(listed) and "i6" in listed


def test_a_time_before_1970_is_refused(world, trained, refused):
    said = refused("InvalidInputException", lambda: put(world, trained, sentAt=-1))
    assert "1970" in said


def test_showings_of_items_to_come_are_kept_whatever_was_shown_before_and_never_put(own_server):
    world = World(own_server)
    trained = Trained(world)
    ghosts = [f"ghost{number}" for number in range(AWAITED_ITEMS_MAX + 10 * IMPRESSION_MAX)]
    for first in range(0, len(ghosts), 10 * IMPRESSION_MAX):
        world.events.put_events(trackingId=trained.tracking_id, userId="u1", sessionId="s", eventList=[
            {"eventType": "view", "itemId": "i1", "sentAt": time.time(), "impression": ghosts[at:at + IMPRESSION_MAX]}
            for at in range(first, first + 10 * IMPRESSION_MAX, IMPRESSION_MAX)])
    put(world, trained, impression=["later"])
    put_items(world, trained, "later", ghosts[0])
    now = readings(own_server)
    # The one that waited longest had to make room; the last did not.
    assert (now["attune_new_items"], now["attune_new_items_never_shown"]) == (2, 1)
