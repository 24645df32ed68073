"""CreateFilter, DescribeFilter, ListFilters, DeleteFilter: the resource, and what an expression may say."""
import datetime

import pytest
from personalize_world import INTERACTIONS_SCHEMA, ITEMS_SCHEMA, NAMESPACE, USERS_SCHEMA, unique
from raw_requests import call

EXPRESSION = 'INCLUDE ItemID WHERE Items.GENRES IN ("Drama", $G)  AND Items.PRICE>=10'
WIDE_ITEMS = {"type": "record", "name": "Items", "namespace": NAMESPACE, "version": "1.0",
              "fields": [{"name": "ITEM_ID", "type": "string"}] +
                        [{"name": f"C{i}", "type": "int"} for i in range(25)]}
# The examples of the specification, with the columns they name.
EXAMPLES_ITEMS = {"type": "record", "name": "Items", "namespace": NAMESPACE, "version": "1.0", "fields": [
    {"name": "ITEM_ID", "type": "string"}, {"name": "CATEGORY", "type": "string", "categorical": True},
    {"name": "DESCRIPTION", "type": "string"}, {"name": "PRICE", "type": "float"},
    {"name": "GENRE", "type": "string", "categorical": True}, {"name": "CREATION_TIMESTAMP", "type": "long"},
    {"name": "IN_STOCK", "type": ["null", "boolean"]}, {"name": "PLOT", "type": ["null", "string"], "textual": True}]}
EXAMPLES_USERS = {"type": "record", "name": "Users", "namespace": NAMESPACE, "version": "1.0", "fields": [
    {"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"},
    {"name": "MEMBERSHIP_STATUS", "type": "string", "categorical": True}, {"name": "COUNTRY", "type": "string"}]}
EXAMPLES_ACTIONS = {"type": "record", "name": "ActionInteractions", "namespace": NAMESPACE, "version": "1.0", "fields": [
    {"name": "USER_ID", "type": "string"}, {"name": "ACTION_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"}, {"name": "TIMESTAMP", "type": "long"}]}
EXAMPLES = [
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "stream")',
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)',
    'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
    'INCLUDE ItemID WHERE Items.CATEGORY IN ("shoes", "shirts") AND Items.PRICE >= 10',
    'EXCLUDE ItemID WHERE Items.CATEGORY IN ("shoe") AND Items.DESCRIPTION NOT IN ("boot")',
    'INCLUDE ItemID WHERE Items.PRICE <= $PRICE',
    'INCLUDE ItemID WHERE Items.PRICE > ($PRICE)',
    'INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < $DATE',
    'INCLUDE ItemID WHERE Items.CATEGORY IN ($C) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")',
    'EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE',
    'INCLUDE ItemID WHERE Items.CATEGORY IN ("watch") AND Items.DESCRIPTION IN ("luxury") IF CurrentUser.AGE > 18',
    'INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE',
    'INCLUDE UserID WHERE Users.MEMBERSHIP_STATUS IN ($MEMBERSHIP)',
    'exclude UserId where users.country in ("us")',
    'EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("Taken")',
]


@pytest.fixture
def items_group(world, group):
    world.dataset(group, "Items", ITEMS_SCHEMA)
    return group


@pytest.fixture
def examples_group(world, group):
    for kind, schema in (("Items", EXAMPLES_ITEMS), ("Users", EXAMPLES_USERS), ("Interactions", INTERACTIONS_SCHEMA),
                         ("Action_Interactions", EXAMPLES_ACTIONS)):
        world.dataset(group, kind, schema)
    return group


def create(world, group, expression, **options):
    return world.personalize.create_filter(**{"name": unique("filter"), "datasetGroupArn": group,
                                              "filterExpression": expression, **options})["filterArn"]


