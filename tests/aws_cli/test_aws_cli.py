"""aws-cli runs a short notebook against a server: each step is a process of its own."""
import importlib.util
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent

_spec = importlib.util.spec_from_file_location("api_conftest", HERE.parent / "api" / "conftest.py")
_api = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_api)


@pytest.mark.slow
def test_a_notebook_in_the_shell(tmp_path):
    program = shutil.which("aws", path="/usr/bin") or shutil.which("aws")
    assert program, "aws is not installed: tools/install_dependencies.sh slow"
    server = _api.Server(tmp_path / "data").start()
    try:
        environment = {**os.environ, "AWS_PROGRAM": program, "AWS_ENDPOINT_URL": server.url, "AWS_PAGER": "",
                       "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": server.access_key_id,
                       "AWS_SECRET_ACCESS_KEY": server.secret_access_key, "AWS_CONFIG_FILE": str(tmp_path / "none"),
                       "LC_ALL": "C.UTF-8"}
        run = subprocess.run(["bash", HERE / "notebook.sh"], env=environment, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0 and run.stdout.endswith("done\n"), run.stdout + run.stderr
        server.stop()
    finally:
        server.kill()
