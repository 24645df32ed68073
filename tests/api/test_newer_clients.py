"""Requests as newer clients send them, recorded in tests/vectors/newer_clients: signed, sent, and the answers compared."""
import hashlib
import http.client
import json
import pathlib
import re

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from personalize_world import INTERACTIONS_SCHEMA, ITEMS_SCHEMA, RECIPE_ARN, unique

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors" / "newer_clients"
REQUESTS = json.loads((VECTORS / "requests.json").read_text())
ANSWERS = json.loads((VECTORS / "answers.json").read_text())
BUCKET = "newer-clients"
NOT_SIGNED = ("transfer-encoding",)


class Replay:
    """Fills in names, signs, sends and compares; `names` grows by what answers are asked to keep."""

    def __init__(self, server, names):
        self.server, self.names = server, names

    def fill(self, text):
        names = {**self.names, "new": unique()}
        return re.sub(r"\{(\w+)\}|%7B(\w+)%7D", lambda found: names[found[1] or found[2]], text)

    def fill_answer(self, value):
        if isinstance(value, dict):
            return {name: self.fill_answer(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.fill_answer(each) for each in value]
        return self.fill(value) if isinstance(value, str) else value

    def send(self, recorded):
        """(status, headers, text)"""
        body = self.fill(recorded["body"]).encode()
        sha256 = hashlib.sha256(body).hexdigest()
        headers = {name: value.replace("{sha256}", sha256) for name, value in recorded["headers"].items()}
        target = self.fill(recorded["target"])
        request = AWSRequest(recorded["method"], self.server.url + target, data=body, headers={
            name: value for name, value in headers.items() if name not in NOT_SIGNED})
        signer, scope = (S3SigV4Auth, "s3") if recorded["service"] == "S3" else (SigV4Auth, "personalize")
        signing = signer(Credentials(self.server.access_key_id, self.server.secret_access_key), scope, "us-east-1")
        signing.payload = lambda _: headers["x-amz-content-sha256"]
        signing.add_auth(request)
        signed = {**dict(request.headers), **{name: headers[name] for name in NOT_SIGNED if name in headers}}
        chunked = "transfer-encoding" in headers
        connection = http.client.HTTPConnection(self.server.url.removeprefix("http://"), timeout=60)
        connection.request(recorded["method"], target, [body] if chunked else body, signed, encode_chunked=chunked)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def check(self, recorded):
        expected = self.fill_answer({key: value for key, value in ANSWERS[recorded["name"]].items() if key != "keep"})
        status, headers, text = self.send(recorded)
        assert status == expected["status"], f"{recorded['name']}: {status} {text}"
        if "type" in expected:
            error = json.loads(text)
            assert headers.get("x-amzn-ErrorType", error.get("__type")) == expected["type"], f"{recorded['name']}: {text}"
            assert expected["says"] in error["message"], f"{recorded['name']}: {text}"
        assert_part(expected.get("body", {}), json.loads(text) if "body" in expected else {}, recorded["name"])
        for name, value in expected.get("headers", {}).items():
            assert headers[name] == value, f"{recorded['name']}: {name}"
        assert expected.get("text", "") in text, f"{recorded['name']}: {text}"
        for name, member in ANSWERS[recorded["name"]].get("keep", {}).items():
            element = re.search(f"<{member}>(.*?)</{member}>", text)
            self.names[name] = headers[member] or (element[1] if element else None) or json.loads(text)[member]


def assert_part(part, whole, where):
    """Every member of `part` is in `whole`, and the same."""
    if not isinstance(part, dict):
        assert part == whole, where
        return
    for name, value in part.items():
        assert name in whole, f"{where}.{name}"
        assert_part(value, whole[name], f"{where}.{name}")


def of(*services):
    return [recorded for recorded in REQUESTS if recorded["service"] in services]


def test_each_request_has_an_answer():
    assert sorted(recorded["name"] for recorded in REQUESTS) == sorted(ANSWERS)
    assert {recorded["service"] for recorded in REQUESTS} == {
        "Personalize", "Personalize Events", "Personalize Runtime", "S3"}


@pytest.fixture
def replay(server, world, trained, group):
    world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
    wider = {**ITEMS_SCHEMA, "fields": ITEMS_SCHEMA["fields"] + [{"name": "COLOUR", "type": ["null", "string"]}]}
    items = world.dataset(group, "Items", ITEMS_SCHEMA)
    made = Replay(server, {
        "group": group, "items": items, "actions": items.replace("/ITEMS", "/ACTIONS"), "wider_schema": world.schema(wider),
        "recipe": RECIPE_ARN, "role": world.role_arn, "account": group.rsplit(":", 1)[0],
        "solution": trained.solution_arn, "version": trained.version_arn, "campaign": trained.campaign_arn,
        "tracking_id": trained.tracking_id})
    yield made
    if "made_campaign" in made.names:
        world.wait_campaign(made.names["made_campaign"])
        world.personalize.delete_campaign(campaignArn=made.names["made_campaign"])


def test_personalize(replay):
    for recorded in of("Personalize"):
        replay.check(recorded)


@pytest.fixture
def ranking_campaign(world, trained):
    solution = world.personalize.create_solution(
        name=unique(), datasetGroupArn=trained.group_arn,
        recipeArn="arn:aws:personalize:::recipe/aws-personalized-ranking")["solutionArn"]
    version = world.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    assert world.wait_version(version)["status"] == "ACTIVE"
    campaign = world.personalize.create_campaign(name=unique(), solutionVersionArn=version)["campaignArn"]
    assert world.wait_campaign(campaign)["status"] == "ACTIVE"
    yield campaign
    world.personalize.delete_campaign(campaignArn=campaign)
    world.personalize.delete_solution(solutionArn=solution)


def test_personalize_runtime_and_events(replay, ranking_campaign):
    replay.names["ranking_campaign"] = ranking_campaign
    for recorded in of("Personalize Runtime", "Personalize Events"):
        replay.check(recorded)


def test_s3(server, s3):
    s3.create_bucket(Bucket=BUCKET)
    replay = Replay(server, {})
    for recorded in of("S3"):
        replay.check(recorded)
    s3.delete_bucket(Bucket=BUCKET)
