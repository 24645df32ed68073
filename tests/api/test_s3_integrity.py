"""Checksums in headers, conditions of copies, and lists of uploads in pages."""
import base64
import datetime
import hashlib

import pytest
from test_hostile_input import ask
from test_s3_buckets import code_of

CHECK = b"123456789"  # Whose checksums are published with each algorithm: e3069283 and ae8b14860a799888.


def bitwise_crc(polynomial, bits):
    """The base64 text of a reflected CRC, by its definition over bytes."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
        table.append(byte)

    def text(body):
        crc = (1 << bits) - 1
        for byte in body:
            crc = table[(crc ^ byte) & 0xff] ^ crc >> 8
        return base64.b64encode((crc ^ (1 << bits) - 1).to_bytes(bits // 8, "big")).decode()

    return text


@pytest.mark.parametrize("algorithm,hexadecimal", [
    ("crc32", "cbf43926"), ("crc32c", "e3069283"), ("crc64nvme", "ae8b14860a799888")])
def test_a_checksum_in_a_header_is_compared_and_kept(server, s3, bucket, algorithm, hexadecimal):
    name, right = "x-amz-checksum-" + algorithm, base64.b64encode(bytes.fromhex(hexadecimal)).decode()

    def put(value, body=CHECK):
        return ask(server, "s3", f"/{bucket}/k", body, {name: value}, "PUT")

    status, text = put(right, b"123456780")
    assert status == 400 and "<Code>BadDigest</Code>" in text and algorithm.upper() in text, text
    status, text = put(right[:-4])
    assert status == 400 and "<Code>InvalidRequest</Code>" in text, text
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert put(right) == (200, "")
    for answer in (s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED"),
                   s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")):
        assert answer["ResponseMetadata"]["HTTPHeaders"][name] == right
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    copied = s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert copied["ResponseMetadata"]["HTTPHeaders"][name] == right


def test_two_checksums_are_one_too_many(server, bucket):
    status, text = ask(server, "s3", f"/{bucket}/k", CHECK, {
        "x-amz-checksum-crc32": "y/Q5Jg==", "x-amz-checksum-crc32c": "4waSgw=="}, "PUT")
    assert status == 400 and "<Code>InvalidRequest</Code>" in text, text


def test_content_md5_of_a_part_is_compared(s3, bucket):
    part = {"Bucket": bucket, "Key": "k", "PartNumber": 1,
            "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    right = base64.b64encode(hashlib.md5(b"abc").digest()).decode()
    assert code_of(s3.upload_part, **part, Body=b"other", ContentMD5=right) == ("BadDigest", 400)
    assert code_of(s3.upload_part, **part, Body=b"abc", ContentMD5="AAAA") == ("InvalidDigest", 400)
    assert "Parts" not in s3.list_parts(Bucket=bucket, Key="k", UploadId=part["UploadId"])
    assert s3.upload_part(**part, Body=b"abc", ContentMD5=right)["ETag"] == f'"{hashlib.md5(b"abc").hexdigest()}"'


@pytest.mark.parametrize("algorithm,declared_by_type", [("crc32", True), ("crc32", False), ("crc32c", True),
                                                        ("crc64nvme", False)])
def test_a_checksum_of_the_whole_upload_is_compared_and_kept(server, s3, bucket, algorithm, declared_by_type):
    """Part by part and of all bytes."""
    name = "x-amz-checksum-" + algorithm
    first, second = b"\0" * (5 << 20), CHECK
    kind = {"crc32": bitwise_crc(0xedb88320, 32), "crc32c": bitwise_crc(0x82f63b78, 32),
            "crc64nvme": bitwise_crc(0x9a6c9329ac4bc9b5, 64)}[algorithm]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="whole")["UploadId"]
    etags = []
    for number, body in enumerate((first, second), 1):
        status, text = ask(server, "s3", f"/{bucket}/whole?partNumber={number}&uploadId={upload}", body,
                           {name: kind(body)}, "PUT")
        assert status == 200, text
        etags.append(hashlib.md5(body).hexdigest())
    body = ("<CompleteMultipartUpload>" + "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in enumerate(etags, 1)) +
        "</CompleteMultipartUpload>").encode()

    def complete(value):
        headers = {name: value} | ({"x-amz-checksum-type": "FULL_OBJECT"} if declared_by_type else {})
        return ask(server, "s3", f"/{bucket}/whole?uploadId={upload}", body, headers)

    status, text = complete(kind(second + first))
    assert status == 400 and "<Code>BadDigest</Code>" in text, text
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    status, text = complete(kind(first + second))
    assert status == 200 and "<ChecksumType>FULL_OBJECT</ChecksumType>" in text, text
    headers = s3.head_object(Bucket=bucket, Key="whole", ChecksumMode="ENABLED")["ResponseMetadata"]["HTTPHeaders"]
    assert headers[name] == kind(first + second) and headers["x-amz-checksum-type"] == "FULL_OBJECT"


def test_types_of_checksums_that_do_not_exist_are_refused(server, bucket):
    for algorithm, checksum_type, status in (
            ("CRC32", "FULL_OBJECT", 200), ("CRC32C", "COMPOSITE", 200), ("SHA256", "COMPOSITE", 200),
            ("CRC64NVME", "FULL_OBJECT", 200), ("SHA256", "FULL_OBJECT", 400), ("CRC64NVME", "COMPOSITE", 400),
            ("CRC32", "WHOLE", 400), (None, "FULL_OBJECT", 400)):
        headers = {"x-amz-checksum-type": checksum_type} | (
            {"x-amz-checksum-algorithm": algorithm} if algorithm else {})
        assert ask(server, "s3", f"/{bucket}/k?uploads=", b"", headers)[0] == status, headers


def test_conditions_of_copies(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="from", Body=b"1")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="from")["LastModified"]
    earlier, later = modified - datetime.timedelta(hours=1), modified + datetime.timedelta(hours=1)
    to = {"Bucket": bucket, "Key": "to", "CopySource": {"Bucket": bucket, "Key": "from"}}
    upload = s3.create_multipart_upload(Bucket=bucket, Key="to")["UploadId"]
    calls = [lambda **condition: s3.copy_object(**to, **condition),
             lambda **condition: s3.upload_part_copy(**to, UploadId=upload, PartNumber=1, **condition)]
    for call in calls:
        for held in ({"CopySourceIfMatch": etag}, {"CopySourceIfNoneMatch": '"other"'},
                     {"CopySourceIfModifiedSince": earlier}, {"CopySourceIfUnmodifiedSince": later},
                     {"CopySourceIfMatch": etag, "CopySourceIfUnmodifiedSince": earlier}):
            assert call(**held)["ResponseMetadata"]["HTTPStatusCode"] == 200, held
        for failed in ({"CopySourceIfMatch": '"other"'}, {"CopySourceIfNoneMatch": etag},
                       {"CopySourceIfModifiedSince": modified}, {"CopySourceIfUnmodifiedSince": earlier},
                       {"CopySourceIfNoneMatch": etag, "CopySourceIfModifiedSince": earlier}):
            assert code_of(call, **failed) == ("PreconditionFailed", 412), failed


def test_conditions_that_are_not_kept_are_refused_and_nothing_is_lost(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    s3.put_object(Bucket=bucket, Key="other", Body=b"new")
    source = {"x-amz-copy-source": f"/{bucket}/other"}
    for method, headers in (("DELETE", {"if-match": '"bogus"'}), ("DELETE", {"x-amz-if-match-size": "9"}),
                            ("PUT", {**source, "if-none-match": "*"}), ("PUT", {**source, "if-match": '"bogus"'})):
        status, said = ask(server, "s3", f"/{bucket}/k", b"", headers, method)
        assert status == 501 and "NotImplemented" in said, (method, headers, said)
    listed = b"<Delete><Object><Key>k</Key><ETag>bogus</ETag></Object></Delete>"
    digest = base64.b64encode(hashlib.md5(listed).digest()).decode()
    status, said = ask(server, "s3", f"/{bucket}?delete=", listed, {"content-md5": digest})
    assert status == 501 and "ETag" in said, said
    for call, further in ((s3.get_object, {}), (s3.delete_object, {}), (s3.put_object, {"Body": b"x"})):
        assert code_of(call, Bucket=bucket, Key="k", ExpectedBucketOwner="999999999999", **further) == ("AccessDenied", 403)
    assert s3.get_object(Bucket=bucket, Key="k", ExpectedBucketOwner="123456789012")["Body"].read() == b"old"


def test_uploads_are_listed_in_pages(s3, bucket):
    keys = ["a b/ü", "m/1", "m/1", "m/1", "m/2", "z"]
    made = sorted((key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in keys)

    def listed(**options):
        return [(each["Key"], each["UploadId"]) for each in s3.list_multipart_uploads(Bucket=bucket, **options).get("Uploads", [])]

    assert s3.list_multipart_uploads(Bucket=bucket, MaxUploads=0)["IsTruncated"] is False
    assert sorted(listed()) == made and [key for key, _ in listed()] == keys
    assert [key for key, _ in listed(Prefix="m/")] == ["m/1", "m/1", "m/1", "m/2"]
    assert [key for key, _ in listed(KeyMarker="m/1")] == ["m/2", "z"]
    assert listed(Prefix="nothing") == []
    for size in (1, 2, 5, 6):
        pages = list(s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": size}))
        assert [len(page["Uploads"]) for page in pages] == [size] * (6 // size) + ([6 % size] if 6 % size else [])
        assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False]
        assert sorted((each["Key"], each["UploadId"]) for page in pages for each in page["Uploads"]) == made


def test_a_delimiter_rolls_uploads_up(s3, bucket):
    keys = ["a/1", "a/1", "a/2/x", "b", "m/ü/1", "m/ü/2", *(f"n/{number:03}" for number in range(150)), "z/"]
    for key in keys:
        s3.create_multipart_upload(Bucket=bucket, Key=key)

    def listed(**options):
        answer = s3.list_multipart_uploads(Bucket=bucket, **options)
        return ([each["Key"] for each in answer.get("Uploads", [])],
                [each["Prefix"] for each in answer.get("CommonPrefixes", [])])

    assert listed(Delimiter="/") == (["b"], ["a/", "m/", "n/", "z/"])
    assert listed(Delimiter="/", Prefix="a/") == (["a/1", "a/1"], ["a/2/"])
    assert listed(Delimiter="/", Prefix="m") == ([], ["m/"])
    assert listed(Delimiter="ü/") == ([key for key in keys if "ü" not in key], ["m/ü/"])
    assert listed(Delimiter="/", KeyMarker="a/") == (["b"], ["m/", "n/", "z/"])
    for size in (1, 2, 3, 5):
        pages = list(s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}))
        met = [[*(each["Key"] for each in page.get("Uploads", [])),
                *(each["Prefix"] for each in page.get("CommonPrefixes", []))] for page in pages]
        assert [len(page) for page in met] == [size] * (5 // size) + ([5 % size] if 5 % size else []), size
        assert sorted(sum(met, [])) == ["a/", "b", "m/", "n/", "z/"], size
        assert pages[0]["Delimiter"] == "/" and not pages[-1]["IsTruncated"]
