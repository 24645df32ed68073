"""TagResource, UntagResource, ListTagsForResource, and tags given with a Create."""
from personalize_world import INTERACTIONS_SCHEMA, unique


def tags_of(world, arn):
    return {tag["tagKey"]: tag["tagValue"] for tag in world.personalize.list_tags_for_resource(resourceArn=arn)["tags"]}


def test_are_added_overwritten_and_taken_away(world, group):
    assert tags_of(world, group) == {}
    world.personalize.tag_resource(resourceArn=group, tags=[{"tagKey": "a", "tagValue": "1"},
                                                            {"tagKey": "b", "tagValue": ""}])
    world.personalize.tag_resource(resourceArn=group, tags=[{"tagKey": "a", "tagValue": "2"}])
    assert tags_of(world, group) == {"a": "2", "b": ""}
    world.personalize.untag_resource(resourceArn=group, tagKeys=["b", "unknown"])
    assert tags_of(world, group) == {"a": "2"}


def test_come_with_a_create(world, group):
    schema_arn = world.schema(INTERACTIONS_SCHEMA)
    arn = world.personalize.create_dataset(name=unique(), datasetGroupArn=group, datasetType="Interactions",
                                           schemaArn=schema_arn, tags=[{"tagKey": "k", "tagValue": "v"}])["datasetArn"]
    assert tags_of(world, arn) == {"k": "v"}


def test_refuses_the_fifty_first_reserved_keys_and_what_cannot_be_tagged(world, group, refused):
    fifty = [{"tagKey": f"k{i}", "tagValue": "v"} for i in range(50)]
    world.personalize.tag_resource(resourceArn=group, tags=fifty)
    refused("TooManyTagsException", world.personalize.tag_resource, resourceArn=group,
            tags=[{"tagKey": "one more", "tagValue": "v"}])
    assert len(tags_of(world, group)) == 50
    refused("InvalidInputException", world.personalize.tag_resource, resourceArn=group,
            tags=[{"tagKey": "aws:x", "tagValue": "v"}])
    refused("InvalidInputException", world.personalize.list_tags_for_resource,
            resourceArn=world.schema(INTERACTIONS_SCHEMA))
    refused("ResourceNotFoundException", world.personalize.list_tags_for_resource,
            resourceArn=group + "-missing")
