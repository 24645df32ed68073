"""Operations by principals: every operation of every service, asked for by callers with different policies. What a policy
allows may fail for other reasons, since the requests are as empty as their operation takes; what it does not allow is
refused as AWS refuses it, whatever the request holds."""
import base64
import hashlib
import json
import pathlib
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from personalize_world import unique

API = pathlib.Path(__file__).resolve().parents[2] / "api"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


class Operation:
    """`action` as policies name it, and how it is asked for."""

    def __init__(self, action, service, method="POST", path="/", body="{}", headers=None, denied="AccessDeniedException"):
        self.action, self.service, self.method, self.path, self.body = action, service, method, path, body
        self.headers = headers or {}
        self.denied = denied
        self.needs = [action]
        self.refuses_inside = False  # An answer of status 200 that says so of each of several things.

    def is_refused(self, server, key, why="is not authorized to perform"):
        """Whether it is refused for want of rights, in the words of its service, with the reason `why` (S3 gives none).
        Without a key the request is not signed."""
        url = server.url + self.path
        request = AWSRequest(self.method, url, data=self.body.encode(), headers=dict(self.headers))
        signer = S3SigV4Auth if self.service == "s3" else SigV4Auth
        if key:
            credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken"))
            signer(credentials, self.service, "us-east-1").add_auth(request)
        plain = urllib.request.Request(url, request.body or None, dict(request.headers), method=self.method)
        try:
            with urllib.request.urlopen(plain) as answer:
                return self.refuses_inside and b"<Code>AccessDenied</Code>" in answer.read()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            if self.method == "HEAD":
                return error.code == 403
            found = re.search(r'<Code>(\w+)</Code>|"__type":"(?:[\w.]*#)?(\w+)"', text)
            code = (found.group(1) or found.group(2)) if found else error.headers.get("x-amzn-ErrorType", "")
            assert error.code != 500, text
            if code.split(":")[0] != self.denied:
                return False
            if self.service != "s3" and key:
                assert self.action in text and "is not authorized to perform" in text and why in text, text
            return True


def personalize_operations():
    for path in sorted(API.glob("*.json")):
        model = json.loads(path.read_text())
        for name, operation in model["operations"].items():
            if "path" in operation:
                yield Operation(f"personalize:{name}", "personalize", path=operation["path"],
                                headers={"Content-Type": "application/json"})
            else:
                yield Operation(f"personalize:{name}", "personalize", headers={
                    "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{model['targetPrefix']}.{name}"})


def iam_operations():
    named = {"RoleName": "Role", "UserName": "User", "PolicyArn": "Policy"}
    names = """AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy
        ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoles ListRoleTags PutRolePolicy
        UpdateAssumeRolePolicy AttachUserPolicy CreateAccessKey CreatePolicy CreatePolicyVersion CreateUser DeleteAccessKey
        DeletePolicy DeletePolicyVersion DeleteUser DeleteUserPolicy DetachUserPolicy GetPolicy GetPolicyVersion GetUser
        GetUserPolicy ListAccessKeys ListAttachedUserPolicies ListPolicies ListPolicyVersions ListUserPolicies ListUsers
        PutUserPolicy SetDefaultPolicyVersion UpdateAccessKey ListPolicyTags ListUserTags TagPolicy TagRole TagUser
        UntagPolicy UntagRole UntagUser""".split()
    for name in names:
        form = f"Action={name}&Version=2010-05-08"
        for parameter, kind in named.items():
            if kind in name:
                form += f"&{parameter}=nothing-of-that-name"
                break
        yield Operation(f"iam:{name}", "iam", body=form, denied="AccessDenied",
                        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})


