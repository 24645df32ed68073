import json

import pytest
from test_iam_users import document, person  # noqa: F401: a fixture
from test_s3_buckets import code_of


EXTERNAL_ID_MAX = 1224


def trust(principal, **further):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **further}]})


@pytest.fixture
def role(iam, name, bucket):
    created = []

    def make(principal, **further):
        role = iam.create_role(RoleName=name("Role"), AssumeRolePolicyDocument=trust(principal, **further))["Role"]
        iam.put_role_policy(RoleName=role["RoleName"], PolicyName="p",
                            PolicyDocument=document("Allow", "s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
        created.append(role["RoleName"])
        return role

    yield make
    for each in created:
        iam.delete_role_policy(RoleName=each, PolicyName="p")
        iam.delete_role(RoleName=each)


def test_a_session_may_what_its_role_may(server, s3, iam, person, role, bucket):  # noqa: F811
    made = role({"AWS": iam.get_user(UserName=person.name)["User"]["Arn"]})
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")

    answer = person.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="session")

    session = answer["Credentials"]
    theirs = server.client("s3", key=session)
    assert theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    assert code_of(theirs.put_object, Bucket=bucket, Key="k", Body=b"2") == ("AccessDenied", 403)
    identity = server.client("sts", key=session).get_caller_identity()
    assert identity["Arn"].endswith(f":assumed-role/{made['RoleName']}/session")
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"] == made["RoleId"] + ":session"


def test_a_session_needs_its_token(server, iam, person, role, bucket):  # noqa: F811
    made = role({"AWS": iam.get_user(UserName=person.name)["User"]["Arn"]})
    session = person.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="session")["Credentials"]
    for token in (None, "A" * len(session["SessionToken"])):
        with pytest.raises(Exception, match="(?i)token|403|Forbidden|InvalidAccessKeyId"):
            server.client("s3", key={**session, "SessionToken": token}).get_object(Bucket=bucket, Key="k")


def test_who_may_take_up_a_role(iam, sts, person, role):  # noqa: F811
    theirs = person.client("sts")
    account = sts.get_caller_identity()["Account"]
    for_service = role({"Service": "personalize.amazonaws.com"})
    for_account = role({"AWS": f"arn:aws:iam::{account}:root"})

    for made in (for_service, for_account):
        assert code_of(theirs.assume_role, RoleArn=made["Arn"], RoleSessionName="se") == ("AccessDenied", 403)
        with pytest.raises(theirs.exceptions.ClientError) as refusal:
            theirs.assume_role(RoleArn=made["Arn"], RoleSessionName="se")
        assert refusal.value.response["Error"]["Message"] == (
            f"User: {theirs.get_caller_identity()['Arn']} is not authorized to perform: sts:AssumeRole on resource: "
            f"{made['Arn']}")
    person.let("Deny", "sts:AssumeRole", for_account["Arn"], policy="no")
    with pytest.raises(theirs.exceptions.ClientError, match="with an explicit deny in an identity-based policy"):
        theirs.assume_role(RoleArn=for_account["Arn"], RoleSessionName="se")
    iam.delete_user_policy(UserName=person.name, PolicyName="no")
    person.let("Allow", "sts:AssumeRole", for_account["Arn"])
    theirs.assume_role(RoleArn=for_account["Arn"], RoleSessionName="se")
    assert code_of(theirs.assume_role, RoleArn=for_service["Arn"], RoleSessionName="se") == ("AccessDenied", 403)
    missing = for_account["Arn"] + "-none"
    assert code_of(theirs.assume_role, RoleArn=missing, RoleSessionName="se") == ("AccessDenied", 403)
    assert code_of(theirs.assume_role, RoleArn=for_account["Arn"], RoleSessionName="se", DurationSeconds=3601)[0] == (
        "ValidationError")


def test_a_trust_may_ask_for_an_external_id_and_a_session_name(person, role):  # noqa: F811
    asks = {"StringEquals": {"sts:ExternalId": "partner:7/a"}, "StringLike": {"sts:RoleSessionName": "job-*"}}
    made = role({"AWS": person.arn}, Condition=asks)
    sts = person.client("sts")

    def take_up(session_name="job-1", **told):
        return code_of(sts.assume_role, RoleArn=made["Arn"], RoleSessionName=session_name, **told)

    for told in ({}, {"ExternalId": "partner:7"}, {"ExternalId": "partner:7/A"}):
        assert take_up(**told) == ("AccessDenied", 403), told
    assert take_up("other", ExternalId="partner:7/a") == ("AccessDenied", 403)
    assert sts.assume_role(RoleArn=made["Arn"], RoleSessionName="job-1", ExternalId="partner:7/a")["Credentials"]
    for wrong in ("a b", "x" * (EXTERNAL_ID_MAX + 1)):
        assert take_up(ExternalId=wrong)[0] == "ValidationError", wrong[:10]
    assert take_up(ExternalId="x" * EXTERNAL_ID_MAX) == ("AccessDenied", 403)


