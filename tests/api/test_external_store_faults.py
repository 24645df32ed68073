"""A store elsewhere that is killed, breaks off or hangs in the middle of an import or export."""
import select
import socket
import threading
import time

import pytest
from personalize_world import USERS_SCHEMA, World, unique, wait
from test_dataset_import_job import figure
from test_external_store import pointed_at
from test_incremental_import import exported

ROWS = 1_000_000
HANG_SECONDS_MAX = 120
STOP_SECONDS_MAX = 20  # An attempt would wait for 30.


class Line:
    """Passes bytes between a server and its store, and can break or hold what is on the way."""

    def __init__(self, store_url):
        host, port = store_url.removeprefix("http://").split(":")
        self.store = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.lock, self.pairs, self.held, self.bytes_down, self.bytes_up = threading.Lock(), [], set(), 0, 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:  # Closed: the test is over.
                return
            try:
                pair = (client, socket.create_connection(self.store))
            except OSError:  # As the store itself would say it.
                client.close()
                continue
            with self.lock:
                self.pairs.append(pair)
            threading.Thread(target=self.relay, args=(pair,), daemon=True).start()

    def relay(self, pair):
        client, store = pair
        try:
            while pair not in self.held:
                for ready in select.select([client, store], [], [], 0.05)[0]:
                    data = ready.recv(65536)
                    if not data:
                        return self.end(pair)
                    if pair in self.held:
                        return
                    (store if ready is client else client).sendall(data)
                    with self.lock:
                        self.bytes_up += len(data) if ready is client else 0
                        self.bytes_down += len(data) if ready is store else 0
        except (OSError, ValueError):
            self.end(pair)

    def end(self, pair):
        for each in pair:
            each.close()

    def break_all(self):
        """What is on the way breaks off; new connections are passed on."""
        with self.lock:
            for pair in self.pairs:
                for each in pair:
                    try:
                        each.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
            self.pairs.clear()

    def hold_all(self):
        """Whoever waits for an answer now waits for ever; new connections are passed on."""
        with self.lock:
            self.held.update(self.pairs)


class Stored:
    """A server, its store behind a line, and a dataset of users with a file of many rows."""

    def __init__(self, server_with, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
            ports = [free.getsockname()[1] for free in (one, other)]
        # The same ports after a restart.
        self.store = server_with("--listen", f"127.0.0.1:{ports[0]}")
        self.line = Line(self.store.url)
        self.server = server_with("--listen", f"127.0.0.1:{ports[1]}",
                                  *pointed_at(self.store, **{"s3-endpoint": self.line.url}))
        self.world = World(self.server)
        self.dataset = self.world.dataset(self.world.group(), "Users", USERS_SCHEMA)
        text = "USER_ID,AGE\n" + "".join(f"user-{number:09},{number % 90}\n" for number in range(ROWS))
        self.location = self.world.put("users.csv", text)

    def until_moved(self, name, count, job_status):
        """Until so many bytes went that way, while the job is still at work."""
        start, deadline = getattr(self.line, name), time.monotonic() + 60
        while getattr(self.line, name) - start < count:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        assert job_status() in ("CREATE PENDING", "CREATE IN_PROGRESS"), "it was done before anything broke"

    def import_status(self, arn):
        return self.world.personalize.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"]["status"]

    def start_and_reach_the_middle(self):
        arn = self.world.start_import(self.dataset, self.location)
        self.until_moved("bytes_down", 5 << 20, lambda: self.import_status(arn))
        return arn

    def all_there(self):
        rows = exported(self.world, self.dataset)
        assert len(rows) == ROWS and len({row["USER_ID"] for row in rows}) == ROWS


@pytest.fixture
def stored(server_with, tmp_path):
    made = Stored(server_with, tmp_path)
    yield made
    made.line.listener.close()
    made.server.stop()


def test_an_import_outlives_a_store_that_is_killed_and_restarted(stored):
    arn = stored.start_and_reach_the_middle()
    stored.store.kill()
    stored.line.break_all()
    assert stored.import_status(arn) == "CREATE IN_PROGRESS"
    stored.store.start()
    assert stored.world.wait_import(arn)["status"] == "ACTIVE"
    assert figure(stored.server, "attune_imported_rows") == ROWS
    stored.all_there()


def test_an_import_resumes_what_broke_off(stored):
    arn = stored.start_and_reach_the_middle()
    for _ in range(3):
        stored.line.break_all()
        time.sleep(0.02)  # Breaks at other places; nothing depends on where.
    assert stored.world.wait_import(arn)["status"] == "ACTIVE"
    assert figure(stored.server, "attune_imported_rows") == ROWS


def test_an_export_outlives_a_store_that_is_killed_and_restarted(stored):
    world = stored.world
    assert world.wait_import(world.start_import(stored.dataset, stored.location))["status"] == "ACTIVE"
    prefix = unique("out")
    arn = world.personalize.create_dataset_export_job(
        jobName=unique(), datasetArn=stored.dataset, ingestionMode="ALL", roleArn=world.role_arn,
        jobOutput={"s3DataDestination": {"path": f"s3://{world.bucket}/{prefix}/"}})["datasetExportJobArn"]

    def described():
        return world.personalize.describe_dataset_export_job(datasetExportJobArn=arn)["datasetExportJob"]

    stored.until_moved("bytes_up", 2 << 20, lambda: described()["status"])
    stored.store.kill()
    stored.line.break_all()
    stored.store.start()
    assert wait(described)["status"] == "ACTIVE"
    s3 = stored.store.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=world.bucket, Prefix=prefix)["Contents"]]
    lines = sum(s3.get_object(Bucket=world.bucket, Key=key)["Body"].read().count(b"\n") - 1 for key in keys)
    assert lines == ROWS
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=world.bucket)


def test_a_server_whose_store_hangs_stops_and_its_import_goes_on_at_the_next_start(stored):
    arn = stored.start_and_reach_the_middle()
    stored.line.hold_all()
    began = time.monotonic()
    stored.server.stop()
    assert time.monotonic() - began < STOP_SECONDS_MAX
    stored.server.start()
    assert stored.world.wait_import(arn)["status"] == "ACTIVE"
    stored.all_there()


@pytest.mark.slow
def test_a_store_that_hangs_is_asked_again_while_others_are_served(stored):
    arn = stored.start_and_reach_the_middle()
    stored.line.hold_all()
    began, slowest = time.monotonic(), 0.0
    while stored.import_status(arn) == "CREATE IN_PROGRESS":
        asked = time.monotonic()
        stored.world.personalize.list_dataset_groups()
        slowest = max(slowest, time.monotonic() - asked)
        assert time.monotonic() - began < HANG_SECONDS_MAX
        time.sleep(0.1)
    assert time.monotonic() - began > 10, "it did not hang"
    assert slowest < 5
    assert stored.import_status(arn) == "ACTIVE"
    assert figure(stored.server, "attune_imported_rows") == ROWS
