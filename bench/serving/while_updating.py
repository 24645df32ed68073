#!/usr/bin/env python3
"""Does an automatic update, or a training, make requests slow or fail?

usage: bench/serving/while_updating.py [--attune build/attune] [--seconds 20] [--rate 100]

A server on the sample, asked for lists by 200 users, so many a second, over one connection, and told a click of somebody
else ten times a second: first as it is; then while automatic updates follow each other without a pause
(--automatic-update-every 1), each a training, the next artifact and another deployment; then while it trains a FULL version,
on as many threads as there are cores. Asserts that every answer was 200 and whole, and that it did update and train. Prints
what lists took, and the same of `GET /-/health`, which is the machine and the HTTP server alone.
"""
import argparse
import http.client
import json
import os
import pathlib
import re
import tempfile
import time
import urllib.parse

import run as serving

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Client:
    """One connection that stays open."""

    def __init__(self, server):
        self.server = server
        self.connection = http.client.HTTPConnection(urllib.parse.urlparse(server.url).netloc, timeout=30)

    def send(self, method, path, body=None, headers=None):
        """Milliseconds and the answer."""
        begun = time.perf_counter()
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        text = answer.read()
        taken = 1000 * (time.perf_counter() - begun)
        assert answer.status == 200, (answer.status, text)
        return taken, text

    def post(self, path, body):
        signed = serving.signed(self.server, path, body)
        return self.send("POST", path, signed["body"], signed["headers"])


def quantiles(name, values):
    values = sorted(values)
    at = [values[int(share * (len(values) - 1))] for share in (0.5, 0.99, 1)]
    print(f"  {name}: {len(values)} requests, p50 {at[0]:.2f} ms, p99 {at[1]:.1f} ms, longest {at[2]:.0f} ms", flush=True)


def serve_full_version(personalize, campaign_arn):
    """Campaigns on a version of trainingMode UPDATE, as the example leaves it, are not updated by themselves."""
    solution_arn = personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]["solutionVersionArn"].rpartition("/")[0]
    versions = [version["solutionVersionArn"]
                for version in personalize.list_solution_versions(solutionArn=solution_arn)["solutionVersions"]]
    (full,) = [arn for arn in versions if personalize.describe_solution_version(solutionVersionArn=arn)[
        "solutionVersion"]["trainingMode"] == "FULL"]
    personalize.update_campaign(campaignArn=campaign_arn, solutionVersionArn=full)
    while personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]["solutionVersionArn"] != full:
        time.sleep(0.1)


def train(server, campaign_arn):
    """Begins a FULL training, and returns when it computes."""
    personalize = server.client("personalize")
    version_arn = personalize.describe_campaign(campaignArn=campaign_arn)["campaign"]["solutionVersionArn"]
    begun = personalize.create_solution_version(solutionArn=version_arn.rpartition("/")[0])["solutionVersionArn"]
    while f"training {begun}" not in server.log():
        time.sleep(0.1)


def measure(name, server, campaign_arn, tracking_id, arguments):
    print(f"{name}:")
    client = Client(server)
    lists, healths = [], []
    begun = time.perf_counter()
    for number in range(int(arguments.seconds * arguments.rate)):
        # By the clock: who is late is not waited for.
        time.sleep(max(0.0, begun + number / arguments.rate - time.perf_counter()))
        taken, text = client.post("/recommendations", {"campaignArn": campaign_arn,
                                                       "userId": str(1 + number % serving.USERS)})
        assert len(json.loads(text)["itemList"]) == 25
        lists.append(taken)
        healths.append(client.send("GET", "/-/health")[0])
        if number % max(1, arguments.rate // 10) == 0:
            client.post("/events", {"trackingId": tracking_id, "sessionId": f"s{number}", "eventList": [
                {"eventType": "click", "itemId": str(1 + number % 200), "sentAt": int(time.time())}]})
    quantiles("lists", lists)
    quantiles("health", healths)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attune", default=ROOT / "build/attune", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=100)
    arguments = parser.parse_args()
    os.environ["ATTUNE_BUILD"] = str(arguments.attune.resolve().parent)
    conftest = serving.load("api_conftest", ROOT / "tests/api/conftest.py")
    example = serving.load("example", ROOT / "examples/user_personalization.py")
    with tempfile.TemporaryDirectory() as folder:
        server = conftest.Server(pathlib.Path(folder) / "data").start()
        try:
            campaign_arn, tracking_id = serving.prepare(server, example)
            serve_full_version(example.Clients(server.url, "us-east-1").personalize, campaign_arn)
            for name, options in (("as it is", ()), ("while it updates", ("--automatic-update-every", "1"))):
                server.stop()
                server.arguments = options
                server.start()
                measure(name, server, campaign_arn, tracking_id, arguments)
            updates = len(re.findall("automatic update of .* done in", server.log()))
            assert updates > 0, "nothing was updated"
            print(f"  {updates} updates")
            server.stop()
            server.arguments = ()
            server.start()
            train(server, campaign_arn)
            measure("while it trains", server, campaign_arn, tracking_id, arguments)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
