"""Five gigabytes through the server's S3, in one request, in parts and back, while its memory stays small."""
import hashlib
import http.client
import shutil
import urllib.parse

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.memory]

BLOCK = bytes(range(256)) * 4096 * 4  # 4 MiB
BLOCKS = 1280
SIZE = len(BLOCK) * BLOCKS  # 5 GiB, the most that one PutObject may bring.
RESIDENT_BYTES_MAX = 300 << 20


def blocks():
    """No two alike, so that a block in a wrong place shows."""
    for number in range(BLOCKS):
        yield number.to_bytes(8, "big") + BLOCK[8:]


def exchange(method, url, body=None, headers=None):
    """The answer to a presigned request, whose body is still to be read."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=300)
    connection.request(method, f"{parts.path}?{parts.query}", body=body, headers=headers or {})
    return connection.getresponse()


def resident_bytes_peak(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))


def digest(answer):
    found = hashlib.md5()
    while part := answer.read(4 << 20):
        found.update(part)
    return found.hexdigest()


@pytest.fixture
def large_server(own_server):
    if shutil.disk_usage(own_server.data_dir).free < 3 * SIZE:
        pytest.skip(f"needs {3 * SIZE} bytes of disk")
    yield own_server
    own_server.kill()
    shutil.rmtree(own_server.data_dir)


def test_in_one_request_and_back(large_server):
    s3 = large_server.client("s3", signature_version="s3v4")
    s3.create_bucket(Bucket="large")

    def presigned(operation, **more):
        return s3.generate_presigned_url(operation, Params={"Bucket": "large", "Key": "k", **more})

    expected = hashlib.md5()
    for block in blocks():
        expected.update(block)
    answer = exchange("PUT", presigned("put_object"), body=blocks(), headers={"Content-Length": str(SIZE)})
    assert answer.status == 200, answer.read()
    assert s3.head_object(Bucket="large", Key="k")["ETag"] == f'"{expected.hexdigest()}"'
    answer = exchange("GET", presigned("get_object"))
    assert int(answer.headers["Content-Length"]) == SIZE
    assert digest(answer) == expected.hexdigest()

    start = 4 * (1 << 30) + 5  # Beyond 32 bits.
    part = s3.get_object(Bucket="large", Key="k", Range=f"bytes={start}-{start + 9}")["Body"].read()
    block, offset = divmod(start, len(BLOCK))
    assert part == (block.to_bytes(8, "big") + BLOCK[8:])[offset:offset + 10]
    tail = s3.get_object(Bucket="large", Key="k", Range="bytes=-3")["Body"].read()
    assert tail == BLOCK[-3:]
    assert resident_bytes_peak(large_server) < RESIDENT_BYTES_MAX


def test_in_parts_and_copied(large_server):
    s3 = large_server.client("s3")
    s3.create_bucket(Bucket="large")
    place = {"Bucket": "large", "Key": "k"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    blocks_of_part = 64
    parts, expected, held = [], hashlib.md5(), []
    for number, block in enumerate(blocks()):
        held.append(block)
        expected.update(block)
        if len(held) == blocks_of_part:
            etag = s3.upload_part(**place, UploadId=upload, PartNumber=len(parts) + 1, Body=b"".join(held))["ETag"]
            parts.append({"PartNumber": len(parts) + 1, "ETag": etag})
            held = []
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    s3.copy_object(Bucket="large", Key="copy", CopySource=place)
    s3.delete_object(**place)
    found = hashlib.md5()
    body = s3.get_object(Bucket="large", Key="copy")["Body"]
    while part := body.read(4 << 20):
        found.update(part)
    assert found.hexdigest() == expected.hexdigest()
    assert resident_bytes_peak(large_server) < RESIDENT_BYTES_MAX
