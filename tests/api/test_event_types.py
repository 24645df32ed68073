"""What was done with an item, and how much it was worth, decide what is recommended next."""
import random
import time

import pytest
from personalize_world import DAY, INTERACTIONS_SCHEMA, RECIPE_ARN, unique

ITEMS = 12
USERS = 120
EVENTS = 20
NEAR, FAR = 1, 5


class Ring:
    """Users walk around a ring of items: one on after a view of little worth, five after a purchase, or a dear one."""

    def __init__(self, world, far):
        self.world, p, draw = world, world.personalize, random.Random(4)
        self.group_arn = world.group()
        interactions = world.dataset(self.group_arn, "Interactions", INTERACTIONS_SCHEMA)
        now = int(time.time()) - DAY
        rows = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"]
        for user in range(USERS):
            item = draw.randrange(ITEMS)
            for event in range(EVENTS):
                kind = draw.choice(({"type": "view", "value": 1}, far))
                rows.append(f"u{user},i{item},{now - (EVENTS - event) * 60},{kind['type']},{kind['value']}")
                item = (item + (FAR if kind is far else NEAR)) % ITEMS
        assert world.import_text(interactions, "\n".join(rows) + "\n")["status"] == "ACTIVE"
        solution = p.create_solution(name=unique(), datasetGroupArn=self.group_arn, recipeArn=RECIPE_ARN)["solutionArn"]
        version = p.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        assert world.wait_version(version)["status"] == "ACTIVE"
        self.campaign_arn = p.create_campaign(
            name=unique(), solutionVersionArn=version,
            campaignConfig={"itemExplorationConfig": {"explorationWeight": "0"}})["campaignArn"]
        assert world.wait_campaign(self.campaign_arn)["status"] == "ACTIVE"
        self.tracking_id = p.create_event_tracker(name=unique(), datasetGroupArn=self.group_arn)["trackingId"]

    def first_after(self, **event):
        user = unique("user")
        self.world.events.put_events(trackingId=self.tracking_id, userId=user, sessionId=user, eventList=[
            {"itemId": "i3", "sentAt": time.time(), **event}])
        answer = self.world.runtime.get_recommendations(campaignArn=self.campaign_arn, userId=user, numResults=1)
        return answer["itemList"][0]["itemId"]


@pytest.fixture(scope="module", params=[{"type": "purchase", "value": 1}, {"type": "view", "value": 90}],
                ids=["type", "value"])
def ring(world, request):
    made = Ring(world, request.param)
    made.far = request.param
    yield made
    world.delete_group(made.group_arn)


def test_what_an_event_was_says_what_comes_next(ring):
    assert ring.first_after(eventType="view", eventValue=1) == f"i{3 + NEAR}"
    assert ring.first_after(eventType=ring.far["type"].upper(), eventValue=ring.far["value"]) == f"i{3 + FAR}"


def test_types_and_values_that_training_never_met_are_taken(ring):
    assert ring.first_after(eventType="hover") in (f"i{3 + NEAR}", f"i{3 + FAR}")
    assert ring.first_after(eventType="view", eventValue=-1e30) == f"i{3 + NEAR}"
