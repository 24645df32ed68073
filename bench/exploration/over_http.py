"""The reference world over HTTP, with boto3: a model that was trained on clicks, live items, a filter, a campaign.

    /usr/bin/python3 bench/exploration/over_http.py ML_1M_FOLDER [--weight 0.3] [--seed 0] [--requests 16000]

Needs numpy and boto3. The world is that of README.md, but for what a service has and a simulation has not: 6,040 people
took 20 to 39 items each of the 300 old ones, by the truth's chances, before the campaign was trained; each of the 600 new
items is put with its genres and year when it comes; whatever it retires is put again as retired, and a filter keeps that
out; clicks name the list that they come from, and a list without a click is told by an event that is no reward. Sixty
days pass. Prints regret, clicks, how much of what was shown is new, new items that nobody saw, and how many of the 120
best were shown 20 times.
"""
import argparse
import csv
import gzip
import io
import json
import os
import pathlib
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/api"))
SLATE = 10
OLD, NEW, BEST = 300, 600, 120
RANK = 24
DAY = 24 * 60 * 60
DAYS = 60
EXAMINATION = 1 / np.arange(1, SLATE + 1) ** 0.6


def read(folder, name):
    with gzip.open(folder / name) as file:
        return list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")))


def affinities(interactions):
    """[people, items], standardised for each, of a factorisation of rank 24; and how often each item was taken."""
    pairs = np.array([(int(row["USER_ID"]) - 1, int(row["ITEM_ID"]) - 1) for row in interactions])
    taken = np.zeros(pairs.max(axis=0) + 1, np.float32)
    taken[pairs[:, 0], pairs[:, 1]] = 1
    times = taken.sum(0)
    scaled = taken / np.sqrt(taken.sum(1, keepdims=True)) / np.sqrt(times)
    _, vectors = np.linalg.eigh(scaled.T @ scaled)
    affinity = scaled @ vectors[:, -RANK:] @ vectors[:, -RANK:].T
    affinity = (affinity - affinity.mean(1, keepdims=True)) / (affinity.std(1, keepdims=True) + 1e-6)
    return np.clip(affinity, -2, 4), times


class Truth:
    """What is true, and what will happen."""

    def __init__(self, folder, seed, requests):
        affinity, times = affinities(read(folder, "interactions.csv.gz"))
        self.metadata = {int(row["ITEM_ID"]) - 1: row for row in read(folder, "items.csv.gz")}
        draw = np.random.RandomState(seed)
        picked = draw.choice(np.where(times >= 30)[0], OLD + NEW, replace=False)
        self.old, self.new = picked[:OLD], picked[OLD:]
        self.arrivals = np.sort(draw.randint(0, requests, NEW))
        quality = 0.8 * draw.randn(len(times))
        self.logits = -4.2 + 0.9 * affinity + quality
        self.visitors = draw.randint(0, len(affinity), requests)
        appeal = quality[self.new] + 0.9 * affinity[:, self.new].mean(0)
        self.best = self.new[np.argsort(-appeal)[:BEST]]
        self.start = int(time.time()) - (DAYS + 2) * DAY
        self.draw = draw

    def interactions_csv(self):
        events = []
        for person, logits in enumerate(self.logits[:, self.old]):
            chances = 1 / (1 + np.exp(-logits))
            events += [(person, item) for item in self.draw.choice(self.old, 20 + self.draw.randint(20),
                                                                   p=chances / chances.sum())]
        self.draw.shuffle(events)
        rows = [f"u{person},i{item},{self.start - 30 * DAY + 30 * DAY * number // len(events)},click,1"
                for number, (person, item) in enumerate(events)]
        return "\n".join(["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE", *rows]) + "\n"

    def properties(self, item, state, created):
        metadata = self.metadata[item]
        return {"genres": metadata["GENRES"], "year": int(metadata["YEAR"]), "state": state,
                "creationTimestamp": int(created)}

    def items_csv(self):
        rows = [",".join([f"i{item}", *map(str, self.properties(item, "live", self.start - 100 * DAY).values())])
                for item in self.old]
        return "\n".join(["ITEM_ID,GENRES,YEAR,STATE,CREATION_TIMESTAMP", *rows]) + "\n"


