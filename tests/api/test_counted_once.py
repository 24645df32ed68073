"""What happened once counts once, however often it is told and by however many campaigns it is heard."""
import time

import pytest
from personalize_world import Trained, World, unique
from test_automatic_work import until
from test_exploration import readings
from test_live_item_limits import named
from test_recommendations import recommend

EVERY = ("impressions", "clicks")


class Heard:
    """What events told since this was made."""

    def __init__(self, server):
        self.server, self.before = server, readings(server)

    def since(self):
        now = readings(self.server)
        return {what: sum(now[f"attune_{age}_item_{what}"] - self.before[f"attune_{age}_item_{what}"]
                          for age in ("new", "old")) for what in EVERY}


@pytest.fixture
def shop(own_server):
    world = World(own_server)
    trained = Trained(world)
    return world, trained, Heard(own_server)


def tell(world, trained, **event):
    world.events.put_events(trackingId=trained.tracking_id, userId="u1", sessionId="s", eventList=[
        {"eventType": "click", "itemId": "i1", "sentAt": time.time(), **event}])


def test_an_event_that_is_sent_again(shop):
    world, trained, heard = shop
    for _ in range(3):
        tell(world, trained, eventId="e1", impression=["i1", "i2", "i3"])
    assert heard.since() == {"impressions": 3, "clicks": 1}
    tell(world, trained, eventId="e2", impression=["i1", "i2", "i3"])
    assert heard.since() == {"impressions": 6, "clicks": 2}


def test_an_item_that_stands_twice_in_an_impression(shop):
    world, trained, heard = shop
    tell(world, trained, impression=["i1", "i1", "i2", "i1"])
    assert heard.since() == {"impressions": 2, "clicks": 1}


@pytest.mark.parametrize("is_explicit", [False, True])
def test_a_list_and_a_click_on_it(shop, is_explicit):
    world, trained, heard = shop
    answer = recommend(world, trained, "u1", numResults=5)
    shown = [item["itemId"] for item in answer["itemList"]]
    told = {"recommendationId": answer["recommendationId"], **({"impression": shown} if is_explicit else {})}
    for _ in range(3):
        tell(world, trained, itemId=shown[0], **told)
    assert heard.since() == {"impressions": 5, "clicks": 1}
    for _ in range(2):
        tell(world, trained, itemId=shown[3], **told)
    assert heard.since() == {"impressions": 5, "clicks": 2}


def test_a_group_with_two_campaigns(shop):
    world, trained, heard = shop
    second = world.personalize.create_campaign(name=unique(), solutionVersionArn=trained.version_arn)["campaignArn"]
    assert world.wait_campaign(second)["status"] == "ACTIVE"
    tell(world, trained, impression=["i1", "i2"])
    assert heard.since() == {"impressions": 2, "clicks": 1}


def test_items_that_events_name_count_on_after_an_automatic_update(server_with, refused):
    server = server_with("--automatic-update-every", 500, "--live-items-named-max", 6)
    world = World(server)
    trained = Trained(world)
    named(world, trained, "a", "b", "c", "d")
    until(lambda: "automatic update of " + trained.version_arn + ": done" in server.log())
    said = refused("InvalidInputException", lambda: named(world, trained, "e", "f", "g"))
    assert "the limit is 6" in said, said
    named(world, trained, "e", "f")
