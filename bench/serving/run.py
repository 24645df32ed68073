#!/usr/bin/env python3
"""How many signed requests a second does one server answer on the sample, and how long does each take?

usage: bench/serving/run.py [--attune build/attune] [--seconds 10] [--connections 16]

Trains on the sample, then lets wrk (Debian's) send GetRecommendations for 200 users in turn, each with its own
AWS Signature Version 4, and PutEvents of one event each. Beside them, in the same run: GET /-/health, which is the HTTP
server alone, and, for PutEvents, how often this disk syncs. Asserts that every answer was 200 and a sampled one whole.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ROOT = pathlib.Path(__file__).resolve().parents[2]
USERS = 200


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def signed(server, path, body):
    request = AWSRequest("POST", server.url + path, data=json.dumps(body),
                         headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(server.access_key_id, server.secret_access_key), "personalize", "us-east-1").add_auth(request)
    return {"path": path, "body": request.data.decode() if isinstance(request.data, bytes) else request.data,
            "headers": dict(request.headers)}


def lua(requests):
    """A wrk script that sends the requests in turn and counts answers other than 200."""
    def table(request):
        headers = ",".join(f"[{json.dumps(name)}]={json.dumps(value)}" for name, value in request["headers"].items())
        return f"wrk.format('POST',{json.dumps(request['path'])},{{{headers}}},{json.dumps(request['body'])})"

    return ("local requests={}\nfunction init(args)\n" +
            "".join(f"requests[{i + 1}]={table(request)}\n" for i, request in enumerate(requests)) +
            f"end\nlocal n=0\nfunction request() n=n%{len(requests)}+1 return requests[n] end\n")


def wrk(url, script, arguments):
    command = ["wrk", "-t2", f"-c{arguments.connections}", f"-d{arguments.seconds}s", "--latency", url]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        if script:
            file.write(script)
            file.flush()
            command[1:1] = ["-s", file.name]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    quantile = {name: re.search(rf"^\s+{name}%\s+(\S+)", out, re.MULTILINE).group(1) for name in ("50", "99")}
    longest = re.search(r"Latency\s+\S+\s+\S+\s+(\S+)", out).group(1)
    return rate, quantile["50"], quantile["99"], longest


def syncs_per_second(folder):
    """One thread that appends 200 bytes and syncs, for two seconds."""
    file = os.open(os.path.join(folder, "sync"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    begun, count = time.monotonic(), 0
    while time.monotonic() - begun < 2:
        os.write(file, b"x" * 200)
        os.fdatasync(file)
        count += 1
    os.close(file)
    return count / (time.monotonic() - begun)


def resident_megabytes(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def prepare(server, example):
    """Trains on the sample; (campaign, tracking id)."""
    os.environ.update(AWS_ACCESS_KEY_ID=server.access_key_id, AWS_SECRET_ACCESS_KEY=server.secret_access_key)
    example.say = lambda text: None
    sys.argv = ["example", "--endpoint", server.url, "--keep", "--poll", "0.1"]
    example.main()
    clients = example.Clients(server.url, "us-east-1")
    campaign_arn = clients.personalize.list_campaigns()["campaigns"][0]["campaignArn"]
    tracker_arn = clients.personalize.list_event_trackers()["eventTrackers"][0]["eventTrackerArn"]
    tracker = clients.personalize.describe_event_tracker(eventTrackerArn=tracker_arn)["eventTracker"]
    answer = clients.runtime.get_recommendations(campaignArn=campaign_arn, userId="101")
    assert len({item["itemId"] for item in answer["itemList"]}) == 25
    return campaign_arn, tracker["trackingId"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attune", default=ROOT / "build/attune", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=16)
    arguments = parser.parse_args()
    os.environ["ATTUNE_BUILD"] = str(arguments.attune.resolve().parent)
    conftest = load("api_conftest", ROOT / "tests/api/conftest.py")
    example = load("example", ROOT / "examples/user_personalization.py")
    with tempfile.TemporaryDirectory() as folder:
        server = conftest.Server(pathlib.Path(folder) / "data").start()
        try:
            campaign_arn, tracking_id = prepare(server, example)
            def gets():
                return lua([signed(server, "/recommendations", {"campaignArn": campaign_arn, "userId": str(user + 1)})
                            for user in range(USERS)])

            get = gets()
            put = [signed(server, "/events", {
                "trackingId": tracking_id, "userId": str(user + 1), "sessionId": "s",
                "eventList": [{"eventType": "click", "itemId": str(user % 230 + 1), "sentAt": int(time.time())}]})
                for user in range(USERS)]
            print(f"syncs of this disk, one thread: {syncs_per_second(folder):.0f}/s")
            for name, url, script in (("GET /-/health", server.url + "/-/health", None),
                                      ("GetRecommendations", server.url, get),
                                      ("PutEvents", server.url, lua(put)),
                                      ("GetRecommendations after it", server.url, get)):
                rate, median, p99, longest = wrk(url, script, arguments)
                print(f"{name}: {rate:.0f}/s, p50 {median}, p99 {p99}, longest {longest}")
            print(f"memory: {resident_megabytes(server):.0f} MB")
            # As if each request came from somebody who had just done something: every score is computed.
            server.stop()
            server.arguments = ("--score-cache-bytes-max", "0")
            server.start()
            rate, median, p99, longest = wrk(server.url, gets(), arguments)
            print(f"GetRecommendations, no score at hand: {rate:.0f}/s, p50 {median}, p99 {p99}, longest {longest}")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
