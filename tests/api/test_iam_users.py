import json

import pytest
from test_s3_buckets import code_of


def document(effect, action, resource):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]})


class Person:
    def __init__(self, iam, server, name):
        self.iam, self.server, self.name = iam, server, name
        self.arn = iam.create_user(UserName=name)["User"]["Arn"]
        self.key = iam.create_access_key(UserName=name)["AccessKey"]

    def client(self, service):
        return self.server.client(service, key=self.key)

    def let(self, effect, action, resource="*", policy="p"):
        self.iam.put_user_policy(UserName=self.name, PolicyName=policy,
                                 PolicyDocument=document(effect, action, resource))

    def remove(self):
        for each in self.iam.list_user_policies(UserName=self.name)["PolicyNames"]:
            self.iam.delete_user_policy(UserName=self.name, PolicyName=each)
        for each in self.iam.list_attached_user_policies(UserName=self.name)["AttachedPolicies"]:
            self.iam.detach_user_policy(UserName=self.name, PolicyArn=each["PolicyArn"])
        for each in self.iam.list_access_keys(UserName=self.name)["AccessKeyMetadata"]:
            self.iam.delete_access_key(UserName=self.name, AccessKeyId=each["AccessKeyId"])
        self.iam.delete_user(UserName=self.name)


@pytest.fixture
def person(iam, server, name):
    person = Person(iam, server, name("User"))
    yield person
    person.remove()


def test_a_new_user_may_nothing_but_ask_who_they_are(person, bucket):
    assert person.client("sts").get_caller_identity()["Arn"].endswith(":user/" + person.name)
    s3 = person.client("s3")
    assert code_of(s3.list_objects_v2, Bucket=bucket) == ("AccessDenied", 403)
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"") == ("AccessDenied", 403)
    assert code_of(s3.list_buckets) == ("AccessDenied", 403)
    assert code_of(person.client("iam").list_users) == ("AccessDenied", 403)


def test_policies_grant_by_action_and_resource(person, s3, bucket):
    person.let("Allow", "s3:*Object", f"arn:aws:s3:::{bucket}/in/*")
    theirs = person.client("s3")

    theirs.put_object(Bucket=bucket, Key="in/k", Body=b"1")
    assert theirs.get_object(Bucket=bucket, Key="in/k")["Body"].read() == b"1"
    assert code_of(theirs.put_object, Bucket=bucket, Key="out/k", Body=b"1") == ("AccessDenied", 403)
    assert code_of(theirs.copy_object, Bucket=bucket, Key="in/c", CopySource=f"{bucket}/out/k") == ("AccessDenied", 403)
    answer = theirs.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "in/k"}, {"Key": "out/k"}]})
    assert [each["Key"] for each in answer["Deleted"]] == ["in/k"]
    assert [(each["Key"], each["Code"]) for each in answer["Errors"]] == [("out/k", "AccessDenied")]
    person.let("Deny", "s3:PutObject", "*", policy="no")
    assert code_of(theirs.put_object, Bucket=bucket, Key="in/k", Body=b"1") == ("AccessDenied", 403)


def test_a_bucket_policy_grants_to_a_user(person, s3, iam, bucket):
    arn = iam.get_user(UserName=person.name)["User"]["Arn"]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]}))
    person.client("s3").put_object(Bucket=bucket, Key="k", Body=b"1")
    assert code_of(person.client("s3").get_object, Bucket=bucket, Key="k") == ("AccessDenied", 403)


