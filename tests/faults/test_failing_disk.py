"""A whole server on a disk that fails: it says so, refuses what it cannot keep, goes on reading, and comes back with the
disk. What it acknowledged meanwhile is there after a kill. The unit tests of each store fail every single call; here the
stores, the catalog and the jobs meet the same disk."""
import collections
import csv
import importlib.util
import io
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from botocore.exceptions import ClientError

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build"))
SEED = int(os.environ.get("ATTUNE_FAULT_SEED", time.time_ns() % 10**9))
COMES_BACK_SECONDS_MAX = 30

sys.path.insert(0, str(ROOT / "tests/api"))
from personalize_world import INTERACTIONS_SCHEMA, World, interactions_csv, unique  # noqa: E402

_spec = importlib.util.spec_from_file_location("api_conftest", ROOT / "tests/api/conftest.py")
_api = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_api)

# The sanitizers' libraries insist on being loaded first.
pytestmark = pytest.mark.skipif("asan" in BUILD.name or "tsan" in BUILD.name, reason="loads a library before all others")


class Disk:
    def __init__(self, path):
        self.path = path

    def fails(self, mode):
        """From the next call on, wholly."""
        new = self.path.with_suffix(".new")
        new.write_text(mode)
        new.replace(self.path)

    def is_well(self):
        self.path.unlink(missing_ok=True)


class Filled(World):
    """A server with a tracker, and which items were named in events that it acknowledged."""

    def __init__(self, server):
        super().__init__(server)
        self.server = server
        self.group_arn = self.group()
        self.dataset_arn = self.dataset(self.group_arn, "Interactions", INTERACTIONS_SCHEMA)
        self.tracking_id = self.personalize.create_event_tracker(
            name=unique(), datasetGroupArn=self.group_arn)["trackingId"]
        self.acknowledged = []

    def put_event(self, item):
        self.events.put_events(trackingId=self.tracking_id, userId="u", sessionId="s", eventList=[
            {"eventId": item, "eventType": "click", "itemId": item, "sentAt": 1_700_000_000}])
        self.acknowledged.append(item)

    def exported_items(self):
        job = self.personalize.create_dataset_export_job(
            jobName=unique(), datasetArn=self.dataset_arn, roleArn=self.role_arn, ingestionMode="PUT",
            jobOutput={"s3DataDestination": {"path": f"s3://{self.bucket}/export/"}})["datasetExportJobArn"]
        deadline = time.monotonic() + 60
        while (status := self.personalize.describe_dataset_export_job(
                datasetExportJobArn=job)["datasetExportJob"]["status"]) != "ACTIVE":
            assert status != "CREATE FAILED" and time.monotonic() < deadline, status
            time.sleep(0.05)
        found = collections.Counter()
        for each in self.s3.list_objects_v2(Bucket=self.bucket, Prefix="export/").get("Contents", []):
            text = self.s3.get_object(Bucket=self.bucket, Key=each["Key"])["Body"].read().decode()
            found.update(row["ITEM_ID"] for row in csv.DictReader(io.StringIO(text)))
        return found

    def reconnect(self):
        self.personalize, self.events, self.s3 = map(self.server.client, ("personalize", "personalize-events", "s3"))

    def figure(self, name):
        text = urllib.request.urlopen(self.server.url + "/-/metrics").read().decode()
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


@pytest.fixture
def disk(tmp_path):
    return Disk(tmp_path / "fault")


@pytest.fixture
def server(tmp_path, disk):
    server = _api.Server(tmp_path / "data", "--quota-dataset-groups", "1000")
    server.environment = {"LD_PRELOAD": str(BUILD / "libfailing_disk.so"), "ATTUNE_FAULT_MODE": str(disk.path),
                          "ATTUNE_FAULT_FOLDER": str(server.data_dir)}
    yield server.start()
    server.kill()


