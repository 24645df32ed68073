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

    def let_when(self, action, condition, effect="Allow", resource="*"):
        """One policy; with a Deny, whatever the condition leaves is allowed."""
        statements = [{"Effect": effect, "Action": action, "Resource": resource, "Condition": condition}]
        if effect == "Deny":
            statements.append({"Effect": "Allow", "Action": "*", "Resource": "*"})
        self.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": statements}))

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


def test_tags_of_users_roles_and_policies(iam, name):
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    tags = [{"Key": "team", "Value": "shop"}, {"Key": "Stage", "Value": ""}]
    user = iam.create_user(UserName=name("User"), Tags=tags)["User"]
    role = iam.create_role(RoleName=name("Role"), AssumeRolePolicyDocument=json.dumps(trust), Tags=tags)["Role"]
    policy = iam.create_policy(PolicyName=name("Policy"), PolicyDocument=document("Allow", "s3:*", "*"), Tags=tags)["Policy"]
    for kind, key, which in (("user", "UserName", user), ("role", "RoleName", role), ("policy", "PolicyArn", policy)):
        named = {key: which.get(key) or which["Arn"]}

        def tags_now():
            listed = getattr(iam, f"list_{kind}_tags")(**named)["Tags"]
            assert listed == getattr(iam, f"get_{kind}")(**named)[kind.title()].get("Tags", [])
            return {each["Key"]: each["Value"] for each in listed}

        assert which["Tags"] == tags
        assert tags_now() == {"team": "shop", "Stage": ""}
        getattr(iam, f"tag_{kind}")(**named, Tags=[{"Key": "TEAM", "Value": "ads"}, {"Key": "c", "Value": "3"}])
        assert tags_now() == {"TEAM": "ads", "Stage": "", "c": "3"}
        more = [{"Key": f"k{i}", "Value": "v"} for i in range(48)]
        assert code_of(getattr(iam, f"tag_{kind}"), **named, Tags=more) == ("LimitExceeded", 409)
        getattr(iam, f"tag_{kind}")(**named, Tags=more[:47])
        assert len(tags_now()) == 50
        getattr(iam, f"untag_{kind}")(**named, TagKeys=[each["Key"] for each in more[:47]] + ["team", "stage", "none"])
        assert code_of(getattr(iam, f"untag_{kind}"), **named, TagKeys=[str(i) for i in range(51)])[0] == "ValidationError"
        assert tags_now() == {"c": "3"}
    assert code_of(iam.tag_user, UserName="nobody-of-that-name", Tags=tags) == ("NoSuchEntity", 404)
    assert code_of(iam.create_user, UserName=name("User"), Tags=tags + [{"Key": "TEAM", "Value": ""}])[0] == "InvalidInput"
    iam.delete_user(UserName=user["UserName"])
    iam.delete_role(RoleName=role["RoleName"])
    iam.delete_policy(PolicyArn=policy["Arn"])


def test_tags_of_the_request_the_resource_and_the_caller(person, iam, name):
    theirs = person.client("iam")
    tags = [{"Key": "team", "Value": "shop"}, {"Key": "stage", "Value": "test"}]
    made = []

    def create(**arguments):
        made.append(theirs.create_user(UserName=name("U"), **arguments)["User"]["UserName"])

    def refuses(**arguments):
        return code_of(theirs.create_user, UserName=name("V"), **arguments) == ("AccessDenied", 403)

    person.let_when("iam:CreateUser", {"StringEquals": {"aws:RequestTag/team": "shop"}})
    assert refuses() and refuses(Tags=[{"Key": "team", "Value": "ads"}])
    create(Tags=tags)
    person.let_when("iam:CreateUser", {"ForAnyValue:StringEquals": {"aws:TagKeys": ["stage"]}}, "Deny")
    assert refuses(Tags=tags)
    create(Tags=tags[:1])
    person.let_when("iam:DeleteUser", {"StringEquals": {"aws:ResourceTag/stage": "test"}}, "Deny")
    assert code_of(theirs.delete_user, UserName=made[0]) == ("AccessDenied", 403)
    theirs.delete_user(UserName=made[1])
    person.let_when("iam:DeleteUser", {"StringEquals": {"iam:ResourceTag/team": "${aws:PrincipalTag/team}"}})
    assert code_of(theirs.delete_user, UserName=made[0]) == ("AccessDenied", 403)
    iam.tag_user(UserName=person.name, Tags=tags)
    theirs.delete_user(UserName=made[0])


