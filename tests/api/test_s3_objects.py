import base64
import datetime
import hashlib
import http.client
import io
import json
import random
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from test_s3_buckets import code_of

MIB = 1 << 20


def random_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize("key", ["plain", "../../etc/passwd", "a//b/", "/leading", "sp ace+plus%41", "ünïcødé/✓", "a" * 1024])
def test_a_key_is_a_key(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=b"hello")

    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"hello"
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_key_of_1025_bytes_is_too_long(s3, bucket):
    assert code_of(s3.put_object, Bucket=bucket, Key="a" * 1025, Body=b"") == ("KeyTooLongError", 400)


def test_what_was_said_about_an_object_comes_back(s3, bucket):
    body = random_bytes(3000)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, ContentType="text/csv", CacheControl="no-store",
                        ContentDisposition="attachment", ContentEncoding="gzip", ContentLanguage="de",
                        Metadata={"Colour": "red", "size": "9"})
    assert put["ETag"] == '"' + hashlib.md5(body).hexdigest() + '"'

    for answer in (s3.head_object(Bucket=bucket, Key="k"), s3.get_object(Bucket=bucket, Key="k")):
        assert answer["ContentLength"] == 3000
        assert answer["ETag"] == put["ETag"]
        assert (answer["ContentType"], answer["CacheControl"]) == ("text/csv", "no-store")
        assert (answer["ContentDisposition"], answer["ContentEncoding"]) == ("attachment", "gzip")
        assert answer["ContentLanguage"] == "de"
        assert answer["Metadata"] == {"colour": "red", "size": "9"}
        age = datetime.datetime.now(datetime.timezone.utc) - answer["LastModified"]
        assert abs(age.total_seconds()) < 60


def test_metadata_has_a_limit(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"a": "v" * 2047})
    assert code_of(s3.put_object, Bucket=bucket, Key="l", Body=b"", Metadata={"a": "v" * 2048}) == (
        "MetadataTooLarge", 400)


def test_missing_objects_and_buckets(s3, bucket):
    assert code_of(s3.get_object, Bucket=bucket, Key="none") == ("NoSuchKey", 404)
    assert code_of(s3.head_object, Bucket=bucket, Key="none") == ("404", 404)
    assert code_of(s3.get_object, Bucket="no-such-bucket-at-all", Key="k") == ("NoSuchBucket", 404)
    assert code_of(s3.put_object, Bucket="no-such-bucket-at-all", Key="k", Body=b"") == ("NoSuchBucket", 404)
    s3.delete_object(Bucket=bucket, Key="none")


@pytest.mark.parametrize("header, expected", [
    ("bytes=0-0", (0, 1)), ("bytes=10-19", (10, 20)), ("bytes=90-", (90, 100)), ("bytes=-5", (95, 100)),
    ("bytes=-500", (0, 100)), ("bytes=50-5000", (50, 100)), ("bytes=50-99999999999999999999999", (50, 100)),
])
def test_ranges(s3, bucket, header, expected):
    body = random_bytes(100)
    s3.put_object(Bucket=bucket, Key="k", Body=body)

    got = s3.get_object(Bucket=bucket, Key="k", Range=header)

    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["Body"].read() == body[expected[0]:expected[1]]
    assert got["ContentRange"] == f"bytes {expected[0]}-{expected[1] - 1}/100"


def test_ranges_without_bytes_or_sense(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=random_bytes(100))
    for header in ("bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"):
        assert code_of(s3.get_object, Bucket=bucket, Key="k", Range=header) == ("InvalidRange", 416)
    for header in ("bytes=9-2", "lines=1-2", "bytes=0-1,4-5"):
        assert s3.get_object(Bucket=bucket, Key="k", Range=header)["ContentLength"] == 100


