"""GetRecommendations, PutEvents, PutItems, PutUsers: what was done counts in the next request."""
import json
import time

import pytest
from personalize_world import GENRES, USERS_SCHEMA, unique, wait


def recommend(world, trained, user, **options):
    return world.runtime.get_recommendations(campaignArn=trained.campaign_arn, userId=user, **options)


def items(answer):
    return [item["itemId"] for item in answer["itemList"]]


def put(world, trained, user, events, session="s"):
    options = {"userId": user} if user else {}
    world.events.put_events(trackingId=trained.tracking_id, sessionId=session, eventList=events, **options)


def click(item, **members):
    return {"eventType": "click", "itemId": item, "sentAt": time.time(), **members}


def genre_share(listed, genre):
    # Items that other tests put are of none.
    return sum(item[1:].isdigit() and int(item[1:]) % len(GENRES) == genre for item in listed) / len(listed)


def test_gives_25_items_by_falling_score_and_an_id(world, trained):
    answer = recommend(world, trained, "u1")
    scores = [item["score"] for item in answer["itemList"]]
    assert len(scores) == 25 and scores == sorted(scores, reverse=True)
    assert len(answer["recommendationId"]) == 40 and answer["recommendationId"].startswith("RID-")
    assert len(set(items(answer))) == 25


def test_scores_of_the_whole_catalogue_sum_to_one(world, trained):
    answer = recommend(world, trained, "u1", numResults=500)
    assert len(answer["itemList"]) >= 50
    assert sum(item["score"] for item in answer["itemList"]) == pytest.approx(1, abs=1e-3)


def test_weight_zero_gives_the_same_list_twice(world, trained):
    first, second = recommend(world, trained, "u3"), recommend(world, trained, "u3")
    assert first["itemList"] == second["itemList"] and first["recommendationId"] != second["recommendationId"]


def test_known_users_get_what_they_like(world, trained):
    # Ten of the fifty items are of a user's genre, which three of four of their events are of.
    shares = [genre_share(items(recommend(world, trained, f"u{user}", numResults=10)), user % 5) for user in range(20)]
    assert sum(shares) / len(shares) > 0.5


def test_new_and_anonymous_users_are_answered_and_their_events_count_at_once(world, trained):
    user, session = unique("user"), unique("session")
    before = genre_share(items(recommend(world, trained, user, numResults=10)), 2)
    put(world, trained, user, [click(f"i{item}") for item in (2, 7, 12, 17)])
    assert genre_share(items(recommend(world, trained, user, numResults=10)), 2) > before
    put(world, trained, None, [click(f"i{item}") for item in (3, 8, 13, 18)], session=session)
    anonymous = items(recommend(world, trained, session, numResults=10))
    assert genre_share(anonymous, 3) > 0.4
    someone = unique("user")
    put(world, trained, someone, [click("i23")], session=session)
    assert genre_share(items(recommend(world, trained, someone, numResults=10)), 3) > 0.4


def test_events_take_their_item_and_value_from_properties(world, trained, refused):
    user = unique("user")
    put(world, trained, user, [{"eventType": "click", "sentAt": time.time(),
                                "properties": json.dumps({"itemId": "i4", "eventValue": 3, "unknown": "x"})}])
    bad = world.events.put_events
    base = {"trackingId": trained.tracking_id, "userId": user, "sessionId": "s"}
    event = {"eventType": "click", "sentAt": time.time()}
    assert "itemId" in refused("InvalidInputException", bad, **base, eventList=[event])
    assert "userId" in refused("InvalidInputException", bad, **base,
                               eventList=[{**event, "itemId": "i1", "properties": '{"userId": "x"}'}])
    assert "properties json" in refused("InvalidInputException", bad, **base,
                                        eventList=[{**event, "itemId": "i1", "properties": "[1"}])
    refused("InvalidInputException", bad, **base, eventList=[{**event, "itemId": "i1"}] * 11)
    refused("InvalidInputException", bad, trackingId="unknown", userId=user, sessionId="s",
            eventList=[{**event, "itemId": "i1"}])


def test_puts_items_and_users(world, trained, refused):
    item = {"itemId": unique("item"), "properties": json.dumps({"genres": "Drama", "creationTimestamp": 1700000000})}
    world.events.put_items(datasetArn=trained.items_arn, items=[item])
    assert "genres" in refused("InvalidInputException", world.events.put_items, datasetArn=trained.items_arn,
                               items=[{"itemId": "x", "properties": '{"creationTimestamp": 1}'}])
    refused("InvalidInputException", world.events.put_items, datasetArn=trained.interactions_arn, items=[item])
    refused("ResourceNotFoundException", world.events.put_items, datasetArn=trained.items_arn + "x", items=[item])
    users_arn = world.dataset(trained.group_arn, "Users", USERS_SCHEMA)
    world.events.put_users(datasetArn=users_arn, users=[{"userId": "u1", "properties": '{"age": 42}'}])
    assert "age" in refused("InvalidInputException", world.events.put_users, datasetArn=users_arn,
                            users=[{"userId": "u1", "properties": '{"age": "old"}'}])


def test_refuses_what_a_request_may_not_ask(world, trained, refused):
    get = world.runtime.get_recommendations
    refused("InvalidInputException", get, userId="u1")
    refused("InvalidInputException", get, campaignArn=trained.campaign_arn)
    assert "500" in refused("InvalidInputException", get, campaignArn=trained.campaign_arn, userId="u", numResults=501)
    refused("ResourceNotFoundException", get, campaignArn=trained.campaign_arn + "x", userId="u")
    refused("InvalidInputException", get, campaignArn=trained.group_arn, userId="u")
    assert len(items(recommend(world, trained, "u1", numResults=0))) == 25
    assert len(items(recommend(world, trained, "u1", context={"DEVICE": "phone"}))) == 25


def campaign(world, trained, weight):
    arn = world.personalize.create_campaign(
        name=unique(), solutionVersionArn=trained.version_arn, campaignConfig={"itemExplorationConfig": {
            "explorationWeight": weight, "explorationItemAgeCutOff": "7"}})["campaignArn"]
    assert world.wait_campaign(arn)["status"] == "ACTIVE"
    return arn


def test_new_items_come_by_update_training_and_show_the_more_the_larger_the_weight(world, trained):
    new = [unique("new") for _ in range(10)]
    put(world, trained, "u5", [click(item) for item in new])
    arn = world.personalize.create_solution_version(solutionArn=trained.solution_arn, trainingMode="UPDATE")[
        "solutionVersionArn"]
    assert world.wait_version(arn)["status"] == "ACTIVE"
    campaign_arn = campaign(world, trained, "0.9")
    world.personalize.update_campaign(campaignArn=campaign_arn, solutionVersionArn=arn)

    def shown(weight):
        world.personalize.update_campaign(campaignArn=campaign_arn, campaignConfig={"itemExplorationConfig": {
            "explorationWeight": weight, "explorationItemAgeCutOff": "7"}})
        settle()
        return sum(len(set(new) & set(items(world.runtime.get_recommendations(campaignArn=campaign_arn, userId=f"u{u}", numResults=8))))
                   for u in range(20))

    def settle():
        wait(lambda: world.personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]["latestCampaignUpdate"])

    settle()
    counts = [shown(weight) for weight in ("0", "0.3", "0.9")]
    world.personalize.delete_campaign(campaignArn=campaign_arn)
    assert counts[0] < counts[1] < counts[2], counts