class Service:
    """A campaign on what the truth's people took."""

    def __init__(self, world, personalize_world, truth, weight):
        p, unique = world.personalize, personalize_world.unique
        items_schema = {"type": "record", "name": "Items", "namespace": personalize_world.NAMESPACE, "version": "1.0",
                        "fields": [{"name": "ITEM_ID", "type": "string"},
                                   {"name": "GENRES", "type": ["null", "string"], "categorical": True},
                                   {"name": "YEAR", "type": ["null", "int"]},
                                   {"name": "STATE", "type": ["null", "string"], "categorical": True},
                                   {"name": "CREATION_TIMESTAMP", "type": "long"}]}
        self.world, self.truth = world, truth
        group = world.group()
        interactions = world.dataset(group, "Interactions", personalize_world.INTERACTIONS_SCHEMA)
        self.items_arn = world.dataset(group, "Items", items_schema)
        for dataset, text in ((interactions, truth.interactions_csv()), (self.items_arn, truth.items_csv())):
            assert world.import_text(dataset, text)["status"] == "ACTIVE"
        solution = p.create_solution(name=unique(), datasetGroupArn=group, recipeArn=personalize_world.RECIPE_ARN,
                                     eventType="click")["solutionArn"]
        version = p.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        trained = personalize_world.wait(
            lambda: p.describe_solution_version(solutionVersionArn=version)["solutionVersion"], 3600)
        assert trained["status"] == "ACTIVE", trained
        self.campaign_arn = p.create_campaign(name=unique(), solutionVersionArn=version, campaignConfig={
            "itemExplorationConfig": {"explorationWeight": str(weight), "explorationItemAgeCutOff": "30"}})["campaignArn"]
        world.wait_campaign(self.campaign_arn)
        self.filter_arn = p.create_filter(name=unique(), datasetGroupArn=group, filterExpression=(
            'INCLUDE ItemID WHERE Items.STATE IN ("live")'))["filterArn"]
        self.tracking_id = p.create_event_tracker(name=unique(), datasetGroupArn=group)["trackingId"]

    def put(self, item, state, created):
        self.world.events.put_items(datasetArn=self.items_arn, items=[
            {"itemId": f"i{item}", "properties": json.dumps(self.truth.properties(item, state, created))}])

    def recommend(self, person):
        answer = self.world.runtime.get_recommendations(campaignArn=self.campaign_arn, userId=f"u{person}",
                                                        filterArn=self.filter_arn, numResults=SLATE)
        return answer["recommendationId"], np.array([int(item["itemId"][1:]) for item in answer["itemList"]])

    def tell(self, visit, now, recommendation_id, shown, clicked):
        told = [("click", item) for item in shown[clicked]] or [("view", shown[0])]
        self.world.events.put_events(trackingId=self.tracking_id, sessionId=f"visit{visit}", eventList=[
            {"eventType": kind, "itemId": f"i{item}", "sentAt": now + number, "recommendationId": recommendation_id}
            for number, (kind, item) in enumerate(told)])


def live(truth, service):
    """All visits; prints how it goes."""
    live_items = list(truth.old)
    created = dict.fromkeys(live_items, truth.start - 100 * DAY)
    is_new = np.isin(np.arange(truth.logits.shape[1]), truth.new)
    shown_times = np.zeros(len(is_new), int)
    missed = best = 0.0
    clicks = arrived = 0
    requests = len(truth.visitors)
    for visit, person in enumerate(truth.visitors):
        now = truth.start + DAYS * DAY * visit / requests
        while arrived < NEW and truth.arrivals[arrived] <= visit:
            old, new = live_items.pop(0), truth.new[arrived]
            service.put(old, "retired", created[old])
            created[new] = now
            service.put(new, "live", now)
            live_items.append(new)
            arrived += 1
        recommendation_id, shown = service.recommend(person)
        assert len(shown) == SLATE and set(shown) <= set(live_items), "the list is short, or not of what is live"
        chances = 1 / (1 + np.exp(-truth.logits[person]))
        ideal = (EXAMINATION * np.sort(chances[live_items])[::-1][:SLATE]).sum()
        missed += ideal - (EXAMINATION * chances[shown]).sum()
        best += ideal
        clicked = truth.draw.rand(SLATE) < EXAMINATION * chances[shown]
        clicks += clicked.sum()
        shown_times[shown] += 1
        service.tell(visit, now, recommendation_id, shown, clicked)
        if (visit + 1) % (requests // 8) == 0:
            print(f"{visit + 1} requests: regret {100 * missed / best:.1f} %", flush=True)
    print(f"regret {100 * missed / best:.2f} %, {clicks} clicks, new {100 * shown_times[is_new].sum() / shown_times.sum():.1f} % "
          f"of impressions, never shown {(shown_times[truth.new] == 0).sum()}, "
          f"good found {(shown_times[truth.best] >= 20).sum()} of {BEST}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--attune", default=ROOT / "build/attune", type=pathlib.Path)
    parser.add_argument("--weight", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--requests", type=int, default=16000)
    arguments = parser.parse_args()
    os.environ["ATTUNE_BUILD"] = str(arguments.attune.resolve().parent)
    import conftest  # Of tests/api; it reads ATTUNE_BUILD.
    import personalize_world
    truth = Truth(arguments.folder, arguments.seed, arguments.requests)
    with tempfile.TemporaryDirectory() as folder:
        server = conftest.Server(pathlib.Path(folder) / "data").start()
        try:
            live(truth, Service(personalize_world.World(server), personalize_world, truth, arguments.weight))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
