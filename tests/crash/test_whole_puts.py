"""Whoever asks after a put was answered sees all of it, on any connection and after a kill; nobody sees half of a put.

Each of the writers owns things to which it appends batches of three: events of one user, with one PutEvents a batch, or
items of one genre, with one PutItems a batch. A filter lets through nothing but what such a thing holds, so an answer of
GetRecommendations tells how many batches its reader saw. For one writer the order of its batches is known, and what
happened is linearizable if and only if every answer holds whole batches, the first n of them, where n is
    at least  what was answered with 200, and what any answer held, before the reader asked,
    at most   what was sent before the reader was answered.
A kill -9 changes nothing in that: what was answered or seen stays; the batch that was cut off is there or not, whole.

    pytest tests/crash -m "not slow"                 3 rounds; with -m slow 40
    ATTUNE_CRASH_ROUNDS=17 pytest tests/crash -m "not slow"
    ATTUNE_CRASH_SEED=17 pytest tests/crash          the same choices again; the seed of every run is printed
"""
import http.client
import importlib.util
import json
import os
import pathlib
import random
import threading
import time
import urllib.parse

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

API = pathlib.Path(__file__).resolve().parents[1] / "api"
ROUNDS = int(os.environ.get("ATTUNE_CRASH_ROUNDS", "3"))
ROUNDS_SLOW = 40
SEED = int(os.environ.get("ATTUNE_CRASH_SEED", time.time_ns() % 10**9))
OF_BATCH = 3
BATCHES_MAX = 30  # Filters see the newest hundred events of a user and a type.
LIST_MAX = 500
READERS = 3
CUT_OFF = (OSError, http.client.HTTPException)


def load(name):
    spec = importlib.util.spec_from_file_location(name, API / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


api = load("conftest")
worlds = load("personalize_world")


class Connection:
    """One TCP connection that is kept open. Requests and answers are JSON; another answer than 200 fails the test."""

    def __init__(self, server):
        self.url = server.url
        self.credentials = Credentials(server.access_key_id, server.secret_access_key)
        address = urllib.parse.urlsplit(server.url)
        self.http = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        self.http.connect()
        # As soon as the server closes it, so does this: no other connection may take its place unseen.
        self.http.auto_open = 0

    def ask(self, path, **members):
        request = AWSRequest("POST", self.url + path, data=json.dumps(members),
                             headers={"Content-Type": "application/json"})
        SigV4Auth(self.credentials, "personalize", api.REGION).add_auth(request)
        self.http.request("POST", path, request.data, dict(request.headers))
        answer = self.http.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body or b"{}")


class Thing:
    """What one writer appends batches to, and between which numbers of batches the next reader must find it."""

    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        self.lock = threading.Lock()
        self.sent = self.answered = self.seen = 0

    def batch(self, number):
        return [f"{self.name}-{number}-{each}" for each in range(OF_BATCH)]

    def send(self, place, connection):
        with self.lock:
            self.sent += 1
            items = self.batch(self.sent)
        if self.kind == "events":
            connection.ask("/events", trackingId=place.tracking_id, userId=self.name, sessionId=f"s-{self.name}",
                           eventList=[{"eventType": "mark", "itemId": item, "sentAt": int(time.time())}
                                      for item in items])
        else:
            properties = json.dumps({"genres": self.name, "creationTimestamp": int(time.time())})
            connection.ask("/items", datasetArn=place.items_arn,
                           items=[{"itemId": item, "properties": properties} for item in items])
        with self.lock:
            self.answered += 1

    def look(self, place, connection):
        with self.lock:
            least = max(self.answered, self.seen)
        if self.kind == "events":
            asked = {"userId": self.name, "filterArn": place.marked_arn}
        else:
            asked = {"userId": "u1", "filterArn": place.genre_arn, "filterValues": {"G": f'"{self.name}"'}}
        answer = connection.ask("/recommendations", campaignArn=place.campaign_arn, numResults=LIST_MAX, **asked)
        found = [item["itemId"] for item in answer["itemList"]]
        with self.lock:
            most = self.sent
        count = len(found) // OF_BATCH
        whole = {item for number in range(1, count + 1) for item in self.batch(number)}
        assert len(found) == len(whole) and set(found) == whole, f"{self.name}: not the first {count} batches: {found}"
        assert least <= count <= most, f"{self.name}: {count} batches; there must be {least} to {most}"
        with self.lock:
            self.seen = max(self.seen, count)
        return count

    def settle(self, place, connection):
        """After a kill, while nobody writes: whether the batch that was cut off is there is settled by what is seen."""
        self.sent = self.answered = self.look(place, connection)