def refusal(call, **arguments):
    """(status, code, message) of an error that says that the server is at fault, not the client."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


def until_it_works(call):
    deadline = time.monotonic() + COMES_BACK_SECONDS_MAX
    while True:
        try:
            return call()
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500, error
            assert time.monotonic() < deadline, f"the server did not come back: {error}"
            time.sleep(0.1)


@pytest.mark.parametrize("mode", ["full", "io", "sync"])
def test_refuses_what_it_cannot_keep_reads_on_and_comes_back(server, disk, mode):
    world = Filled(server)
    iam = server.client("iam")
    for number in range(5):
        world.put_event(f"before{number}")
    world.s3.put_object(Bucket=world.bucket, Key="kept", Body=b"kept")
    location = world.put("data.csv", interactions_csv(users=200))

    disk.fails(mode)
    assert refusal(world.put_event, item="refused0")[0] >= 500
    # The log refused: from now on everything is refused that would be kept, and the reason is said.
    event = {"eventType": "click", "itemId": "refused1", "sentAt": 1_700_000_000}
    status, code, message = refusal(world.events.put_events, trackingId=world.tracking_id, userId="u", sessionId="s",
                                    eventList=[event])
    assert (status, code) == (503, "ServiceUnavailable") and "refuses to write" in message
    assert refusal(world.personalize.create_dataset_group, name=unique())[:2] == (503, "ServiceUnavailable")
    assert refusal(world.s3.put_object, Bucket=world.bucket, Key="new", Body=b"new")[:2] == (503, "SlowDown")
    assert refusal(iam.create_user, UserName="new")[:2] == (503, "ServiceUnavailable")
    assert world.figure("attune_only_reading") == 1
    assert "only reading from now on" in server.log()

    assert len(world.personalize.list_dataset_groups()["datasetGroups"]) == 1
    assert world.s3.get_object(Bucket=world.bucket, Key="kept")["Body"].read() == b"kept"
    assert urllib.request.urlopen(server.url + "/-/health").status == 200

    disk.is_well()
    until_it_works(lambda: world.put_event("after"))
    assert world.figure("attune_only_reading") == 0
    world.s3.put_object(Bucket=world.bucket, Key="new", Body=b"new")
    world.personalize.create_dataset_group(name=unique())
    iam.create_user(UserName="new")
    assert world.wait_import(world.start_import(world.dataset_arn, location))["status"] == "ACTIVE"
    server.kill()
    server.start()
    world.reconnect()
    found = world.exported_items()
    assert all(found[item] == 1 for item in world.acknowledged), found
    assert set(found.values()) == {1}
    assert world.s3.get_object(Bucket=world.bucket, Key="new")["Body"].read() == b"new"


@pytest.mark.parametrize("mode", ["full", "io", "sync"])
def test_the_catalog_alone_refuses_and_comes_back(server, disk, mode):
    """Nothing has shown the log yet that the disk is ill."""
    personalize = server.client("personalize")
    kept = personalize.create_dataset_group(name=unique())["datasetGroupArn"]
    disk.fails(mode)
    status, code, _ = refusal(personalize.create_dataset_group, name=unique())
    assert (status, code) in [(503, "ServiceUnavailable"), (500, "InternalFailure")]
    assert [each["datasetGroupArn"] for each in personalize.list_dataset_groups()["datasetGroups"]] == [kept]
    disk.is_well()
    made = until_it_works(lambda: personalize.create_dataset_group(name="made"))["datasetGroupArn"]
    server.kill()
    server.start()
    groups = server.client("personalize").list_dataset_groups()["datasetGroups"]
    assert sorted(each["datasetGroupArn"] for each in groups) == sorted([kept, made])


@pytest.mark.parametrize("mode", ["full", "io", "sync"])
def test_an_import_that_meets_a_failing_disk_ends(server, disk, mode):
    world = Filled(server)
    location = world.put("data.csv", interactions_csv(users=1000))
    job = world.start_import(world.dataset_arn, location)
    disk.fails(mode)
    time.sleep(0.5)
    disk.is_well()
    ended = world.wait_import(job)
    assert ended["status"] in ("ACTIVE", "CREATE FAILED")
    assert until_it_works(lambda: world.wait_import(world.start_import(world.dataset_arn, location)))["status"] == "ACTIVE"


@pytest.mark.parametrize("mode", ["full", "io", "sync"])
def test_a_training_that_meets_a_failing_disk_ends(server, disk, mode):
    world = Filled(server)
    assert world.import_text(world.dataset_arn, interactions_csv())["status"] == "ACTIVE"
    solution = world.personalize.create_solution(
        name=unique(), datasetGroupArn=world.group_arn,
        recipeArn="arn:aws:personalize:::recipe/aws-user-personalization")["solutionArn"]
    version = world.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    disk.fails(mode)
    time.sleep(1)
    disk.is_well()
    assert world.wait_version(version)["status"] in ("ACTIVE", "CREATE FAILED")
    again = until_it_works(lambda: world.personalize.create_solution_version(solutionArn=solution))["solutionVersionArn"]
    assert world.wait_version(again)["status"] == "ACTIVE"
    campaign = world.personalize.create_campaign(name=unique(), solutionVersionArn=again)["campaignArn"]
    assert world.wait_campaign(campaign)["status"] == "ACTIVE"


@pytest.mark.parametrize("mode", ["full", "io", "sync"])
def test_a_backup_onto_a_failing_disk_leaves_nothing_and_the_server_goes_on(tmp_path, disk, mode):
    backups = tmp_path / "backups"
    backups.mkdir()
    server = _api.Server(tmp_path / "data")
    server.environment = {"LD_PRELOAD": str(BUILD / "libfailing_disk.so"), "ATTUNE_FAULT_MODE": str(disk.path),
                          "ATTUNE_FAULT_FOLDER": str(backups)}
    server.start()
    try:
        world = Filled(server)
        world.put_event("before")

        def back_up(name):
            return subprocess.run([BUILD / "attune", "backup", "--url", server.url, "--to", backups / name],
                                  capture_output=True, text=True, timeout=60, env={
                                      **os.environ, "ATTUNE_ACCESS_KEY_ID": server.access_key_id,
                                      "ATTUNE_SECRET_ACCESS_KEY": server.secret_access_key})

        disk.fails(mode)
        done = back_up("bad")
        assert done.returncode == 1 and done.stderr, done
        assert list(backups.iterdir()) == []
        world.put_event("meanwhile")
        disk.is_well()
        assert back_up("good").returncode == 0
        world.put_event("after")
        server.stop()
    finally:
        server.kill()


def test_short_writes_cost_nothing(server, disk):
    disk.fails("short")
    world = Filled(server)
    world.put_event("one")
    world.s3.put_object(Bucket=world.bucket, Key="k", Body=b"x" * 1_000_000)
    assert world.import_text(world.dataset_arn, interactions_csv())["status"] == "ACTIVE"
    server.kill()
    disk.is_well()
    server.start()
    world.reconnect()
    assert world.exported_items() == {"one": 1}
    assert world.s3.get_object(Bucket=world.bucket, Key="k")["Body"].read() == b"x" * 1_000_000


@pytest.mark.parametrize("rounds", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_whatever_the_disk_does_nothing_acknowledged_is_lost(server, disk, rounds):
    print(f"ATTUNE_FAULT_SEED={SEED}")
    chance = random.Random(SEED)
    world = Filled(server)
    stop = threading.Event()
    unexpected = []

    def write(name):
        number = 0
        while not stop.is_set():
            number += 1
            try:
                world.put_event(f"{name}-{number}")
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    unexpected.append(error)

    threads = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(rounds):
            disk.fails(chance.choice(["full", "io", "sync", "short"]))
            time.sleep(chance.uniform(0.02, 0.3))
            disk.is_well()
            until_it_works(lambda: world.personalize.create_dataset_group(name=unique()))
            time.sleep(chance.uniform(0.02, 0.3))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not unexpected
    assert len(world.acknowledged) > 10 * rounds
    server.kill()
    server.start()
    world.reconnect()
    found = world.exported_items()
    lost = [item for item in world.acknowledged if found[item] != 1]
    assert not lost
    assert set(found.values()) == {1}
    assert len(world.personalize.list_dataset_groups(maxResults=100)["datasetGroups"]) >= rounds
