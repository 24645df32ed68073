"""Many clients name new items at once, far beyond the limit: what was refused is nowhere, what was taken is everywhere, a
kill changes neither, and another group is served meanwhile."""
import threading
import time

import pytest
from personalize_world import Trained, World
from test_live_item_limits import named
from test_recommendations import items, recommend

NAMED_MAX = 20
CLIENTS = 4
REQUESTS_OF_CLIENT = 60
OF_REQUEST = 10
ANSWER_SECONDS_MAX = 5


class Flood(threading.Thread):
    """One hostile client; `taken` are the items of requests that were answered with 200."""

    def __init__(self, world, trained, number):
        super().__init__()
        self.world, self.trained, self.number = world, trained, number
        self.taken, self.refusals, self.error = [], [], None

    def run(self):
        try:
            for request in range(REQUESTS_OF_CLIENT):
                ids = [f"flood-{self.number}-{request}-{each}" for each in range(OF_REQUEST)]
                try:
                    named(self.world, self.trained, *ids)
                    self.taken += ids
                except self.world.events.exceptions.InvalidInputException as refusal:
                    self.refusals.append(str(refusal))
        except Exception as error:
            self.error = error


def flooded(world, trained):
    listed = set()
    for user in ("u1", "u2"):
        answer = items(recommend(world, trained, user, numResults=500))
        listed |= {item for item in answer if item.startswith("flood-")}
    return listed


def test_a_flood_from_many_clients_is_refused_by_name_while_others_are_served(server_with):
    server = server_with("--live-items-named-max", NAMED_MAX)
    world = World(server)
    hostile, other = Trained(world), Trained(world)
    floods = [Flood(world, hostile, number) for number in range(CLIENTS)]
    for flood in floods:
        flood.start()
    welcome, slowest = [], 0.0
    while any(flood.is_alive() for flood in floods):
        began = time.monotonic()
        if len(welcome) < NAMED_MAX:  # The other group has a limit of its own.
            welcome.append(f"welcome-{len(welcome)}")
            named(world, other, welcome[-1])
        assert set(welcome) <= set(items(recommend(world, other, "u3", numResults=500)))
        slowest = max(slowest, time.monotonic() - began)
    for flood in floods:
        flood.join()
        if flood.error:
            raise flood.error
        assert flood.refusals and all(f"the limit is {NAMED_MAX}" in said for said in flood.refusals)
    assert welcome and slowest < ANSWER_SECONDS_MAX

    taken = {item for flood in floods for item in flood.taken}
    # Clients that were asked at the same moment may go beyond the limit together, each by one request.
    assert NAMED_MAX <= len(taken) <= NAMED_MAX + (CLIENTS - 1) * OF_REQUEST
    assert flooded(world, hostile) == taken

    server.kill()
    server.start()
    world.runtime, world.events = (server.client(f"personalize-{name}") for name in ("runtime", "events"))
    assert flooded(world, hostile) == taken
    with pytest.raises(world.events.exceptions.InvalidInputException, match=f"the limit is {NAMED_MAX}"):
        named(world, hostile, "flood-afterwards")
    named(world, hostile, *sorted(taken)[:OF_REQUEST])  # Known by now.
    server.stop()
