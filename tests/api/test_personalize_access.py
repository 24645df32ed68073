"""Who may call the Personalize operations: the administrator, and users whose policies say so."""
import json

import pytest
from personalize_world import unique
from raw_requests import call

FULL_ACCESS = "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"


@pytest.fixture
def user(server, iam):
    """(name, client maker) of an IAM user without policies."""
    name = unique("user")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    yield name, lambda service: server.client(service, key)
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def test_a_user_may_do_nothing_until_a_policy_allows_it(world, trained, iam, user, refused):
    name, client = user
    calls = [(client("personalize").list_dataset_groups, {}),
             (client("personalize").create_dataset_group, {"name": unique()}),
             (client("personalize-runtime").get_recommendations,
              {"campaignArn": trained.campaign_arn, "userId": "u1"})]
    for call, arguments in calls:
        message = refused("AccessDeniedException", call, **arguments)
        assert name in message and "personalize:" in message
    iam.attach_user_policy(UserName=name, PolicyArn=FULL_ACCESS)
    assert "datasetGroups" in client("personalize").list_dataset_groups()
    assert len(client("personalize-runtime").get_recommendations(campaignArn=trained.campaign_arn, userId="u1")[
        "itemList"]) == 25


def test_a_policy_may_name_one_campaign(world, trained, iam, user, refused):
    name, client = user
    runtime = client("personalize-runtime")
    iam.put_user_policy(UserName=name, PolicyName="one", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "personalize:GetRecommendations",
                                                "Resource": trained.campaign_arn}]}))
    assert len(runtime.get_recommendations(campaignArn=trained.campaign_arn, userId="u1")["itemList"]) == 25
    refused("AccessDeniedException", runtime.get_recommendations, campaignArn=trained.campaign_arn + "x", userId="u1")
    refused("AccessDeniedException", client("personalize").describe_campaign, campaignArn=trained.campaign_arn)


def test_no_arn_hides_behind_another(server, world, trained, iam, user, refused):
    """Whatever stands first in the body, and whether or not the operation knows it: all that is named must be allowed."""
    name, client = user
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keyed = type("Keyed", (), {"url": server.url, "access_key_id": key["AccessKeyId"],
                               "secret_access_key": key["SecretAccessKey"]})
    other = world.group()
    iam.put_user_policy(UserName=name, PolicyName="one", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "personalize:*",
                                                "Resource": [trained.group_arn, trained.campaign_arn]}]}))
    for members in ({"aArn": trained.group_arn, "datasetGroupArn": other},
                    {"datasetGroupArn": other, "zArn": trained.group_arn}):
        status, body = call(keyed, "DescribeDatasetGroup", **members)
        assert (status, body["__type"]) == (400, "AccessDeniedException"), body
    assert call(keyed, "DescribeDatasetGroup", datasetGroupArn=trained.group_arn)[0] == 200
    status, body = call(keyed, "UpdateCampaign", campaignArn=trained.campaign_arn, solutionVersionArn=trained.version_arn)
    assert (status, body["__type"]) == (400, "AccessDeniedException") and trained.version_arn in str(body)
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    world.delete_group(other)


def test_a_filter_that_is_named_must_be_allowed_too(world, trained, iam, user, refused):
    name, client = user
    filter_arn = world.personalize.create_filter(name=unique(), datasetGroupArn=trained.group_arn,
                                                 filterExpression="INCLUDE ItemID WHERE Items.PRICE > 3")["filterArn"]
    ask = {"campaignArn": trained.campaign_arn, "userId": "u1", "filterArn": filter_arn}

    def let(*resources):
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "personalize:GetRecommendations",
                                                    "Resource": list(resources)}]}))

    let(trained.campaign_arn)
    assert filter_arn in refused("AccessDeniedException", client("personalize-runtime").get_recommendations, **ask)
    let(trained.campaign_arn, filter_arn)
    assert client("personalize-runtime").get_recommendations(**ask)["itemList"]


def test_tags_say_who_may_what(personalize, iam, user, refused):
    name, client = user
    theirs = client("personalize")

    def let_when(action, condition, effect="Allow"):
        statements = [{"Effect": effect, "Action": action, "Resource": "*", "Condition": condition}]
        statements += [{"Effect": "Allow", "Action": "*", "Resource": "*"}] if effect == "Deny" else []
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": statements}))

    shop, test = {"tagKey": "team", "tagValue": "shop"}, {"tagKey": "stage", "tagValue": "test"}
    let_when("personalize:CreateDatasetGroup", {"StringEquals": {"aws:RequestTag/team": "shop"}})
    refused("AccessDeniedException", theirs.create_dataset_group, name=unique())
    refused("AccessDeniedException", theirs.create_dataset_group, name=unique(), tags=[test])
    arn = theirs.create_dataset_group(name=unique(), tags=[shop])["datasetGroupArn"]
    let_when("personalize:*", {"StringEquals": {"aws:ResourceTag/team": "shop"}}, "Deny")
    refused("AccessDeniedException", theirs.describe_dataset_group, datasetGroupArn=arn)
    refused("AccessDeniedException", theirs.untag_resource, resourceArn=arn, tagKeys=["team"])
    personalize.untag_resource(resourceArn=arn, tagKeys=["team"])
    theirs.describe_dataset_group(datasetGroupArn=arn)
    let_when("personalize:*", {"ForAnyValue:StringEquals": {"aws:TagKeys": ["stage"]}}, "Deny")
    refused("AccessDeniedException", theirs.tag_resource, resourceArn=arn, tags=[shop, test])
    theirs.tag_resource(resourceArn=arn, tags=[shop])
    refused("AccessDeniedException", theirs.untag_resource, resourceArn=arn, tagKeys=["stage"])
    theirs.untag_resource(resourceArn=arn, tagKeys=["team"])
    personalize.delete_dataset_group(datasetGroupArn=arn)
