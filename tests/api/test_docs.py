"""What README and guides tell people to type does what they say."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATTUNE = pathlib.Path(os.environ.get("ATTUNE_BUILD", ROOT / "build")) / "attune"
DEFAULT_ENDPOINT = "http://127.0.0.1:8080"
PYTHON = "/usr/bin/python3"


def blocks(page, language=""):
    """The fenced blocks of a page, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S)


@pytest.fixture
def environment(server):
    """Of a shell that follows the guide, with the test server's port and key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ATTUNE_"))}
    return {**kept, "AWS_ENDPOINT_URL": server.url, "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": server.access_key_id, "AWS_SECRET_ACCESS_KEY": server.secret_access_key}


def test_the_readmes_lines_print_a_recommendation(server, trained, environment):
    lines, = blocks("README.md", "python")
    assert DEFAULT_ENDPOINT in lines
    program = f"import boto3\ncampaign_arn = {trained.campaign_arn!r}\n" + lines.replace(DEFAULT_ENDPOINT, server.url)
    run = subprocess.run([PYTHON, "-c", program], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert len(re.findall(r"'i\d+'", run.stdout)) == 25


def test_the_readmes_commands_are_there():
    commands = blocks("README.md")[0]
    for program in re.findall(r"^(\S+)", commands, re.M):
        assert program in ("./demo", "build-demo/attune")
    help_text = subprocess.run([ATTUNE, "serve", "--help"], capture_output=True, text=True)
    assert help_text.returncode == 0 and "--data-dir" in help_text.stdout


def test_an_older_boto3_is_pointed_at_the_server_without_an_edit(environment, tmp_path):
    snippet, = blocks("docs/guides/moving_over.md", "python")
    (tmp_path / "sitecustomize.py").write_text(snippet)
    program = "import boto3; print(boto3.client('personalize').list_recipes(maxResults=1)['recipes'][0]['name'])"
    run = subprocess.run([PYTHON, "-c", program], env={**environment, "PYTHONPATH": str(tmp_path)}, capture_output=True,
                         text=True)
    assert run.returncode == 0 and run.stdout.strip(), run.stderr


def test_the_first_commands_of_the_guide_lead_to_a_server_that_answers(tmp_path):
    serve, *exports = blocks("docs/guides/moving_over.md")[0].splitlines()
    assert serve.startswith("attune serve --data-dir ./data")
    script = f"""
      {serve.split('#')[0].replace('attune', str(ATTUNE), 1)} --listen 127.0.0.1:0 --port-file port > log 2>&1 & server=$!
      trap 'kill $server; wait $server' EXIT
      until [ -s port ]; do kill -0 $server || exit 1; sleep 0.05; done
      {os.linesep.join(exports).replace(':8080', ':$(cat port)')}
      {PYTHON} -c 'import os, boto3
print(boto3.client("sts", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).get_caller_identity()["Account"])'
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ATTUNE_"))}
    run = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=kept, capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == "123456789012", (run.stderr, (tmp_path / "log").read_text())


def test_the_command_that_measures_ones_own_data(tmp_path):
    subprocess.run([ATTUNE, "sample-data", "--out", str(tmp_path), "--users", "100", "--items", "40"], check=True,
                   stdout=subprocess.DEVNULL)
    command = blocks("docs/guides/evaluating.md")[0].split()
    assert command[0] == "attune"
    run = subprocess.run([ATTUNE, *command[1:]], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0 and "NDCG@10" in run.stdout, run.stderr
    for command in blocks("docs/guides/evaluating.md")[2].strip().splitlines():
        run = subprocess.run([ATTUNE, *command.split()[1:]], cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0 and run.stdout, run.stderr
