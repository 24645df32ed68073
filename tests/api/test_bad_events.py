"""Events that are wrong, years early or late, or about items nobody knows yet, and what they do to exploration and
training: refused by name, or taken and harmless. Their edges stand in test_impressions.py."""
import json
import time

from personalize_world import DAY, GENRES, RECIPE_ARN, Trained, World, unique
from test_exploration import readings
from test_recommendations import click, genre_share, items, put, recommend

YEAR = 365 * DAY
IMPRESSION_MAX = 25
# Of 60 new items: 35 to 50 are in the lists of 20 people where they may be explored, 10 where they count as too old, for
# of those that hardly anybody met so many are explored at a time.
EXPLORED_MIN = 25


def put_item(world, trained, item):
    world.events.put_items(datasetArn=trained.items_arn, items=[{"itemId": item, "properties": json.dumps(
        {"genres": GENRES[0], "creationTimestamp": int(time.time())})}])


def exploring_campaign(world, version_arn):
    arn = world.personalize.create_campaign(
        name=unique(), solutionVersionArn=version_arn, campaignConfig={"itemExplorationConfig": {
            "explorationWeight": "1", "explorationItemAgeCutOff": "30"}})["campaignArn"]
    assert world.wait_campaign(arn)["status"] == "ACTIVE"
    return arn


def test_an_impression_of_too_long_an_id_is_refused(world, trained, refused):
    put(world, trained, "u1", [click("i1", impression=["i1", "i" * 256])])
    said = refused("InvalidInputException", lambda: put(
        world, trained, "u1", [click("i1", impression=["i1", "i" * 257])]))
    assert "impression" in said and "256" in said, said


def test_a_refused_event_takes_the_whole_request_with_it(own_server, refused):
    world = World(own_server)
    trained = Trained(world)
    before = readings(own_server)
    too_many = [f"i{number}" for number in range(IMPRESSION_MAX + 1)]
    refused("InvalidInputException", lambda: put(world, trained, "u1", [
        click("i1", impression=["i2", "i3"]), click("i1", impression=too_many)]))
    after = readings(own_server)
    for name in ("attune_events", "attune_old_item_impressions", "attune_old_item_clicks"):
        assert after[name] == before[name]


def test_items_of_an_impression_may_be_put_later(own_server):
    world = World(own_server)
    trained = Trained(world)
    shown, unseen = unique("shown"), unique("unseen")
    put(world, trained, "u1", [click("i1", impression=["i1", shown])])
    assert shown not in items(recommend(world, trained, "u2", numResults=500))  # An impression alone names no item.
    before = readings(own_server)
    assert before["attune_new_items"] == 0

    own_server.kill()
    own_server.start()
    world.runtime, world.events = (own_server.client(f"personalize-{name}") for name in ("runtime", "events"))
    put_item(world, trained, shown)
    put_item(world, trained, unseen)
    after = readings(own_server)
    assert after["attune_new_items"] == 2
    assert after["attune_new_items_never_shown"] == 1  # Its showing was kept until it came.


def test_wrong_clocks_are_taken_and_nothing_grows_old_or_is_forgotten(own_server):
    world = World(own_server)
    trained = Trained(world)
    campaign_arn = exploring_campaign(world, trained.version_arn)
    new = [unique("new") for _ in range(60)]
    for item in new:
        put_item(world, trained, item)

    def shown_new():
        lists = [items(world.runtime.get_recommendations(campaignArn=campaign_arn, userId=f"u{user}", numResults=10))
                 for user in range(20)]
        return len(set(new) & set(sum(lists, [])))

    assert shown_new() > EXPLORED_MIN
    now = time.time()
    # One client whose clock is in the future, one in the past, one that runs backwards, a second with each event.
    for sent_at in (now + 5 * YEAR, now + 80 * YEAR, 0, 1, now - 30 * YEAR):
        put(world, trained, unique("user"), [{**click("i1"), "sentAt": sent_at}])
    backwards, session = unique("user"), unique("session")
    for step in range(10):
        put(world, trained, backwards, [{**click(f"i{5 * step + 2}"), "sentAt": now - step}], session=session)
    assert shown_new() > EXPLORED_MIN  # An item's age is counted from what most clocks say.
    assert genre_share(items(recommend(world, trained, backwards, numResults=10)), 2) > 0.5
    for user in range(5):
        assert len(set(items(recommend(world, trained, f"u{user}")))) == 25

    before = recommend(world, trained, backwards)["itemList"]
    own_server.kill()
    own_server.start()
    world.runtime = own_server.client("personalize-runtime")
    assert recommend(world, trained, backwards)["itemList"] == before
    assert shown_new() > EXPLORED_MIN


def test_a_training_over_wrong_clocks_still_knows_what_people_like(own_server):
    world = World(own_server)
    trained = Trained(world)
    for sent_at in (0, 1, time.time() - 30 * YEAR, time.time() + 5 * YEAR, time.time() + 80 * YEAR):
        for user in range(3):
            put(world, trained, f"w{user}", [{**click(f"i{5 * user + 1}"), "sentAt": sent_at}])
    solution = world.personalize.create_solution(name=unique(), datasetGroupArn=trained.group_arn,
                                                 recipeArn=RECIPE_ARN)["solutionArn"]
    version = world.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    assert world.wait_version(version)["status"] == "ACTIVE"
    campaign_arn = exploring_campaign(world, version)
    new = [unique("new") for _ in range(60)]
    for item in new:
        put_item(world, trained, item)
    lists = [items(world.runtime.get_recommendations(campaignArn=campaign_arn, userId=f"u{user}", numResults=10))
             for user in range(20)]
    assert len(set(new) & set(sum(lists, []))) > EXPLORED_MIN
    shares = [genre_share([item for item in listed if item not in new] or ["i0"], user % 5)
              for user, listed in enumerate(lists)]
    assert sum(shares) / len(shares) > 0.4, shares
