"""What every API test stands on: a server and clients that speak to it.

    pytest tests/api                                starts build/attune with a fresh data directory, and stops it
    pytest tests/api --url http://host:port         uses another endpoint; credentials come from AWS_ACCESS_KEY_ID,
                                                    AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION as usual
    ATTUNE_BUILD=build/asan pytest tests/api        another build of the server

Tests make their own resources under names from `name`, so that they run in any order and against a used endpoint.
"""

import itertools
import os
import pathlib
import signal
import subprocess
import time
import uuid

import boto3
import pytest
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build")) / "attune"
REGION = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60


class Server:
    """A server process on a free port of loopback, with one data directory over all its starts."""

    def __init__(self, data_dir, *arguments):
        self.data_dir = pathlib.Path(data_dir)
        self.arguments = arguments
        self.environment = {}  # Besides the tests' own.
        self.access_key_id = "AKIAIOSFODNN7APITEST"
        self.secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYapitest+key"
        self.process = None
        self.url = None

    def start(self):
        port_file = self.data_dir.with_name(self.data_dir.name + ".port")
        port_file.unlink(missing_ok=True)
        self.log_path = self.data_dir.with_name(self.data_dir.name + ".log")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")}
        environment["ATTUNE_ACCESS_KEY_ID"] = self.access_key_id
        environment["ATTUNE_SECRET_ACCESS_KEY"] = self.secret_access_key
        environment.update(self.environment)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--data-dir", str(self.data_dir), "--listen", "127.0.0.1:0",
                 "--port-file", str(port_file), *self.arguments],
                env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError("the server did not start:\n" + self.log())
            time.sleep(0.02)
        self.url = "http://127.0.0.1:" + port_file.read_text().strip()
        return self

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        """As an administrator stops it. The exit status must be 0."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.process = None
        assert status == 0, self.log()

    def kill(self):
        """As a crash stops it: nothing that was not yet durable survives."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def client(self, service, key=None, **options):
        """With the administrator's key, or another as CreateAccessKey gives it; `options` are botocore's."""
        config = Config(retries={"max_attempts": 0}, **options)
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, config=config,
                            aws_access_key_id=key["AccessKeyId"] if key else self.access_key_id,
                            aws_secret_access_key=key["SecretAccessKey"] if key else self.secret_access_key,
                            aws_session_token=key.get("SessionToken") if key else None)


class Endpoint:
    """Whatever --url names; credentials are those of the environment."""

    def __init__(self, url):
        self.url = url
        credentials = boto3.Session().get_credentials()
        assert credentials, "--url needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        self.access_key_id = credentials.access_key
        self.secret_access_key = credentials.secret_key

    client = Server.client


@pytest.fixture(scope="session")
def server(request, tmp_path_factory):
    url = request.config.getoption("--url")
    if url:
        yield Endpoint(url)
        return
    own = Server(tmp_path_factory.mktemp("server") / "data").start()
    yield own
    own.stop()


@pytest.fixture(scope="session")
def new_server(request):
    """new_server(data_dir, "--option", value, ...): a started server, for tests that share one with options of its own."""
    if request.config.getoption("--url"):
        pytest.skip("needs a server with options of its own")
    return lambda data_dir, *arguments: Server(data_dir, *map(str, arguments)).start()


@pytest.fixture
def own_server(request, tmp_path):
    """A server that a test may stop, kill and start again."""
    if request.config.getoption("--url"):
        pytest.skip("stops and starts the server, which --url names from outside")
    own = Server(tmp_path / "data").start()
    yield own
    own.kill()


@pytest.fixture
def server_with(request, tmp_path):
    """server_with("--quota-schemas", "1"): a server of its own that was started with such options."""
    if request.config.getoption("--url"):
        pytest.skip("needs a server with options of its own")
    started = []

    def start(*arguments):
        started.append(Server(tmp_path / f"data{len(started)}", *map(str, arguments)).start())
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture(scope="session")
def s3(server):
    return server.client("s3")


@pytest.fixture(scope="session")
def iam(server):
    return server.client("iam")


@pytest.fixture(scope="session")
def sts(server):
    return server.client("sts")


@pytest.fixture(scope="session")
def personalize(server):
    return server.client("personalize")


@pytest.fixture(scope="session")
def runtime(server):
    return server.client("personalize-runtime")


@pytest.fixture(scope="session")
def events(server):
    return server.client("personalize-events")


_numbers = itertools.count()
_session = uuid.uuid4().hex[:8]


@pytest.fixture
def name():
    """Makes names that nobody else uses: name("group")."""
    return lambda kind="test": f"{kind}-{_session}-{next(_numbers)}"


@pytest.fixture
def bucket(s3, name):
    bucket = name("bucket")
    s3.create_bucket(Bucket=bucket)
    yield bucket
    for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": each["Key"]} for each in page.get("Contents", [])]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    s3.delete_bucket(Bucket=bucket)


@pytest.fixture(scope="session")
def world(server):
    from personalize_world import World
    return World(server)


@pytest.fixture
def group(world):
    """An empty dataset group, taken away with all it has."""
    arn = world.group()
    yield arn
    world.delete_group(arn)


@pytest.fixture(scope="session")
def trained(world):
    from personalize_world import Trained
    made = Trained(world)
    yield made
    world.delete_group(made.group_arn)


@pytest.fixture
def refused():
    """refused("ResourceInUseException", call, **arguments): the call must fail so; gives its message."""
    from botocore.exceptions import ClientError

    def check(code, call, **arguments):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] == code, caught.value
        return caught.value.response["Error"]["Message"]

    return check
