"""What is known of a user, and the context of a request, decide where there is no history, and speak where there is."""
import random
import time

import pytest
from personalize_world import DAY, INTERACTIONS_SCHEMA, NAMESPACE, RECIPE_ARN, unique

ITEMS = 40
INTERACTIONS = {**INTERACTIONS_SCHEMA, "fields": INTERACTIONS_SCHEMA["fields"][:3] + [
    {"name": "DEVICE", "type": "string", "categorical": True}]}
USERS = {"type": "record", "name": "Users", "namespace": NAMESPACE, "version": "1.0",
         "fields": [{"name": "USER_ID", "type": "string"}, {"name": "KIND", "type": "string", "categorical": True},
                    {"name": "AGE", "type": ["null", "int"]}]}


def quarter(item_id):
    return int(item_id[1:]) * 4 // ITEMS


class Shop:
    """Each kind of user takes one half of the items; which quarter of it, the device says. Nothing else matters."""

    def __init__(self, world):
        self.world, p, draw = world, world.personalize, random.Random(5)
        self.group_arn = world.group()
        interactions = world.dataset(self.group_arn, "Interactions", INTERACTIONS)
        self.users_arn = world.dataset(self.group_arn, "Users", USERS)
        now = int(time.time()) - DAY
        rows, users = ["USER_ID,ITEM_ID,TIMESTAMP,DEVICE"], ["USER_ID,KIND,AGE"]
        for user in range(250):
            kind = draw.randrange(2)
            users.append(f"u{user},{('left', 'right')[kind]},{20 + draw.randrange(50)}")
            for event in range(10):
                device = draw.randrange(2)
                item = (2 * kind + device) * ITEMS // 4 + draw.randrange(ITEMS // 4)
                rows.append(f"u{user},i{item},{now - (10 - event) * 3600},{('phone', 'desk')[device]}")
        users += ["quiet-left,left,30", "quiet-right,right,"]
        assert world.import_text(interactions, "\n".join(rows) + "\n")["status"] == "ACTIVE"
        assert world.import_text(self.users_arn, "\n".join(users) + "\n")["status"] == "ACTIVE"
        self.campaigns = []
        for recipe in (RECIPE_ARN, RECIPE_ARN.replace("aws-user-personalization", "aws-personalized-ranking")):
            solution = p.create_solution(name=unique(), datasetGroupArn=self.group_arn, recipeArn=recipe)["solutionArn"]
            version = p.create_solution_version(solutionArn=solution)["solutionVersionArn"]
            assert world.wait_version(version)["status"] == "ACTIVE"
            config = {"itemExplorationConfig": {"explorationWeight": "0"}} if recipe == RECIPE_ARN else {}
            campaign = p.create_campaign(name=unique(), solutionVersionArn=version, campaignConfig=config)["campaignArn"]
            assert world.wait_campaign(campaign)["status"] == "ACTIVE"
            self.campaigns.append(campaign)

    def first_ten(self, user, **options):
        answer = self.world.runtime.get_recommendations(campaignArn=self.campaigns[0], userId=user, numResults=10,
                                                        **options)
        return [quarter(item["itemId"]) for item in answer["itemList"]]


@pytest.fixture(scope="module")
def shop(world):
    made = Shop(world)
    yield made
    world.delete_group(made.group_arn)


def test_users_without_history_get_what_their_kind_takes(shop):
    assert set(shop.first_ten("quiet-left")) <= {0, 1}
    assert set(shop.first_ten("quiet-right")) <= {2, 3}


def test_the_context_says_which_of_it(shop):
    for device, place in (("phone", 0), ("desk", 1)):
        assert shop.first_ten("quiet-left", context={"DEVICE": device}).count(place) >= 9
        assert shop.first_ten("quiet-right", context={"device": device}).count(2 + place) >= 9
    assert len(set(shop.first_ten("nobody", context={"DEVICE": "phone"})) & {1, 3}) == 0


def test_context_that_is_unknown_changes_nothing(shop):
    plain = shop.first_ten("quiet-left")
    assert shop.first_ten("quiet-left", context={"DEVICE": "submarine", "MOOD": "good"}) == plain


def test_a_user_who_is_put_is_known_from_the_next_request_on(shop):
    user = unique("new")
    for kind, places in (("left", {0, 1}), ("right", {2, 3})):
        shop.world.events.put_users(datasetArn=shop.users_arn, users=[
            {"userId": user, "properties": '{"kind": "%s", "age": 44}' % kind}])
        assert set(shop.first_ten(user)) <= places, kind


def test_rankings_listen_too(shop):
    given = [f"i{item}" for item in range(0, ITEMS, 5)]

    def ranked(user, device):
        answer = shop.world.runtime.get_personalized_ranking(campaignArn=shop.campaigns[1], userId=user, inputList=given,
                                                             context={"DEVICE": device})
        return [quarter(item["itemId"]) for item in answer["personalizedRanking"]]

    assert ranked("quiet-left", "phone")[:2] == [0, 0] and ranked("quiet-right", "desk")[:2] == [3, 3]


def test_what_is_known_survives_a_restart(server_with, tmp_path):
    from personalize_world import World
    server = server_with()
    made = Shop(World(server))
    server.stop()
    server.start()
    made.world.runtime = server.client("personalize-runtime")
    assert set(made.first_ten("quiet-left")) <= {0, 1}
    server.stop()
