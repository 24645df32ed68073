"""Each limit of the HTTP server at its edge, and what clients that reach it do to the others."""
import socket
import time

import pytest

from test_http import GET, chunked, post


def padded(size, name="X"):
    """A request whose header, request line and empty line included, has exactly `size` bytes."""
    start = f"GET /hello HTTP/1.1\r\nHost: a\r\n{name}: "
    return start + "y" * (size - len(start) - 4) + "\r\n\r\n"


def refused(server, data, status, *words):
    with server.connect() as client:
        reply = client.ask(data)
        assert reply.status == status, reply.body
        assert reply.headers["connection"] == "close"
        for word in words:
            assert word in reply.text()
        assert client.ended()


def test_header_bytes(start):
    server = start("http_probe", "--http-header-bytes-max", 2000)
    with server.connect() as client:
        assert client.ask(padded(1999)).status == 200
        assert client.ask(padded(2000)).status == 200
    refused(server, padded(2001), 431, "http-header-bytes-max", "2000")


def test_header_count(start):
    server = start("http_probe", "--http-header-count-max", 16)

    def request(count):
        return "GET /hello HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n" * (count - 1) + "\r\n"
    with server.connect() as client:
        assert client.ask(request(15)).status == 200
        assert client.ask(request(16)).status == 200
    refused(server, request(17), 431, "http-header-count-max", "16")


def test_target_bytes(start):
    server = start("http_probe", "--http-target-bytes-max", 100)

    def request(size):
        return f"GET /hello?{'x' * (size - 7)} HTTP/1.1\r\nHost: a\r\n\r\n"
    with server.connect() as client:
        assert client.ask(request(99)).status == 200
        assert client.ask(request(100)).status == 200
    refused(server, request(101), 414, "http-target-bytes-max", "100")


@pytest.mark.parametrize("make", [lambda path, body: post(path, body), lambda path, body: chunked(path, body)])
def test_body_bytes(start, make):
    server = start("http_probe", "--http-body-bytes-max", 1000)
    with server.connect() as client:
        assert client.ask(make("/count", b"x" * 999)).status == 200
        assert client.ask(make("/count", b"x" * 1000)).status == 200
        assert client.ask(make("/limit/10", b"x" * 10)).status == 200
    refused(server, make("/count", b"x" * 1001), 413, "http-body-bytes-max", "1000")
    refused(server, make("/limit/10", b"x" * 11), 413, "this operation takes", "10")


def test_connections(start):
    server = start("http_probe", "--http-connections-max", 3)
    held = [server.connect() for _ in range(3)]
    for client in held:
        assert client.ask(GET).status == 200
    with server.connect() as client:
        reply = client.reply()
        assert reply.status == 503 and "http-connections-max, 3" in reply.text()
    held.pop().socket.close()
    for _ in range(100):
        with server.connect() as client:
            if client.ask(GET).status == 200:
                break
        time.sleep(0.05)
    else:
        pytest.fail("the freed place was not given away")


def test_connections_per_peer(start):
    server = start("http_probe", "--http-connections-per-peer-max", 2)
    held = [server.connect() for _ in range(2)]
    for client in held:
        assert client.ask(GET).status == 200
    with server.connect() as client:
        reply = client.reply()
        assert reply.status == 503 and "http-connections-per-peer-max, 2" in reply.text()
    with socket.socket() as other:  # Another address of this machine is another peer.
        other.bind(("127.0.0.2", 0))
        other.settimeout(20)
        other.connect(("127.0.0.1", server.port))
        other.sendall(GET.encode())
        assert other.recv(100).startswith(b"HTTP/1.1 200")


def test_idle_time(start):
    server = start("http_probe", "--http-idle-time-max", 300)
    with server.connect() as client:
        assert client.ask(GET).status == 200
        began = time.monotonic()
        assert client.ended()
        assert 0.25 < time.monotonic() - began < 5


