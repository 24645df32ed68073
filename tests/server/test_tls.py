"""HTTPS: the same server behind a handshake, and certificates that are renewed while it runs."""
import json
import signal
import socket
import ssl
import subprocess
import time

import boto3
import pytest

from conftest import Client, wait_until
from test_http import GET, post


def make_certificate(folder, name, common_name="localhost"):
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={common_name}", "-addext", f"subjectAltName=DNS:{common_name}",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def connect(server, certificate, version=None):
    context = ssl.create_default_context(cafile=certificate)
    if version:
        context.minimum_version = context.maximum_version = version
    client = Client(server.port, 20)
    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    return client


@pytest.fixture
def identity(tmp_path):
    return make_certificate(tmp_path, "first")


@pytest.fixture
def server(start, identity):
    return start("http_probe", "--tls-certificate", identity[0], "--tls-key", identity[1], "--http-body-bytes-max", 10 << 20)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_answers_as_over_http(server, identity, version):
    body = bytes(range(256)) * 5000
    with connect(server, identity[0], version) as client:
        assert client.ask(GET).body == b"hello"
        assert client.ask(post("/count", body)).text().startswith(f"{len(body)} ")
        assert client.ask("GET /source/3000000 HTTP/1.1\r\nHost: a\r\n\r\n").body == (bytes(range(251)) * 12000)[:3000000]
        client.send(GET * 100)
        for _ in range(100):
            assert client.reply().body == b"hello"


def test_says_goodbye(server, identity):
    with connect(server, identity[0]) as client:
        client.ask("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert client.socket.recv(100) == b""  # A connection without close_notify would raise.


def test_a_refusal_is_read(server, identity):
    with connect(server, identity[0]) as client:
        client.send(f"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: {1 << 30}\r\n\r\n")
        assert client.reply().status == 413


def test_refuses_what_is_older_than_tls_1_2(server, identity):
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        connect(server, identity[0], ssl.TLSVersion.TLSv1_1)


def test_plain_requests_and_garbage_end_without_harm(server, identity):
    for garbage in [GET.encode(), b"\x16\x03\x01\xff\xff" + b"x" * 1000]:
        with socket.create_connection(("127.0.0.1", server.port), 20) as plain:
            plain.sendall(garbage)
            try:
                while plain.recv(1000):
                    pass
            except ConnectionResetError:
                pass
    with connect(server, identity[0]) as client:
        assert client.ask(GET).status == 200


def test_takes_up_a_renewed_certificate(server, identity, tmp_path):
    with connect(server, identity[0]) as old_client:
        assert old_client.ask(GET).status == 200
        certificate, key = make_certificate(tmp_path, "second")
        certificate.replace(identity[0])
        key.replace(identity[1])
        server.process.send_signal(signal.SIGHUP)
        for _ in range(100):
            try:
                with connect(server, identity[0]) as client:
                    assert client.ask(GET).status == 200
                break
            except ssl.SSLError:
                time.sleep(0.05)
        else:
            pytest.fail("the new certificate is not shown")
        assert old_client.ask(GET).status == 200


def test_keeps_its_certificate_when_the_new_one_is_broken(server, identity):
    good = identity[0].read_bytes()
    identity[0].write_text("nonsense")
    server.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        if "stays as it was" in server.log():
            break
        time.sleep(0.05)
    assert "stays as it was" in server.log()
    identity[0].write_bytes(good)
    with connect(server, identity[0]) as client:
        assert client.ask(GET).status == 200


def test_stops_with_connections_open(server, identity):
    with connect(server, identity[0]) as client:
        assert client.ask(GET).status == 200
        server.signal_stop()
        assert server.wait() == 0


def test_attune_takes_up_a_renewed_certificate_and_tells_policies_what_came_over_it(start, identity, tmp_path):
    server = start("attune", "--data-dir", tmp_path / "data", "--tls-certificate", identity[0], "--tls-key", identity[1],
                   environment={"ATTUNE_ACCESS_KEY_ID": "ADMINISTRATOR", "ATTUNE_SECRET_ACCESS_KEY": "0123456789abcdef"})
    certificate, key = make_certificate(tmp_path, "second")
    certificate.replace(identity[0])
    key.replace(identity[1])
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the TLS certificate was read again" in server.log())
    assert secure_transport_decides(f"https://localhost:{server.port}", verify=str(identity[0])) == (True, False)


def test_without_tls_policies_see_that(start, tmp_path):
    server = start("attune", "--data-dir", tmp_path / "data", environment={
        "ATTUNE_ACCESS_KEY_ID": "ADMINISTRATOR", "ATTUNE_SECRET_ACCESS_KEY": "0123456789abcdef"})
    assert secure_transport_decides(f"http://127.0.0.1:{server.port}") == (False, True)


def secure_transport_decides(url, verify=None):
    """Whether a user may list buckets whose policy asks for aws:SecureTransport, and for its opposite."""
    def client(service, key_id, secret):
        return boto3.client(service, endpoint_url=url, verify=verify, region_name="us-east-1", aws_access_key_id=key_id,
                            aws_secret_access_key=secret)

    iam = client("iam", "ADMINISTRATOR", "0123456789abcdef")
    iam.create_user(UserName="U")
    key = iam.create_access_key(UserName="U")["AccessKey"]
    s3 = client("s3", key["AccessKeyId"], key["SecretAccessKey"])
    found = []
    for wanted in ("true", "false"):
        iam.put_user_policy(UserName="U", PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*",
                                                    "Condition": {"Bool": {"aws:SecureTransport": wanted}}}]}))
        try:
            s3.list_buckets()
            found.append(True)
        except s3.exceptions.ClientError as refusal:
            assert refusal.response["Error"]["Code"] == "AccessDenied"
            found.append(False)
    return tuple(found)
