"""GetPersonalizedRanking: every given item comes back, known ones by score, with and without a filter."""
import json
import time

import pytest
from personalize_world import GENRES, unique

RECIPES = ["arn:aws:personalize:::recipe/aws-personalized-ranking",
           "arn:aws:personalize:::recipe/aws-personalized-ranking-v2"]


class Ranking:
    """A group with a campaign of each recipe."""

    def __init__(self, world):
        self.world = world
        self.group_arn, self.interactions_arn, self.items_arn = world.filled_group()
        p = world.personalize
        self.versions = []
        for recipe in RECIPES:
            solution = p.create_solution(name=unique(), datasetGroupArn=self.group_arn, recipeArn=recipe)["solutionArn"]
            self.versions.append(p.create_solution_version(solutionArn=solution)["solutionVersionArn"])
        for version in self.versions:
            assert world.wait_version(version)["status"] == "ACTIVE"
        self.campaigns = [p.create_campaign(name=unique(), solutionVersionArn=version)["campaignArn"]
                          for version in self.versions]
        for campaign in self.campaigns:
            assert world.wait_campaign(campaign)["status"] == "ACTIVE"
        self.tracking_id = p.create_event_tracker(name=unique(), datasetGroupArn=self.group_arn)["trackingId"]

    def rank(self, items, user="u1", which=0, **options):
        return self.world.runtime.get_personalized_ranking(campaignArn=self.campaigns[which], userId=user,
                                                           inputList=items, **options)

    def filter(self, expression):
        return self.world.personalize.create_filter(name=unique(), datasetGroupArn=self.group_arn,
                                                    filterExpression=expression)["filterArn"]


@pytest.fixture(scope="module")
def ranking(world):
    made = Ranking(world)
    yield made
    world.delete_group(made.group_arn)


def ids(answer):
    return [item["itemId"] for item in answer["personalizedRanking"]]


@pytest.mark.parametrize("which", [0, 1])
def test_known_items_come_by_falling_score_that_sums_to_one_and_unknown_ones_last(ranking, which):
    given = ["unknown-b"] + [f"i{i}" for i in range(20)] + ["unknown-a"]
    answer = ranking.rank(given, which=which)
    ranked = answer["personalizedRanking"]
    assert sorted(ids(answer)) == sorted(given) and ids(answer)[-2:] == ["unknown-b", "unknown-a"]
    scores = [item["score"] for item in ranked[:-2]]
    assert scores == sorted(scores, reverse=True) and sum(scores) == pytest.approx(1, abs=1e-5)
    assert all(set(item) == {"itemId"} for item in ranked[-2:])
    assert answer["recommendationId"].startswith("RID-")
    assert ranking.rank(given, which=which)["personalizedRanking"] == ranked


def test_one_unknown_item_among_two_known_ones(ranking):
    answer = ranking.rank(["i1", "UNKNOWN", "i2"])
    assert ids(answer)[2] == "UNKNOWN" and "score" not in answer["personalizedRanking"][2]


def test_of_an_item_that_is_given_twice_the_first_counts(ranking):
    assert sorted(ids(ranking.rank(["i1", "x", "i1", "i2", "x"]))) == ["i1", "i2", "x"]


def test_ranks_what_a_user_likes_first_and_follows_events(ranking):
    given = [f"i{i}" for i in range(50)]
    liked = [sum(GENRES[int(item[1:]) % 5] == GENRES[user % 5] for item in ids(ranking.rank(given, f"u{user}"))[:10])
             for user in range(20)]
    assert sum(liked) / len(liked) > 5
    user = unique("user")
    before = ids(ranking.rank(given, user))
    ranking.world.events.put_events(trackingId=ranking.tracking_id, sessionId="s", userId=user, eventList=[
        {"eventType": "click", "itemId": f"i{item}", "sentAt": time.time()} for item in (2, 7, 12, 17)])
    after = ids(ranking.rank(given, user))

    def share(listed):
        return sum(int(item[1:]) % 5 == 2 for item in listed[:10])

    assert share(after) > share(before)