def test_managed_policies_and_their_versions(person, iam, bucket, name):
    arn = iam.create_policy(PolicyName=name("policy"), PolicyDocument=document("Allow", "s3:ListBucket", "*"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=person.name, PolicyArn=arn)
    theirs = person.client("s3")
    theirs.list_objects_v2(Bucket=bucket)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("Allow", "s3:PutObject", "*"), SetAsDefault=True)
    assert code_of(theirs.list_objects_v2, Bucket=bucket) == ("AccessDenied", 403)
    theirs.put_object(Bucket=bucket, Key="k", Body=b"")
    assert [each["VersionId"] for each in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v1", "v2"]
    assert code_of(iam.delete_policy_version, PolicyArn=arn, VersionId="v2") == ("DeleteConflict", 409)
    assert code_of(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]["Statement"][0]["Action"] == "s3:ListBucket"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    iam.detach_user_policy(UserName=person.name, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    assert code_of(iam.get_policy, PolicyArn=arn) == ("NoSuchEntity", 404)


@pytest.mark.parametrize("condition", [
    {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, {"StringLike": {"aws:UserAgent": "*Boto*"}},
    {"StringNotEquals": {"aws:ResourceAccount": "999999999999"}}, {"Bool": {"aws:ViaAWSService": "false"}},
    {"Bool": {"aws:PrincipalIsAWSService": "false"}}])
def test_what_a_request_is_denied_by(person, condition):
    """Each holds of every request of the person; the same key with another value of none."""
    def client_with_deny(when):
        person.iam.put_user_policy(UserName=person.name, PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
                {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": when}]}))
        return person.client("s3")

    [(operator, said)] = condition.items()
    assert code_of(client_with_deny(condition).list_buckets) == ("AccessDenied", 403)
    other = {"StringEquals": "eu-west-1", "StringLike": "*curl*", "StringNotEquals": "123456789012", "Bool": "true"}
    client_with_deny({operator: {key: other[operator] for key in said}}).list_buckets()


def test_who_may_attach_one_policy_may_attach_no_other(person, iam):
    allowed, other = (f"arn:aws:iam::aws:policy/{name}" for name in ("service-role/AmazonPersonalizeFullAccess", "AdministratorAccess"))
    iam.put_user_policy(UserName=person.name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": person.arn,
         "Condition": {"ArnEquals": {"iam:PolicyARN": allowed}}}]}))
    theirs = person.client("iam")
    assert code_of(theirs.attach_user_policy, UserName=person.name, PolicyArn=other) == ("AccessDenied", 403)
    theirs.attach_user_policy(UserName=person.name, PolicyArn=allowed)


def test_keys_are_exchanged_without_a_restart(person, iam):
    old = person.client("sts")
    second = iam.create_access_key(UserName=person.name)["AccessKey"]
    assert code_of(iam.create_access_key, UserName=person.name) == ("LimitExceeded", 409)
    iam.update_access_key(UserName=person.name, AccessKeyId=person.key["AccessKeyId"], Status="Inactive")
    assert code_of(old.get_caller_identity)[0] == "InvalidClientTokenId"
    iam.delete_access_key(UserName=person.name, AccessKeyId=person.key["AccessKeyId"])
    person.key = second
    person.client("sts").get_caller_identity()


def test_users_are_kept_until_nothing_hangs_on_them(person, iam):
    assert code_of(iam.create_user, UserName=person.name) == ("EntityAlreadyExists", 409)
    assert code_of(iam.delete_user, UserName=person.name) == ("DeleteConflict", 409)
    assert person.name in [user["UserName"] for user in iam.list_users()["Users"]]
    assert code_of(iam.get_user, UserName="nobody-of-that-name") == ("NoSuchEntity", 404)


def test_a_path_makes_nobody_a_session(server, iam, name):
    """A path may hold any visible letters; the ARN of such a user only looks like that of a session."""
    role, user = name("Admin"), name("User")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.create_user(UserName=user, Path=f"/x:assumed-role/{role}/")
    key = iam.create_access_key(UserName=user)["AccessKey"]

    assert code_of(server.client("iam", key=key).list_users) == ("AccessDenied", 403)

    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=user)
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.delete_role(RoleName=role)


def test_what_is_to_be_made_is_asked_for_with_its_path(person, iam, name, refused):
    account = iam.get_user(UserName=person.name)["User"]["Arn"].split(":")[4]
    arns = [f"arn:aws:iam::{account}:{kind}/dev/*" for kind in ("user", "role", "policy")]
    person.let("Allow", "iam:*", arns)
    theirs = person.client("iam")
    anything = document("Allow", "s3:GetObject", "*")

    theirs.create_user(UserName=name("U"), Path="/dev/")
    made = theirs.create_policy(PolicyName=name("P"), Path="/dev/", PolicyDocument=anything)["Policy"]
    assert made["Arn"].startswith(arns[2][:-1])
    user, policy = name("U"), name("P")
    assert f"iam:CreateUser on resource: arn:aws:iam::{account}:user/{user} because" in refused(
        "AccessDenied", theirs.create_user, UserName=user)
    assert f"iam:CreateUser on resource: arn:aws:iam::{account}:user/ops/{user} because" in refused(
        "AccessDenied", theirs.create_user, UserName=user, Path="/ops/")
    assert f"iam:CreatePolicy on resource: arn:aws:iam::{account}:policy/{policy} because" in refused(
        "AccessDenied", theirs.create_policy, PolicyName=policy, PolicyDocument=anything)
    for each in iam.list_users(PathPrefix="/dev/")["Users"]:
        iam.delete_user(UserName=each["UserName"])
    iam.delete_policy(PolicyArn=made["Arn"])
