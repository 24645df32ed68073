import json

import pytest
from test_s3_buckets import code_of

READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
PERSONALIZE = "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}]})


@pytest.fixture
def role(iam, name):
    role = name("Role")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    yield role
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=attached["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    iam.delete_role(RoleName=role)


def test_the_caller_is_who_the_arns_name(sts, iam, role):
    identity = sts.get_caller_identity()
    assert identity["Arn"].startswith(f"arn:aws:iam::{identity['Account']}:")
    assert iam.get_role(RoleName=role)["Role"]["Arn"] == f"arn:aws:iam::{identity['Account']}:role/{role}"


def test_a_role_is_kept_as_it_was_created(iam, name):
    role = name("Role")
    created = iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST, Path="/a/b/", Description="what for",
                              MaxSessionDuration=7200, Tags=[{"Key": "k", "Value": "v"}])["Role"]
    got = iam.get_role(RoleName=role)["Role"]
    for each in (created, got):
        assert (each["RoleName"], each["Path"], each["MaxSessionDuration"]) == (role, "/a/b/", 7200)
        assert each["Arn"].endswith(f":role/a/b/{role}")
        assert each["RoleId"].startswith("AROA")
        # boto3 decodes what is URL-encoded on the wire.
        assert each["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert got["Tags"] == [{"Key": "k", "Value": "v"}]
    assert [each["RoleName"] for each in iam.list_roles(PathPrefix="/a/b/")["Roles"]].count(role) == 1
    iam.delete_role(RoleName=role)
    assert code_of(iam.get_role, RoleName=role) == ("NoSuchEntity", 404)


def test_a_role_of_that_name_exists(iam, role):
    assert code_of(iam.create_role, RoleName=role, AssumeRolePolicyDocument=TRUST) == ("EntityAlreadyExists", 409)
    assert code_of(iam.create_role, RoleName=role.upper(), AssumeRolePolicyDocument=TRUST) == (
        "EntityAlreadyExists", 409)


@pytest.mark.parametrize("changes", [
    {"RoleName": "has space"}, {"RoleName": "r" * 65}, {"Path": "no-slash"}, {"MaxSessionDuration": 43201},
])
def test_arguments_are_checked(server, name, changes):
    iam = server.client("iam", parameter_validation=False)
    arguments = {"RoleName": name("Role"), "AssumeRolePolicyDocument": TRUST, **changes}
    assert code_of(iam.create_role, **arguments) == ("ValidationError", 400)


@pytest.mark.parametrize("document", [
    "not json", "{}", "[]", TRUST.replace("sts:AssumeRole", "s3:GetObject"), TRUST.replace("Principal", "Resource"),
    TRUST.replace("Allow", "Perhaps"), TRUST.replace("2012-10-17", "2013-10-17"), ALLOW,
])
def test_malformed_trust_documents(iam, name, document):
    assert code_of(iam.create_role, RoleName=name("Role"), AssumeRolePolicyDocument=document) == (
        "MalformedPolicyDocument", 400)


def test_attaching_is_idempotent_and_detaching_is_not(iam, role):
    for _ in range(2):
        iam.attach_role_policy(RoleName=role, PolicyArn=READ)
    iam.attach_role_policy(RoleName=role, PolicyArn=PERSONALIZE)
    attached = {each["PolicyName"]: each["PolicyArn"]
                for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
    assert attached == {"AmazonS3ReadOnlyAccess": READ, "AmazonPersonalizeFullAccess": PERSONALIZE}
    assert code_of(iam.delete_role, RoleName=role) == ("DeleteConflict", 409)
    iam.detach_role_policy(RoleName=role, PolicyArn=READ)
    assert code_of(iam.detach_role_policy, RoleName=role, PolicyArn=READ) == ("NoSuchEntity", 404)
    unknown = "arn:aws:iam::aws:policy/NoSuchPolicyAtAll"
    assert code_of(iam.attach_role_policy, RoleName=role, PolicyArn=unknown) == ("NoSuchEntity", 404)
    assert code_of(iam.attach_role_policy, RoleName="no-such-role", PolicyArn=READ) == ("NoSuchEntity", 404)


def test_inline_policies(iam, role):
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=ALLOW)
    iam.put_role_policy(RoleName=role, PolicyName="q", PolicyDocument=ALLOW)
    assert iam.get_role_policy(RoleName=role, PolicyName="p")["PolicyDocument"] == json.loads(ALLOW)
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["p", "q"]
    page = iam.list_role_policies(RoleName=role, MaxItems=1)
    assert (page["PolicyNames"], page["IsTruncated"]) == (["p"], True)
    assert iam.list_role_policies(RoleName=role, Marker=page["Marker"])["PolicyNames"] == ["q"]
    assert code_of(iam.delete_role, RoleName=role) == ("DeleteConflict", 409)
    assert code_of(iam.put_role_policy, RoleName=role, PolicyName="r", PolicyDocument=TRUST) == (
        "MalformedPolicyDocument", 400)
    large = ALLOW.replace("a/*", "a" * 10240)
    assert code_of(iam.put_role_policy, RoleName=role, PolicyName="r", PolicyDocument=large)[0] == "LimitExceeded"
    iam.delete_role_policy(RoleName=role, PolicyName="p")
    assert code_of(iam.get_role_policy, RoleName=role, PolicyName="p") == ("NoSuchEntity", 404)
    assert code_of(iam.delete_role_policy, RoleName=role, PolicyName="p") == ("NoSuchEntity", 404)


def test_roles_are_listed_in_pages(iam, name):
    roles = sorted((name("page") for _ in range(5)), key=str.lower)
    for role in roles:
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    listed = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
              for role in page["Roles"]]
    assert [role for role in listed if role in roles] == roles
    for role in roles:
        iam.delete_role(RoleName=role)


def test_an_acknowledged_role_survives_a_crash(own_server):
    iam = own_server.client("iam")
    iam.create_role(RoleName="R", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="R", PolicyArn=READ)

    own_server.kill()
    own_server.start()

    iam = own_server.client("iam")
    assert iam.list_attached_role_policies(RoleName="R")["AttachedPolicies"][0]["PolicyArn"] == READ


def test_an_unknown_action_is_named(server):
    iam = server.client("iam")
    assert code_of(iam.list_groups)[0] == "InvalidAction"
