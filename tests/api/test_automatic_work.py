"""What the server begins by itself: automatic updates, automatic training, campaigns that follow the latest version."""
import time

import pytest
from personalize_world import RECIPE_ARN, Trained, World, unique
from raw_requests import call

WAIT_SECONDS_MAX = 60


@pytest.fixture
def hasty(server_with):
    """A server whose automatic work is due after half a second instead of hours."""
    return server_with("--automatic-update-every", 500, "--automatic-training-after", 500)


def until(condition):
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def put_event(world, trained, item_id):
    world.events.put_events(trackingId=trained.tracking_id, userId="u1", sessionId="s1", eventList=[
        {"eventType": "click", "sentAt": time.time(), "itemId": item_id}])


def test_the_newest_full_version_takes_in_what_came_and_stays_the_same_version(hasty):
    world = World(hasty)
    trained = Trained(world)
    before = world.personalize.get_solution_metrics(solutionVersionArn=trained.version_arn)["metrics"]
    put_event(world, trained, "i1")
    until(lambda: "automatic update of " + trained.version_arn + ": done" in hasty.log())
    done = hasty.log().count(": done in")
    assert len(world.runtime.get_recommendations(campaignArn=trained.campaign_arn, userId="u1")["itemList"]) == 25
    versions = world.personalize.list_solution_versions(solutionArn=trained.solution_arn)["solutionVersions"]
    assert [version["solutionVersionArn"] for version in versions] == [trained.version_arn]
    assert world.personalize.get_solution_metrics(solutionVersionArn=trained.version_arn)["metrics"] == before
    assert "latestCampaignUpdate" not in world.personalize.describe_campaign(campaignArn=trained.campaign_arn)["campaign"]
    # Nothing new, nothing to do; after another event there is.
    time.sleep(1.5)
    assert hasty.log().count(": done in") == done
    put_event(world, trained, "i2")
    until(lambda: hasty.log().count(": done in") == done + 1)
    # It is what a restart serves, and older artifacts go away.
    hasty.kill()
    hasty.start()
    runtime = hasty.client("personalize-runtime")
    assert len(runtime.get_recommendations(campaignArn=trained.campaign_arn, userId="u1")["itemList"]) == 25
    until(lambda: len(list((hasty.data_dir / "artifacts").iterdir())) <= 2)


def test_a_campaign_on_an_update_version_is_left_alone(hasty):
    world = World(hasty)
    trained = Trained(world)
    update = world.personalize.create_solution_version(solutionArn=trained.solution_arn, trainingMode="UPDATE")[
        "solutionVersionArn"]
    assert world.wait_version(update)["status"] == "ACTIVE"
    world.personalize.update_campaign(campaignArn=trained.campaign_arn, solutionVersionArn=update)
    until(lambda: world.personalize.describe_campaign(campaignArn=trained.campaign_arn)["campaign"][
        "solutionVersionArn"] == update)
    time.sleep(1)
    done = hasty.log().count("automatic update of")
    put_event(world, trained, "i1")
    time.sleep(2)  # Four times what would be due.
    assert hasty.log().count("automatic update of") == done


def test_trains_by_itself_and_a_campaign_that_syncs_follows(hasty):
    world = World(hasty)
    group_arn, _, _ = world.filled_group()
    solution = world.personalize.create_solution(name=unique(), datasetGroupArn=group_arn, recipeArn=RECIPE_ARN)[
        "solutionArn"]

    def versions():
        return world.personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    until(lambda: [version["status"] for version in versions()] == ["ACTIVE"])
    first = versions()[0]["solutionVersionArn"]
    campaign = world.personalize.create_campaign(name=unique(), solutionVersionArn=solution + "/$LATEST")["campaignArn"]
    assert world.wait_campaign(campaign)["solutionVersionArn"] == first
    second = world.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    assert world.wait_version(second)["status"] == "ACTIVE"
    described = world.personalize.describe_campaign(campaignArn=campaign)["campaign"]
    assert described["solutionVersionArn"] == first, "without syncWithLatestSolutionVersion it stays"

    def served():
        return world.personalize.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"]
    status, _ = call(hasty, "UpdateCampaign", campaignArn=campaign, solutionVersionArn=solution + "/$LATEST",
                     campaignConfig={"syncWithLatestSolutionVersion": True})
    assert status == 200
    until(lambda: served() == second)
    third = world.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    until(lambda: served() == third)
