"""The AWS SDK for JavaScript runs a short notebook against a server: the newest, and the newest for Debian's Node."""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|FETCH_ERROR")

_spec = importlib.util.spec_from_file_location("api_conftest", HERE.parent / "api" / "conftest.py")
_api = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_api)


def require_node(major_min):
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed; tools/install_dependencies.sh slow brings Debian's")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    if int(re.match(r"v(\d+)", version)[1]) < major_min:
        pytest.skip(f"this SDK needs node {major_min}, installed is {version}; the older SDK is tried beside it")


def install(folder):
    """What the lock file names, from the registry that npm is set up with."""
    installed = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1"], cwd=folder,
                               capture_output=True, text=True)
    if unreachable := UNREACHABLE.search(installed.stderr):
        pytest.skip(f"npm's registry cannot be reached ({unreachable[0]}): the SDK cannot be installed")
    assert installed.returncode == 0, installed.stderr


@pytest.mark.slow
@pytest.mark.parametrize("lock_folder, node_major_min", [(".", 20), ("sdk_for_node_18", 18)])
def test_a_notebook_in_javascript(lock_folder, node_major_min, tmp_path):
    require_node(node_major_min)
    for name in (".npmrc", "notebook.mjs", f"{lock_folder}/package.json", f"{lock_folder}/package-lock.json"):
        shutil.copy(HERE / name, tmp_path)
    install(tmp_path)
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