def test_is_described_listed_and_deleted(world, items_group, refused):
    name = unique("filter")
    arn = create(world, items_group, EXPRESSION, name=name, tags=[{"tagKey": "k", "tagValue": "v"}])
    assert arn == items_group.split(":dataset-group/")[0] + f":filter/{name}"
    described = world.personalize.describe_filter(filterArn=arn)["filter"]
    made, changed = described.pop("creationDateTime"), described.pop("lastUpdatedDateTime")
    assert isinstance(made, datetime.datetime) and made == changed
    assert described == {"name": name, "filterArn": arn, "datasetGroupArn": items_group, "status": "ACTIVE",
                         "filterExpression": EXPRESSION}
    assert world.personalize.list_tags_for_resource(resourceArn=arn)["tags"] == [{"tagKey": "k", "tagValue": "v"}]
    other = create(world, items_group, 'EXCLUDE ItemID WHERE Items.PRICE = 1')
    listed = world.personalize.list_filters(datasetGroupArn=items_group)["Filters"]
    assert [each["filterArn"] for each in listed] == [arn, other]
    assert set(listed[0]) == {"name", "filterArn", "creationDateTime", "lastUpdatedDateTime", "datasetGroupArn",
                              "status"}
    pages = list(world.personalize.get_paginator("list_filters").paginate(datasetGroupArn=items_group,
                                                                          PaginationConfig={"PageSize": 1}))
    assert [[each["filterArn"] for each in page["Filters"]] for page in pages] == [[arn], [other]]
    assert world.personalize.delete_filter(filterArn=arn)["ResponseMetadata"]["HTTPStatusCode"] == 200
    refused("ResourceNotFoundException", world.personalize.describe_filter, filterArn=arn)
    refused("ResourceNotFoundException", world.personalize.delete_filter, filterArn=arn)
    refused("InvalidInputException", world.personalize.describe_filter, filterArn=items_group)
    refused("InvalidNextTokenException", world.personalize.list_filters, nextToken="x")


def test_keeps_its_group_and_its_name(world, items_group, refused):
    name = unique("filter")
    arn = create(world, items_group, EXPRESSION, name=name)
    message = refused("ResourceAlreadyExistsException", world.personalize.create_filter, name=name,
                      datasetGroupArn=items_group, filterExpression=EXPRESSION)
    assert message == f"Another resource with Arn {arn} already exists."
    for dataset in world.personalize.list_datasets(datasetGroupArn=items_group)["datasets"]:
        world.personalize.delete_dataset(datasetArn=dataset["datasetArn"])
    refused("ResourceInUseException", world.personalize.delete_dataset_group, datasetGroupArn=items_group)
    refused("ResourceNotFoundException", world.personalize.create_filter, name=unique(),
            datasetGroupArn=items_group + "x", filterExpression=EXPRESSION)
    refused("InvalidInputException", world.personalize.create_filter, name=unique(), datasetGroupArn=arn,
            filterExpression=EXPRESSION)


@pytest.mark.parametrize("expression", EXAMPLES)
def test_takes_every_example(world, examples_group, expression):
    arn = create(world, examples_group, expression)
    described = world.personalize.describe_filter(filterArn=arn)["filter"]
    assert described["status"] == "ACTIVE" and described["filterExpression"] == expression