def test_an_item_that_was_put_since_waits_at_the_end(ranking):
    new = unique("new")
    ranking.world.events.put_items(datasetArn=ranking.items_arn, items=[
        {"itemId": new, "properties": json.dumps({"genres": "Drama", "creationTimestamp": 1700000000})}])
    answer = ranking.rank([new, "i1"])
    assert ids(answer) == ["i1", new] and "score" not in answer["personalizedRanking"][1]


def test_a_filter_takes_items_out_and_leaves_the_scores(ranking):
    given = [f"i{i}" for i in range(10)] + ["unknown"]
    plain = ranking.rank(given)["personalizedRanking"]
    arn = ranking.filter('EXCLUDE ItemID WHERE Items.GENRES IN ($G)')
    kept = [item for item in plain if item["itemId"] == "unknown" or int(item["itemId"][1:]) % 5 != 2]
    assert len(kept) == 9
    assert ranking.rank(given, filterArn=arn, filterValues={"G": '"Drama"'})["personalizedRanking"] == kept
    assert ranking.rank(given, filterArn=arn)["personalizedRanking"] == plain
    include = ranking.filter('INCLUDE ItemID WHERE Items.GENRES IN ("Drama")')
    assert set(ids(ranking.rank(given, filterArn=include))) == {"i2", "i7"}
    seen = ranking.filter('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")')
    user = unique("user")
    for item in ("i3", "unknown"):  # Also one that no model knows.
        ranking.world.events.put_events(trackingId=ranking.tracking_id, sessionId="s", userId=user, eventList=[
            {"eventType": "click", "itemId": item, "sentAt": time.time()}])
    assert set(ids(ranking.rank(given, user, filterArn=seen))) == set(given) - {"i3", "unknown"}


def test_refuses_what_a_request_may_not_ask(ranking, refused):
    rank = ranking.world.runtime.get_personalized_ranking
    base = {"campaignArn": ranking.campaigns[0], "userId": "u1"}
    assert len(ids(ranking.rank([f"x{i}" for i in range(500)]))) == 500
    assert "500" in refused("InvalidInputException", rank, **base, inputList=[f"x{i}" for i in range(501)])
    refused("ResourceNotFoundException", rank, campaignArn=base["campaignArn"] + "x", userId="u1", inputList=["i1"])
    assert "GetPersonalizedRanking" in refused("InvalidInputException", ranking.world.runtime.get_recommendations,
                                               campaignArn=base["campaignArn"], userId="u1")
    assert ids(ranking.rank(["i1"], context={"DEVICE": "phone"})) == ["i1"]


def test_campaigns_that_do_not_rank_and_campaigns_that_do_not_explore(ranking, trained, world, refused):
    assert "aws-user-personalization" in refused("InvalidInputException", world.runtime.get_personalized_ranking,
                                                 campaignArn=trained.campaign_arn, userId="u1", inputList=["i1"])
    assert "itemExplorationConfig" in refused(
        "InvalidInputException", world.personalize.create_campaign, name=unique(),
        solutionVersionArn=ranking.versions[0],
        campaignConfig={"itemExplorationConfig": {"explorationWeight": "0.3"}})


def test_the_recipes_take_their_own_parameters(ranking, refused):
    create = ranking.world.personalize.create_solution

    def solution(recipe, parameters):
        return {"name": unique(), "datasetGroupArn": ranking.group_arn, "recipeArn": recipe,
                "solutionConfig": {"algorithmHyperParameters": parameters}}

    create(**solution(RECIPES[1], {"apply_recency_bias": "false"}))
    create(**solution(RECIPES[0], {"recency_mask": "False"}))
    refused("InvalidInputException", create, **solution(RECIPES[0], {"apply_recency_bias": "false"}))
    refused("InvalidInputException", create, **solution(RECIPES[1], {"bptt": "32"}))


def test_unknown_users_are_ranked_for_too(ranking):
    answer = ranking.rank([f"i{i}" for i in range(10)], unique("nobody"))
    assert len(answer["personalizedRanking"]) == 10 and all("score" in item for item in answer["personalizedRanking"])
