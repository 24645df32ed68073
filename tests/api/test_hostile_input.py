"""Input that is meant to hurt: a clear error, little memory, and the others are served meanwhile."""
import gzip
import json
import threading
import time

import pytest
import urllib.error
import urllib.request
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from personalize_world import ITEMS_SCHEMA, NAMESPACE, World, unique

DEPTH = 200_000
MEGABYTE = 1 << 20


def ask(server, service, path, body, headers, method="POST"):
    """(HTTP status, text) of a signed request with this body."""
    request = AWSRequest(method, server.url + path, data=body, headers=headers)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(server.access_key_id, server.secret_access_key), service, "us-east-1").add_auth(request)
    plain = urllib.request.Request(request.url, body, dict(request.headers), method=method)
    try:
        with urllib.request.urlopen(plain, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def resident_bytes(server, field="VmRSS"):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(field + ":"))


DEEP_JSON = [b"[" * DEPTH, b"[" * DEPTH + b"]" * DEPTH, b'{"a":' * DEPTH + b"1" + b"}" * DEPTH]


@pytest.mark.parametrize("body", DEEP_JSON, ids=["open", "arrays", "objects"])
@pytest.mark.parametrize("path,target", [("/", "AmazonPersonalize.CreateDatasetGroup"), ("/events", None),
                                         ("/recommendations", None)])
def test_json_of_200_000_levels(server, path, target, body):
    headers = {"Content-Type": "application/x-amz-json-1.1" if target else "application/json"}
    if target:
        headers["X-Amz-Target"] = target
    status, text = ask(server, "personalize", path, body, headers)
    assert status == 400 and "SerializationException" in text, text


def test_deep_documents_within_requests(server, world, s3, iam, bucket, refused):
    deep = "[" * 5_000 + "]" * 5_000  # A schema has 10,000 characters at most.
    refused("InvalidInputException", world.personalize.create_schema, name=unique(), schema=json.dumps(
        {"type": "record", "name": "Items", "namespace": NAMESPACE, "version": "1.0", "fields": 0})[:-2] + deep + "}")
    policy = '{"Version":"2012-10-17","Statement":' + "[" * 9_000 + "]" * 9_000 + "}"
    refused("MalformedPolicy", s3.put_bucket_policy, Bucket=bucket, Policy=policy)
    with pytest.raises(ClientError) as caught:
        iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument="[" * 2_000)
    assert caught.value.response["Error"]["Code"] == "MalformedPolicyDocument"


def test_xml_of_200_000_levels(server, bucket):
    status, text = ask(server, "s3", f"/{bucket}?delete", b"<Delete>" + b"<a>" * DEPTH + b"</a>" * DEPTH + b"</Delete>", {})
    assert status == 400 and "<Code>" in text, text


@pytest.mark.memory
def test_a_gzip_bomb_in_an_import_ends_it_while_others_are_served(own_server):
    world = World(own_server)
    dataset_arn = world.dataset(world.group(), "Items", ITEMS_SCHEMA)
    header = b"ITEM_ID,GENRES,PRICE,CREATION_TIMESTAMP\n"
    zeros = gzip.compress(b"0" * (64 * MEGABYTE), 9)
    # One cell of 2 GiB: each member of a gzip file may be as small as the first.
    bomb = gzip.compress(header + b'a,"') + zeros * 32
    assert len(bomb) < 3 * MEGABYTE
    world.s3.put_object(Bucket=world.bucket, Key="bomb.csv", Body=bomb)
    before = resident_bytes(own_server)
    slowest = 0.0
    done = threading.Event()

    def others():
        nonlocal slowest
        client = own_server.client("personalize")
        while not done.is_set():
            began = time.monotonic()
            client.list_dataset_groups()
            slowest = max(slowest, time.monotonic() - began)

    other = threading.Thread(target=others)
    other.start()
    try:
        ended = world.wait_import(world.start_import(dataset_arn, f"s3://{world.bucket}/bomb.csv"))
    finally:
        done.set()
        other.join()
    assert ended["status"] == "CREATE FAILED" and "4194304" in ended["failureReason"], ended
    assert resident_bytes(own_server, "VmHWM") - before < 100 * MEGABYTE
    assert slowest < 5
    own_server.stop()
