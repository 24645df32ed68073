"""CreateDatasetGroup, DescribeDatasetGroup, ListDatasetGroups, DeleteDatasetGroup."""
from personalize_world import INTERACTIONS_SCHEMA, unique

MISSING = "arn:aws:personalize:us-east-1:123456789012:dataset-group/missing"


def test_is_described_as_it_was_made(world, refused):
    name = unique("group")
    made = world.personalize.create_dataset_group(name=name, domain="ECOMMERCE")
    assert made["datasetGroupArn"].endswith(f":dataset-group/{name}") and made["domain"] == "ECOMMERCE"
    described = world.personalize.describe_dataset_group(datasetGroupArn=made["datasetGroupArn"])["datasetGroup"]
    assert described["name"] == name and described["status"] == "ACTIVE" and described["domain"] == "ECOMMERCE"
    assert "roleArn" not in described and "failureReason" not in described
    assert described["creationDateTime"] <= described["lastUpdatedDateTime"]
    message = refused("ResourceAlreadyExistsException", world.personalize.create_dataset_group, name=name)
    assert message == f"Another resource with Arn {made['datasetGroupArn']} already exists."
    world.personalize.delete_dataset_group(datasetGroupArn=made["datasetGroupArn"])
    refused("ResourceNotFoundException", world.personalize.describe_dataset_group,
            datasetGroupArn=made["datasetGroupArn"])


def test_lists_what_there_is_in_pages(world, refused):
    arns = [world.group() for _ in range(2)]
    pages = world.personalize.get_paginator("list_dataset_groups").paginate(PaginationConfig={"PageSize": 1})
    listed = [group["datasetGroupArn"] for page in pages for group in page["datasetGroups"]]
    assert [arn for arn in listed if arn in arns] == arns
    refused("InvalidNextTokenException", world.personalize.list_dataset_groups, nextToken="garbage")
    for arn in arns:
        world.personalize.delete_dataset_group(datasetGroupArn=arn)


def test_is_not_deleted_while_it_has_a_dataset(world, group, refused):
    world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    assert group in refused("ResourceInUseException", world.personalize.delete_dataset_group, datasetGroupArn=group)


def test_refuses_what_the_model_forbids(world, refused):
    create = world.personalize.create_dataset_group
    assert "Member must satisfy regular expression pattern" in refused("InvalidInputException", create, name="-x")
    assert "63" in refused("InvalidInputException", create, name="x" * 64)
    assert "enum" in refused("InvalidInputException", create, name=unique(), domain="SPORTS")
    refused("InvalidInputException", create, name=unique(), roleArn="arn:aws:iam::123456789012:role/r")
    refused("ResourceNotFoundException", world.personalize.describe_dataset_group, datasetGroupArn=MISSING)
    refused("InvalidInputException", world.personalize.describe_dataset_group,
            datasetGroupArn="arn:aws:personalize:us-east-1:123456789012:campaign/c")


def test_the_sixth_group_is_one_too_many(own_server, refused):
    personalize = own_server.client("personalize")
    for i in range(5):
        personalize.create_dataset_group(name=f"g{i}")
    refused("LimitExceededException", personalize.create_dataset_group, name="g5")
    assert len(personalize.list_dataset_groups()["datasetGroups"]) == 5
