"""Quotas, at their edge, as `attune serve` was told them: the last that fits is taken, the next is refused."""
import json

import boto3
import pytest
from personalize_world import INTERACTIONS_SCHEMA, ITEMS_SCHEMA, RECIPE_ARN, Trained, World, unique


@pytest.fixture
def world_with(server_with):
    return lambda *arguments: World(server_with(*arguments))


def test_of_groups_schemas_and_solutions(world_with, refused):
    world = world_with("--quota-dataset-groups", 2, "--quota-schemas", 3, "--quota-solutions", 1,
                       "--quota-event-trackers", 2)
    p = world.personalize
    groups = [p.create_dataset_group(name=f"g{i}")["datasetGroupArn"] for i in range(2)]
    assert "2" in refused("LimitExceededException", p.create_dataset_group, name="g2")
    for group in groups:  # A quota of a group is each group's own.
        world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
        solution = {"datasetGroupArn": group, "recipeArn": RECIPE_ARN}
        p.create_solution(name="a" + group[-1], **solution)
        refused("LimitExceededException", p.create_solution, name="b" + group[-1], **solution)
        for i in range(2):
            p.create_event_tracker(name=f"t{i}", datasetGroupArn=group)
        refused("LimitExceededException", p.create_event_tracker, name="t2", datasetGroupArn=group)
    p.create_schema(name="s2", schema=json.dumps(INTERACTIONS_SCHEMA))
    assert "3" in refused("LimitExceededException", p.create_schema, name="s3", schema=json.dumps(INTERACTIONS_SCHEMA))
    assert len(p.list_schemas()["schemas"]) == 3


def test_of_what_is_in_progress(world_with, refused):
    world = world_with("--quota-import-jobs", 0, "--quota-export-jobs", 0, "--quota-solution-versions", 0)
    p = world.personalize
    group = world.group()
    dataset = world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    said = refused("LimitExceededException", world.start_import, dataset_arn=dataset,
                   location=world.put("a.csv", "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE\n"))
    assert said == "More than 0 resources with PENDING or IN_PROGRESS status."
    assert not p.list_dataset_import_jobs(datasetArn=dataset)["datasetImportJobs"]
    refused("LimitExceededException", p.create_dataset_export_job, jobName="e", datasetArn=dataset,
            roleArn=world.role_arn, jobOutput={"s3DataDestination": {"path": f"s3://{world.bucket}/out/"}})
    solution = p.create_solution(name="s", datasetGroupArn=group, recipeArn=RECIPE_ARN)["solutionArn"]
    refused("LimitExceededException", p.create_solution_version, solutionArn=solution)


def test_of_campaigns(world_with, refused):
    world = world_with("--quota-campaigns", 1)
    trained = Trained(world)
    refused("LimitExceededException", world.personalize.create_campaign, name=unique(),
            solutionVersionArn=trained.version_arn, minProvisionedTPS=1)
    assert len(world.personalize.list_campaigns(solutionArn=trained.solution_arn)["campaigns"]) == 1


def test_of_filters_and_their_columns(world_with, refused):
    world = world_with("--quota-filters", 2, "--quota-filter-columns", 1)
    group = world.group()
    world.dataset(group, "Items", ITEMS_SCHEMA)

    def make(expression):
        return {"name": unique(), "datasetGroupArn": group, "filterExpression": expression}

    world.personalize.create_filter(**make("INCLUDE ItemID WHERE Items.PRICE > 1"))
    assert "2 distinct columns; the limit is 1" in refused(
        "LimitExceededException", world.personalize.create_filter, **make('INCLUDE ItemID WHERE Items.GENRES IN ("a")'))
    world.personalize.create_filter(**make("INCLUDE ItemID WHERE Items.PRICE > 2"))
    assert "the limit is 2" in refused("LimitExceededException", world.personalize.create_filter,
                                       **make("INCLUDE ItemID WHERE Items.PRICE > 3"))


def test_regions_are_counted_and_listed_apart(own_server):
    def client(region):
        return boto3.client("personalize", endpoint_url=own_server.url, region_name=region,
                            aws_access_key_id=own_server.access_key_id,
                            aws_secret_access_key=own_server.secret_access_key)
    for region in ("us-east-1", "eu-west-1"):
        for i in range(5):
            client(region).create_dataset_group(name=f"g{i}")
        arns = [group["datasetGroupArn"] for group in client(region).list_dataset_groups()["datasetGroups"]]
        assert len(arns) == 5 and all(f":{region}:" in arn for arn in arns)
