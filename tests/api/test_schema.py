"""CreateSchema, DescribeSchema, ListSchemas, DeleteSchema."""
import copy
import json

import pytest
from personalize_world import INTERACTIONS_SCHEMA, ITEMS_SCHEMA, unique


def test_is_described_verbatim_until_it_is_deleted(world, refused):
    text = json.dumps(INTERACTIONS_SCHEMA, indent=3)
    arn = world.personalize.create_schema(name=unique(), schema=text)["schemaArn"]
    described = world.personalize.describe_schema(schemaArn=arn)["schema"]
    assert described["schema"] == text and described["schemaArn"] == arn and "domain" not in described
    listed = [schema for page in world.personalize.get_paginator("list_schemas").paginate()
              for schema in page["schemas"] if schema["schemaArn"] == arn]
    assert len(listed) == 1 and "schema" not in listed[0]
    world.personalize.delete_schema(schemaArn=arn)
    refused("ResourceNotFoundException", world.personalize.describe_schema, schemaArn=arn)


def test_is_not_deleted_while_a_dataset_uses_it(world, group, refused):
    schema_arn = world.schema(ITEMS_SCHEMA)
    world.personalize.create_dataset(name=unique(), datasetGroupArn=group, datasetType="Items", schemaArn=schema_arn)
    refused("ResourceInUseException", world.personalize.delete_schema, schemaArn=schema_arn)


def edited(schema, edit):
    changed = copy.deepcopy(schema)
    edit(changed)
    return json.dumps(changed)


def field(schema, name):
    return next(each for each in schema["fields"] if each["name"] == name)


@pytest.mark.parametrize("text,said", [
    ("{", "JSON"),
    (edited(INTERACTIONS_SCHEMA, lambda s: s.update(type="enum")), "record"),
    (edited(INTERACTIONS_SCHEMA, lambda s: s["fields"].remove(field(s, "ITEM_ID"))), "ITEM_ID"),
    (edited(INTERACTIONS_SCHEMA, lambda s: field(s, "TIMESTAMP").update(type="string")), "TIMESTAMP"),
    (edited(INTERACTIONS_SCHEMA, lambda s: field(s, "USER_ID").update(type=["null", "string"])), "USER_ID"),
    (edited(INTERACTIONS_SCHEMA, lambda s: field(s, "EVENT_TYPE").update(categorical=True)), "EVENT_TYPE"),
    (edited(INTERACTIONS_SCHEMA, lambda s: s["fields"].append({"name": "EVENTTYPE", "type": "string"})), "EVENT_TYPE"),
    (edited(INTERACTIONS_SCHEMA, lambda s: s["fields"].append({"name": "A B", "type": "string"})), "A B"),
    (edited(INTERACTIONS_SCHEMA, lambda s: s["fields"].append({"name": "A", "type": "bytes"})), "bytes"),
    (edited(ITEMS_SCHEMA, lambda s: s.update(fields=[{"name": "ITEM_ID", "type": "string"}])), "metadata"),
])
def test_refuses_what_the_guide_forbids(world, refused, text, said):
    assert said in refused("InvalidInputException", world.personalize.create_schema, name=unique(), schema=text)
