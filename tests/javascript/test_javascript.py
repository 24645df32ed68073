"""The AWS SDK for JavaScript, newest wire forms included, runs a short notebook against a server."""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
NODE_MAJOR_MIN = 20  # What the pinned SDK needs.

_spec = importlib.util.spec_from_file_location("api_conftest", HERE.parent / "api" / "conftest.py")
_api = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_api)


@pytest.fixture
def node():
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    if int(re.match(r"v(\d+)", version)[1]) < NODE_MAJOR_MIN:
        pytest.skip(f"the SDK needs node {NODE_MAJOR_MIN}, this is {version.strip()}")


@pytest.mark.slow
def test_a_notebook_in_javascript(node, tmp_path):
    for name in ("package.json", "package-lock.json", ".npmrc", "notebook.mjs"):
        shutil.copy(HERE / name, tmp_path)
    installed = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=tmp_path, capture_output=True, text=True)
    assert installed.returncode == 0, installed.stderr
    server = _api.Server(tmp_path / "data").start()
    try:
        environment = {**os.environ, "AWS_ENDPOINT_URL": server.url, "AWS_REGION": "us-east-1",
                       "AWS_ACCESS_KEY_ID": server.access_key_id, "AWS_SECRET_ACCESS_KEY": server.secret_access_key}
        run = subprocess.run(["node", "notebook.mjs"], cwd=tmp_path, env=environment, capture_output=True, text=True,
                             timeout=120)
        assert run.returncode == 0 and "done" in run.stdout, run.stderr
        server.stop()
    finally:
        server.kill()