def test_conditions_of_reading(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    earlier, later = modified - datetime.timedelta(hours=1), modified + datetime.timedelta(hours=1)
    get = {"Bucket": bucket, "Key": "k"}

    assert s3.get_object(**get, IfMatch=etag)["Body"].read() == b"1"
    assert s3.get_object(**get, IfNoneMatch='"other"')["Body"].read() == b"1"
    assert s3.get_object(**get, IfModifiedSince=earlier)["Body"].read() == b"1"
    assert s3.get_object(**get, IfUnmodifiedSince=later)["Body"].read() == b"1"
    assert s3.get_object(**get, IfMatch=etag, IfUnmodifiedSince=earlier)["Body"].read() == b"1"
    assert code_of(s3.get_object, **get, IfMatch='"other"') == ("PreconditionFailed", 412)
    assert code_of(s3.get_object, **get, IfUnmodifiedSince=earlier) == ("PreconditionFailed", 412)
    assert code_of(s3.get_object, **get, IfNoneMatch=etag)[1] == 304
    assert code_of(s3.get_object, **get, IfModifiedSince=modified)[1] == 304
    assert code_of(s3.get_object, **get, IfNoneMatch=etag, IfModifiedSince=earlier)[1] == 304


@pytest.mark.parametrize("algorithm, digest", [
    ("CRC32", None), ("SHA1", hashlib.sha1), ("SHA256", hashlib.sha256),
])
def test_checksums_are_verified_before_anything_is_visible(s3, bucket, algorithm, digest):
    import zlib
    body = random_bytes(5000)
    raw = digest(body).digest() if digest else zlib.crc32(body).to_bytes(4, "big")
    right, member = base64.b64encode(raw).decode(), "Checksum" + algorithm
    wrong = base64.b64encode(bytes(len(raw))).decode()

    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=body, **{member: wrong}) == ("BadDigest", 400)
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=body, **{member: "AA"}) == ("InvalidRequest", 400)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, **{member: right})

    assert put[member] == right
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[member] == right
    assert member not in s3.head_object(Bucket=bucket, Key="k")


def test_content_md5_is_verified(s3, bucket):
    right = base64.b64encode(hashlib.md5(b"abc").digest()).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ContentMD5=right)
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"other", ContentMD5=right) == ("BadDigest", 400)
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"abc", ContentMD5="AAAA") == ("InvalidDigest", 400)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"abc"


def test_deleting_many(s3, bucket):
    keys = [f"k{number:04}" for number in range(1000)]
    for key in keys[:5]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    objects = [{"Key": key} for key in keys]

    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})

    assert [each["Key"] for each in deleted["Deleted"]] == keys
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    assert code_of(s3.delete_objects, Bucket=bucket, Delete={"Objects": objects + [{"Key": "one more"}]}) == (
        "MalformedXML", 400)


def test_lists_have_prefixes_delimiters_and_pages(s3, bucket):
    keys = sorted(["a", "b/1", "b/2", "b/c/3", "d e", "z"] + [f"m/{number:02}" for number in range(10)])
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    rolled = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [each["Key"] for each in rolled["Contents"]] == ["a", "d e", "z"]
    assert [each["Prefix"] for each in rolled["CommonPrefixes"]] == ["b/", "m/"]
    below = s3.list_objects_v2(Bucket=bucket, Prefix="b/", Delimiter="/")
    assert [each["Key"] for each in below["Contents"]] == ["b/1", "b/2"]
    assert [each["Prefix"] for each in below["CommonPrefixes"]] == ["b/c/"]
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="m/07")
    assert [each["Key"] for each in after["Contents"]] == ["m/08", "m/09", "z"]
    for operation in ("list_objects", "list_objects_v2"):
        for delimiter in ("", "/"):
            pages = s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter=delimiter,
                                                         PaginationConfig={"PageSize": 3})
            pages = list(pages)
            found = [each["Key"] for page in pages for each in page.get("Contents", [])]
            prefixes = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
            assert (found, prefixes) == ((["a", "d e", "z"], ["b/", "m/"]) if delimiter else (keys, []))
    none = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)
    assert code_of(s3.list_objects_v2, Bucket=bucket, MaxKeys=-1) == ("InvalidArgument", 400)
    assert code_of(s3.list_objects_v2, Bucket=bucket, ContinuationToken="nonsense") == ("InvalidArgument", 400)


