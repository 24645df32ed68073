"""The server is killed in the middle of work, again and again: what was acknowledged is there afterwards, once.

    pytest tests/crash -m "not slow"                 3 rounds; with -m slow 200
    ATTUNE_CRASH_ROUNDS=17 pytest tests/crash -m "not slow"
    ATTUNE_CRASH_SEED=17 pytest tests/crash          the same choices again; the seed of every run is printed
"""

import importlib.util
import os
import pathlib
import random
import time

import pytest
from writers import (BucketWriter, DatasetWriter, EventWriter, ImportWriter, ItemWriter, ObjectWriter, RoleWriter,
                     SchemaWriter)

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("ATTUNE_CRASH_ROUNDS", "3"))
ROUNDS_SLOW = 200
SEED = int(os.environ.get("ATTUNE_CRASH_SEED", time.time_ns() % 10**9))

# The server's process is started and stopped as in the API tests.
_spec = importlib.util.spec_from_file_location("api_conftest", ROOT / "tests" / "api" / "conftest.py")
_api = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_api)


def object_files(data_dir):
    return sum(1 for path in (data_dir / "objects").rglob("*") if path.is_file())


def count_objects(s3, bucket):
    """Of all pages: 200 rounds leave more than the thousand objects of one."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return sum(page["KeyCount"] for page in pages)


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(ROUNDS_SLOW, marks=pytest.mark.slow)])
def test_holds_what_it_acknowledged_after_every_kill(tmp_path, rounds):
    print(f"ATTUNE_CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    server = _api.Server(tmp_path / "data")
    server.secret_access_key = "a-crash-test-secret-of-32-letters"
    kinds = [ObjectWriter] * 4 + [BucketWriter] * 2 + [RoleWriter] * 2 + [SchemaWriter, EventWriter, ItemWriter, ImportWriter]
    writers = [kind(f"writer{number}", random.Random(chance.random())) for number, kind in enumerate(kinds)]
    for _ in range(rounds):
        server.start()
        try:
            for writer in writers:
                writer.run(server)
            time.sleep(chance.uniform(0.05, 1.5))
            server.kill()
            for writer in writers:
                writer.join()
            server.start()
            for writer in writers:
                writer.check(server)
        finally:
            server.kill()
    assert sum(writer.acknowledged for writer in writers) > 20 * rounds

    # Nothing is left of what was cut off: once uploads are aborted, every file is an object's.
    server.start()
    try:
        s3 = server.client("s3")
        objects = 0
        for writer in writers:
            if isinstance(writer, DatasetWriter):
                objects += count_objects(s3, writer.bucket)
            if isinstance(writer, ObjectWriter):
                for upload in s3.list_multipart_uploads(Bucket=writer.bucket).get("Uploads", []):
                    s3.abort_multipart_upload(Bucket=writer.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
                writer.connect(server)
                objects += len(writer.find())
        own = object_files(tmp_path / "data")
        for bucket in s3.list_buckets()["Buckets"]:
            if not bucket["Name"].startswith("crash-"):
                objects += count_objects(s3, bucket["Name"])
        assert own == objects
        server.stop()
    finally:
        server.kill()
