"""Clients that send too much, too slowly or half: refused or waited for in bounded memory, the others served meanwhile."""
import http.client
import json
import select
import socket
import threading
import time

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from test_hostile_input import MEGABYTE, resident_bytes

pytestmark = pytest.mark.memory
GIGABYTE = 1 << 30
GROWTH_BYTES_MAX = 64 * MEGABYTE
SLOWEST_SECONDS_MAX = 5


class Connection:
    """Raw bytes to the server, and its whole answer."""

    def __init__(self, server):
        host, port = server.url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), 60)

    def send(self, data):
        """Whether the server still takes it."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def has_answer(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    def answer(self):
        """(status, text)"""
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        return response.status, response.read().decode()

    def close(self):
        self.socket.close()


def signed_head(server, service, path, content_type, framing, secret=None):
    """The head of a signed POST; what its body will be is not known, so the signature is of no body."""
    request = AWSRequest("POST", server.url + path, data=b"", headers={
        "Content-Type": content_type, "Host": server.url.removeprefix("http://")})
    SigV4Auth(Credentials(server.access_key_id, secret or server.secret_access_key), service, "us-east-1").add_auth(request)
    lines = [f"{name}: {value}" for name, value in request.headers.items()] + [framing]
    return (f"POST {path} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()


class Others:
    """Clients who are served all the while, and how long the slowest answer took."""

    def __init__(self, server):
        self.server, self.slowest, self.count, self.failure, self.done = server, 0.0, 0, None, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        client = self.server.client("personalize")
        try:
            while not self.done.is_set():
                began = time.monotonic()
                client.list_dataset_groups()
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.count += 1
        except Exception as error:  # Whatever it is, the test is about there being none.
            self.failure = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        assert self.failure is None and self.count > 0 and self.slowest < SLOWEST_SECONDS_MAX, (
            self.failure, self.count, self.slowest)


@pytest.fixture
def watched(own_server):
    """A server of its own that others use meanwhile; at the end it must have grown little and stop in good order."""
    own_server.client("personalize").list_dataset_groups()
    before = resident_bytes(own_server)
    with Others(own_server):
        yield own_server
    growth = resident_bytes(own_server, "VmHWM") - before
    assert growth < GROWTH_BYTES_MAX, growth
    own_server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("service,path,content_type", [
    ("personalize", "/events", "application/json"),
    ("personalize", "/", "application/x-amz-json-1.1"),
    ("iam", "/", "application/x-www-form-urlencoded; charset=utf-8")], ids=["events", "control", "iam"])
@pytest.mark.parametrize("framing", [f"Content-Length: {GIGABYTE}", "Transfer-Encoding: chunked"], ids=["length", "chunks"])
def test_a_body_of_a_gigabyte_is_refused(watched, service, path, content_type, framing):
    connection, part = Connection(watched), b"x" * MEGABYTE
    if framing.endswith("chunked"):
        part = b"%x\r\n" % MEGABYTE + part + b"\r\n"
    connection.send(signed_head(watched, service, path, content_type, framing))
    sent = answered_after = 0
    while sent < GIGABYTE and connection.send(part):
        sent += MEGABYTE
        answered_after = answered_after or (sent if connection.has_answer() else 0)
    status, text = connection.answer()
    connection.close()
    assert status == 413 and "bytes" in text, (status, text)
    # The server throws away what comes after its refusal, for a while, so that the client lives to read it.
    assert 0 < answered_after < 100 * MEGABYTE, (answered_after, sent)


def test_a_million_headers(watched):
    connection = Connection(watched)
    connection.send(b"POST /events HTTP/1.1\r\nHost: a\r\n")
    sent = 0
    while sent < 1_000_000 and connection.send(b"X-Of-Many: y\r\n" * 1000):
        sent += 1000
    status, text = connection.answer()
    connection.close()
    assert status == 431 and "http-header" in text, (status, text)


def test_slow_senders_hold_up_nobody(server_with):
    server = server_with("--http-stall-time-max", 1000, "--http-header-time-max", 1000)
    head = signed_head(server, "personalize", "/events", "application/json", "Content-Length: 1000")
    with Others(server):
        bodies = [Connection(server) for _ in range(200)]
        heads = [Connection(server) for _ in range(200)]
        for connection in bodies:
            connection.send(head + b'{"trackingId":')
        for connection in heads:
            connection.send(head[:40])
        for connection in bodies + heads:
            status, text = connection.answer()
            assert status == 408 and "1000" in text, (status, text)
            connection.close()
    server.stop()


def test_half_closed_sockets(watched):
    """A client that has sent all and says so is answered; one that has not is let go."""
    body = json.dumps({"trackingId": "none", "sessionId": "s", "eventList": []}).encode()
    request = AWSRequest("POST", watched.url + "/events", data=body, headers={
        "Content-Type": "application/json", "Host": watched.url.removeprefix("http://"), "Content-Length": str(len(body))})
    SigV4Auth(Credentials(watched.access_key_id, watched.secret_access_key), "personalize", "us-east-1").add_auth(request)
    whole = ("POST /events HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
             + "\r\n").encode() + body
    for _ in range(100):
        connection = Connection(watched)
        connection.send(whole)
        connection.socket.shutdown(socket.SHUT_WR)
        status, text = connection.answer()
        assert status == 400 and "eventList" in text, (status, text)
        connection.close()
    for half in (whole[:30], whole[:-10]):
        connections = [Connection(watched) for _ in range(100)]
        for connection in connections:
            connection.send(half)
            connection.socket.shutdown(socket.SHUT_WR)
        for connection in connections:
            left = connection.socket.recv(1 << 16)
            assert left == b"" or left.startswith(b"HTTP/1.1 400"), left
            connection.close()
