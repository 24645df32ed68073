"""filterArn and filterValues of GetRecommendations: what is shown, full pages, and what was put a moment ago."""
import json
import time

import pytest
from personalize_world import GENRES, ITEMS_SCHEMA, USERS_SCHEMA, Trained, World, unique

ITEMS = 50


class Filtered:
    """A trained group of its own, with users, whose metadata and events tests may change."""

    def __init__(self, world):
        self.world = world
        trained = Trained(world)
        self.group_arn, self.items_arn = trained.group_arn, trained.items_arn
        self.version_arn, self.campaign_arn, self.tracking_id = (trained.version_arn, trained.campaign_arn,
                                                                 trained.tracking_id)
        self.users_arn = world.dataset(self.group_arn, "Users", USERS_SCHEMA)
        self.arns = {}

    def filter(self, expression):
        if expression not in self.arns:
            self.arns[expression] = self.world.personalize.create_filter(
                name=unique("filter"), datasetGroupArn=self.group_arn, filterExpression=expression)["filterArn"]
        return self.arns[expression]

    def get(self, expression, user="u1", campaign_arn=None, **options):
        if "values" in options:
            options["filterValues"] = options.pop("values")
        answer = self.world.runtime.get_recommendations(campaignArn=campaign_arn or self.campaign_arn, userId=user,
                                                        filterArn=self.filter(expression), **options)
        return [item["itemId"] for item in answer["itemList"]]

    def everything(self, user="u1", campaign_arn=None):
        answer = self.world.runtime.get_recommendations(campaignArn=campaign_arn or self.campaign_arn, userId=user,
                                                        numResults=500)
        return answer["itemList"]

    def put_event(self, user, event_type, item, session=None, ago=0):
        options = {"userId": user} if user else {}
        self.world.events.put_events(trackingId=self.tracking_id, sessionId=session or unique("session"), **options,
                                     eventList=[{"eventType": event_type, "itemId": item,
                                                 "sentAt": time.time() - ago}])

    def put_item(self, item, **properties):
        self.world.events.put_items(datasetArn=self.items_arn, items=[
            {"itemId": item, "properties": json.dumps({"genres": "Drama", "creationTimestamp": 1700000000,
                                                       **properties})}])

    def put_user(self, user, age):
        self.world.events.put_users(datasetArn=self.users_arn, users=[
            {"userId": user, "properties": json.dumps({"age": age})}])


@pytest.fixture(scope="module")
def filtered(world):
    made = Filtered(world)
    yield made
    world.delete_group(made.group_arn)


def genre(item):
    return GENRES[int(item[1:]) % len(GENRES)]


def test_gives_what_is_left_of_the_unfiltered_list_in_its_order(filtered):
    plain = filtered.everything()
    kept = [item for item in plain if genre(item["itemId"]) in ("Drama", "Horror")]
    expression = 'INCLUDE ItemID WHERE Items.GENRES IN ("Drama", "Horror")'
    answer = filtered.world.runtime.get_recommendations(campaignArn=filtered.campaign_arn, userId="u1",
                                                        filterArn=filtered.filter(expression), numResults=500)
    assert answer["itemList"] == kept and len(kept) == 20
    assert filtered.get(expression, numResults=7) == [item["itemId"] for item in kept[:7]]
    rest = filtered.get('EXCLUDE ItemID WHERE Items.GENRES IN ("Drama", "Horror")', numResults=500)
    assert rest == [item["itemId"] for item in plain if item not in kept]


def test_a_page_is_full_while_enough_items_qualify(filtered):
    # Items i0 to i49 cost 0.5 to 49.5.
    for lowest in (0, 25, 40, 49, 50):
        found = filtered.get("INCLUDE ItemID WHERE Items.PRICE > $P", values={"P": str(lowest)}, numResults=25)
        assert len(found) == min(25, ITEMS - lowest)
        assert all(int(item[1:]) >= lowest for item in found)


def test_unites_includes_and_takes_excludes_away(filtered):
    i1, i2, e1 = ('INCLUDE ItemID WHERE Items.ITEM_ID IN ("i1","i2")', 'INCLUDE ItemID WHERE Items.ITEM_ID IN ("i2","i3")',
                  'EXCLUDE ItemID WHERE Items.ITEM_ID IN ("i2")')
    for expression, expected in ((f"{i1}|{i2}", {"i1", "i2", "i3"}), (f"{i1} | {e1}", {"i1"}), (f"{e1}|{i1}", {"i1"}),
                                 (f"{i1}|{i2}|{e1}", {"i1", "i3"})):
        assert set(filtered.get(expression)) == expected
    assert "i2" not in filtered.get(e1, numResults=500)


