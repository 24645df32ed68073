import csv
import io
import json
import re

import pytest
from botocore.exceptions import ClientError


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def policy_of(bucket, **changes):
    statement = {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"},
                 "Action": ["s3:GetObject", "s3:ListBucket"],
                 "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"], **changes}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize("region", [None, "us-east-1", "eu-central-1"])
def test_a_bucket_may_be_created_in_any_region(s3, name, region):
    bucket = name()
    options = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region else {}

    created = s3.create_bucket(Bucket=bucket, **options)

    assert created["Location"] == "/" + bucket
    location = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
    assert location == (None if region in (None, "us-east-1") else region)
    assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    s3.head_bucket(Bucket=bucket)
    s3.delete_bucket(Bucket=bucket)
    assert code_of(s3.head_bucket, Bucket=bucket) == ("404", 404)


def test_buckets_come_in_pages(server, s3, name):
    base = name()
    names = [f"{base}-{letter}" for letter in "abc"]
    for each in names:
        s3.create_bucket(Bucket=each, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    theirs = server.client("s3", parameter_validation=False)

    def ask(**parameters):  # The installed botocore knows no parameters of ListBuckets.
        def add(request, **_):
            request.params.update(parameters)
        theirs.meta.events.register("before-sign.s3.ListBuckets", add, unique_id="ask")
        answer = theirs.list_buckets()
        theirs.meta.events.unregister("before-sign.s3.ListBuckets", unique_id="ask")
        return answer

    seen = []
    theirs.meta.events.register("after-call.s3.ListBuckets", lambda http_response, **_: seen.append(http_response.content))
    assert [each["Name"] for each in ask(prefix=base, **{"max-buckets": "2"})["Buckets"]] == names[:2]
    token = re.search(b"<ContinuationToken>(.*)</ContinuationToken>", seen[-1])[1].decode()
    rest = ask(prefix=base, **{"max-buckets": "2", "continuation-token": token})
    assert [each["Name"] for each in rest["Buckets"]] == names[2:] and b"ContinuationToken" not in seen[-1]
    assert [each["Name"] for each in ask(prefix=base)["Buckets"]] == names
    assert [each["Name"] for each in ask(prefix=names[2])["Buckets"]] == names[2:]
    assert names[0] not in [each["Name"] for each in ask(**{"bucket-region": "us-east-1"})["Buckets"]]
    for wrong in ("0", "10001", "x"):
        with pytest.raises(ClientError, match="max-buckets must be an integer between 1 and 10000"):
            ask(**{"max-buckets": wrong})
    for each in names:
        s3.delete_bucket(Bucket=each)


def test_a_policy_names_principals_that_exist(s3, iam, bucket, name):
    user = iam.create_user(UserName=name("User"))["User"]
    account = user["Arn"].split(":")[4]
    for known in (user["Arn"], account, f"arn:aws:iam::{account}:root", "arn:aws:iam::999999999999:user/theirs", "*"):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy_of(bucket, Principal={"AWS": known}))
    for unknown in (user["Arn"] + "x", f"arn:aws:iam::{account}:role/none", "12345", "alice",
                    f"arn:aws:sts::{account}:assumed-role/none/se"):
        assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy=policy_of(bucket, Principal={"AWS": unknown})) == (
            "MalformedPolicy", 400), unknown
    iam.delete_user(UserName=user["UserName"])


def test_creating_a_bucket_twice_says_that_it_is_yours(s3, bucket):
    with pytest.raises(s3.exceptions.BucketAlreadyOwnedByYou) as caught:
        s3.create_bucket(Bucket=bucket)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


@pytest.mark.parametrize("bad", ["Upper", "under_score", "ends-", "two..dots", "192.168.5.4", "a" * 64, "xn--punycode"])
def test_bucket_names_keep_the_rules(server, bad):
    s3 = server.client("s3", parameter_validation=False)
    assert code_of(s3.create_bucket, Bucket=bad) == ("InvalidBucketName", 400)


def test_a_bucket_with_objects_is_not_deleted(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert code_of(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    assert code_of(s3.delete_bucket, Bucket="no-such-bucket-at-all") == ("NoSuchBucket", 404)


def test_a_policy_is_kept_as_it_was_put(s3, bucket):
    assert code_of(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    policy = policy_of(bucket)

    put = s3.put_bucket_policy(Bucket=bucket, Policy=policy)

    assert put["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    s3.delete_bucket_policy(Bucket=bucket)
    with pytest.raises(s3.exceptions.from_code("NoSuchBucketPolicy")):
        s3.get_bucket_policy(Bucket=bucket)


@pytest.mark.parametrize("changes", [
    {"Principal": None}, {"Effect": "Maybe"}, {"Action": "ec2:RunInstances"}, {"Resource": "arn:aws:s3:::another/*"},
    {"Condition": {"StringResembles": {"aws:username": "a"}}}, {"Colour": "red"},
])
def test_a_malformed_policy_is_refused(s3, bucket, changes):
    policy = json.loads(policy_of(bucket, **changes))
    policy["Statement"] = [{key: value for key, value in policy["Statement"][0].items() if value is not None}]
    assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy=json.dumps(policy)) == ("MalformedPolicy", 400)
    assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy="not json") == ("MalformedPolicy", 400)


def test_a_deny_in_the_policy_binds_the_owner_but_lets_it_be_removed(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy_of(
        bucket, Effect="Deny", Principal="*", Action="s3:*"))
    assert code_of(s3.get_object, Bucket=bucket, Key="a") == ("AccessDenied", 403)
    s3.delete_bucket_policy(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_settings_that_nobody_made_are_answered_as_absent(s3, bucket):
    assert code_of(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    assert code_of(s3.get_bucket_cors, Bucket=bucket) == ("NoSuchCORSConfiguration", 404)
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == ("NoSuchLifecycleConfiguration", 404)
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    versioning = {"Status": "Enabled"}
    assert code_of(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=versioning) == (
        "NotImplemented", 501)


def read_sample(s3, key):
    body = s3.get_object(Bucket="personalize-cli-json-models", Key="sample-dataset/" + key)["Body"].read()
    return list(csv.DictReader(io.StringIO(body.decode())))


def test_the_sample_data_is_there(s3):
    interactions = read_sample(s3, "interactions-sample.csv")
    items = read_sample(s3, "items-with-creation-timestamp-sample.csv")

    assert set(interactions[0]) == {"ITEM_ID", "EVENT_TYPE", "TIMESTAMP", "USER_ID", "IMPRESSION"}
    assert set(items[0]) == {"ITEM_ID", "genres", "creation_timestamp"}
    assert "101" in {row["USER_ID"] for row in interactions}
    assert max(int(row["ITEM_ID"]) for row in interactions + items) < 240
    assert all(row["ITEM_ID"] in row["IMPRESSION"].split("|") for row in interactions)
    assert len(interactions) > 1000


def test_what_is_put_into_the_sample_bucket_stays(own_server):
    bucket, key = "personalize-cli-json-models", "sample-dataset/interactions-sample.csv"
    own_server.client("s3").put_object(Bucket=bucket, Key=key, Body=b"mine")
    own_server.client("s3").put_object(Bucket=bucket, Key="other", Body=b"mine too")

    own_server.stop()
    own_server.start()

    assert own_server.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b"mine"
    assert own_server.client("s3").get_object(Bucket=bucket, Key="other")["Body"].read() == b"mine too"