def sts_operations(role_arn):
    yield Operation("sts:AssumeRole", "sts", body=urllib.parse.urlencode({
        "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role_arn, "RoleSessionName": "matrix"}),
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, denied="AccessDenied")


def s3_operations(bucket):
    at_bucket = {
        "GetBucketLocation": "location", "GetBucketPolicy": "policy", "ListBucketMultipartUploads": "uploads",
        "ListBucketVersions": "versions", "GetBucketAcl": "acl", "GetBucketCORS": "cors", "GetBucketTagging": "tagging",
        "GetBucketVersioning": "versioning", "GetEncryptionConfiguration": "encryption",
        "GetLifecycleConfiguration": "lifecycle", "GetBucketLogging": "logging"}
    at_object = [("GET", "ListMultipartUploadParts", "uploadId=u"), ("GET", "GetObjectAcl", "acl"),
                 ("GET", "GetObjectTagging", "tagging"), ("GET", "GetObjectAttributes", "attributes"),
                 ("GET", "GetObject", "partNumber=1"), ("GET", "GetObject", ""), ("HEAD", "GetObject", ""),
                 ("PUT", "PutObject", "uploadId=u&partNumber=1"), ("PUT", "PutObjectAcl", "acl"), ("PUT", "PutObject", ""),
                 ("DELETE", "AbortMultipartUpload", "uploadId=u"), ("POST", "PutObject", "uploads"), ("POST", "PutObject", "uploadId=u")]

    def make(method, action, path, headers=None):
        return Operation(f"s3:{action}", "s3", method, path, body="", headers=headers, denied="AccessDenied")

    yield make("GET", "ListAllMyBuckets", "/")
    for action, parameter in at_bucket.items():
        yield make("GET", action, f"/{bucket}?{parameter}")
    yield make("GET", "ListBucket", f"/{bucket}?list-type=2")
    yield make("GET", "ListBucket", f"/{bucket}")
    yield make("HEAD", "ListBucket", f"/{bucket}")
    yield make("PUT", "PutBucketPolicy", f"/{bucket}?policy")
    yield make("PUT", "CreateBucket", f"/{bucket}")
    yield make("DELETE", "DeleteBucketPolicy", f"/{bucket}?policy")
    for method, action, query in at_object:
        yield make(method, action, f"/{bucket}/k" + ("?" + query if query else ""))
    copy = make("PUT", "PutObject", f"/{bucket}/copy", {"x-amz-copy-source": f"/{bucket}/k"})
    copy.needs.append("s3:GetObject")
    yield copy
    part = make("PUT", "PutObject", f"/{bucket}/copy?uploadId=u&partNumber=1", {"x-amz-copy-source": f"/{bucket}/k"})
    part.needs.append("s3:GetObject")
    yield part
    yield make("DELETE", "DeleteObject", f"/{bucket}/k")  # After what reads it: a missing key is a refusal too.
    body = "<Delete><Object><Key>one</Key></Object><Object><Key>two</Key></Object></Delete>"
    several = make("POST", "DeleteObject", f"/{bucket}?delete", {
        "Content-Type": "application/xml", "Content-MD5": base64.b64encode(hashlib.md5(body.encode()).digest()).decode()})
    several.body, several.refuses_inside = body, True
    yield several
    yield make("DELETE", "DeleteBucket", f"/{bucket}")  # The last: where it may, there is no bucket any more.


class Principal:
    def __init__(self, iam):
        self.iam, self.name = iam, unique("user")
        iam.create_user(UserName=self.name)
        self.key = iam.create_access_key(UserName=self.name)["AccessKey"]

    def allow(self, *statements):
        self.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Resource": "*", **each} for each in statements]}))

    def delete(self):
        for policy in self.iam.list_attached_user_policies(UserName=self.name)["AttachedPolicies"]:
            self.iam.detach_user_policy(UserName=self.name, PolicyArn=policy["PolicyArn"])
        for policy in self.iam.list_user_policies(UserName=self.name)["PolicyNames"]:
            self.iam.delete_user_policy(UserName=self.name, PolicyName=policy)
        for key in self.iam.list_access_keys(UserName=self.name)["AccessKeyMetadata"]:  # CreateAccessKey is in the matrix.
            self.iam.delete_access_key(UserName=self.name, AccessKeyId=key["AccessKeyId"])
        self.iam.delete_user(UserName=self.name)


@pytest.fixture
def principal(iam):
    made = Principal(iam)
    yield made
    made.delete()


@pytest.fixture
def session(server, iam, sts):
    """(name, key) of a role without policies that a user of the account has taken up."""
    account = sts.get_caller_identity()["Account"]
    name = unique("role")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}]}))["Role"]
    taker = Principal(iam)
    taker.allow({"Effect": "Allow", "Action": "sts:AssumeRole"})
    yield name, server.client("sts", taker.key).assume_role(RoleArn=role["Arn"], RoleSessionName="matrix")["Credentials"]
    taker.delete()
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


