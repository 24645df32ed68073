"""What was acknowledged is seen by whoever asks next, over any connection, and what was seen once is never unseen: with
many writers and readers at once, and with the server killed in between.

    ATTUNE_CRASH_SEED=17 pytest tests/crash/test_read_your_writes.py     the same choices again; the seed is printed
"""

import importlib.util
import json
import os
import pathlib
import random
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("ATTUNE_CRASH_SEED", time.time_ns() % 10**9))
ROUNDS = 3
WRITERS = 3
READERS = 3
ITEMS = 50

sys.path.insert(0, str(ROOT / "tests" / "api"))
_spec = importlib.util.spec_from_file_location("api_conftest", ROOT / "tests" / "api" / "conftest.py")
_api = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_api)


class Ledger:
    """What each write did to one answer: `tried` before its request, `done` after its 200. `seen` is what an answer
    showed. Whoever reads takes `done` and `seen` first and asks then: all of them must be in the answer."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tried, self.done, self.seen = set(), set(), set()

    def write(self, what, call):
        with self.lock:
            self.tried.add(what)
        call()
        with self.lock:
            self.done.add(what)

    def read(self, call):
        with self.lock:
            certain = self.done | self.seen
        answer = call()
        missing = certain - answer
        assert not missing, f"{sorted(missing)[:5]} were acknowledged or seen, and are not there"
        with self.lock:
            assert answer <= self.tried, f"{sorted(answer - self.tried)[:5]} were never written"
            self.seen |= answer


class World:
    """Users see items until they have finished them (a filter); items that are put are there for everybody."""

    def __init__(self, server):
        from personalize_world import Trained
        from personalize_world import World as PersonalizeWorld
        world = PersonalizeWorld(server)
        self.server = server
        self.trained = Trained(world)
        self.filter_arn = world.personalize.create_filter(
            name="unfinished", datasetGroupArn=self.trained.group_arn,
            filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("finish")')["filterArn"]
        self.finished = {f"u{user}": Ledger() for user in range(12)}
        self.put = Ledger()
        self.failures = []

    def connect(self):
        return self.server.client("personalize-runtime"), self.server.client("personalize-events")

    def listed(self, runtime, **more):
        answer = runtime.get_recommendations(campaignArn=self.trained.campaign_arn, numResults=500, **more)
        return {each["itemId"] for each in answer["itemList"]}

    def read_finished(self, runtime, user):
        old = {f"i{item}" for item in range(ITEMS)}
        self.finished[user].read(lambda: old - self.listed(runtime, userId=user, filterArn=self.filter_arn))

    def read_put(self, runtime, user):
        self.put.read(lambda: {item for item in self.listed(runtime, userId=user) if item.startswith("put")})

    def write(self, events, draw, name):
        user = draw.choice(sorted(self.finished))
        if draw.random() < 0.2:
            item = f"put-{name}"
            properties = json.dumps({"genres": "Drama", "creationTimestamp": int(time.time())})
            self.put.write(item, lambda: events.put_items(
                datasetArn=self.trained.items_arn, items=[{"itemId": item, "properties": properties}]))
            return None
        item = f"i{draw.randrange(ITEMS)}"
        self.finished[user].write(item, lambda: events.put_events(
            trackingId=self.trained.tracking_id, userId=user, sessionId=name,
            eventList=[{"eventType": "finish", "itemId": item, "sentAt": time.time()}]))
        return user


def run_until_killed(world, act):
    """Acts until the connection breaks; whatever else goes wrong is a failure of the test."""
    import botocore.exceptions
    try:
        while True:
            act()
    except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError):
        pass
    except Exception as failure:  # noqa: BLE001  The thread's failure is the test's.
        world.failures.append(failure)


def writer(world, seed):
    draw = random.Random(seed)
    runtime, events = world.connect()
    count = 0

    def act():
        nonlocal count
        count += 1
        user = world.write(events, draw, f"{seed}-{count}")
        # At once, over another connection than the write's.
        world.read_finished(runtime, user) if user else world.read_put(runtime, "u1")

    run_until_killed(world, act)


def reader(world, seed):
    draw = random.Random(seed)
    runtime, _ = world.connect()

    def act():
        user = draw.choice(sorted(world.finished))
        world.read_put(runtime, user) if draw.random() < 0.3 else world.read_finished(runtime, user)

    run_until_killed(world, act)


def test_nobody_sees_the_past_again(tmp_path):
    print(f"ATTUNE_CRASH_SEED={SEED}")
    chance = random.Random(SEED)
    server = _api.Server(tmp_path / "data").start()
    try:
        world = World(server)
        for round_number in range(ROUNDS):
            threads = [threading.Thread(target=target, args=(world, f"{round_number}-{target.__name__}-{number}"))
                       for target, count in ((writer, WRITERS), (reader, READERS)) for number in range(count)]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(1, 2.5))
            server.kill()
            for thread in threads:
                thread.join()
            assert not world.failures, world.failures
            server.start()
            runtime, _ = world.connect()
            for user in world.finished:
                world.read_finished(runtime, user)
            world.read_put(runtime, "u0")
        done = sum(len(ledger.done) for ledger in world.finished.values())
        assert done > 20 * ROUNDS and len(world.put.done) > ROUNDS, (done, len(world.put.done))
    finally:
        server.kill()