def test_takes_values_in_quotes_and_numbers_bare(filtered):
    expression = "INCLUDE ItemID WHERE Items.GENRES IN ($G) AND Items.PRICE < $MAX"
    found = filtered.get(expression, values={"G": '"Drama","Comedy"', "MAX": "20.5"}, numResults=500)
    assert set(found) == {f"i{i}" for i in range(20) if genre(f"i{i}") in ("Drama", "Comedy")}
    assert set(filtered.get(expression, values={"G": "Drama", "MAX": "20"})) == {"i2", "i7", "i12", "i17"}
    assert filtered.get(expression, values={"G": '"drama"', "MAX": "20"}) == []
    assert filtered.get(expression, values={"G": '"Drama, Comedy"', "MAX": "20"}) == []


def test_says_what_is_wrong_with_values(filtered, refused):
    include = filtered.filter("INCLUDE ItemID WHERE Items.GENRES IN ($G) AND Items.PRICE < $MAX")
    exclude = filtered.filter("EXCLUDE ItemID WHERE Items.GENRES IN ($G)")
    base = {"campaignArn": filtered.campaign_arn, "userId": "u1"}
    get = filtered.world.runtime.get_recommendations

    def message(values, arn=include):
        return refused("InvalidInputException", get, **base, filterArn=arn, filterValues=values)

    assert "lacks the key MAX" in message({"G": '"Drama"'})
    assert "G" in refused("InvalidInputException", get, **base, filterArn=include)
    assert "OTHER" in message({"G": '"Drama"', "MAX": "1", "OTHER": "1"})
    assert "no parameter $g" in message({"g": '"Drama"'}, exclude)
    assert "quote without end" in message({"G": '"Drama', "MAX": "1"})
    assert "'cheap', which is none" in message({"G": '"Drama"', "MAX": '"cheap"'})
    assert "25" in message({f"P{i}": "1" for i in range(26)})
    assert "1000" in message({"G": "x" * 1001, "MAX": "1"})
    assert "filterArn" in refused("InvalidInputException", get, **base, filterValues={"G": "x"})
    everything = get(**base, filterArn=exclude, numResults=500)["itemList"]
    assert len(everything) == ITEMS  # An EXCLUDE without its value is skipped.


def test_says_what_is_wrong_with_a_filter(filtered, world, group, refused):
    get = world.runtime.get_recommendations
    base = {"campaignArn": filtered.campaign_arn, "userId": "u1"}
    world.dataset(group, "Items", ITEMS_SCHEMA)
    other = world.personalize.create_filter(name=unique(), datasetGroupArn=group,
                                            filterExpression="INCLUDE ItemID WHERE Items.PRICE > 1")["filterArn"]
    assert group in refused("InvalidInputException", get, **base, filterArn=other)
    refused("ResourceNotFoundException", get, **base, filterArn=other + "x")
    refused("InvalidInputException", get, **base, filterArn=group)
    users = filtered.filter("INCLUDE UserID WHERE Users.AGE > 3")
    assert "ItemID" in refused("InvalidInputException", get, **base, filterArn=users)
    current = filtered.filter("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE")
    assert "CurrentItem" in refused("InvalidInputException", get, **base, filterArn=current)
    gone = filtered.filter("INCLUDE ItemID WHERE Items.PRICE > 1000")
    assert get(**base, filterArn=gone)["itemList"] == []
    world.personalize.delete_filter(filterArn=gone)
    refused("ResourceNotFoundException", get, **base, filterArn=gone)


def test_event_filters_see_imports_and_what_was_put_a_moment_ago(filtered):
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($T)'
    seen = {"T": '"CLICK"'}
    assert len(filtered.get(expression, user="u1", values=seen, numResults=500)) < ITEMS  # "click" of the import.
    user = unique("user")
    assert len(filtered.get(expression, user=user, values=seen, numResults=500)) == ITEMS
    for count, item in enumerate(("i4", "i9", "i40"), 1):
        filtered.put_event(user, "Click", item)
        found = filtered.get(expression, user=user, values=seen, numResults=500)
        assert item not in found and len(found) == ITEMS - count
    filtered.put_event(user, "purchase", "i9")
    include = 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")'
    assert set(filtered.get(include, user=user)) == {"i4", "i9", "i40"}
    assert set(filtered.get('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")', user=user)) == {"i9"}
    assert len(filtered.get('INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("click")', user=user,
                            numResults=500)) == ITEMS - 3


def test_events_of_a_session_count_for_it_and_then_for_its_user(filtered):
    include = 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")'
    session, user = unique("session"), unique("user")
    filtered.put_event(None, "click", "i3", session=session)
    assert filtered.get(include, user=session) == ["i3"]
    filtered.put_event(user, "click", "i5", session=session)
    assert set(filtered.get(include, user=user)) == {"i3", "i5"}


def test_the_hundred_newest_of_each_event_type_count(filtered):
    user = unique("user")
    filtered.put_event(user, "watch", "i7", ago=200)
    filtered.put_event(user, "click", "i7", ago=200)
    for start in range(0, 100, 10):
        filtered.world.events.put_events(
            trackingId=filtered.tracking_id, sessionId="s", userId=user,
            eventList=[{"eventType": "click", "itemId": "i8", "sentAt": time.time() - 150 + start + i}
                       for i in range(10)])
    include = "INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($T)"
    assert filtered.get(include, user=user, values={"T": '"click"'}) == ["i8"]
    assert filtered.get(include, user=user, values={"T": '"watch"'}) == ["i7"]