@pytest.fixture(params=["personalize", "iam", "s3"])
def operations(request, s3):
    if request.param == "personalize":
        yield list(personalize_operations())
        return
    if request.param == "iam":
        yield list(iam_operations())
        return
    bucket = unique("matrix")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    yield list(s3_operations(bucket))
    try:
        for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=each["Key"])
        s3.delete_bucket(Bucket=bucket)
    except s3.exceptions.NoSuchBucket:
        pass


def test_the_matrix_has_every_operation():
    assert len(list(personalize_operations())) == 79
    assert len({each.action for each in iam_operations()}) == 46


def test_nobody_may_anything(server, principal, operations):
    for operation in operations:
        why = f"because no identity-based policy allows the {operation.action} action"
        assert operation.is_refused(server, principal.key, why), operation.action


def test_who_does_not_sign_may_nothing(server, operations):
    for operation in operations:
        denied, operation.denied = operation.denied, {"s3": "AccessDenied", "iam": "MissingAuthenticationToken"}.get(
            operation.service, "MissingAuthenticationTokenException")
        assert operation.is_refused(server, None), operation.action
        operation.denied = denied


def test_a_session_may_what_its_role_may(server, iam, sts, session, operations):
    role, key = session
    for operation in operations:
        assert operation.is_refused(server, key), operation.action
    for operation in operations[:-1]:
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": operation.needs, "Resource": "*"}]}))
        assert not operation.is_refused(server, key), operation.action


def test_who_may_take_up_a_role_by_principal(server, iam, sts, principal, session):
    """A role that trusts the account: its policies say who may."""
    role, key = session
    operation = next(sts_operations(iam.get_role(RoleName=role)["Role"]["Arn"]))
    assert operation.is_refused(server, principal.key) and operation.is_refused(server, key)
    principal.allow({"Effect": "Allow", "Action": "sts:AssumeRole"})
    assert not operation.is_refused(server, principal.key)
    principal.allow({"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": "sts:AssumeRole"})
    assert operation.is_refused(server, principal.key, "with an explicit deny in an identity-based policy")
    iam.attach_user_policy(UserName=principal.name, PolicyArn=READ_ONLY)
    iam.delete_user_policy(UserName=principal.name, PolicyName="p")
    assert operation.is_refused(server, principal.key)


def test_one_action_allowed_is_that_one_and_no_other(server, principal, operations):
    for number, operation in enumerate(operations):
        principal.allow({"Effect": "Allow", "Action": operation.needs})
        others = [each for each in operations if each.action not in operation.needs]
        assert others[number % len(others)].is_refused(server, principal.key), (operation.action, "allows too much")
        assert not operation.is_refused(server, principal.key), operation.action


def test_one_action_denied_is_that_one_and_no_other(server, principal, operations):
    for operation in operations[:-1]:
        principal.allow({"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": operation.action})
        why = "with an explicit deny in an identity-based policy"
        assert operation.is_refused(server, principal.key, why), operation.action
    principal.allow({"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": "sts:GetCallerIdentity"})
    for operation in operations[:-1]:
        assert not operation.is_refused(server, principal.key), operation.action


def test_who_may_only_read_changes_nothing(server, iam, principal, operations):
    iam.attach_user_policy(UserName=principal.name, PolicyArn=READ_ONLY)
    for operation in operations:
        reads = operation.action.split(":")[1].startswith(("Get", "List", "Describe"))
        assert operation.is_refused(server, principal.key) != reads, operation.action


def test_the_administrator_may_everything(server, operations):
    key = {"AccessKeyId": server.access_key_id, "SecretAccessKey": server.secret_access_key}
    for operation in operations[:-1]:
        assert not operation.is_refused(server, key), operation.action