class Place:
    """A trained group whose campaign explores, and the two filters."""

    def __init__(self, server):
        world = worlds.World(server)
        trained = worlds.Trained(world)
        self.items_arn, self.tracking_id = trained.items_arn, trained.tracking_id
        p = world.personalize
        self.campaign_arn = p.create_campaign(name="exploring", solutionVersionArn=trained.version_arn, campaignConfig={
            "itemExplorationConfig": {"explorationWeight": "1"}})["campaignArn"]
        assert world.wait_campaign(self.campaign_arn)["status"] == "ACTIVE"
        self.marked_arn = p.create_filter(
            name="marked", datasetGroupArn=trained.group_arn,
            filterExpression='INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("mark")')["filterArn"]
        self.genre_arn = p.create_filter(name="genre", datasetGroupArn=trained.group_arn,
                                         filterExpression="INCLUDE ItemID WHERE Items.GENRES IN ($G)")["filterArn"]


class Client(threading.Thread):
    """Does steps until the server is killed, on connections of its own."""

    def __init__(self, server, place, chance):
        super().__init__(daemon=True)
        self.place, self.chance = place, random.Random(chance.random())
        self.may_be_cut_off = threading.Event()
        self.connections = [Connection(server), Connection(server)]
        self.error = None
        self.steps = 0

    def run(self):
        try:
            while True:
                self.step()
                self.steps += 1
        except BaseException as error:
            if not (isinstance(error, CUT_OFF) and self.may_be_cut_off.is_set()):
                self.error = error  # Raised again by finish.

    def finish(self):
        self.join(60)
        assert not self.is_alive(), "a client hangs"
        if self.error:
            raise self.error


class Writer(Client):
    """Appends, and looks at once: on the same connection or on another."""

    def __init__(self, server, place, chance, things, name, kind):
        super().__init__(server, place, chance)
        self.things, self.prefix, self.kind = things, name, kind
        mine = [thing for thing in things if thing.name.startswith(name + "x")]
        self.count = len(mine)
        self.thing = mine[-1] if mine else self.another()

    def another(self):
        thing = Thing(f"{self.prefix}x{self.count}", self.kind)
        self.count += 1
        self.things.append(thing)
        return thing

    def step(self):
        if self.thing.sent == BATCHES_MAX:
            self.thing = self.another()
        self.thing.send(self.place, self.connections[0])
        self.thing.look(self.place, self.chance.choice(self.connections))


class Reader(Client):
    """Looks at what anybody writes."""

    def __init__(self, server, place, chance, things):
        super().__init__(server, place, chance)
        self.things = things

    def step(self):
        self.chance.choice(self.things[-8:]).look(self.place, self.chance.choice(self.connections))


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(ROUNDS_SLOW, marks=pytest.mark.slow)])
def test_a_put_is_seen_whole_from_its_answer_on_also_after_a_kill(tmp_path, rounds):
    print(f"ATTUNE_CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    # Every event names an item of its own: on a fast machine more than the default allows.
    server = api.Server(tmp_path / "data", "--live-items-named-max", "500000").start()
    try:
        place, things = Place(server), []
        steps = 0
        for _ in range(rounds):
            clients = [Writer(server, place, chance, things, f"{kind}{number}", kind)
                       for number, kind in enumerate(["events", "events", "items", "items"])]
            clients += [Reader(server, place, chance, things) for _ in range(READERS)]
            for client in clients:
                client.start()
            time.sleep(chance.uniform(0.3, 2))  # Until the kill; nothing waits for it.
            for client in clients:
                client.may_be_cut_off.set()
            server.kill()
            for client in clients:
                client.finish()
            steps += sum(client.steps for client in clients)
            server.start()
            connection = Connection(server)
            for thing in things:
                thing.settle(place, connection)
        answered = sum(thing.answered for thing in things)
        print(f"{answered} puts, {steps} steps of clients, {rounds} kills")
        assert answered >= 5 * rounds and steps > answered
        server.stop()
    finally:
        server.kill()
