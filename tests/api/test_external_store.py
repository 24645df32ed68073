"""A server that keeps its objects in an S3-compatible store elsewhere: here, in a second attune."""
import pytest
from personalize_world import INTERACTIONS_SCHEMA, World, interactions_csv, unique, wait


def pointed_at(store, **overrides):
    """Options of a server that uses `store` for its objects."""
    options = {"s3-endpoint": store.url, "s3-access-key-id": store.access_key_id,
               "s3-secret-access-key": store.secret_access_key, **overrides}
    return [part for name, value in options.items() for part in (f"--{name}", value)]


@pytest.fixture
def store(server_with):
    return server_with()


def test_imports_from_it_and_exports_to_it(server_with, store):
    world = World(server_with(*pointed_at(store)))
    s3 = store.client("s3")
    assert world.bucket in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]], "made through the first"
    s3.put_object(Bucket=world.bucket, Key="put-there/a.csv", Body=interactions_csv().encode())
    dataset = world.dataset(world.group(), "Interactions", INTERACTIONS_SCHEMA)
    imported = world.wait_import(world.start_import(dataset, f"s3://{world.bucket}/put-there/"))
    assert imported["status"] == "ACTIVE", imported
    job = world.personalize.create_dataset_export_job(
        jobName=unique(), datasetArn=dataset, ingestionMode="ALL", roleArn=world.role_arn,
        jobOutput={"s3DataDestination": {"path": f"s3://{world.bucket}/out/"}})["datasetExportJobArn"]
    exported = wait(lambda: world.personalize.describe_dataset_export_job(datasetExportJobArn=job)["datasetExportJob"])
    assert exported["status"] == "ACTIVE", exported
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=world.bucket, Prefix="out/")["Contents"]]
    rows = sum(s3.get_object(Bucket=world.bucket, Key=key)["Body"].read().count(b"\n") for key in keys)
    assert rows > 60 * 25


def test_checksums_are_told_through_it(server_with, store):
    s3 = server_with(*pointed_at(store)).client("s3")
    s3.create_bucket(Bucket="held-elsewhere")
    put = s3.put_object(Bucket="held-elsewhere", Key="k", Body=b"hello", ChecksumAlgorithm="SHA256")
    for read in (s3.head_object, s3.get_object, store.client("s3").head_object):
        told = read(Bucket="held-elsewhere", Key="k", ChecksumMode="ENABLED")
        assert told["ChecksumSHA256"] == put["ChecksumSHA256"]
        assert "ChecksumSHA256" not in read(Bucket="held-elsewhere", Key="k")


def test_a_store_that_refuses_fails_the_import_and_not_the_server(server_with, store):
    s3 = store.client("s3")
    s3.create_bucket(Bucket="held-elsewhere")
    s3.put_object(Bucket="held-elsewhere", Key="a.csv", Body=interactions_csv().encode())
    own = server_with(*pointed_at(store, **{"s3-secret-access-key": "not-the-secret-of-that-key"}))
    personalize = own.client("personalize")
    status = own.client("sts").get_caller_identity()
    assert status["Account"]
    from botocore.exceptions import ClientError
    with pytest.raises(ClientError) as caught:
        own.client("s3").head_bucket(Bucket="held-elsewhere")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 500, 503)
    assert personalize.list_dataset_groups()["datasetGroups"] == []


def test_a_store_that_is_gone_fails_the_import_with_its_reason(server_with, store):
    world = World(server_with(*pointed_at(store)))
    dataset = world.dataset(world.group(), "Interactions", INTERACTIONS_SCHEMA)
    location = world.put("a.csv", interactions_csv())
    store.kill()
    failed = world.wait_import(world.start_import(dataset, location))
    assert failed["status"] == "CREATE FAILED" and "127.0.0.1" in failed["failureReason"], failed
    store.start()


def test_half_the_options_are_none(server_with, store):
    with pytest.raises(RuntimeError, match="s3-secret-access-key"):
        server_with("--s3-endpoint", store.url, "--s3-access-key-id", "abc")