@pytest.mark.parametrize("expression,words", [
    ("KEEP ItemID WHERE Items.PRICE = 1", ["position 1;", "'KEEP'", "expected INCLUDE or EXCLUDE"]),
    ("INCLUDE ItemID WHERE Items.PRICE ~ 1", ["position 34;", "'~'"]),
    ("INCLUDE ItemID WHERE Items.PRICE", ["position 33;", "the end of the expression", "expected IN"]),
    ('INCLUDE ItemID WHERE Items.GENRE IN ("Drama)', ["position 38", "that ends the string"]),
    ('EXCLUDE ItemID WHERE Items.GENRE NOT IN ($GENRE)',
     ["Invalid input symbol: $GENRE. Placeholders are not allowed with NOT_IN operator."]),
    ("INCLUDE ItemID WHERE Items.IN_STOCK IN (\"true\")", ["Invalid Expression", "Items.IN_STOCK", "boolean"]),
    ("INCLUDE ItemID WHERE Items.PLOT IN (\"x\")", ["Items.PLOT", "textual"]),
    ("INCLUDE ItemID WHERE Items.COLOUR IN (\"red\")", ["Items.COLOUR at position 22", "not a column"]),
    ("INCLUDE ItemID WHERE Items.GENRE > 3", ["Items.GENRE", "comparisons are for numbers"]),
    ("INCLUDE ItemID WHERE Items.PRICE IN (\"x\")", ["Items.PRICE", "should be a number"]),
    ("INCLUDE ItemID WHERE Interactions.EVENT_VALUE > 3", ["Interactions.EVENT_VALUE", "EVENT_TYPE"]),
    ("EXCLUDE ItemID WHERE Users.AGE > 3", ["'Users' at position 22"]),
    ("EXCLUDE ItemID WHERE Items.PRICE = 1 AND Interactions.EVENT_TYPE IN (\"x\")", ["same dataset"]),
    ("INCLUDE ActionID WHERE Actions.VALUE = 1", ["does not have: ACTIONS"]),
    ("INCLUDE ItemID WHERE " + "(" * 1000 + "Items.PRICE = 1" + ")" * 1000, ["'(' at position 22"]),
    ("INCLUDE ItemID WHERE Items.PRICE = " + "(" * 1000, ["'(' at position 37"]),
    ("   ", ["the end of the expression at position 4"]),
])
def test_says_what_is_wrong_with_an_expression(world, examples_group, refused, expression, words):
    message = refused("InvalidInputException", world.personalize.create_filter, name=unique(),
                      datasetGroupArn=examples_group, filterExpression=expression)
    assert message.startswith("Could not create filter. "), message
    assert all(word in message for word in words), message
    assert world.personalize.list_filters(datasetGroupArn=examples_group)["Filters"] == []


def test_takes_2500_characters(server, world, items_group):
    head, tail = 'INCLUDE ItemID WHERE Items.GENRES IN ("', '")'
    create(world, items_group, head + "ä" * (2500 - len(head + tail)) + tail)
    for characters in (2501, 10_000):
        expression = head + "x" * (characters - len(head + tail)) + tail
        status, body = call(server, "CreateFilter", name=unique(), datasetGroupArn=items_group,
                            filterExpression=expression)
        assert status == 400 and body["__type"] == "InvalidInputException" and "2500" in body["message"], body


def test_limits_filters_and_columns(world, group, refused):
    world.dataset(group, "Items", WIDE_ITEMS)

    def about(columns):
        return "INCLUDE ItemID WHERE " + " OR ".join(f"Items.C{i} = 1" for i in columns)

    assert "11 distinct columns; the limit is 10" in refused(
        "InvalidInputException", world.personalize.create_filter, name=unique(), datasetGroupArn=group,
        filterExpression=about(range(11)))
    create(world, group, about(range(10)))
    create(world, group, about(range(10, 20)))
    assert "21 distinct columns; the limit is 20" in refused(
        "LimitExceededException", world.personalize.create_filter, name=unique(), datasetGroupArn=group,
        filterExpression=about([20]))
    for _ in range(28):
        create(world, group, about([0]))
    assert "30" in refused("LimitExceededException", world.personalize.create_filter, name=unique(),
                           datasetGroupArn=group, filterExpression=about([0]))


def test_columns_are_those_of_the_newest_schema(server, world, items_group, refused):
    expression = 'EXCLUDE ItemID WHERE Items.COLOUR IN ("red")'
    refused("InvalidInputException", world.personalize.create_filter, name=unique(), datasetGroupArn=items_group,
            filterExpression=expression)
    wider = {**ITEMS_SCHEMA, "fields": ITEMS_SCHEMA["fields"] + [{"name": "COLOUR", "type": ["null", "string"]}]}
    dataset = world.personalize.list_datasets(datasetGroupArn=items_group)["datasets"][0]["datasetArn"]
    assert call(server, "UpdateDataset", datasetArn=dataset, schemaArn=world.schema(wider))[0] == 200
    create(world, items_group, expression)
    assert "USERS" in refused("InvalidInputException", world.personalize.create_filter, name=unique(),
                              datasetGroupArn=items_group, filterExpression=expression + " IF CurrentUser.AGE > 3")
    world.dataset(items_group, "Users", USERS_SCHEMA)
    create(world, items_group, expression + " IF CurrentUser.AGE > 3")
