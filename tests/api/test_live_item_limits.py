"""How many items may join by themselves: the last that fits is taken, the next is refused by name, others are served."""
import json
import time

import pytest
from personalize_world import GENRES, INTERACTIONS_SCHEMA, ITEMS_SCHEMA, Trained, World, unique
from test_recommendations import items, recommend

NAMED_MAX, PUT_MAX, GROUP_MAX = 12, 4, 6
FLOOD = 2000


def event(item):
    return {"eventType": "click", "itemId": item, "sentAt": time.time()}


def named(world, trained, *item_ids):
    world.events.put_events(trackingId=trained.tracking_id, userId="u1", sessionId="s",
                            eventList=[event(item) for item in item_ids])


def put(world, trained, *item_ids):
    world.events.put_items(datasetArn=trained.items_arn, items=[
        {"itemId": item, "properties": json.dumps({"genres": GENRES[0], "creationTimestamp": int(time.time())})}
        for item in item_ids])


def resident_bytes(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.fixture(scope="module")
def limited(tmp_path_factory, new_server):
    server = new_server(tmp_path_factory.mktemp("limited") / "data", "--live-items-named-max", NAMED_MAX,
                        "--live-items-put-max", PUT_MAX)
    yield server
    server.stop()


def listed(world, trained):
    return set(items(recommend(world, trained, "u2", numResults=500)))


def test_items_that_events_name(limited, refused):
    world = World(limited)
    trained = Trained(world)
    fits = [f"named{number}" for number in range(NAMED_MAX)]
    named(world, trained, *fits[:8])
    # Ten at once: four fit, so none is taken.
    said = refused("InvalidInputException", lambda: named(world, trained, *fits[8:], "over0", "over1"))
    assert f"the limit is {NAMED_MAX}" in said and "over1" in said
    assert listed(world, trained) & {*fits, "over0", "over1"} == set(fits[:8])
    named(world, trained, *fits[8:])
    refused("InvalidInputException", lambda: named(world, trained, "over0"))
    named(world, trained, "i1", fits[0])  # Known ones are events like any other.
    assert listed(world, trained) >= set(fits) and "over0" not in listed(world, trained)


def test_items_that_are_put(limited, refused):
    world = World(limited)
    trained = Trained(world)
    fits = [f"put{number}" for number in range(PUT_MAX)]
    put(world, trained, *fits)
    said = refused("InvalidInputException", lambda: put(world, trained, "over"))
    assert f"the limit is {PUT_MAX}" in said and "over" in said
    put(world, trained, fits[0])  # Again.
    assert listed(world, trained) >= set(fits) and "over" not in listed(world, trained)


def test_a_flood_of_new_ids_takes_nothing_from_others(limited):
    world = World(limited)
    hostile, other = Trained(world), Trained(world)
    codes = {"InvalidInputException": 0, "taken": 0}

    def flood(first, count):
        for number in range(first, first + count, 10):
            try:
                named(world, hostile, *(f"{unique('flood')}-{number + i}" for i in range(10)))
                codes["taken"] += 1
            except world.events.exceptions.InvalidInputException:
                codes["InvalidInputException"] += 1

    flood(0, 200)
    before = resident_bytes(limited)
    flood(200, FLOOD)
    assert codes == {"InvalidInputException": (200 + FLOOD) // 10 - 1, "taken": 1}
    assert resident_bytes(limited) < before + (16 << 20)
    named(world, other, "welcome")
    assert "welcome" in listed(world, other)


class Untrained:
    """A dataset group that no campaign serves."""

    def __init__(self, world):
        self.group_arn = world.group()
        world.dataset(self.group_arn, "Interactions", INTERACTIONS_SCHEMA)
        self.items_arn = world.dataset(self.group_arn, "Items", ITEMS_SCHEMA)
        self.tracking_id = world.personalize.create_event_tracker(
            name=unique("tracker"), datasetGroupArn=self.group_arn)["trackingId"]


def test_a_group_without_a_campaign_has_a_limit_too_that_a_kill_does_not_lift(server_with, refused):
    server = server_with("--live-items-group-max", GROUP_MAX)
    world = World(server)
    hostile, other = Untrained(world), Untrained(world)
    named(world, hostile, "n0", "n1", "n2")
    put(world, hostile, "p0", "p1")
    # Two at once: one fits, so none is taken.
    said = refused("InvalidInputException", lambda: named(world, hostile, "n0", "n3", "over"))
    assert f"the limit is {GROUP_MAX}" in said and "over" in said
    put(world, hostile, "n1", "p0", "last")
    for attempt in (named, put):
        said = refused("InvalidInputException", lambda attempt=attempt: attempt(world, hostile, "over"))
        assert f"the limit is {GROUP_MAX}" in said and "over" in said
    server.kill()
    server.start()
    world.events = server.client("personalize-events")
    for attempt in (named, put):
        said = refused("InvalidInputException", lambda attempt=attempt: attempt(world, hostile, "over"))
        assert f"the limit is {GROUP_MAX}" in said
        attempt(world, hostile, "n0", "p1", "last")  # Known by now.
    named(world, other, *(f"welcome{number}" for number in range(GROUP_MAX)))
    server.stop()
