"""The example program and the notebook run from the first step to the last against a server of their own."""
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS_MAX = 300


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def environment(tmp_path):
    """Of a client that talks to a fresh server."""
    server = load("api_conftest", ROOT / "tests/api/conftest.py").Server(tmp_path / "data").start()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    yield {**plain, "AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": server.access_key_id,
           "AWS_SECRET_ACCESS_KEY": server.secret_access_key, "AWS_DEFAULT_REGION": "us-east-1",
           "AWS_EC2_METADATA_DISABLED": "true", "POLL_SECONDS": "0.1"}
    server.stop()


def run_example(environment, *arguments):
    done = subprocess.run([sys.executable, ROOT / "examples/user_personalization.py", "--poll", "0.1", *arguments],
                          env=environment, capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def new_items_shown(output):
    return [int(count) for count in re.findall(r"new items among 25: (\d+)", output)]


def test_the_example_runs_on_the_sample_and_shows_new_items_at_a_high_weight(environment):
    output = run_example(environment)
    before, high, low = new_items_shown(output)
    assert before == 0 and high > low, output
    assert "10. done" in output


def test_the_example_runs_on_a_folder_of_the_users_own(environment, tmp_path):
    world = load("personalize_world", ROOT / "tests/api/personalize_world.py")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/interactions.csv").write_text(world.interactions_csv())
    (tmp_path / "mine/items.csv").write_text(world.items_csv())
    assert "10. done" in run_example(environment, "--data", str(tmp_path / "mine"))


def test_the_notebook_runs_from_its_first_cell_to_its_last(environment, tmp_path):
    pytest.importorskip("nbconvert", reason="python3-nbconvert is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", str(tmp_path),
         str(ROOT / "examples/user_personalization.ipynb")],
        env=environment, capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode == 0, done.stdout + done.stderr
