#!/usr/bin/env python3
"""What does exploration cost a server: requests a second with it, against without, in turn in one run?

    /usr/bin/python3 bench/policy_cost/run.py [--attune build/attune] [--seconds 3] [--rounds 5] [--connections 16]

One server, the sample, one solution version with the ten new items of the notebook. GetRecommendations of a campaign at
explorationWeight 0.3 against one at 0, with scores at hand and without (--score-cache-bytes-max 0). PutEvents to a group
whose campaign learns from it, against a group with the same schemas and no campaign: a click that names a list which
was shown (only the first such event of a list tells of all its places, and wrk sends 200 of them over and over), and a
click with an explicit impression of 25 items, all of which count each time. Both in turn, as people use a shop: each user
clicks, and is recommended something for it; here both campaigns of the group learn from every click. Rounds alternate;
prints the medians and the ratio of each pair of rounds.
"""
import argparse
import importlib.util
import os
import pathlib
import re
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


def get_requests(server, campaign_arn):
    return [serving.signed(server, "/recommendations", {"campaignArn": campaign_arn, "userId": str(user + 1)})
            for user in range(serving.USERS)]


def gets(server, campaign_arn):
    return serving.lua(get_requests(server, campaign_arn))


def silent_tracker(clients):
    """The tracking id of another group, with the schemas of the first one and no campaign."""
    p = clients.personalize
    group = p.list_dataset_groups()["datasetGroups"][0]["datasetGroupArn"]
    silent = p.create_dataset_group(name="silent")["datasetGroupArn"]
    for each in p.list_datasets(datasetGroupArn=group)["datasets"]:
        described = p.describe_dataset(datasetArn=each["datasetArn"])["dataset"]
        p.create_dataset(name=f"silent-{each['datasetType'].lower()}", schemaArn=described["schemaArn"],
                         datasetGroupArn=silent, datasetType=each["datasetType"])
    return p.create_event_tracker(name="silent", datasetGroupArn=silent)["trackingId"]


def lists(clients, campaign_arn):
    return [clients.runtime.get_recommendations(campaignArn=campaign_arn, userId=str(user + 1))
            for user in range(serving.USERS)]


def puts(server, tracking_id, shown, is_explicit):
    """A click on the first item of each list, by a session that nobody knows: histories stay as they are."""
    bodies = []
    for answer in shown:
        items = [item["itemId"] for item in answer["itemList"]]
        told = {"impression": items} if is_explicit else {"recommendationId": answer["recommendationId"]}
        bodies.append({"trackingId": tracking_id, "sessionId": "s", "eventList": [
            {"eventType": "click", "itemId": items[0], "sentAt": int(time.time()), **told}]})
    return serving.lua([serving.signed(server, "/events", body) for body in bodies])


def clicks_and_gets(server, tracking_id, shown, campaign_arn):
    """A click of each user on the first item of their list, and what they are recommended then."""
    requests = []
    for user, get in enumerate(get_requests(server, campaign_arn)):
        body = {"trackingId": tracking_id, "sessionId": f"s-{user + 1}", "userId": str(user + 1), "eventList": [
            {"eventType": "click", "itemId": shown[user]["itemList"][0]["itemId"], "sentAt": int(time.time()),
             "recommendationId": shown[user]["recommendationId"]}]}
        requests += [serving.signed(server, "/events", body), get]
    return serving.lua(requests)


def milliseconds(text):
    found = re.fullmatch(r"([\d.]+)(us|ms|s)", text)
    assert found, f"wrk says {text!r} where a time should stand"
    number, unit = found.groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def compare(name, server, with_it, without, arguments):
    """Rounds of one and the other in turn."""
    if arguments.only not in name:
        return
    measured = {"with": [], "without": []}
    for _ in range(arguments.rounds):
        for side, script in (("with", with_it), ("without", without)):
            rate, median, p99, longest = serving.wrk(server.url, script, arguments)
            measured[side].append((rate, *map(milliseconds, (median, p99, longest))))
    rates = {side: [round_[0] for round_ in rounds] for side, rounds in measured.items()}
    costs = sorted(100 * (1 - a / b) for a, b in zip(rates["with"], rates["without"]))
    print(f"{name}: cost {statistics.median(costs):.1f} % ({costs[0]:.1f} to {costs[-1]:.1f})")
    for side, rounds in measured.items():
        rate, median, p99, _ = (statistics.median(column) for column in zip(*rounds))
        print(f"  {side}: {rate:.0f}/s, p50 {median:.2f} ms, p99 {p99:.1f} ms, longest {max(r[3] for r in rounds):.0f} ms",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attune", default=ROOT / "build/attune", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", default="", help="rows whose name holds this")
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
            exploring = campaign_of(clients, version_arn, 0.3)
            shown, silent_id = lists(clients, exploring), silent_tracker(clients)
            for name, is_explicit in (("PutEvents, recommendationId", False), ("PutEvents, impression of 25", True)):
                compare(name, server, puts(server, tracking_id, shown, is_explicit),
                        puts(server, silent_id, shown, is_explicit), arguments)
            plain = campaign_of(clients, version_arn, 0)
            compare("a click, then GetRecommendations", server, clicks_and_gets(server, tracking_id, shown, exploring),
                    clicks_and_gets(server, tracking_id, shown, plain), arguments)
            compare("GetRecommendations, scores at hand", server, gets(server, exploring), gets(server, plain), arguments)
            server.stop()
            server.arguments = ("--score-cache-bytes-max", "0")
            server.start()
            compare("GetRecommendations, no score at hand", server, gets(server, exploring), gets(server, plain), arguments)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
