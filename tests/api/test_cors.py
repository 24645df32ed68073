"""Pages in browsers: PutEvents as Amplify sends it, with the temporary keys of a role that may do nothing else."""
import json
import urllib.error
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from personalize_world import INTERACTIONS_SCHEMA, World, unique

ORIGIN = "https://shop.example"
# What the browser asks about, for the SDK for JavaScript below Amplify.
HEADERS = ("amz-sdk-invocation-id,amz-sdk-request,authorization,content-type,x-amz-content-sha256,x-amz-date,"
           "x-amz-security-token,x-amz-user-agent")


def send(request):
    """(status, headers, body)"""
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def preflight(server, origin=ORIGIN):
    return send(urllib.request.Request(server.url + "/events", method="OPTIONS", headers={
        "Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": HEADERS}))


class Page:
    """Signs with the keys that a role's session has."""

    def __init__(self, server):
        self.server = server
        world = World(server)
        group = world.group()
        world.dataset(group, "Interactions", INTERACTIONS_SCHEMA)
        self.tracking_id = world.personalize.create_event_tracker(name=unique(), datasetGroupArn=group)["trackingId"]
        account = server.client("sts").get_caller_identity()["Account"]
        role = unique("page")
        arn = world.iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}]}))["Role"]["Arn"]
        world.iam.put_role_policy(RoleName=role, PolicyName="events", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "personalize:PutEvents",
                                                    "Resource": "*"}]}))
        keys = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="visitor")["Credentials"]
        self.credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def post(self, path, members, origin=ORIGIN):
        request = AWSRequest("POST", self.server.url + path, data=json.dumps(members),
                             headers={"Content-Type": "application/json", "x-amz-user-agent": "aws-amplify/5.0.4 js"})
        SigV4Auth(self.credentials, "personalize", "us-east-1").add_auth(request)
        return send(urllib.request.Request(request.url, request.body, {**dict(request.headers), "Origin": origin}))

    def put_event(self, **options):
        return self.post("/events", {"trackingId": self.tracking_id, "userId": "u", "sessionId": "s", "eventList": [
            {"eventType": "click", "itemId": "i", "sentAt": 1_700_000_000}]}, **options)


@pytest.fixture
def page(server_with):
    return Page(server_with("--cors-origins", ORIGIN))


def test_a_page_of_an_allowed_origin_puts_events(page):
    status, headers, _ = preflight(page.server)
    assert status in (200, 204) and headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert set(HEADERS.split(",")) <= set(headers["Access-Control-Allow-Headers"].lower().split(","))
    status, headers, body = page.put_event()
    assert (status, body) == (200, "") and headers["Access-Control-Allow-Origin"] == ORIGIN


def test_the_page_reads_why_it_was_refused(page):
    status, headers, body = page.post("/recommendations", {"campaignArn": "arn:aws:personalize:us-east-1:123456789012:campaign/c"})
    assert status == 400 or status == 403, body
    assert "AccessDeniedException" in headers["x-amzn-ErrorType"] or "AccessDeniedException" in body
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "x-amzn-errortype" in headers["Access-Control-Expose-Headers"]


def test_pages_of_other_origins_are_told_nothing(page):
    status, headers, _ = preflight(page.server, "https://evil.example")
    assert status == 403 and "Access-Control-Allow-Origin" not in headers
    assert "Access-Control-Allow-Origin" not in page.put_event(origin="https://evil.example")[1]


def test_it_is_off_unless_origins_are_given(server):
    status, headers, _ = preflight(server)
    assert status >= 400 and "Access-Control-Allow-Origin" not in headers
