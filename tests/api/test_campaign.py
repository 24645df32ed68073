"""CreateCampaign, DescribeCampaign, ListCampaigns, UpdateCampaign, DeleteCampaign."""
import threading
import time

import pytest
from botocore.exceptions import ClientError
from personalize_world import JOB_SECONDS_MAX, Trained, World, unique, wait


@pytest.fixture
def campaign(world, trained):
    arn = world.personalize.create_campaign(name=unique("campaign"), solutionVersionArn=trained.version_arn,
                                            minProvisionedTPS=2)["campaignArn"]
    assert world.wait_campaign(arn)["status"] == "ACTIVE"
    yield arn
    wait_update(world, arn)
    world.personalize.delete_campaign(campaignArn=arn)


def describe(world, arn):
    return world.personalize.describe_campaign(campaignArn=arn)["campaign"]


def wait_update(world, arn):
    return wait(lambda: describe(world, arn).get("latestCampaignUpdate", {"status": "ACTIVE"}))


def config(weight):
    return {"itemExplorationConfig": {"explorationWeight": weight, "explorationItemAgeCutOff": "7"}}


def test_is_described_as_it_was_made_and_answers(world, trained, campaign, refused):
    described = describe(world, campaign)
    assert described["solutionVersionArn"] == trained.version_arn and described["minProvisionedTPS"] == 2
    assert "latestCampaignUpdate" not in described and "campaignConfig" not in described
    assert len(world.runtime.get_recommendations(campaignArn=campaign, userId="u1")["itemList"]) == 25
    refused("ResourceAlreadyExistsException", world.personalize.create_campaign,
            name=described["name"], solutionVersionArn=trained.version_arn)
    listed = world.personalize.list_campaigns(solutionArn=trained.solution_arn)["campaigns"]
    assert campaign in [each["campaignArn"] for each in listed]


def test_an_update_keeps_what_it_does_not_name(world, trained, campaign):
    world.personalize.update_campaign(campaignArn=campaign, campaignConfig=config("0.9"))
    assert wait_update(world, campaign)["status"] == "ACTIVE"
    described = describe(world, campaign)
    assert described["campaignConfig"] == config("0.9") and described["minProvisionedTPS"] == 2
    assert described["solutionVersionArn"] == trained.version_arn and described["status"] == "ACTIVE"
    world.personalize.update_campaign(campaignArn=campaign, minProvisionedTPS=3)
    assert wait_update(world, campaign)["status"] == "ACTIVE"
    described = describe(world, campaign)
    assert described["campaignConfig"] == config("0.9") and described["minProvisionedTPS"] == 3


def test_takes_the_latest_version(world, trained):
    arn = world.personalize.create_campaign(name=unique(), solutionVersionArn=trained.solution_arn + "/$LATEST")[
        "campaignArn"]
    assert world.wait_campaign(arn)["solutionVersionArn"] == trained.version_arn
    world.personalize.delete_campaign(campaignArn=arn)


def test_no_request_fails_while_it_is_updated(world, campaign):
    failures, done = [], threading.Event()

    def ask():
        while not done.is_set():
            try:
                assert len(world.runtime.get_recommendations(campaignArn=campaign, userId="u2")["itemList"]) == 25
            except Exception as error:  # Whatever it is, the test is about there being none.
                failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for weight in ("0.1", "0.2", "0.3", "0.4", "0.5"):
        world.personalize.update_campaign(campaignArn=campaign, campaignConfig=config(weight))
        assert wait_update(world, campaign)["status"] == "ACTIVE"
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("given,said", [
    ({"explorationWeight": "1.1"}, "explorationWeight"), ({"explorationWeight": "much"}, "much"),
    ({"explorationItemAgeCutOff": "0"}, "explorationItemAgeCutOff"), ({"weight": "1"}, "weight")])
def test_refuses_exploration_it_does_not_know(world, trained, refused, given, said):
    assert said in refused("InvalidInputException", world.personalize.create_campaign, name=unique(),
                           solutionVersionArn=trained.version_arn, campaignConfig={"itemExplorationConfig": given})


def test_a_deleted_campaign_is_gone_from_everywhere(world, trained, refused):
    arn = world.personalize.create_campaign(name=unique(), solutionVersionArn=trained.version_arn)["campaignArn"]
    assert world.wait_campaign(arn)["status"] == "ACTIVE"
    world.personalize.delete_campaign(campaignArn=arn)
    refused("ResourceNotFoundException", world.personalize.describe_campaign, campaignArn=arn)
    refused("ResourceNotFoundException", world.runtime.get_recommendations, campaignArn=arn, userId="u1")
    listed = world.personalize.list_campaigns(solutionArn=trained.solution_arn)["campaigns"]
    assert arn not in [each["campaignArn"] for each in listed]


def lose_model(server):
    (manifest,) = server.data_dir.glob("artifacts/*/manifest.json")
    manifest.write_text(manifest.read_text().replace('"version":1', '"version":2'))


def test_a_model_that_cannot_be_read_is_trained_anew(own_server):
    world = World(own_server)
    trained = Trained(world)
    ask = {"campaignArn": trained.campaign_arn, "userId": "u1", "numResults": 5}
    assert len(world.runtime.get_recommendations(**ask)["itemList"]) == 5
    own_server.stop()
    lose_model(own_server)
    own_server.start()

    personalize, runtime = own_server.client("personalize"), own_server.client("personalize-runtime")
    deadline = time.monotonic() + JOB_SECONDS_MAX
    while True:
        try:
            items = runtime.get_recommendations(**ask)["itemList"]
            break
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ServiceUnavailable" and time.monotonic() < deadline, error
            assert trained.campaign_arn in str(error) and "UpdateCampaign" in str(error)
        time.sleep(0.05)
    assert len(items) == 5
    campaign = personalize.describe_campaign(campaignArn=trained.campaign_arn)["campaign"]
    assert campaign["status"] == "ACTIVE" and campaign["solutionVersionArn"] == trained.version_arn
    assert "is lost and is fitted anew" in own_server.log()
    own_server.stop()
    own_server.start()
    assert len(own_server.client("personalize-runtime").get_recommendations(**ask)["itemList"]) == 5
    assert own_server.log().count("is lost and is fitted anew") == 1


def test_says_so_where_its_model_cannot_be_trained_anew_and_takes_another(own_server, refused):
    world = World(own_server)
    trained = Trained(world)
    ask = {"campaignArn": trained.campaign_arn, "userId": "u1", "numResults": 5}
    own_server.stop()
    lose_model(own_server)
    own_server.arguments = ("--training-memory-bytes-max", "1000")
    own_server.start()
    deadline = time.monotonic() + JOB_SECONDS_MAX
    while "fitting anew of" not in own_server.log():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    message = refused("ServiceUnavailable", own_server.client("personalize-runtime").get_recommendations, **ask)
    assert trained.campaign_arn in message
    own_server.stop()
    own_server.arguments = ()
    own_server.start()
    personalize, runtime = own_server.client("personalize"), own_server.client("personalize-runtime")
    version = personalize.create_solution_version(solutionArn=trained.solution_arn)["solutionVersionArn"]
    assert wait(lambda: personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"])[
        "status"] == "ACTIVE"
    personalize.update_campaign(campaignArn=trained.campaign_arn, solutionVersionArn=version)
    assert wait(lambda: personalize.describe_campaign(campaignArn=trained.campaign_arn)["campaign"][
        "latestCampaignUpdate"])["status"] == "ACTIVE"
    assert len(runtime.get_recommendations(**ask)["itemList"]) == 5