def test_a_large_file_goes_up_and_down_in_parts(s3, bucket):
    body = random_bytes(20 * MIB + 12345)
    s3.upload_fileobj(io.BytesIO(body), bucket, "big")

    parts = [body[at:at + 8 * MIB] for at in range(0, len(body), 8 * MIB)]
    md5s = b"".join(hashlib.md5(part).digest() for part in parts)
    head = s3.head_object(Bucket=bucket, Key="big")
    assert head["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-{len(parts)}"'
    down = io.BytesIO()
    s3.download_fileobj(bucket, "big", down)
    assert down.getvalue() == body


def test_a_multipart_upload_step_by_step(s3, bucket):
    where = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**where, ContentType="text/plain", Metadata={"a": "b"})["UploadId"]
    first, last = random_bytes(5 * MIB), b"the end"
    s3.upload_part(**where, UploadId=upload, PartNumber=7, Body=b"replaced")
    etags = {number: s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=body)["ETag"]
             for number, body in ((7, last), (2, first))}

    assert [each["Key"] for each in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["k"]
    assert [each["PartNumber"] for each in s3.list_parts(**where, UploadId=upload)["Parts"]] == [2, 7]
    page = s3.list_parts(**where, UploadId=upload, MaxParts=1)
    assert page["IsTruncated"] and page["NextPartNumberMarker"] == 2
    assert code_of(s3.head_object, **where) == ("404", 404)

    def complete(*parts):
        listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        return s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": listed})

    def refused(*parts):
        with pytest.raises(ClientError) as caught:
            complete(*parts)
        return caught.value.response["Error"]["Code"]

    assert refused((7, etags[7]), (2, etags[2])) == "InvalidPartOrder"
    assert refused((2, etags[7])) == "InvalidPart"
    assert refused((3, etags[2])) == "InvalidPart"
    done = complete((2, etags[2]), (7, etags[7]))
    got = s3.get_object(**where)
    assert got["Body"].read() == first + last
    assert got["ETag"] == done["ETag"] and got["ETag"].endswith('-2"')
    assert (got["ContentType"], got["Metadata"]) == ("text/plain", {"a": "b"})
    assert code_of(s3.list_parts, **where, UploadId=upload) == ("NoSuchUpload", 404)


def multipart(s3, bucket, key, sizes):
    """(parts for CompleteMultipartUpload, upload id, the parts' bytes)."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    bodies = [random_bytes(size, seed) for seed, size in enumerate(sizes)]
    parts = [{"PartNumber": number, "ETag": s3.upload_part(
        Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate(bodies, 1)]
    return parts, upload, bodies


def test_parts_are_read_by_their_number(s3, bucket):
    parts, upload, bodies = multipart(s3, bucket, "k", [5 * MIB, 5 * MIB + 1, 7])
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    s3.put_object(Bucket=bucket, Key="plain", Body=b"hello")
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    for number, body in enumerate(bodies, 1):
        answer = s3.get_object(Bucket=bucket, Key="k", PartNumber=number)
        assert answer["Body"].read() == body
        assert answer["PartsCount"] == 3 and answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        head = s3.head_object(Bucket=bucket, Key="k", PartNumber=number)
        assert (head["ContentLength"], head["PartsCount"]) == (len(body), 3)
    assert s3.get_object(Bucket=bucket, Key="k", PartNumber=3)["ContentRange"] == f"bytes {10 * MIB + 1}-{10 * MIB + 7}/{10 * MIB + 8}"
    whole = s3.get_object(Bucket=bucket, Key="plain", PartNumber=1)
    assert whole["Body"].read() == b"hello" and "PartsCount" not in whole
    assert s3.get_object(Bucket=bucket, Key="empty", PartNumber=1)["Body"].read() == b""
    for key, number in (("k", 4), ("plain", 2)):
        with pytest.raises(ClientError) as caught:
            s3.get_object(Bucket=bucket, Key=key, PartNumber=number)
        assert caught.value.response["Error"]["Code"] == "InvalidPartNumber"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="k", PartNumber=1, Range="bytes=0-1")
    assert caught.value.response["Error"]["Code"] == "InvalidRequest"


def test_attributes_of_an_object(s3, bucket):
    parts, upload, _ = multipart(s3, bucket, "k", [5 * MIB, 1])
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    put = s3.put_object(Bucket=bucket, Key="plain", Body=b"hello", ChecksumAlgorithm="SHA256")
    asked = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=asked)
    assert (found["ETag"] + found["StorageClass"], found["ObjectSize"]) == (
        s3.head_object(Bucket=bucket, Key="k")["ETag"].strip('"') + "STANDARD", 5 * MIB + 1)
    assert found["ObjectParts"]["TotalPartsCount"] == 2 and not found["ObjectParts"]["IsTruncated"]
    assert [(each["PartNumber"], each["Size"]) for each in found["ObjectParts"]["Parts"]] == [(1, 5 * MIB), (2, 1)]
    page = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"], MaxParts=1)["ObjectParts"]
    assert (len(page["Parts"]), page["IsTruncated"], page["NextPartNumberMarker"]) == (1, True, 1)
    page = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"], MaxParts=1,
                                    PartNumberMarker=1)["ObjectParts"]
    assert ([each["PartNumber"] for each in page["Parts"]], page["IsTruncated"]) == ([2], False)
    found = s3.get_object_attributes(Bucket=bucket, Key="plain", ObjectAttributes=asked)
    assert found["Checksum"]["ChecksumSHA256"] == put["ChecksumSHA256"] and "ObjectParts" not in found
    found = s3.get_object_attributes(Bucket=bucket, Key="plain", ObjectAttributes=["ObjectSize"])
    assert found["ObjectSize"] == 5 and "ETag" not in found
    with pytest.raises(ClientError) as caught:
        s3.get_object_attributes(Bucket=bucket, Key="none", ObjectAttributes=["ETag"])
    assert caught.value.response["Error"]["Code"] == "NoSuchKey"


def test_an_upload_may_be_completed_again_by_who_lost_the_answer(s3, bucket):
    parts, upload, _ = multipart(s3, bucket, "k", [5 * MIB, 1])
    complete = {"Bucket": bucket, "Key": "k", "UploadId": upload, "MultipartUpload": {"Parts": parts}}
    first = s3.complete_multipart_upload(**complete)
    assert s3.complete_multipart_upload(**complete)["ETag"] == first["ETag"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"another")
    with pytest.raises(ClientError) as caught:
        s3.complete_multipart_upload(**complete)
    assert caught.value.response["Error"]["Code"] == "NoSuchUpload"


@pytest.mark.parametrize("damage,code", [(None, None), ("AAAA", "BadDigest"), ("!", "InvalidRequest")])
def test_the_checksum_of_the_whole_upload_is_compared(s3, bucket, damage, code):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"one", ChecksumAlgorithm="SHA256")
    raw = base64.b64decode(part["ChecksumSHA256"])
    whole = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    if damage:
        whole = damage + whole[4:]
    complete = {"Bucket": bucket, "Key": "k", "UploadId": upload, "ChecksumSHA256": whole + "-1", "MultipartUpload": {
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}]}}
    if not damage:
        assert s3.complete_multipart_upload(**complete)["ChecksumSHA256"] == whole + "-1"
        return
    with pytest.raises(ClientError) as caught:
        s3.complete_multipart_upload(**complete)
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("text", ["bytes=0-21", "bytes=5-5", "bytes=0-", "bytes=-2", "0-1"])
def test_the_range_of_a_copied_part_lies_within_its_source(s3, bucket, text):
    s3.put_object(Bucket=bucket, Key="source", Body=b"hello")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    copy = {"Bucket": bucket, "Key": "k", "UploadId": upload, "PartNumber": 1,
            "CopySource": {"Bucket": bucket, "Key": "source"}}
    assert s3.upload_part_copy(**copy, CopySourceRange="bytes=1-4")["CopyPartResult"]["ETag"]
    with pytest.raises(ClientError) as caught:
        s3.upload_part_copy(**copy, CopySourceRange=text)
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"


def test_parts_but_the_last_have_a_least_size(s3, bucket):
    where = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    parts = [{"PartNumber": number, "ETag": s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=b"x")["ETag"]}
             for number in (1, 2)]
    assert code_of(s3.complete_multipart_upload, **where, UploadId=upload, MultipartUpload={"Parts": parts}) == (
        "EntityTooSmall", 400)
    for number in (0, 10001):
        assert code_of(s3.upload_part, **where, UploadId=upload, PartNumber=number, Body=b"") == (
            "InvalidArgument", 400)
    s3.abort_multipart_upload(**where, UploadId=upload)
    assert code_of(s3.abort_multipart_upload, **where, UploadId=upload) == ("NoSuchUpload", 404)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_copies(s3, bucket):
    body = random_bytes(6 * MIB)
    s3.put_object(Bucket=bucket, Key="from é", Body=body, ContentType="text/csv", Metadata={"a": "1"})
    source = {"Bucket": bucket, "Key": "from é"}

    s3.copy_object(Bucket=bucket, Key="to", CopySource=source)
    s3.copy_object(Bucket=bucket, Key="new", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"})

    copied = s3.get_object(Bucket=bucket, Key="to")
    assert (copied["Body"].read(), copied["ContentType"], copied["Metadata"]) == (body, "text/csv", {"a": "1"})
    assert s3.head_object(Bucket=bucket, Key="new")["Metadata"] == {"b": "2"}
    assert code_of(s3.copy_object, Bucket=bucket, Key="x", CopySource=f"{bucket}/none") == ("NoSuchKey", 404)
    assert code_of(s3.copy_object, Bucket=bucket, Key="from é", CopySource=source) == ("InvalidRequest", 400)
    assert code_of(s3.copy_object, Bucket=bucket, Key="x", CopySource=source, CopySourceIfMatch="other") == (
        "PreconditionFailed", 412)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    parts = []
    for number, some in ((1, "bytes=0-5242879"), (2, "bytes=5242880-5242889")):
        part = s3.upload_part_copy(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=number, CopySource=source,
                                   CopySourceRange=some)
        parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="parts")["Body"].read() == body[:5242890]


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls(server, s3, bucket, version):
    client = server.client("s3", signature_version=version)  # "s3" makes URLs of signature version 2.
    where = {"Bucket": bucket, "Key": "a b/ü"}
    s3.put_object(**where, Body=b"hello")

    url = client.generate_presigned_url("get_object", Params={**where, "ResponseContentType": "text/x"})
    with urllib.request.urlopen(url) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"hello", "text/x")
    put = client.generate_presigned_url("put_object", Params=where)
    request = urllib.request.Request(put, data=b"put", method="PUT", headers={"Content-Type": ""})
    assert urllib.request.urlopen(request).status == 200
    assert s3.get_object(**where)["Body"].read() == b"put"
    for old, new in (("text%2Fx", "text%2Fy"), (bucket, bucket + "-2"), ("Expires=", "Expires=1")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url.replace(old, new))
        assert caught.value.code in (400, 403, 404)


def test_a_presigned_url_of_version_2_expires(server, bucket):
    client = server.client("s3", signature_version="s3")
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=-9)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url)
    assert caught.value.code == 403
    assert b"Request has expired" in caught.value.read()


def test_presigned_urls_of_a_session(server, s3, iam, sts, bucket, name):
    """Whose token is in the query, in both versions."""
    account = sts.get_caller_identity()["Account"]
    role = iam.create_role(RoleName=name("Role"), AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}))["Role"]
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
    key = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    for version in ("s3", "s3v4"):
        client = server.client("s3", key=key, signature_version=version)
        url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
        assert urllib.request.urlopen(url).read() == b"hello", version
        listed = urllib.request.urlopen(client.generate_presigned_url("list_objects", Params={"Bucket": bucket})).read()
        assert b"<Key>k</Key>" in listed, version
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(re.sub("(?i)(security-token=)..", r"\1xx", url))
    iam.delete_role_policy(RoleName=role["RoleName"], PolicyName="p")
    iam.delete_role(RoleName=role["RoleName"])


def test_nothing_can_be_added_to_a_presigned_query(server, s3, bucket):
    for version in ("s3", "s3v4"):
        client = server.client("s3", signature_version=version)
        url = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k", "Metadata": {"a": "signed"}})
        for more in ("x-amz-meta-a=other&", "x-amz-meta-b=other&"):
            changed = urllib.request.Request(url.replace("?", "?" + more), data=b"1", method="PUT", headers={
                "Content-Type": "", **({"x-amz-meta-a": "signed"} if version == "s3v4" else {})})
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(changed)
            assert caught.value.code == 403, (version, more)
        plain = urllib.request.Request(url, data=b"1", method="PUT", headers={
            "Content-Type": "", **({"x-amz-meta-a": "signed"} if version == "s3v4" else {})})
        assert urllib.request.urlopen(plain).status == 200
        assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"a": "signed"}, version


def test_headers_in_a_presigned_query_count(server, s3, bucket):
    """As the SDK for JavaScript makes them."""
    client = server.client("s3", signature_version="s3v4")

    def presign(**parameters):
        request = AWSRequest("PUT", f"{server.url}/{bucket}/k", params=parameters)
        S3SigV4QueryAuth(Credentials(server.access_key_id, server.secret_access_key), "s3", "us-east-1").add_auth(request)
        return urllib.request.Request(request.prepare().url, data=b"1", method="PUT", headers={"Content-Type": "text/plain"})

    assert urllib.request.urlopen(presign(**{"x-amz-meta-a": "b"})).status == 200
    assert client.head_object(Bucket=bucket, Key="k")["Metadata"] == {"a": "b"}
    for refused, status in (({"x-amz-checksum-crc32": "AAAAAA=="}, 400), ({"x-amz-server-side-encryption": "AES256"}, 501)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(presign(**refused))
        assert caught.value.code == status


def test_the_range_of_another_object_is_not_given(s3, bucket):
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    date = s3.head_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPHeaders"]["last-modified"]

    def ask(if_range):
        s3.meta.events.register("before-sign.s3.GetObject", lambda request, **_: request.headers.add_header(
            "If-Range", if_range), unique_id="if-range")
        answer = s3.get_object(Bucket=bucket, Key="k", Range="bytes=2-3")
        s3.meta.events.unregister("before-sign.s3.GetObject", unique_id="if-range")
        return answer["Body"].read()

    for same in (first, date):
        assert ask(same) == b"23", same
    for other in ('"00000000000000000000000000000000"', "W/" + first, "Sun, 06 Nov 1994 08:49:37 GMT", "nonsense"):
        assert ask(other) == b"0123456789", other


def test_a_region_that_cannot_be_is_answered_with_one_that_can(server, bucket):
    request = AWSRequest("GET", f"{server.url}/{bucket}")
    S3SigV4Auth(Credentials(server.access_key_id, server.secret_access_key), "s3", "US").add_auth(request)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers)))
    assert (caught.value.code, caught.value.headers["x-amz-bucket-region"]) == (400, "us-east-1")
    assert b"<Code>AuthorizationHeaderMalformed</Code>" in (body := caught.value.read())
    assert b"<Region>us-east-1</Region>" in body


def test_a_copy_gets_the_checksum_that_was_asked_for(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    for algorithm, digest in (("SHA256", hashlib.sha256), ("SHA1", hashlib.sha1)):
        s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k", ChecksumAlgorithm=algorithm)
        told = s3.head_object(Bucket=bucket, Key="c", ChecksumMode="ENABLED")["Checksum" + algorithm]
        assert told == base64.b64encode(digest(b"hello").digest()).decode()
    assert code_of(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/k", ChecksumAlgorithm="MD4") == (
        "InvalidRequest", 400)


def test_more_than_five_gigabytes_at_once_are_refused_before_they_come(server, bucket):
    client = server.client("s3", signature_version="s3v4")
    url = urllib.parse.urlsplit(client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}))
    connection = http.client.HTTPConnection(url.netloc, timeout=30)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", str((5 << 30) + 1))
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 400 and b"<Code>EntityTooLarge</Code>" in answer.read()


def test_conditional_writes(s3, bucket):
    def put(body, header, value):
        def add(request, **_):
            request.headers[header] = value
        s3.meta.events.register("before-sign.s3.PutObject", add)
        try:
            return s3.put_object(Bucket=bucket, Key="k", Body=body)
        finally:
            s3.meta.events.unregister("before-sign.s3.PutObject", add)

    etag = put(b"1", "If-None-Match", "*")["ETag"]
    assert code_of(put, body=b"2", header="If-None-Match", value="*") == ("PreconditionFailed", 412)
    assert code_of(put, body=b"2", header="If-Match", value='"other"') == ("PreconditionFailed", 412)
    put(b"3", "If-Match", etag)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"3"


def test_what_is_not_kept_is_refused(s3, bucket):
    for promise in ({"ServerSideEncryption": "aws:kms"}, {"Tagging": "a=b"}, {"StorageClass": "GLACIER"},
                    {"ACL": "public-read"}):
        with pytest.raises(ClientError):
            s3.put_object(Bucket=bucket, Key="k", Body=b"", **promise)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="private", StorageClass="STANDARD")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    assert s3.get_object_acl(Bucket=bucket, Key="k")["Grants"][0]["Permission"] == "FULL_CONTROL"


def test_an_acknowledged_put_survives_a_crash(own_server):
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="crash")
    body = random_bytes(100_000)
    s3.put_object(Bucket="crash", Key="k", Body=body)

    own_server.kill()
    own_server.start()

    assert own_server.client("s3").get_object(Bucket="crash", Key="k")["Body"].read() == body


def test_puts_again_on_the_connection_that_brought_an_empty_object(s3, name):
    bucket = name("bucket")
    s3.create_bucket(Bucket=bucket)
    for body in (b"", b"x" * 30000, b"", b"y"):
        s3.put_object(Bucket=bucket, Key="k", Body=body)
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body
