"""A server for each test that asks for one, and a client that speaks raw bytes."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build"))
START_SECONDS_MAX = 30


class Server:
    """A started program. `stop` ends it and gives its exit status."""

    def __init__(self, arguments, folder, environment=None):
        self.port_file = folder / "port"
        self.log_file = folder / "log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [str(argument) for argument in arguments] + ["--listen", "127.0.0.1:0", "--port-file", str(self.port_file)],
                stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}, cwd=folder)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (self.port_file.exists() and self.port_file.read_text()):
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.01)
        self.port = int(self.port_file.read_text())

    def log(self):
        return self.log_file.read_text()

    def connect(self, timeout=20):
        return Client(self.port, timeout)

    def get(self, path):
        with self.connect() as client:
            return client.ask(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")

    def resident_bytes_peak(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def thread_count(self):
        return len(list(pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()))

    def signal_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout=30):
        return self.process.wait(timeout)

    def stop(self):
        if self.process.poll() is None:
            self.signal_stop()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def wait_until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def text(self):
        return self.body.decode()


class Client:
    """A socket, and a reader of replies that trusts nothing but Content-Length."""

    def __init__(self, port, timeout):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.held = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError(self.held)
        self.held += data

    def head(self):
        """Status and headers (lower case) of what comes next."""
        while b"\r\n\r\n" not in self.held:
            self._more()
        head, self.held = self.held.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        return int(lines[0].split(" ")[1]), {name.lower(): value for name, value in headers.items()}

    def reply(self, head_request=False):
        status, headers = self.head()
        length = 0 if head_request else int(headers.get("content-length", 0))
        while len(self.held) < length:
            self._more()
        body, self.held = self.held[:length], self.held[length:]
        return Reply(status, headers, body)

    def ask(self, data):
        self.send(data)
        return self.reply()

    def ended(self):
        """Whether the server closes without another byte."""
        try:
            self._more()
        except (EOFError, ConnectionResetError):
            return True
        return False


@pytest.fixture
def start(tmp_path):
    """start("http_probe", "--http-threads", 2): a Server; all are stopped at the end, and must exit 0."""
    servers = []

    def start_one(program, *arguments, environment=None):
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        verb = ["serve"] if program == "attune" else []
        if program == "attune" and "--data-dir" not in arguments:
            arguments += ("--data-dir", folder / "data")
        servers.append(Server([BUILD / program, *verb, *arguments], folder, environment))
        return servers[-1]

    yield start_one
    for server in servers:
        assert server.stop() == 0, server.log()


@pytest.fixture
def probe(start):
    return start("http_probe")