def test_a_session_may_be_limited(server, s3, person, role, iam, bucket, name):  # noqa: F811
    made = role({"AWS": person.arn})
    for key in ("in/k", "out/k"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    sts = person.client("sts")

    def session(**limits):
        key = sts.assume_role(RoleArn=made["Arn"], RoleSessionName="session", **limits)["Credentials"]
        return server.client("s3", key=key)

    limited = session(Policy=document("Allow", "*", f"arn:aws:s3:::{bucket}/in/*"))
    assert limited.get_object(Bucket=bucket, Key="in/k")["Body"].read() == b"1"
    assert code_of(limited.get_object, Bucket=bucket, Key="out/k") == ("AccessDenied", 403)
    assert code_of(limited.put_object, Bucket=bucket, Key="in/k", Body=b"") == ("AccessDenied", 403), "the role may not"
    policy = iam.create_policy(PolicyName=name("P"), PolicyDocument=document("Allow", "*", f"arn:aws:s3:::{bucket}/out/*"))
    by_arn = session(PolicyArns=[{"arn": policy["Policy"]["Arn"]}])
    iam.delete_policy(PolicyArn=policy["Policy"]["Arn"])
    assert by_arn.get_object(Bucket=bucket, Key="out/k")["Body"].read() == b"1"
    assert code_of(by_arn.get_object, Bucket=bucket, Key="in/k") == ("AccessDenied", 403)
    assert session(PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}] * 10)  # As many as there may be.
    refused = session(Policy=document("Deny", "s3:GetObject", "*"))
    with pytest.raises(refused.exceptions.ClientError, match="with an explicit deny in a session policy"):
        refused.get_object(Bucket=bucket, Key="in/k")
    for wrong, code in (({"Policy": "{"}, "MalformedPolicyDocument"), ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/None"}]},
                        "ValidationError"), ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}] * 11},
                        "ValidationError"), ({"Policy": document("Allow", "s3:*", "*" * 2048)}, "LimitExceeded")):
        assert code_of(sts.assume_role, RoleArn=made["Arn"], RoleSessionName="se", **wrong)[0] == code


def test_sessions_may_be_revoked_by_when_they_began(server, s3, iam, person, role, bucket):  # noqa: F811
    made = role({"AWS": person.arn})
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    session = person.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="session")["Credentials"]
    theirs = server.client("s3", key=session)

    def deny_before(date):
        iam.put_role_policy(RoleName=made["RoleName"], PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
                {"Effect": "Deny", "Action": "*", "Resource": "*",
                 "Condition": {"DateLessThan": {"aws:TokenIssueTime": date}}}]}))

    deny_before("2020-01-01T00:00:00Z")
    assert theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    deny_before("2100-01-01T00:00:00Z")
    assert code_of(theirs.get_object, Bucket=bucket, Key="k") == ("AccessDenied", 403)


def test_a_session_ends_with_its_role(own_server):
    iam, sts = own_server.client("iam"), own_server.client("sts")
    account = sts.get_caller_identity()["Account"]

    def make():
        arn = iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust({"AWS": account}))["Role"]["Arn"]
        iam.put_role_policy(RoleName="R", PolicyName="p", PolicyDocument=document("Allow", "s3:*", "*"))
        return sts.assume_role(RoleArn=arn, RoleSessionName="se")["Credentials"]

    old = make()
    own_server.client("s3", key=old).list_buckets()
    iam.delete_role_policy(RoleName="R", PolicyName="p")
    iam.delete_role(RoleName="r")
    new = make()

    for _ in range(2):
        own_server.client("s3", key=new).list_buckets()
        assert code_of(own_server.client("s3", key=old).list_buckets)[0] == "InvalidAccessKeyId"
        own_server.kill()
        own_server.start()


def test_a_session_survives_a_restart(own_server):
    iam, sts = own_server.client("iam"), own_server.client("sts")
    account = sts.get_caller_identity()["Account"]
    made = iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust({"AWS": account}))["Role"]
    iam.create_user(UserName="U")
    iam.put_user_policy(UserName="U", PolicyName="p", PolicyDocument=document("Allow", "sts:*", "*"))
    key = iam.create_access_key(UserName="U")["AccessKey"]
    session = own_server.client("sts", key=key).assume_role(RoleArn=made["Arn"], RoleSessionName="se")["Credentials"]

    own_server.kill()
    own_server.start()

    assert own_server.client("sts", key=session).get_caller_identity()["Arn"].endswith("/R/se")
