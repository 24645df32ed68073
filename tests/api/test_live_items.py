"""Items that are put, or that an event names first, are recommended from the next request on."""
import json
import time

from personalize_world import DAY, GENRES, unique
from test_recommendations import click, items, recommend

EVERYTHING = 500


def put_item(world, trained, item, genre, created=None):
    properties = {"genres": genre, "creationTimestamp": int(created or time.time())}
    world.events.put_items(datasetArn=trained.items_arn,
                           items=[{"itemId": item, "properties": json.dumps(properties)}])


def score(world, trained, user, item):
    listed = recommend(world, trained, user, numResults=EVERYTHING)["itemList"]
    return {each["itemId"]: each["score"] for each in listed}.get(item)


def test_an_item_that_is_put_is_in_the_next_answer_of_every_campaign(world, trained):
    other = world.personalize.create_campaign(name=unique("campaign"), solutionVersionArn=trained.version_arn)
    assert world.wait_campaign(other["campaignArn"])["status"] == "ACTIVE"
    item = unique("put")
    assert score(world, trained, "u1", item) is None
    put_item(world, trained, item, GENRES[1])
    assert score(world, trained, "u1", item) > 0
    listed = world.runtime.get_recommendations(campaignArn=other["campaignArn"], userId="u1", numResults=EVERYTHING)
    assert item in items(listed)
    world.personalize.delete_campaign(campaignArn=other["campaignArn"])


def test_its_attributes_say_who_likes_it_and_count_anew_when_they_change(world, trained):
    item = unique("changed")
    put_item(world, trained, item, GENRES[1])
    liked, other = score(world, trained, "u1", item), score(world, trained, "u2", item)
    assert liked > other
    put_item(world, trained, item, GENRES[2])
    assert score(world, trained, "u2", item) > other
    assert score(world, trained, "u1", item) < liked


def test_new_attributes_of_an_item_that_training_met_count_in_the_next_request(world, trained):
    plain = world.personalize.create_campaign(
        name=unique("campaign"), solutionVersionArn=trained.version_arn,
        campaignConfig={"itemExplorationConfig": {"explorationWeight": "0"}})["campaignArn"]
    assert world.wait_campaign(plain)["status"] == "ACTIVE"

    def plain_score(user, item):
        listed = world.runtime.get_recommendations(campaignArn=plain, userId=user, numResults=EVERYTHING)["itemList"]
        return {each["itemId"]: each["score"] for each in listed}[item]

    item, created = "i3", time.time() - 100 * DAY
    as_trained = plain_score("u1", item)
    for user, liked in (("u11", GENRES[1]), ("u12", GENRES[2])):
        put_item(world, trained, item, GENRES[4], created)
        other = plain_score(user, item)
        put_item(world, trained, item, liked, created)
        assert plain_score(user, item) > other
        put_item(world, trained, item, GENRES[4], created)
        assert plain_score(user, item) == other
    assert plain_score("u1", item) != as_trained
    world.personalize.delete_campaign(campaignArn=plain)


def test_an_item_that_an_event_names_first_is_in_the_next_answer(world, trained):
    item = unique("named")
    world.events.put_events(trackingId=trained.tracking_id, userId=unique("user"), sessionId="s",
                            eventList=[click(item)])
    assert score(world, trained, "u3", item) > 0


def test_items_that_joined_are_still_there_after_a_kill(own_server):
    from personalize_world import Trained, World
    world = World(own_server)
    trained = Trained(world)
    put, named = unique("put"), unique("named")
    put_item(world, trained, put, GENRES[0])
    world.events.put_events(trackingId=trained.tracking_id, userId="u1", sessionId="s", eventList=[click(named)])
    before = recommend(world, trained, "u5", numResults=EVERYTHING)["itemList"]
    assert {put, named} <= {each["itemId"] for each in before}
    own_server.kill()
    own_server.start()
    world.runtime = own_server.client("personalize-runtime")
    assert recommend(world, trained, "u5", numResults=EVERYTHING)["itemList"] == before
