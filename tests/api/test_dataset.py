"""CreateDataset, DescribeDataset, ListDatasets, UpdateDataset, DeleteDataset."""
import copy

from personalize_world import INTERACTIONS_SCHEMA, ITEMS_SCHEMA, items_csv, unique


def test_is_described_by_its_group_and_type(world, group, refused):
    arn = world.dataset(group, "interactions", INTERACTIONS_SCHEMA)
    assert arn.endswith(":dataset/" + group.rsplit("/", 1)[1] + "/INTERACTIONS")
    described = world.personalize.describe_dataset(datasetArn=arn)["dataset"]
    assert described["datasetType"] == "INTERACTIONS" and described["datasetGroupArn"] == group
    assert described["status"] == "ACTIVE" and "latestDatasetUpdate" not in described
    refused("ResourceAlreadyExistsException", world.personalize.create_dataset, name=unique(), datasetGroupArn=group,
            datasetType="INTERACTIONS", schemaArn=described["schemaArn"])
    assert [each["datasetArn"] for each in world.personalize.list_datasets(datasetGroupArn=group)["datasets"]] == [arn]
    world.personalize.delete_dataset(datasetArn=arn)
    refused("ResourceNotFoundException", world.personalize.describe_dataset, datasetArn=arn)


def test_refuses_a_schema_of_another_type(world, group, refused):
    schema_arn = world.schema(ITEMS_SCHEMA)
    message = refused("InvalidInputException", world.personalize.create_dataset, name=unique(), datasetGroupArn=group,
                      datasetType="Users", schemaArn=schema_arn)
    assert "USERS" in message
    refused("InvalidInputException", world.personalize.create_dataset, name=unique(), datasetGroupArn=group,
            datasetType="Things", schemaArn=schema_arn)


def test_replaces_the_schema_by_a_superset_alone(world, group, server, refused):
    arn = world.dataset(group, "Items", ITEMS_SCHEMA)
    larger = copy.deepcopy(ITEMS_SCHEMA)
    larger["fields"].append({"name": "COLOUR", "type": ["null", "string"], "categorical": True})
    smaller = copy.deepcopy(ITEMS_SCHEMA)
    smaller["fields"] = [field for field in smaller["fields"] if field["name"] != "PRICE"]
    from raw_requests import call  # Debian's botocore does not know UpdateDataset yet.
    status, body = call(server, "UpdateDataset", datasetArn=arn, schemaArn=world.schema(smaller))
    assert status == 400 and "PRICE" in body["message"], body
    shuffled = copy.deepcopy(larger)
    shuffled["fields"].insert(1, shuffled["fields"].pop())
    status, body = call(server, "UpdateDataset", datasetArn=arn, schemaArn=world.schema(shuffled))
    assert status == 400 and "COLOUR" in body["message"] and "in their order" in body["message"], body
    schema_arn = world.schema(larger)
    status, body = call(server, "UpdateDataset", datasetArn=arn, schemaArn=schema_arn)
    assert (status, body) == (200, {"datasetArn": arn})
    status, body = call(server, "DescribeDataset", datasetArn=arn)
    assert body["dataset"]["schemaArn"] == schema_arn
    assert body["dataset"]["latestDatasetUpdate"]["status"] == "ACTIVE"


def test_takes_its_jobs_along_so_that_their_names_are_free(world, group):
    location, job_name = world.put(unique() + ".csv", items_csv()), unique("job")
    for _ in range(2):
        arn = world.dataset(group, "Items", ITEMS_SCHEMA)
        job = world.personalize.create_dataset_import_job(
            jobName=job_name, datasetArn=arn, roleArn=world.role_arn, dataSource={"dataLocation": location})
        assert world.wait_import(job["datasetImportJobArn"])["status"] == "ACTIVE"
        assert len(world.personalize.list_dataset_import_jobs(datasetArn=arn)["datasetImportJobs"]) == 1
        world.personalize.delete_dataset(datasetArn=arn)