def test_header_time_against_a_dripping_client(start):
    server = start("http_probe", "--http-header-time-max", 400)
    with server.connect() as client:
        began = time.monotonic()
        client.socket.settimeout(0.05)
        client.send("GET /hello HTTP/1.1\r\nHost: a\r\nX: ")
        while True:
            try:
                client._more()
                break
            except TimeoutError:
                client.send("y")
            assert time.monotonic() - began < 5
        client.socket.settimeout(5)
        reply = client.reply()
        assert reply.status == 408 and "http-header-time-max, 400" in reply.text()


def test_a_body_that_stalls(start):
    server = start("http_probe", "--http-stall-time-max", 300)
    with server.connect() as client:
        reply = client.ask("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        assert reply.status == 408 and "http-stall-time-max, 300" in reply.text()


def test_a_body_that_drips(start):
    server = start("http_probe", "--http-rate-grace", 300, "--http-bytes-per-second-min", 1000)
    with server.connect() as client:
        client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        client.socket.settimeout(0.05)
        began = time.monotonic()
        while True:
            try:
                client._more()
                break
            except TimeoutError:
                client.send("y")
            assert time.monotonic() - began < 5
        client.socket.settimeout(5)
        assert client.reply().status == 408


def test_a_body_that_is_slow_but_fast_enough_passes(start):
    server = start("http_probe", "--http-rate-grace", 200, "--http-bytes-per-second-min", 100)
    with server.connect() as client:
        client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(10):
            client.send("y" * 100)
            time.sleep(0.05)
        assert client.reply().status == 200


@pytest.mark.memory
def test_a_response_that_is_not_read_is_ended(start):
    server = start("http_probe", "--http-stall-time-max", 300)
    with server.connect() as client:
        client.send("GET /source/1000000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(1)
        with pytest.raises((EOFError, ConnectionResetError)):
            while True:
                client._more()
                client.held = b""
    assert server.resident_bytes_peak() < 100 << 20


@pytest.mark.memory
def test_a_million_headers(probe):
    with probe.connect() as client:
        client.send("GET /hello HTTP/1.1\r\nHost: a\r\n")
        try:
            for _ in range(1000):
                client.send("X: y\r\n" * 1000)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert client.reply().status == 431
    assert probe.get("/hello").status == 200
    assert probe.resident_bytes_peak() < 60 << 20


@pytest.mark.memory
def test_a_body_of_a_gigabyte_is_refused_before_it_comes(start):
    server = start("http_probe", "--http-body-bytes-max", 1 << 20)
    with server.connect() as client:
        client.send(f"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: {1 << 30}\r\n\r\n")
        part, sent = b"x" * (1 << 20), 0
        try:
            for _ in range(1024):
                client.socket.sendall(part)
                sent += len(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert client.reply().status == 413
    assert server.resident_bytes_peak() < 60 << 20


def test_slow_handlers_hold_up_nobody_else(start):
    server = start("http_probe", "--http-threads", 8)
    slow = [server.connect() for _ in range(6)]
    for client in slow:
        client.send(post("/slow/2000", b""))
    began = time.monotonic()
    with server.connect() as client:
        for _ in range(100):
            assert client.ask(GET).status == 200
    assert time.monotonic() - began < 1.5
    for client in slow:
        assert client.reply().status == 200


@pytest.mark.memory
def test_clients_that_send_nothing_hold_up_nobody_else(probe):
    clients = [probe.connect() for _ in range(500)]
    for client in clients:
        client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    assert probe.get("/hello").status == 200
    assert probe.resident_bytes_peak() < 150 << 20
    for client in clients:
        client.socket.close()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["length", "chunks"])
@pytest.mark.memory
def test_five_gigabytes_pass_through_bounded_memory(probe, form):
    part, count = b"x" * (4 << 20), 1280
    with probe.connect(timeout=120) as client:
        framing = "Transfer-Encoding: chunked" if form == "chunks" else f"Content-Length: {len(part) * count}"
        client.send(f"POST /count HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n")
        for _ in range(count):
            if form == "chunks":
                client.send(b"%x\r\n" % len(part))
            client.send(part)
            if form == "chunks":
                client.send(b"\r\n")
        if form == "chunks":
            client.send(b"0\r\n\r\n")
        assert client.reply().text().startswith(f"{len(part) * count} ")
    assert probe.resident_bytes_peak() < 40 << 20
