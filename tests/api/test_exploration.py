"""A small simulated world over HTTP: what exploration gains, what it learns from impressions, and what survives a kill."""
import json
import math
import random
import time
import urllib.request

from personalize_world import DAY, GENRES, INTERACTIONS_SCHEMA, ITEMS_SCHEMA, RECIPE_ARN, Trained, World, unique

SLATE = 8
USERS = 40
OLD_ITEMS = 40
NEW_ITEMS = 40


class Truth:
    """Everybody likes one genre; items have a quality that nothing tells."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.quality = {f"i{item}": self.draw.gauss(0, 0.8) for item in range(OLD_ITEMS)}
        self.quality.update({f"n{item}": self.draw.gauss(0, 1.2) for item in range(NEW_ITEMS)})

    def chance(self, user, item):
        likes = int(item[1:]) % len(GENRES) == user % len(GENRES)
        return 1 / (1 + math.exp(2.5 - self.quality[item] - (1.0 if likes else 0)))

    def expected_clicks(self, user, items):
        return sum(self.chance(user, item) / rank ** 0.6 for rank, item in enumerate(items, 1))

    def best(self, user):
        return sorted(self.quality, key=lambda item: -self.chance(user, item))[:SLATE]

    def history_csv(self):
        now = int(time.time()) - DAY
        rows = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"]
        old = [f"i{item}" for item in range(OLD_ITEMS)]
        for user in range(USERS):
            weights = [self.chance(user, item) for item in old]
            for event in range(30):
                item = self.draw.choices(old, weights)[0]
                rows.append(f"u{user},{item},{now - (30 - event) * 600},click,1")
        return "\n".join(rows) + "\n"


def items_csv():
    created = int(time.time()) - 100 * DAY
    rows = ["ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP"]
    rows += [f"i{item},{GENRES[item % len(GENRES)]},1,{created}" for item in range(OLD_ITEMS)]
    return "\n".join(rows) + "\n"


class Service:
    """A group trained on a truth's history, with a campaign of one weight."""

    def __init__(self, world, truth, weight):
        self.world = world
        p = world.personalize
        self.group_arn = world.group()
        interactions = world.dataset(self.group_arn, "Interactions", INTERACTIONS_SCHEMA)
        self.items_arn = world.dataset(self.group_arn, "Items", ITEMS_SCHEMA)
        assert world.import_text(interactions, truth.history_csv())["status"] == "ACTIVE"
        assert world.import_text(self.items_arn, items_csv())["status"] == "ACTIVE"
        solution = p.create_solution(name=unique(), datasetGroupArn=self.group_arn, recipeArn=RECIPE_ARN,
                                     eventType="click")["solutionArn"]
        version = p.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        assert world.wait_version(version)["status"] == "ACTIVE"
        self.campaign_arn = p.create_campaign(
            name=unique(), solutionVersionArn=version, campaignConfig={"itemExplorationConfig": {
                "explorationWeight": str(weight), "explorationItemAgeCutOff": "30"}})["campaignArn"]
        assert world.wait_campaign(self.campaign_arn)["status"] == "ACTIVE"
        self.tracking_id = p.create_event_tracker(name=unique(), datasetGroupArn=self.group_arn)["trackingId"]

    def put_new_items(self):
        for first in range(0, NEW_ITEMS, 10):
            self.world.events.put_items(datasetArn=self.items_arn, items=[
                {"itemId": f"n{item}", "properties": json.dumps(
                    {"genres": GENRES[item % len(GENRES)], "price": 1, "creationTimestamp": int(time.time())})}
                for item in range(first, first + 10)])

    def ask(self, user):
        answer = self.world.runtime.get_recommendations(campaignArn=self.campaign_arn, userId=f"u{user}",
                                                        numResults=SLATE)
        return answer["recommendationId"], [item["itemId"] for item in answer["itemList"]]

    def tell(self, recommendation_id, session, events):
        self.world.events.put_events(trackingId=self.tracking_id, sessionId=session, eventList=[
            {"eventType": kind, "itemId": item, "sentAt": time.time(), "recommendationId": recommendation_id}
            for kind, item in events])


def live(service, truth, requests, seed):
    """Clicks missing against the best lists, as a share, over the second half."""
    draw = random.Random(seed)
    got = best = 0
    for request in range(requests):
        user = draw.randrange(USERS)
        recommendation_id, items = service.ask(user)
        if request >= requests // 2:
            got += truth.expected_clicks(user, items)
            best += truth.expected_clicks(user, truth.best(user))
        clicked = [item for rank, item in enumerate(items, 1)
                   if draw.random() < truth.chance(user, item) / rank ** 0.6]
        # Who clicks tells it anonymously: what was liked once may be shown again.
        service.tell(recommendation_id, f"session{request}", [("click", item) for item in clicked] or [("view", items[0])])
    return 1 - got / best


def test_exploring_ends_with_lower_regret_than_greedy(world):
    regrets = {}
    for weight in (0, 0.3):
        truth = Truth(seed=5)
        service = Service(world, truth, weight)
        service.put_new_items()
        regrets[weight] = live(service, truth, requests=1000, seed=6)
        world.delete_group(service.group_arn)
    assert regrets[0.3] < regrets[0] - 0.03, regrets


def readings(server):
    with urllib.request.urlopen(server.url + "/-/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines if line.startswith("attune_")
            and "{" not in line}


LEARNED = ["attune_new_item_impressions", "attune_new_item_clicks", "attune_old_item_impressions", "attune_new_items",
           "attune_old_item_clicks", "attune_new_items_never_shown", "attune_belief_deviation_p10",
           "attune_belief_deviation_p50", "attune_belief_deviation_p90"]


def test_what_was_learned_and_served_survives_a_kill(own_server):
    world, truth = World(own_server), Truth(seed=1)
    service = Service(world, truth, 0.9)
    service.put_new_items()
    live(service, truth, requests=60, seed=2)
    kept_id, kept = service.ask(3)
    before = readings(own_server)
    assert before["attune_new_item_impressions"] > 0 and before["attune_explored_share"] > 0
    assert before["attune_new_items"] == NEW_ITEMS

    own_server.kill()
    own_server.start()
    world.runtime, world.events = (own_server.client(f"personalize-{name}") for name in ("runtime", "events"))

    after = readings(own_server)
    assert {name: after[name] for name in LEARNED} == {name: before[name] for name in LEARNED}
    # A list from before the kill: its first event tells that all of it was shown.
    service.tell(kept_id, "session", [("click", kept[0])])
    now = readings(own_server)
    impressions = [reading["attune_new_item_impressions"] + reading["attune_old_item_impressions"]
                   for reading in (after, now)]
    assert impressions[1] == impressions[0] + SLATE


def test_an_unknown_recommendation_id_is_accepted_and_counts_for_nothing(own_server):
    world = World(own_server)
    trained = Trained(world)
    before = readings(own_server)
    world.events.put_events(trackingId=trained.tracking_id, userId="u1", sessionId="s", eventList=[
        {"eventType": "click", "itemId": "i1", "sentAt": time.time(), "recommendationId": "RID-nobody-gave-CID-000000"}])
    after = readings(own_server)
    assert all(after[name] == before[name] for name in LEARNED)
