"""Buckets named by the host, as clients that are not told otherwise send them."""
import http.client
import io
import pathlib
import random
import runpy
import socket
import urllib.error
import urllib.parse
import urllib.request

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from test_s3_buckets import code_of

MIB = 1 << 20


@pytest.fixture
def hosted(server, monkeypatch):
    """hosted(signature_version): a client that writes http://bucket.localhost:port/key."""
    if "127.0.0.1" not in server.url:
        pytest.skip("speaks to the server on loopback")
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    runpy.run_path(str(pathlib.Path(__file__).parent / "localhost_names" / "sitecustomize.py"))
    asked = []

    def client(signature_version="s3v4"):
        made = boto3.client("s3", endpoint_url=server.url.replace("127.0.0.1", "localhost"), region_name="us-east-1",
                            aws_access_key_id=server.access_key_id, aws_secret_access_key=server.secret_access_key,
                            config=Config(retries={"max_attempts": 0}, signature_version=signature_version,
                                          s3={"addressing_style": "virtual"}))
        made.meta.events.register("before-send.s3", lambda request, **_: asked.append(request.url))
        made.asked = asked
        return made

    return client


def test_the_bucket_is_in_the_host(hosted, bucket):
    s3 = hosted()
    s3.put_object(Bucket=bucket, Key="a/ü +%", Body=b"hello", Metadata={"k": "v"})
    assert s3.get_object(Bucket=bucket, Key="a/ü +%")["Metadata"] == {"k": "v"}
    host, path = urllib.parse.urlsplit(s3.asked[-1]).netloc, urllib.parse.urlsplit(s3.asked[-1]).path
    assert host.startswith(bucket + ".localhost:") and bucket not in path, "else this file tests nothing"


def test_objects_are_listed_copied_and_deleted(hosted, bucket):
    s3 = hosted()
    for key in ("a/1", "a/2", "b", bucket + "/odd"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    listed = s3.list_objects_v2(Bucket=bucket, Delimiter="/", Prefix="a")
    assert [each["Prefix"] for each in listed["CommonPrefixes"]] == ["a/"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [each["Key"] for page in pages for each in page["Contents"]] == sorted(["a/1", "a/2", "b", bucket + "/odd"])
    assert s3.get_object(Bucket=bucket, Key=bucket + "/odd")["Body"].read() == (bucket + "/odd").encode()
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a/1"})
    assert s3.get_object(Bucket=bucket, Key="copy", Range="bytes=2-")["Body"].read() == b"1"
    s3.delete_object(Bucket=bucket, Key="b")
    assert code_of(s3.head_object, Bucket=bucket, Key="b") == ("404", 404)
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/1"}, {"Key": "a/2"}]})["Deleted"]
    assert [each["Key"] for each in deleted] == ["a/1", "a/2"]
    assert [each["Key"] for each in s3.list_objects(Bucket=bucket)["Contents"]] == sorted([bucket + "/odd", "copy"])


def test_buckets_are_made_named_and_taken_away(hosted, name):
    s3, bucket = hosted(), name("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.head_bucket(Bucket=bucket)
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket=bucket)
    assert code_of(s3.list_objects_v2, Bucket=bucket) == ("NoSuchBucket", 404)


def test_a_large_file_goes_up_and_down_in_parts(hosted, bucket):
    s3, body = hosted(), random.Random(1).randbytes(17 * MIB + 1)
    s3.upload_fileobj(io.BytesIO(body), bucket, "big")
    assert s3.head_object(Bucket=bucket, Key="big")["ETag"].endswith('-3"')
    down = io.BytesIO()
    s3.download_fileobj(bucket, "big", down)
    assert down.getvalue() == body
    upload = s3.create_multipart_upload(Bucket=bucket, Key="left")["UploadId"]
    assert [each["UploadId"] for each in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    s3.abort_multipart_upload(Bucket=bucket, Key="left", UploadId=upload)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls(hosted, s3, bucket, version):
    client = hosted(version)  # "s3" makes URLs of signature version 2.
    where = {"Bucket": bucket, "Key": "a b/ü"}
    put = client.generate_presigned_url("put_object", Params=where)
    assert urllib.parse.urlsplit(put).netloc.startswith(bucket + ".")
    request = urllib.request.Request(put, data=b"put", method="PUT", headers={"Content-Type": ""})
    assert urllib.request.urlopen(request).status == 200
    assert s3.get_object(**where)["Body"].read() == b"put"
    got = client.generate_presigned_url("get_object", Params=where)
    assert urllib.request.urlopen(got).read() == b"put"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(got.replace("a%20b", "other"))
    assert caught.value.code == 403


def test_an_upload_to_a_host_that_is_not_known_makes_no_bucket(own_server):
    """PUT /key of bucket.s3.shop.example looks like CreateBucket of "key" where the domain is not told."""
    own_server.client("s3").create_bucket(Bucket="mine")

    def put(host, path="/key", body=b""):
        request = AWSRequest("PUT", f"http://{host}{path}", data=body)
        S3SigV4Auth(Credentials(own_server.access_key_id, own_server.secret_access_key), "s3", "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(own_server.url).netloc)
        connection.request("PUT", path, body, {**dict(request.headers), "Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    status, text = put("mine.s3.shop.example:8080")
    assert status == 400 and "Start attune serve with --s3-domains s3.shop.example, or use path style" in text
    assert put("s3.shop.example", "/another")[0] == 200, "path style under a name of the server's"
    assert [each["Name"] for each in own_server.client("s3").list_buckets()["Buckets"] if "key" in each["Name"]] == []

    own_server.stop()
    own_server.arguments += ("--s3-domains", "s3.shop.example,other.example")
    own_server.start()
    assert put("mine.s3.shop.example:8080", body=b"1")[0] == 200
    assert own_server.client("s3").get_object(Bucket="mine", Key="key")["Body"].read() == b"1"