@pytest.mark.parametrize("key, value, arguments", [
    ("s3:x-amz-storage-class", "STANDARD", {"StorageClass": "STANDARD"}),
    ("s3:x-amz-acl", "private", {"ACL": "private"}),
    ("s3:authType", "REST-HEADER", {}), ("s3:signatureversion", "AWS4-HMAC-SHA256", {}),
    ("s3:ResourceAccount", "123456789012", {}), ("aws:Referer", "http://page.example/a", {})])
def test_what_s3_tells_conditions(person, s3, bucket, key, value, arguments):
    theirs = person.client("s3")
    theirs.meta.events.register("before-sign.s3", lambda request, **_: request.headers.add_header(
        "Referer", "http://page.example/a"))
    where = dict(Bucket=bucket, Key="k", Body=b"1", **arguments)

    person.let_when("s3:PutObject", {"StringEquals": {key: value}}, "Deny")
    assert code_of(theirs.put_object, **where) == ("AccessDenied", 403)
    person.let_when("s3:PutObject", {"StringEquals": {key: value + "x"}}, "Deny")
    theirs.put_object(**where)
    person.let_when("s3:PutObject", {"StringEquals": {key: value}})
    theirs.put_object(**where)


def test_where_a_bucket_may_be_made(person, s3, name):
    person.let_when("s3:CreateBucket", {"StringEquals": {"s3:LocationConstraint": "eu-west-1"}})
    theirs, bucket = person.client("s3"), name()
    assert code_of(theirs.create_bucket, Bucket=bucket) == ("AccessDenied", 403)
    assert code_of(theirs.create_bucket, Bucket=bucket, CreateBucketConfiguration={
        "LocationConstraint": "eu-central-1"}) == ("AccessDenied", 403)
    theirs.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.delete_bucket(Bucket=bucket)


def test_who_may_not_list_learns_not_what_is_missing(person, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    person.let("Allow", ["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*")
    theirs = person.client("s3")
    assert theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    assert code_of(theirs.get_object, Bucket=bucket, Key="none") == ("AccessDenied", 403)
    assert code_of(theirs.head_object, Bucket=bucket, Key="none") == ("403", 403)
    assert code_of(theirs.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/none") == ("AccessDenied", 403)
    person.let("Allow", "s3:ListBucket", f"arn:aws:s3:::{bucket}", policy="list")
    assert code_of(theirs.get_object, Bucket=bucket, Key="none") == ("NoSuchKey", 404)


def test_a_policy_has_not_the_tags_of_a_user_that_its_path_names(person, iam, name):
    """A path may hold any visible letters, ":user/" too."""
    iam.tag_user(UserName=person.name, Tags=[{"Key": "team", "Value": "shop"}])
    policy = iam.create_policy(PolicyName=person.name, Path="/x:user/", PolicyDocument=document("Allow", "s3:*", "*"))["Policy"]
    assert policy["Arn"].endswith(":user/" + person.name), "else this tests nothing"
    person.let_when("iam:DeletePolicy", {"StringEquals": {"aws:ResourceTag/team": "shop"}})
    assert code_of(person.client("iam").delete_policy, PolicyArn=policy["Arn"]) == ("AccessDenied", 403)
    iam.tag_policy(PolicyArn=policy["Arn"], Tags=[{"Key": "team", "Value": "shop"}])
    person.client("iam").delete_policy(PolicyArn=policy["Arn"])
