"""attune serve as a program: options, credentials, health, metrics."""
import re
import signal
import stat
import subprocess

import boto3

from conftest import BUILD, wait_until
from test_http import post


def run(*arguments, environment=None):
    return subprocess.run([BUILD / "attune", *arguments], capture_output=True, text=True, timeout=30, env=environment or {})


def test_is_healthy_and_tells_its_figures(start):
    server = start("attune")
    assert server.get("/-/health").status == 200
    assert server.get("/bucket/key").status == 403
    metrics = server.get("/-/metrics").text()
    assert 'attune_requests_total{service="s3",operation="",status="403"} 1' in metrics
    assert re.search(r"^attune_resident_memory_bytes \d", metrics, re.M)
    assert re.search(r"^attune_jobs_running \d", metrics, re.M) and re.search(r"^attune_jobs_started \d", metrics, re.M)
    assert re.search(r"^attune_events 0$", metrics, re.M)
    for line in metrics.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .*|\w+(\{.*\})? [-+.\deinf]+", line), line


def test_makes_the_administrators_key_once(start, tmp_path):
    first = start("attune", "--data-dir", tmp_path / "data")
    path = tmp_path / "data" / "credentials"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text()
    assert re.fullmatch(r"\[default\]\naws_access_key_id = AKIA[A-Z2-7]{16}\naws_secret_access_key = \S{40}\n", text)
    assert str(path) in first.log() and "export AWS_SHARED_CREDENTIALS_FILE=" in first.log()
    assert f"listening on http://127.0.0.1:{first.port}\n" in first.log()
    assert text.split()[-1] not in first.log()
    assert first.stop() == 0
    start("attune", "--data-dir", tmp_path / "data")
    assert path.read_text() == text


def test_an_exchanged_administrators_key_counts_from_a_sighup_on(start, tmp_path):
    server = start("attune", "--data-dir", tmp_path / "data")
    path = tmp_path / "data" / "credentials"
    old = re.findall(r" = (\S+)", path.read_text())

    def may(key_id, secret):
        s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{server.port}", region_name="us-east-1",
                          aws_access_key_id=key_id, aws_secret_access_key=secret)
        try:
            return bool(s3.list_buckets())
        except s3.exceptions.ClientError as refusal:
            return refusal.response["Error"]["Code"]

    new = ["AKIAEXCHANGED", "another-secret-of-many-characters"]
    for text, said in (("[default]\naws_access_key_id = x\n", "the administrator's key stays as it was"),
                       ("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % tuple(new),
                        "the administrator's key was read again")):
        assert may(*old) is True and may(*new) == "InvalidAccessKeyId"
        path.write_text(text)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: said in server.log())
    assert may(*new) is True and may(*old) == "InvalidAccessKeyId"
    assert new[1] not in server.log()
    assert server.stop() == 0
    server = start("attune", "--data-dir", tmp_path / "data")
    assert may(*new) is True


def test_takes_the_administrators_key_from_the_environment(start, tmp_path):
    start("attune", "--data-dir", tmp_path / "data",
          environment={"ATTUNE_ACCESS_KEY_ID": "abc", "ATTUNE_SECRET_ACCESS_KEY": "0123456789abcdef"})
    assert not (tmp_path / "data" / "credentials").exists()


def test_refuses_a_short_secret(tmp_path):
    result = run("serve", "--data-dir", str(tmp_path), "--listen", "127.0.0.1:0",
                 environment={"ATTUNE_ACCESS_KEY_ID": "abc", "ATTUNE_SECRET_ACCESS_KEY": "0123456789abcde"})
    assert result.returncode == 2 and "has 15 characters; it must have 16 to 1024" in result.stderr


def test_keeps_a_second_server_out(start, tmp_path):
    start("attune", "--data-dir", tmp_path / "data")
    result = run("serve", "--data-dir", str(tmp_path / "data"), "--listen", "127.0.0.1:0")
    assert result.returncode == 1 and "another server runs on the data directory" in result.stderr


def test_says_when_the_port_is_taken(start, tmp_path):
    server = start("attune")
    result = run("serve", "--data-dir", str(tmp_path / "other"), "--listen", f"127.0.0.1:{server.port}")
    assert result.returncode == 1 and f"port {server.port}: Address already in use" in result.stderr


def test_helps_and_suggests():
    assert "--data-dir DIR" in run("serve", "--help").stdout
    assert re.fullmatch(r"attune \d+\.\d+\.\d+\n", run("--version").stdout)
    assert "did you mean 'serve'?" in run("serv").stderr
    result = run("serve", "--data-dri", "x")
    assert result.returncode == 2 and "did you mean --data-dir?" in result.stderr


def test_answers_unsigned_requests_in_the_shape_of_their_service(start):
    server = start("attune")
    with server.connect() as client:
        reply = client.ask(post("/", b"{}", "X-Amz-Target: AmazonPersonalize.ListSchemas"))
        assert reply.status == 403 and b'"__type":"MissingAuthenticationTokenException"' in reply.body
        reply = client.ask(post("/recommendations", b"{}", "Content-Type: application/json"))
        assert reply.status == 403 and reply.headers["x-amzn-errortype"].startswith("MissingAuthenticationTokenException")
        reply = client.ask(post("/", b"Action=ListRoles", "Content-Type: application/x-www-form-urlencoded"))
        assert reply.status == 403 and b"<Code>MissingAuthenticationToken</Code>" in reply.body
