"""Uploads in the encoding aws-chunked, as newer and older SDKs send them; written out here byte by byte."""

import base64
import datetime
import hashlib
import hmac
import http.client
import re
import zlib

import pytest

EMPTY = hashlib.sha256(b"").hexdigest()
BODY = b"0123456789" * 10_000
CHUNK = 65536


def crc32(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


class Upload:
    """One PUT; what a test wants to break it sets before `send`."""

    def __init__(self, server, bucket, key, payload, body=BODY):
        self.server, self.path, self.payload, self.body = server, f"/{bucket}/{key}", payload, body
        self.connect_to = server.url.removeprefix("http://")
        self.headers = {"host": self.connect_to, "content-encoding": "aws-chunked",
                        "x-amz-content-sha256": payload, "x-amz-decoded-content-length": str(len(body))}
        self.query = ""  # As it is signed: names in order, values percent-encoded.
        self.trailer = None
        self.damage = lambda raw: raw

    def hmac(self, key, text):
        return hmac.new(key, text.encode(), hashlib.sha256).digest()

    def sign(self):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        self.headers["x-amz-date"] = self.date = now
        self.scope = f"{now[:8]}/us-east-1/s3/aws4_request"
        self.key = ("AWS4" + self.server.secret_access_key).encode()
        for part in self.scope.split("/"):
            self.key = self.hmac(self.key, part)
        names = ";".join(sorted(self.headers))
        canonical = "\n".join(["PUT", self.path, self.query] + [f"{name}:{self.headers[name]}" for name in sorted(self.headers)]
                              + ["", names, self.payload])
        to_sign = "\n".join(["AWS4-HMAC-SHA256", now, self.scope, hashlib.sha256(canonical.encode()).hexdigest()])
        self.signature = self.hmac(self.key, to_sign).hex()
        self.headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.server.access_key_id}/{self.scope}, "
                                         f"SignedHeaders={names}, Signature={self.signature}")

    def chunk_signature(self, kind, *hashes):
        to_sign = "\n".join(["AWS4-HMAC-SHA256-" + kind, self.date, self.scope, self.signature, *hashes])
        self.signature = self.hmac(self.key, to_sign).hex()
        return self.signature

    def encode(self):
        signed = self.payload.startswith("STREAMING-AWS4")
        raw = b""
        for chunk in [self.body[at:at + CHUNK] for at in range(0, len(self.body), CHUNK)] + [b""]:
            size = f"{len(chunk):x}"
            if signed:
                size += ";chunk-signature=" + self.chunk_signature("PAYLOAD", EMPTY, hashlib.sha256(chunk).hexdigest())
            raw += size.encode() + b"\r\n" + (chunk + b"\r\n" if chunk else b"")
        if self.trailer:
            raw += f"{self.trailer[0]}:{self.trailer[1]}\r\n".encode()
            if signed:
                text = f"{self.trailer[0]}:{self.trailer[1]}\n"
                signature = self.chunk_signature("TRAILER", hashlib.sha256(text.encode()).hexdigest())
                raw += f"x-amz-trailer-signature:{signature}\r\n".encode()
        return raw + b"\r\n"

    def send(self):
        if self.trailer:
            self.headers["x-amz-trailer"] = self.trailer[0]
        self.sign()
        connection = http.client.HTTPConnection(self.connect_to, timeout=30)
        connection.request("PUT", f"{self.path}?{self.query}", self.damage(self.encode()), self.headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        code = re.search("<Code>(.*?)</Code>", text)
        return response.status, code and code[1]


def test_signed_chunks(server, s3, bucket):
    assert Upload(server, bucket, "k", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD").send() == (200, None)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == BODY
    assert "ContentEncoding" not in got
    assert got["ETag"] == '"' + hashlib.md5(BODY).hexdigest() + '"'


@pytest.mark.parametrize("payload", ["STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                                     "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"])
@pytest.mark.parametrize("algorithm, checksum", [
    ("crc32", crc32), ("sha256", lambda body: base64.b64encode(hashlib.sha256(body).digest()).decode()),
    ("sha1", lambda body: base64.b64encode(hashlib.sha1(body).digest()).decode()),
    ("crc32c", lambda _: "k08arw=="), ("crc64nvme", lambda _: "BRkDXwzwM3Q="),  # Of BODY, computed bit by bit.
])
def test_trailers(server, s3, bucket, payload, algorithm, checksum):
    upload = Upload(server, bucket, "k", payload)
    upload.trailer = ("x-amz-checksum-" + algorithm, checksum(BODY))
    assert upload.send() == (200, None)
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == BODY
    assert got["ResponseMetadata"]["HTTPHeaders"]["x-amz-checksum-" + algorithm] == checksum(BODY)


@pytest.mark.parametrize("body", [b"", b"1", b"2" * CHUNK, b"3" * (CHUNK + 1)])
def test_sizes_at_the_edges_of_chunks(server, s3, bucket, body):
    assert Upload(server, bucket, "k", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", body).send() == (200, None)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body


def flip(at):
    return lambda raw: raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]


@pytest.mark.parametrize("payload, trailer, damage, code", [
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", None, flip(500), "SignatureDoesNotMatch"),
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", None, flip(40), "SignatureDoesNotMatch"),
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", None, flip(0), None),
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", crc32(b"other"), lambda raw: raw, "BadDigest"),
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", crc32(BODY), flip(-20), "SignatureDoesNotMatch"),
    ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", crc32(b"other"), lambda raw: raw, "BadDigest"),
    ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", crc32(BODY), flip(500), "BadDigest"),
    ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", None, lambda raw: raw[:-40], "IncompleteBody"),
])
@pytest.mark.parametrize("of", ["object", "part"])
def test_a_damaged_upload_leaves_nothing(server, s3, bucket, payload, trailer, damage, code, of):
    upload = Upload(server, bucket, "k", payload)
    if of == "part":
        parts = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
        upload.query = f"partNumber=1&uploadId={parts}"
    if trailer:
        upload.trailer = ("x-amz-checksum-crc32", trailer)
    upload.damage = damage
    status, answered = upload.send()
    assert status in (400, 403)
    assert code in (None, answered)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert of == "object" or "Parts" not in s3.list_parts(Bucket=bucket, Key="k", UploadId=parts)


@pytest.mark.parametrize("algorithm", ["crc32c", "crc64nvme"])
def test_another_checksum_behind_the_body_is_refused(server, s3, bucket, algorithm):
    for body, expected in ((BODY[:-1], "BadDigest"), (BODY, None)):
        upload = Upload(server, bucket, "k", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", body)
        upload.trailer = ("x-amz-checksum-" + algorithm, {"crc32c": "k08arw==", "crc64nvme": "BRkDXwzwM3Q="}[algorithm])
        assert upload.send()[1] == expected
        assert ("Contents" in s3.list_objects_v2(Bucket=bucket)) == (expected is None)


def test_a_bucket_in_the_host(server, s3, bucket):
    if "127.0.0.1" not in server.url:
        pytest.skip("speaks to the server on loopback")
    upload = Upload(server, bucket, "k", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    upload.trailer = ("x-amz-checksum-crc32", crc32(BODY))
    upload.path = "/from/host"
    upload.headers["host"] = f"{bucket}.localhost:{upload.connect_to.split(':')[1]}"
    assert upload.send() == (200, None)
    assert s3.get_object(Bucket=bucket, Key="from/host")["Body"].read() == BODY
