#!/usr/bin/env python3
"""What does exploration cost a server: requests a second with it, against without, in turn in one run?

    /usr/bin/python3 bench/policy_cost/run.py [--attune build/attune] [--seconds 3] [--rounds 5] [--connections 16]

One server, the sample, one solution version with the ten new items of the notebook. GetRecommendations of a campaign at
explorationWeight 0.3 against one at 0, with scores at hand and without (--score-cache-bytes-max 0); PutEvents that name a
list which was shown, with both campaigns learning from it and with none. Prints the medians and the ratio of each round.
"""
import argparse
import importlib.util
import os
import pathlib
import statistics
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


serving = load("serving", ROOT / "bench/serving/run.py")


def campaign_of(clients, version_arn, weight):
    arn = clients.personalize.create_campaign(
        name=f"weight-{str(weight).replace('.', '-')}", solutionVersionArn=version_arn,
        campaignConfig={"itemExplorationConfig": {"explorationWeight": str(weight),
                                                  "explorationItemAgeCutOff": "30"}})["campaignArn"]
    while clients.personalize.describe_campaign(campaignArn=arn)["campaign"]["status"] != "ACTIVE":
        time.sleep(0.1)
    return arn


def gets(server, campaign_arn):
    return serving.lua([serving.signed(server, "/recommendations", {"campaignArn": campaign_arn, "userId": str(user + 1)})
                        for user in range(serving.USERS)])


def puts(server, clients, campaign_arn, tracking_id):
    """A click on the first item of a list of each user, by a session that nobody knows: histories stay as they are."""
    bodies = []
    for user in range(serving.USERS):
        shown = clients.runtime.get_recommendations(campaignArn=campaign_arn, userId=str(user + 1))
        bodies.append({"trackingId": tracking_id, "sessionId": "s", "eventList": [
            {"eventType": "click", "itemId": shown["itemList"][0]["itemId"], "sentAt": int(time.time()),
             "recommendationId": shown["recommendationId"]}]})
    return serving.lua([serving.signed(server, "/events", body) for body in bodies])


def compare(name, server, with_it, without, arguments, between=lambda: None):
    """Rounds of one and the other; `between` goes from the one to the other and back."""
    rates = {"with": [], "without": []}
    for _ in range(arguments.rounds):
        rates["with"].append(serving.wrk(server.url, with_it, arguments)[0])
        between()
        rates["without"].append(serving.wrk(server.url, without, arguments)[0])
    costs = sorted(100 * (1 - a / b) for a, b in zip(rates["with"], rates["without"]))
    print(f"{name}: {statistics.median(rates['with']):.0f}/s with, {statistics.median(rates['without']):.0f}/s without; "
          f"cost {statistics.median(costs):.1f} % ({costs[0]:.1f} to {costs[-1]:.1f})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attune", default=ROOT / "build/attune", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    arguments = parser.parse_args()
    os.environ["ATTUNE_BUILD"] = str(arguments.attune.resolve().parent)
    conftest = load("api_conftest", ROOT / "tests/api/conftest.py")
    example = load("example", ROOT / "examples/user_personalization.py")
    with tempfile.TemporaryDirectory() as folder:
        server = conftest.Server(pathlib.Path(folder) / "data").start()
        try:
            first_arn, tracking_id = serving.prepare(server, example)
            clients = example.Clients(server.url, "us-east-1")
            version_arn = clients.personalize.describe_campaign(campaignArn=first_arn)["campaign"]["solutionVersionArn"]
            clients.personalize.delete_campaign(campaignArn=first_arn)
            exploring, plain = (campaign_of(clients, version_arn, weight) for weight in (0.3, 0))
            compare("GetRecommendations, scores at hand", server, gets(server, exploring), gets(server, plain), arguments)
            learning = puts(server, clients, exploring, tracking_id)
            with_learners = [serving.wrk(server.url, learning, arguments)[0] for _ in range(arguments.rounds)]
            server.stop()
            server.arguments = ("--score-cache-bytes-max", "0")
            server.start()
            compare("GetRecommendations, no score at hand", server, gets(server, exploring), gets(server, plain), arguments)
            clients = example.Clients(server.url, "us-east-1")
            learning = puts(server, clients, exploring, tracking_id)
            for arn in (exploring, plain):
                clients.personalize.delete_campaign(campaignArn=arn)
            without = [serving.wrk(server.url, learning, arguments)[0] for _ in range(arguments.rounds)]
            print(f"PutEvents: {statistics.median(with_learners):.0f}/s with two campaigns that learn, "
                  f"{statistics.median(without):.0f}/s with none")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