def test_changed_items_count_at_once(filtered):
    expression = "INCLUDE ItemID WHERE Items.PRICE = 777 OR Items.GENRES IN (\"Fresh\")"
    assert filtered.get(expression) == []
    filtered.put_item("i30", price=777)
    assert filtered.get(expression) == ["i30"]
    filtered.put_item("i31", genres="Horror|Fresh")
    assert set(filtered.get(expression)) == {"i30", "i31"}
    filtered.put_item("i30", price=1)
    assert filtered.get(expression) == ["i31"]
    filtered.put_item("i30", genres="Action", price=30.5)
    filtered.put_item("i31", genres="Comedy", price=31.5)
    assert filtered.get(expression) == []


def test_an_import_replaces_what_filters_see(world):
    group = world.filled_group()[0]
    items = world.personalize.list_datasets(datasetGroupArn=group)["datasets"]
    arns = {each["datasetType"]: each["datasetArn"] for each in items}
    made = Filtered.__new__(Filtered)
    made.world, made.group_arn, made.arns = world, group, {}
    solution = world.personalize.create_solution(name=unique(), datasetGroupArn=group,
                                                 recipeArn="arn:aws:personalize:::recipe/aws-user-personalization")
    version = world.personalize.create_solution_version(solutionArn=solution["solutionArn"])["solutionVersionArn"]
    assert world.wait_version(version)["status"] == "ACTIVE"
    made.campaign_arn = world.personalize.create_campaign(name=unique(), solutionVersionArn=version)["campaignArn"]
    assert world.wait_campaign(made.campaign_arn)["status"] == "ACTIVE"
    expression = 'INCLUDE ItemID WHERE Items.GENRES IN ("New")'
    assert made.get(expression) == []
    now = int(time.time())
    text = "ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\n" + f"i1,New,1,{now}\ni2,Old,1,{now}\n"
    assert world.import_text(arns["ITEMS"], text)["status"] == "ACTIVE"
    assert made.get(expression) == ["i1"]
    assert len(made.get('EXCLUDE ItemID WHERE Items.PRICE > 0', numResults=500)) == ITEMS - 2
    world.delete_group(group)


def test_conditions_on_the_user_follow_put_users(filtered):
    expression = "EXCLUDE ItemID WHERE Items.PRICE > 10 IF CurrentUser.AGE < $AGE"
    user = unique("user")
    assert len(filtered.get(expression, user=user, values={"AGE": "18"}, numResults=500)) == ITEMS
    filtered.put_user(user, 12)
    assert set(filtered.get(expression, user=user, values={"AGE": "18"})) == {f"i{i}" for i in range(10)}
    filtered.put_user(user, 18)
    assert len(filtered.get(expression, user=user, values={"AGE": "18"}, numResults=500)) == ITEMS


def test_exploration_never_shows_what_is_filtered_and_fills_its_pages(filtered):
    world = filtered.world
    campaign_arn = world.personalize.create_campaign(
        name=unique(), solutionVersionArn=filtered.version_arn, campaignConfig={"itemExplorationConfig": {
            "explorationWeight": "1", "explorationItemAgeCutOff": "1000"}})["campaignArn"]
    assert world.wait_campaign(campaign_arn)["status"] == "ACTIVE"
    expression = 'INCLUDE ItemID WHERE Items.GENRES IN ("Musical")'
    for user in range(20):
        found = filtered.get(expression, user=f"u{user}", campaign_arn=campaign_arn, numResults=8)
        assert len(found) == 8 and all(genre(item) == "Musical" for item in found)
    world.personalize.delete_campaign(campaignArn=campaign_arn)


def test_filters_know_after_a_restart_what_they_knew(own_server):
    world = World(own_server)
    made = Filtered(world)
    made.put_item("i30", price=777)
    made.put_user("someone", 12)
    made.put_event("someone", "buy", "i30")
    expressions = ("INCLUDE ItemID WHERE Items.PRICE = 777", 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")',
                   "EXCLUDE ItemID WHERE Items.PRICE > 10 IF CurrentUser.AGE < 18")
    before = [made.get(expression, user="someone", numResults=500) for expression in expressions]
    assert before[:2] == [["i30"], ["i30"]] and len(before[2]) == 10
    own_server.kill()
    own_server.start()
    world.__init__(own_server)
    assert [made.get(expression, user="someone", numResults=500) for expression in expressions] == before


def test_how_many_interactions_count_is_the_administrators_choice(server_with):
    made = Filtered(World(server_with("--filter-events-per-type", 2)))
    for ago, item in ((30, "i1"), (20, "i2"), (10, "i3")):
        made.put_event("someone", "buy", item, ago=ago)
    assert set(made.get('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")', user="someone")) == {"i2", "i3"}
