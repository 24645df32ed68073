"""Who may call the Personalize operations: the administrator, and users whose policies say so."""
import json

import pytest
from personalize_world import unique

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
